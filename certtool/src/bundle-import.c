#include "bundle.h"
#include "chain.h"
#include "import.h"
#include "label.h"

#include <base/fail.h>
#include <base/shell.h>

#include <openssl/err.h>

/* The certificates of a file, the one that is meant first, and who of them signed whom: bit j of signers[i] says that j signed i. */
typedef struct bundle_tree {
    X509 *x509[BUNDLE_CERTS_MAX]; /* owned */
    uint64_t signers[BUNDLE_CERTS_MAX];
    size_t count;
    uint64_t wanted; /* beside the first: its issuers, near and far, or all CAs */
    unsigned verifications_left;
} bundle_tree;

static void bundle_tree_clear(bundle_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        X509_free(tree->x509[i]);
}

static uint64_t bit(size_t index)
{
    return UINT64_C(1) << index;
}

static saf_bytes der_at(const saf_bundle *bundle, size_t index)
{
    return index ? saf_bundle_chain_at(bundle, index - 1) : saf_bundle_cert(bundle);
}

/* ---- who signed whom -------------------------------------------------------------------------------------- */

static int is_signer(bundle_tree *tree, X509 *ca, X509 *x509)
{
    return X509_check_ca(ca) > 0 && chain_is_issuer_within(&tree->verifications_left, ca, x509);
}

static uint64_t find_signers(bundle_tree *tree, size_t of)
{
    uint64_t signers = 0;
    for (size_t i = 0; i < tree->count; i++)
        if (i != of && is_signer(tree, tree->x509[i], tree->x509[of]))
            signers |= bit(i);
    ERR_clear_error();
    return signers;
}

static void grow(bundle_tree *tree)
{
    uint64_t looked_at = 0, todo = bit(0);
    while (todo) {
        size_t index = (size_t)__builtin_ctzll(todo);
        tree->signers[index] = find_signers(tree, index);
        tree->wanted |= tree->signers[index] & ~bit(0);
        looked_at |= bit(index);
        todo = tree->wanted & ~looked_at;
    }
}

static void take_all_cas(bundle_tree *tree)
{
    for (size_t i = 1; i < tree->count; i++) {
        if ((tree->wanted & bit(i)) || X509_check_ca(tree->x509[i]) <= 0)
            continue;
        tree->wanted |= bit(i);
        tree->signers[i] = find_signers(tree, i);
    }
}

static saf_status read_tree(bundle_tree *out, const saf_bundle *bundle, saf_error *err)
{
    for (size_t i = 0; i <= saf_bundle_chain_size(bundle); i++) {
        SAF_TRY(der_read_x509(&out->x509[i], der_at(bundle, i), "a certificate of the file", err));
        out->count++;
    }
    grow(out);
    return SAF_OK;
}

/* One of those to do whose signers are all done, so that it is judged by them; in a circle of cross-certificates any. The one that is meant
 * waits for the others as long as it can. */
static size_t next_of(const bundle_tree *tree, uint64_t todo)
{
    for (size_t i = 1; i <= tree->count; i++) {
        size_t index = i % tree->count;
        if ((todo & bit(index)) && !(tree->signers[index] & todo))
            return index;
    }
    return (size_t)(63 - __builtin_clzll(todo));
}

/* ---- the report ------------------------------------------------------------------------------------------- */

void saf_import_report_free(saf_import_report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->count; i++)
        saf_cert_free(&report->items[i].cert);
    free(report->items);
    *report = (saf_import_report) { 0 };
}

static saf_status make_room(saf_import_report *report, const bundle_tree *tree, saf_error *err)
{
    report->items = calloc(tree->count, sizeof *report->items);
    return report->items ? SAF_OK : saf_fail_memory(err);
}

static saf_status import_one(saf_import_report *report, saf_change *change, const saf_import_request *request, import_role role,
                             saf_error *err)
{
    SAF_TRY(import_cert(&report->items[report->count], change, request, role, err));
    report->count++;
    return SAF_OK;
}

/* ---- import ----------------------------------------------------------------------------------------------- */

