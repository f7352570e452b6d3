#include "import.h"

#include "label.h"

#include <base/fail.h>

#include <openssl/sha.h>

OWN_HANDLE(saf_change_step, saf_change_step_undo)

/* ---- is it there already? --------------------------------------------------------------------------------- */

/* SAF_OK with *out NULL: no. */
static saf_status find_same(saf_cert **out, saf_change *change, saf_bytes der, saf_error *err)
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

static saf_status give_key(saf_cert **cert, saf_change *change, EVP_PKEY *key, saf_error *err)
{
    OWN(saf_cert) *with_key = NULL;
    SAF_TRY(saf_store_add_key(change, *cert, key, err));
    SAF_TRY(find_again(&with_key, change, (*cert)->owner, (*cert)->label, err));
    saf_cert_free(cert);
    *cert = GIVE(&with_key);
    return SAF_OK;
}

static saf_status complete(saf_cert **cert, saf_import_result *done, saf_change *change, const saf_import_request *request,
                           saf_error *err)
{
    *done = SAF_IMPORT_WAS_THERE;
    if (!request->key || (*cert)->key_place != SAF_KEY_NONE)
        return SAF_OK;
    *done = SAF_IMPORT_KEY_ADDED;
    return give_key(cert, change, request->key, err);
}

/* ---- adding ----------------------------------------------------------------------------------------------- */

/* Who sends a certificate does not say whom to trust, and a root says nothing but that it is one. */
static saf_trust trust_of(const import_job *job)
{
    int is_trusted = job->verdict.is_trusted && !(job->verdict.is_self_signed && job->role == IMPORT_CAME_ALONG);
    if ((int)job->request->trust)
        return job->request->trust;
    return is_trusted ? SAF_TRUST : SAF_NOTRUST;
}

static saf_status choose_label(char out[SAF_LABEL_MAX + 1], const import_job *job, saf_error *err)
{
    const char *wanted = job->request->label;
    return wanted ? label_free_variant(out, job->change, job->owner, wanted, err) : label_next(out, job->change, job->owner, err);
}

static saf_status add_as(saf_cert **out, const import_job *job, const char *label, saf_trust trust, saf_error *err)
{
    saf_cert_entry entry = { .owner = job->owner, .label = label, .trust = trust, .der = job->request->der, .key = job->request->key };
    SAF_TRY(saf_store_add_cert(job->change, &entry, err));
    return find_again(out, job->change, job->owner, label, err);
}

/* Whether a CA of this store revoked it is known once it is a record, also to those who may not list what the CA issued. */
static saf_status add(saf_cert **out, const import_job *job, saf_error *err)
{
    char label[SAF_LABEL_MAX + 1];
    OWN(saf_cert) *made = NULL;
    OWN(saf_change_step) *step = NULL;
    SAF_TRY(choose_label(label, job, err));
    SAF_TRY(saf_change_step_begin(&step, job->change, err));
    SAF_TRY(add_as(&made, job, label, trust_of(job), err));
    if (!made->revoked_at || (int)job->request->trust || made->trust == SAF_NOTRUST) {
        *out = GIVE(&made);
        return saf_change_step_keep(&step, err);
    }
    saf_change_step_undo(&step);
    return add_as(out, job, label, SAF_NOTRUST, err);
}

/* ---- renewing --------------------------------------------------------------------------------------------- */

/* SAF_OK with *out NULL: it is revoked, and renews nothing. */
static saf_status renew(saf_cert **out, const import_job *job, const saf_cert *old, saf_error *err)
{
    OWN(saf_cert) *made = NULL;
    OWN(saf_change_step) *step = NULL;
    saf_trust trust = (int)job->request->trust ? job->request->trust : old->trust;
    SAF_TRY(saf_change_step_begin(&step, job->change, err));
    saf_replacement how = old->requested_at ? SAF_REPLACE_ANSWERED : SAF_REPLACE_RENEWED;
    SAF_TRY(saf_store_replace_cert(job->change, old, job->request->der, trust, how, err));
    SAF_TRY(find_again(&made, job->change, job->owner, old->label, err));
    if (made->revoked_at)
        return SAF_OK;
    *out = GIVE(&made);
    return saf_change_step_keep(&step, err);
}

static saf_status explain(saf_status status, const import_job *job, const import_renewal *renewal, saf_error *err)
{
    const char *label = job->request->label;
    if (status == SAF_E_EXISTS && renewal->old && label && !strcmp(renewal->old->label, label))
        saf_hint(err, "it has the same key but does not renew %s/%s: %s; choose another label to keep both", job->owner, label,
                 renewal->refusal ? renewal->refusal : "it is revoked");
    return status;
}

static saf_status keep(saf_cert **out, saf_import_result *done, const import_job *job, saf_error *err)
{
    OWN(import_renewal) renewal = { 0 };
    SAF_TRY(import_find_renewal(&renewal, job, err));
    if (renewal.old && !renewal.refusal)
        SAF_TRY(renew(out, job, renewal.old, err));
    *done = *out ? SAF_IMPORT_RENEWED : SAF_IMPORT_ADDED;
    return *out ? SAF_OK : explain(add(out, job, err), job, &renewal, err);
}

/* ---- import ----------------------------------------------------------------------------------------------- */

static saf_status import_new(saf_cert **out, saf_import_result *done, import_job *job, saf_error *err)
{
    OWN(saf_cert) *facts = NULL;
    if (job->request->label)
        SAF_TRY(saf_label_check(job->request->label, err));
    SAF_TRY(saf_cert_read(&facts, job->request->der, err));
    SAF_TRY(judge(&job->verdict, job->change, job->owner, job->request->der, job->x509, err));
    job->facts = facts;
    return keep(out, done, job, err);
}

static saf_status check_key(const saf_import_request *request, X509 *x509, saf_error *err)
{
    if (request->key && !der_same_public_key(request->key, X509_get0_pubkey(x509)))
        return saf_fail(err, SAF_E_USAGE, "the private key does not belong to the certificate");
    return SAF_OK;
}

saf_status import_cert(saf_cert **out, saf_import_result *result, saf_change *change, const saf_import_request *request,
                       import_role role, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *cert = NULL;
    saf_import_result done = SAF_IMPORT_WAS_THERE;
    SAF_TRY(saf_owner_fold(owner, request->owner, err));
    SAF_TRY(der_read_x509(&x509, request->der, "what is to be imported", err));
    SAF_TRY(check_key(request, x509, err));
    SAF_TRY(find_same(&cert, change, request->der, err));
    import_job job = { .change = change, .request = request, .role = role, .owner = owner, .x509 = x509 };
    SAF_TRY(cert ? complete(&cert, &done, change, request, err) : import_new(&cert, &done, &job, err));
    if (result)
        *result = done;
    if (out)
        *out = GIVE(&cert);
    return SAF_OK;
}

saf_status saf_cert_import(saf_cert **out, saf_import_result *result, saf_change *change, const saf_import_request *request,
                           saf_error *err)
{
    return import_cert(out, result, change, request, IMPORT_MEANT, err);
}
