#include "bundle.h"
#include "chain.h"
#include "import.h"
#include "label.h"

#include <base/fail.h>

#include <openssl/err.h>

/* The certificates of a file, the one that is meant first, and who of them signed whom: bit j of signers[i] says that j signed i. */
typedef struct bundle_tree {
    X509 *x509[BUNDLE_CERTS_MAX]; /* owned */
    uint64_t signers[BUNDLE_CERTS_MAX];
    size_t count;
    uint64_t wanted; /* the issuers of the first, near and far */
    unsigned verifications_left;
} bundle_tree;

static void bundle_tree_clear(bundle_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        X509_free(tree->x509[i]);
}

OWN_VALUE(bundle_tree, bundle_tree_clear)

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
    for (size_t i = 1; i < tree->count; i++)
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

static saf_status read_tree(bundle_tree *out, const saf_bundle *bundle, saf_error *err)
{
    for (size_t i = 0; i <= saf_bundle_chain_size(bundle); i++) {
        SAF_TRY(der_read_x509(&out->x509[i], der_at(bundle, i), "a certificate of the file", err));
        out->count++;
    }
    grow(out);
    return SAF_OK;
}

/* One of those to do whose signers are all done, so that it is judged by them; in a circle of cross-certificates any. */
static size_t next_of(const bundle_tree *tree, uint64_t todo)
{
    for (size_t i = 0; i < tree->count; i++)
        if ((todo & bit(i)) && !(tree->signers[i] & todo & ~bit(i)))
            return i;
    return (size_t)__builtin_ctzll(todo);
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

OWN_VALUE(saf_import_report, saf_import_report_free)

static saf_status make_room(saf_import_report *report, const bundle_tree *tree, saf_error *err)
{
    report->items = calloc(tree->count, sizeof *report->items);
    return report->items ? SAF_OK : saf_fail_memory(err);
}

static saf_status import_one(saf_import_report *report, saf_change *change, const saf_import_request *request, import_role role,
                             saf_error *err)
{
    struct saf_imported *item = &report->items[report->count];
    SAF_TRY(import_cert(&item->cert, &item->result, change, request, role, err));
    report->count++;
    return SAF_OK;
}

/* ---- import ----------------------------------------------------------------------------------------------- */

static int is_file_trusted(const saf_bundle_request *request)
{
    return request->trust == SAF_TRUST || request->trust == SAF_HIGHTRUST;
}

static saf_status import_chain(saf_import_report *report, saf_change *change, const saf_bundle *bundle, const bundle_tree *tree,
                               import_role role, saf_error *err)
{
    for (uint64_t todo = tree->wanted; todo;) {
        char label[SAF_LABEL_MAX + 1];
        size_t index = next_of(tree, todo);
        int has_name = label_of_common_name(label, tree->x509[index]);
        saf_import_request one = { .owner = SAF_OWNER_CERTAUTH, .label = has_name ? label : NULL, .der = der_at(bundle, index) };
        SAF_TRY(import_one(report, change, &one, role, err));
        todo &= ~bit(index);
    }
    return SAF_OK;
}

static saf_status import_meant(saf_import_report *report, saf_change *change, const saf_bundle *bundle,
                               const saf_bundle_request *request, saf_error *err)
{
    const char *alias = saf_bundle_alias(bundle);
    saf_import_request one = { .owner = request->owner, .label = request->label, .der = saf_bundle_cert(bundle),
                               .key = saf_bundle_key(bundle), .trust = request->trust };
    if (!one.label && alias && saf_label_check(alias, NULL) == SAF_OK)
        one.label = alias;
    return import_one(report, change, &one, IMPORT_MEANT, err);
}

saf_status saf_bundle_import(saf_import_report *out, saf_change *change, const saf_bundle *bundle, const saf_bundle_request *request,
                             saf_error *err)
{
    OWN(saf_import_report) report = { 0 };
    OWN(bundle_tree) tree = { .verifications_left = BUNDLE_VERIFICATIONS_MAX };
    import_role role = is_file_trusted(request) ? IMPORT_CAME_WITH_TRUST : IMPORT_CAME_ALONG;
    SAF_TRY(read_tree(&tree, bundle, err));
    SAF_TRY(make_room(&report, &tree, err));
    if (request->chain == SAF_CHAIN_KEEP)
        SAF_TRY(import_chain(&report, change, bundle, &tree, role, err));
    SAF_TRY(import_meant(&report, change, bundle, request, err));
    report.left_out = tree.count - 1 - (size_t)__builtin_popcountll(tree.wanted);
    if (out) {
        *out = report;
        report = (saf_import_report) { 0 };
    }
    return SAF_OK;
}