static int is_file_trusted(const saf_bundle_request *request)
{
    return request->trust == SAF_TRUST || request->trust == SAF_HIGHTRUST;
}

/* A file on its way into the store. */
typedef struct bundle_job {
    saf_change *change;
    const saf_bundle *bundle;
    const saf_bundle_request *request;
    const char *owner; /* folded */
    bool is_certauth;
    bundle_tree tree;
    saf_import_report report;
} bundle_job;

static void bundle_job_clear(bundle_job *job)
{
    bundle_tree_clear(&job->tree);
    saf_import_report_free(&job->report);
}

OWN_VALUE(bundle_job, bundle_job_clear)

/* RACF: a certificate has one owner. That its issuers are somebody's is no harm: whoever has them, they say the same. */
static saf_status check_owner(const bundle_job *job, saf_error *err)
{
    OWN(saf_cert) *there = NULL;
    SAF_TRY(import_find_same(&there, job->change, saf_bundle_cert(job->bundle), err));
    if (!there || !strcmp(there->owner, job->owner))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_EXISTS, "it is in the store already, as %s/%s; a certificate has one owner", there->owner,
                                 there->label);
    saf_hint(err, "connect it to a ring as it is: safring ring connect OWNER/RING %s", saf_shell_quote_name(there->owner, there->label).text);
    return status;
}

static saf_status import_ca(bundle_job *job, size_t index, saf_error *err)
{
    char label[SAF_LABEL_MAX + 1];
    int has_name = label_of_common_name(label, job->tree.x509[index]);
    saf_import_request one = { .owner = SAF_OWNER_CERTAUTH, .label = has_name ? label : NULL, .der = der_at(job->bundle, index) };
    import_role role = is_file_trusted(job->request) ? IMPORT_CAME_WITH_TRUST : IMPORT_CAME_ALONG;
    return import_one(&job->report, job->change, &one, role, err);
}

static saf_status import_meant(bundle_job *job, saf_error *err)
{
    const saf_bundle_request *request = job->request;
    const char *alias = saf_bundle_alias(job->bundle);
    saf_import_request one = { .owner = job->owner, .label = request->label, .der = saf_bundle_cert(job->bundle),
                               .key = saf_bundle_key(job->bundle), .trust = request->trust };
    if (!one.label && alias && saf_label_check(alias, NULL) == SAF_OK)
        one.label = alias;
    return import_one(&job->report, job->change, &one, IMPORT_MEANT, err);
}

/* Of CAs the one that is meant may have signed others, which it is to speak for; an end entity comes when all else is there. */
static saf_status import_all(bundle_job *job, saf_error *err)
{
    uint64_t todo = job->request->chain == SAF_CHAIN_KEEP ? job->tree.wanted : 0;
    if (job->is_certauth)
        todo |= bit(0);
    while (todo) {
        size_t index = next_of(&job->tree, todo);
        SAF_TRY(index ? import_ca(job, index, err) : import_meant(job, err));
        todo &= ~bit(index);
    }
    return job->is_certauth ? SAF_OK : import_meant(job, err);
}

saf_status saf_bundle_import(saf_import_report *out, saf_change *change, const saf_bundle *bundle, const saf_bundle_request *request,
                             saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    OWN(bundle_job) job = { .change = change, .bundle = bundle, .request = request, .owner = owner,
                            .tree.verifications_left = BUNDLE_VERIFICATIONS_MAX };
    SAF_TRY(saf_owner_fold(owner, request->owner, err));
    job.is_certauth = !strcmp(owner, SAF_OWNER_CERTAUTH);
    SAF_TRY(read_tree(&job.tree, bundle, err));
    if (job.is_certauth && request->chain == SAF_CHAIN_KEEP)
        take_all_cas(&job.tree);
    SAF_TRY(make_room(&job.report, &job.tree, err));
    SAF_TRY(check_owner(&job, err));
    SAF_TRY(import_all(&job, err));
    job.report.left_out = job.tree.count - 1 - (size_t)__builtin_popcountll(job.tree.wanted);
    if (out) {
        *out = job.report;
        job.report = (saf_import_report) { 0 };
    }
    return SAF_OK;
}
