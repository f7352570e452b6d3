/** @file Changes for tests of certificates: begun and ended in one line, and one thing done in a change of its own. */
#ifndef SUPPORT_CERT_CHANGE_H
#define SUPPORT_CERT_CHANGE_H

#include <support/cert-world.h>

OWN_HANDLE(saf_signer, saf_signer_close)
OWN_HANDLE(saf_csr, saf_csr_free)
OWN_HANDLE(saf_change, saf_change_abandon)
OWN_VALUE(saf_dropped_list, saf_dropped_list_free)
OWN_POINTER(X509_REQ, X509_REQ_free)
OWN_POINTER(X509_CRL, X509_CRL_free)

static inline saf_change *certs_begin(saf_store *store)
{
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    return change;
}

/** End a change by what became of it. */
static inline saf_status certs_end(saf_change **change, saf_status status, saf_error *err)
{
    if (status == SAF_OK)
        return saf_change_commit(change, err);
    saf_change_abandon(change);
    return status;
}

static inline saf_status certs_try_renew(saf_store *store, saf_renew_request request, saf_error *err)
{
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_cert_renew(NULL, change, &request, err), err);
}

static inline saf_status certs_try_rekey(saf_store *store, saf_rekey_request request, saf_error *err)
{
    OWN(EVP_PKEY) *key = request.key ? NULL : certs_key("ec");
    if (!request.key)
        request.key = key;
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_cert_rekey(NULL, change, &request, err), err);
}

static inline saf_status certs_try_revoke(saf_store *store, const char *owner, const char *label, saf_reason reason, saf_error *err)
{
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_cert_revoke(NULL, change, owner, label, reason, err), err);
}

/** ZWESVUSR/localhost, revoked. */
static inline void certs_revoke_leaf(saf_store *store, saf_reason reason)
{
    CERTS_OK(certs_try_revoke(store, "ZWESVUSR", "localhost", reason, oops));
}

static inline saf_status certs_try_crl(saf_blob *out, saf_crl_facts *facts, saf_store *store, saf_crl_request request, saf_error *err)
{
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_ca_crl(out, facts, change, &request, err), err);
}

/** The path from @p cert over @p issuers up to the last one, as libcrypto judges it; @p crl: NULL: none is looked at.
 *  X509_V_OK or X509_V_ERR_…. */
static inline int certs_verdict(X509 *cert, X509 *const *issuers, size_t count, X509_CRL *crl)
{
    X509_STORE *anchors = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    for (size_t i = 0; i < count; i++)
        sk_X509_push(others, issuers[i]);
    assert_int_equal(X509_STORE_add_cert(anchors, count ? issuers[count - 1] : cert), 1);
    if (crl) {
        assert_int_equal(X509_STORE_add_crl(anchors, crl), 1);
        X509_STORE_set_flags(anchors, X509_V_FLAG_CRL_CHECK);
    }
    X509_STORE_set_flags(anchors, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    assert_int_equal(X509_STORE_CTX_init(ctx, anchors, cert, others), 1);
    int error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(anchors);
    sk_X509_free(others);
    return error;
}

static inline void certs_assert_same_extension(X509 *a, X509 *b, int nid)
{
    int at_a = X509_get_ext_by_NID(a, nid, -1), at_b = X509_get_ext_by_NID(b, nid, -1);
    assert_true(at_a >= 0 && at_b >= 0);
    X509_EXTENSION *of_a = X509_get_ext(a, at_a), *of_b = X509_get_ext(b, at_b);
    assert_int_equal(X509_EXTENSION_get_critical(of_a), X509_EXTENSION_get_critical(of_b));
    assert_int_equal(ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(of_a), X509_EXTENSION_get_data(of_b)), 0);
}

#endif
