#include "import.h"

#include "chain.h"
#include "compromise.h"
#include "label.h"

#include <base/fail.h>

#include <openssl/sha.h>

OWN_HANDLE(saf_change_step, saf_change_step_undo)

/* ---- is it there already? --------------------------------------------------------------------------------- */

saf_status import_find_same(saf_cert **out, saf_change *change, saf_bytes der, saf_error *err)
{
    unsigned char fingerprint[SAF_FINGERPRINT_LEN];
    saf_error ignored = { 0 };
    SHA256(der.data, der.len, fingerprint);
    saf_status status = saf_store_find_cert_by_fingerprint(out, saf_change_store(change), saf_change_principal(change),
                                                           fingerprint, &ignored);
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = ignored;
    return status;
}

static saf_status find_again(saf_cert **out, saf_change *change, const char *owner, const char *label, saf_error *err)
{
    return saf_store_find_cert(out, saf_change_store(change), saf_change_principal(change), owner, label, err);
}

/* ---- adding ----------------------------------------------------------------------------------------------- */

/* Who sends a certificate does not say whom to trust, and a root says nothing but that it is one. Who has its private key made it. */
static int is_believed(const import_job *job)
{
    int is_vouched_for = !job->verdict.is_self_signed || job->role == IMPORT_CAME_WITH_TRUST ||
                         (job->role == IMPORT_MEANT && job->request->key);
    return job->verdict.is_trusted && is_vouched_for && !job->is_revoked;
}

static saf_trust trust_of(const import_job *job)
{
    if ((int)job->request->trust)
        return job->request->trust;
    return is_believed(job) ? SAF_TRUST : SAF_NOTRUST;
}

static saf_status choose_label(char out[SAF_LABEL_MAX + 1], const import_job *job, saf_error *err)
{
    const char *wanted = job->request->label;
    return wanted ? label_free_variant(out, job->change, job->owner, wanted, err) : label_next(out, job->change, job->owner, err);
}

static saf_status add(saf_imported *out, const import_job *job, saf_error *err)
{
    char label[SAF_LABEL_MAX + 1];
    SAF_TRY(choose_label(label, job, err));
    saf_cert_entry entry = { .owner = job->owner, .label = label, .trust = trust_of(job), .der = job->request->der,
                             .key = job->request->key };
    SAF_TRY(saf_store_add_cert(job->change, &entry, err));
    out->result = SAF_IMPORT_ADDED;
    return find_again(&out->cert, job->change, job->owner, label, err);
}

/* ---- renewing --------------------------------------------------------------------------------------------- */

static saf_status renew(saf_imported *out, const import_job *job, const saf_cert *old, saf_error *err)
{
    saf_trust trust = (int)job->request->trust ? job->request->trust : old->trust;
    saf_replacement how = old->requested_at ? SAF_REPLACE_ANSWERED : SAF_REPLACE_RENEWED;
    SAF_TRY(saf_store_replace_cert(job->change, old, job->request->der, trust, how, err));
    out->result = SAF_IMPORT_RENEWED;
    return find_again(&out->cert, job->change, job->owner, old->label, err);
}

static void note_refusal(saf_imported *out, const import_renewal *renewal, const char *refusal)
{
    if (!renewal->old || !refusal)
        return;
    out->not_renewed = refusal;
    snprintf(out->not_renewed_label, sizeof out->not_renewed_label, "%s", renewal->old->label);
    out->is_awaited = renewal->old->requested_at != 0;
}

static saf_status explain(saf_status status, const import_job *job, const import_renewal *renewal, saf_error *err)
{
    const char *label = job->request->label;
    if (status == SAF_E_EXISTS && renewal->old && renewal->refusal && label && !strcmp(renewal->old->label, label))
        saf_hint(err, "it has the same key but does not renew %s/%s: %s; choose another label to keep both", job->owner, label,
                 renewal->refusal);
    return status;
}

static saf_status keep(saf_imported *out, const import_job *job, saf_error *err)
{
    OWN(import_renewal) renewal = { 0 };
    SAF_TRY(import_find_renewal(&renewal, job, err));
    if (renewal.old && !renewal.refusal)
        return renew(out, job, renewal.old, err);
    note_refusal(out, &renewal, renewal.refusal);
    return explain(add(out, job, err), job, &renewal, err);
}

/* ---- what is new here ------------------------------------------------------------------------------------- */

static saf_status judge_key(import_job *job, saf_error *err)
{
    saf_error why = { 0 };
    saf_status status = compromise_check_key(job->change, X509_get_X509_PUBKEY(job->x509), "it", &why);
    job->is_compromised = status == SAF_E_CONFLICT;
    if (status == SAF_OK || status == SAF_E_CONFLICT)
        return SAF_OK;
    if (err)
        *err = why;
    return status;
}

