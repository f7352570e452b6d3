#include "bundle.h"
#include "chain.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/sha.h>
#include <openssl/x509_vfy.h>

/* The path from a file's certificate: from the file as far as it goes, else from the store, and so on. */
typedef struct bundle_path {
    const saf_bundle *bundle;
    saf_store *store; /* NULL: the file must do */
    const saf_principal *who;
    X509 *first;         /* owned */
    x509_stack *issuers; /* owned */
    unsigned verifications_left;
} bundle_path;

static void bundle_path_clear(bundle_path *path)
{
    X509_free(path->first);
    sk_X509_pop_free(path->issuers, X509_free);
}

OWN_VALUE(bundle_path, bundle_path_clear)

static X509 *end_of(const bundle_path *path)
{
    int count = sk_X509_num(path->issuers);
    return count > 0 ? sk_X509_value(path->issuers, count - 1) : path->first;
}

static int has(const bundle_path *path, X509 *x509)
{
    int found = !X509_cmp(path->first, x509);
    for (int i = 0; !found && i < sk_X509_num(path->issuers); i++)
        found = !X509_cmp(sk_X509_value(path->issuers, i), x509);
    return found;
}

static int is_full(const bundle_path *path)
{
    return sk_X509_num(path->issuers) >= CHAIN_MAX - 1;
}

static int is_in_date(const X509 *x509)
{
    return X509_cmp_current_time(X509_get0_notBefore(x509)) < 0 && X509_cmp_current_time(X509_get0_notAfter(x509)) > 0;
}

static saf_status append(bundle_path *path, X509 **x509, saf_error *err)
{
    if (!sk_X509_push(path->issuers, *x509))
        return saf_fail_memory(err);
    *x509 = NULL;
    return SAF_OK;
}

/* The issuer that the file has; of several one that is in date. *out NULL: none. */
static saf_status find_in_file(X509 **out, bundle_path *path, saf_error *err)
{
    for (size_t i = 0; i < saf_bundle_chain_size(path->bundle); i++) {
        OWN(X509) *x509 = NULL;
        SAF_TRY(der_read_x509(&x509, saf_bundle_chain_at(path->bundle, i), "a certificate of the file", err));
        if (has(path, x509) || (*out && !is_in_date(x509)) || !chain_is_issuer_within(&path->verifications_left, x509, end_of(path)))
            continue;
        X509_free(*out);
        *out = GIVE(&x509);
        if (is_in_date(*out))
            break;
    }
    return SAF_OK;
}

static saf_status extend_from_file(bundle_path *path, saf_error *err)
{
    while (!is_full(path) && !chain_is_self_signed(end_of(path))) {
        OWN(X509) *issuer = NULL;
        SAF_TRY(find_in_file(&issuer, path, err));
        if (!issuer)
            break;
        SAF_TRY(append(path, &issuer, err));
    }
    return SAF_OK;
}

static saf_status append_all(bundle_path *path, x509_stack *issuers, saf_error *err)
{
    while (sk_X509_num(issuers) > 0 && !is_full(path) && !has(path, sk_X509_value(issuers, 0))) {
        OWN(X509) *issuer = sk_X509_shift(issuers);
        SAF_TRY(append(path, &issuer, err));
    }
    return SAF_OK;
}

static saf_status extend_from_store(bundle_path *path, saf_error *err)
{
    int complete = 0;
    OWN(saf_blob) der = { 0 };
    OWN(saf_cert_page) page = { 0 };
    OWN(x509_stack) *issuers = sk_X509_new_null();
    if (!issuers)
        return saf_fail_memory(err);
    SAF_TRY(der_write_x509(&der, end_of(path), err));
    saf_cert record = { .owner = SAF_OWNER_CERTAUTH, .label = "?", .der = blob_bytes(&der) };
    SHA256(der.data, der.len, record.fingerprint);
    SAF_TRY(chain_find(&page, &complete, path->store, path->who, &record, end_of(path), err));
    SAF_TRY(chain_read(issuers, &page, err));
    return append_all(path, issuers, err);
}

static saf_status extend(bundle_path *path, saf_error *err)
{
    int before = -1;
    while (!is_full(path) && !chain_is_self_signed(end_of(path)) && before != sk_X509_num(path->issuers)) {
        before = sk_X509_num(path->issuers);
        SAF_TRY(extend_from_file(path, err));
        if (path->store && !chain_is_self_signed(end_of(path)))
            SAF_TRY(extend_from_store(path, err));
    }
    return SAF_OK;
}

/* The path's certificate at a depth; NULL: there are no more. */
static X509 *at_depth(const bundle_path *path, int depth)
{
    return depth ? sk_X509_value(path->issuers, depth - 1) : path->first;
}

static saf_status is_revoked(bool *out, saf_store *store, X509 *x509, saf_error *err)
{
    unsigned char fingerprint[SAF_FINGERPRINT_LEN];
    int64_t at = 0;
    OWN(saf_blob) der = { 0 };
    SAF_TRY(der_write_x509(&der, x509, err));
    SHA256(der.data, der.len, fingerprint);
    SAF_TRY(saf_store_find_revocation(&at, NULL, store, fingerprint, err));
    *out = at != 0;
    return SAF_OK;
}

/* That is said before anything else that may be wrong: it will not be better tomorrow. */
static saf_status look_for_revocations(saf_bundle_check *check, const bundle_path *path, saf_error *err)
{
    bool found = false;
    for (int depth = 0; path->store && !found && at_depth(path, depth); depth++) {
        SAF_TRY(is_revoked(&found, path->store, at_depth(path, depth), err));
        if (found)
            *check = (saf_bundle_check) { .is_complete = check->is_complete, .why = "it is revoked", .depth = depth };
    }
    return SAF_OK;
}

static saf_bundle_check verdict_on(const bundle_path *path)
{
    path_verdict verdict = chain_validate(path->first, path->issuers, saf_clock_now());
    saf_bundle_check check = { .is_complete = chain_is_self_signed(end_of(path)) };
    if (verdict.error == X509_V_OK && !check.is_complete)
        verdict = (path_verdict) { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, sk_X509_num(path->issuers) };
    check.is_valid = verdict.error == X509_V_OK;
    if (!check.is_valid) {
        check.why = X509_verify_cert_error_string(verdict.error);
        check.depth = verdict.depth;
    }
    return check;
}

saf_status saf_bundle_check_chain(saf_bundle_check *out, const saf_bundle *bundle, saf_store *store, const saf_principal *who,
                                  saf_error *err)
{
    OWN(bundle_path) path = { .bundle = bundle, .store = store, .who = who, .issuers = sk_X509_new_null(),
                              .verifications_left = BUNDLE_VERIFICATIONS_MAX };
    if (!path.issuers)
        return saf_fail_memory(err);
    SAF_TRY(der_read_x509(&path.first, saf_bundle_cert(bundle), "the certificate of the file", err));
    SAF_TRY(extend(&path, err));
    *out = verdict_on(&path);
    return look_for_revocations(out, &path, err);
}