static saf_status judge_job(import_job *job, const saf_cert *facts, saf_error *err)
{
    int64_t revoked_at = 0;
    job->facts = facts;
    SAF_TRY(saf_store_find_revocation(&revoked_at, NULL, saf_change_store(job->change), facts->fingerprint, err));
    job->is_revoked = revoked_at != 0;
    SAF_TRY(judge_key(job, err));
    return judge(&job->verdict, job->change, job->owner, job->request->der, job->x509, err);
}

static saf_status import_new(saf_imported *out, import_job *job, saf_error *err)
{
    OWN(saf_cert) *facts = NULL;
    if (job->request->label)
        SAF_TRY(saf_label_check(job->request->label, err));
    SAF_TRY(saf_cert_read(&facts, job->request->der, err));
    SAF_TRY(judge_job(job, facts, err));
    return keep(out, job, err);
}

/* ---- what is there already -------------------------------------------------------------------------------- */

static saf_status give_key(saf_imported *out, const import_job *job, const saf_cert *cert, saf_error *err)
{
    SAF_TRY(saf_store_add_key(job->change, cert, job->request->key, err));
    out->result = SAF_IMPORT_KEY_ADDED;
    return find_again(&out->cert, job->change, cert->owner, cert->label, err);
}

static saf_status complete(saf_imported *out, const import_job *job, saf_cert **there, saf_error *err)
{
    if (job->request->key && (*there)->key_place == SAF_KEY_NONE)
        return give_key(out, job, *there, err);
    out->result = SAF_IMPORT_WAS_THERE;
    out->cert = GIVE(there);
    return SAF_OK;
}

/* It leaves its own place for that of the one that it renews. */
static saf_status move(saf_imported *out, const import_job *job, const saf_cert *there, const import_renewal *renewal, saf_error *err)
{
    OWN(saf_change_step) *step = NULL;
    saf_error why = { 0 };
    SAF_TRY(saf_change_step_begin(&step, job->change, err));
    saf_status status = saf_store_delete_cert(job->change, there->owner, there->label, SAF_NO_FORCE, &why);
    if (status == SAF_E_CONFLICT) {
        note_refusal(out, renewal, "it is here under a label of its own and in use: in a ring, or an answer for it is awaited");
        return SAF_OK;
    }
    if (status != SAF_OK && err)
        *err = why;
    if (status != SAF_OK)
        return status;
    SAF_TRY(renew(out, job, renewal->old, err));
    return saf_change_step_keep(&step, err);
}

static saf_status move_if_it_renews(saf_imported *out, import_job *job, const saf_cert *there, saf_error *err)
{
    OWN(import_renewal) renewal = { 0 };
    saf_error why = { 0 };
    SAF_TRY(judge_job(job, there, err));
    saf_status status = import_find_renewal(&renewal, job, &why);
    note_refusal(out, &renewal, renewal.refusal);
    if (status == SAF_E_CONFLICT || (status == SAF_OK && (!renewal.old || renewal.refusal)))
        return SAF_OK;
    if (status == SAF_OK)
        return move(out, job, there, &renewal, err);
    if (err)
        *err = why;
    return status;
}

/* What renewed nothing was kept beside as NOTRUST; by now its CA may be trusted. */
static int is_beside(const import_job *job, const saf_cert *there)
{
    return job->role == IMPORT_MEANT && !chain_trusts(there) && !strcmp(there->owner, job->owner);
}

static saf_status import_again(saf_imported *out, import_job *job, saf_cert **there, saf_error *err)
{
    if (is_beside(job, *there))
        SAF_TRY(move_if_it_renews(out, job, *there, err));
    return out->cert ? SAF_OK : complete(out, job, there, err);
}

/* ---- import ----------------------------------------------------------------------------------------------- */

static saf_status check_key(const saf_import_request *request, X509 *x509, saf_error *err)
{
    if (request->key && !der_same_public_key(request->key, X509_get0_pubkey(x509)))
        return saf_fail(err, SAF_E_USAGE, "the private key does not belong to the certificate");
    return SAF_OK;
}

saf_status import_cert(saf_imported *out, saf_change *change, const saf_import_request *request, import_role role, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *there = NULL;
    OWN(saf_imported) done = { 0 };
    SAF_TRY(saf_owner_fold(owner, request->owner, err));
    SAF_TRY(der_read_x509(&x509, request->der, "what is to be imported", err));
    SAF_TRY(check_key(request, x509, err));
    SAF_TRY(import_find_same(&there, change, request->der, err));
    import_job job = { .change = change, .request = request, .role = role, .owner = owner, .x509 = x509 };
    SAF_TRY(there ? import_again(&done, &job, &there, err) : import_new(&done, &job, err));
    *out = done;
    done = (saf_imported) { 0 };
    return SAF_OK;
}

saf_status saf_cert_import(saf_cert **out, saf_import_result *result, saf_change *change, const saf_import_request *request,
                           saf_error *err)
{
    OWN(saf_imported) done = { 0 };
    SAF_TRY(import_cert(&done, change, request, IMPORT_MEANT, err));
    if (result)
        *result = done.result;
    if (out)
        *out = GIVE(&done.cert);
    return SAF_OK;
}
