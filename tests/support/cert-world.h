/**
 * @file
 * Certificates for tests: a store in the scratch directory, keys, issuing in one line, and certificates that our own
 * code would refuse to make. Everything asserts; what is returned belongs to the caller.
 */
#ifndef SUPPORT_CERT_WORLD_H
#define SUPPORT_CERT_WORLD_H

#include <support/cm.h>
#include <support/scratch.h>

#include <base/clock.h>
#include <base/own-openssl.h>

#include <safring/cert.h>

OWN_HANDLE(saf_store, saf_store_close)
OWN_HANDLE(saf_cert, saf_cert_free)
OWN_HANDLE(saf_bundle, saf_bundle_free)
OWN_VALUE(saf_cert_page, saf_cert_page_free)
OWN_VALUE(saf_blob, saf_blob_free)

enum { CERTS_DAY = 86400 };

/** The call succeeds; inside it, `oops` is where its error goes. */
#define CERTS_OK(call) \
    do { \
        saf_error error_ = { 0 }, *oops = &error_; \
        if ((call) != SAF_OK) \
            fail_msg("%s: %s", #call, oops->text); \
    } while (0)

static const saf_principal CERTS_WHO = { 0 };

static inline saf_store *certs_store(void)
{
    saf_store *store = NULL;
    CERTS_OK(saf_store_create("store", NULL, oops));
    CERTS_OK(saf_store_open(&store, "store", NULL, oops));
    return store;
}

static inline EVP_PKEY *certs_key(const char *text)
{
    saf_key_spec spec;
    EVP_PKEY *key = NULL;
    CERTS_OK(saf_key_spec_parse(&spec, text, oops));
    CERTS_OK(saf_key_generate(&key, &spec, NULL, NULL, oops));
    return key;
}

/** Issue in a change of its own, with a new P-256 key when the request has none. */
static inline saf_status certs_try_issue(saf_store *store, saf_issue_request request, saf_error *err)
{
    OWN(EVP_PKEY) *key = request.key ? NULL : certs_key("ec");
    saf_change *change = NULL;
    if (!request.key)
        request.key = key;
    saf_status status = saf_change_begin(&change, store, &CERTS_WHO, err);
    if (status == SAF_OK)
        status = saf_cert_issue(NULL, change, &request, err);
    if (status == SAF_OK)
        return saf_change_commit(&change, err);
    saf_change_abandon(&change);
    return status;
}

static inline saf_cert *certs_find(saf_store *store, const char *owner, const char *label)
{
    saf_cert *cert = NULL;
    CERTS_OK(saf_store_find_cert(&cert, store, &CERTS_WHO, owner, label, oops));
    return cert;
}

static inline saf_cert *certs_issue(saf_store *store, saf_issue_request request)
{
    CERTS_OK(certs_try_issue(store, request, oops));
    return certs_find(store, request.owner, request.label);
}

/** The same for whom the record itself does not matter. */
static inline void certs_keep_issued(saf_store *store, saf_issue_request request)
{
    saf_cert *cert = certs_issue(store, request);
    saf_cert_free(&cert);
}

/** A CA of CERTAUTH called by its label; @p signer NULL: self-signed. */
static inline void certs_issue_ca(saf_store *store, const char *label, const char *signer, int path_len)
{
    char subject[80];
    snprintf(subject, sizeof subject, "CN=%s", label);
    OWN(saf_cert) *cert = certs_issue(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = label, .profile = SAF_PROFILE_CA, .subject = subject, .path_len = path_len,
        .signer_owner = signer ? "CERTAUTH" : NULL, .signer_label = signer });
    assert_true(cert->is_ca);
}

/** A request for ZWESVUSR/localhost; @p signer NULL: self-signed. */
static inline saf_issue_request certs_leaf(const char *signer)
{
    return (saf_issue_request) { .owner = "ZWESVUSR", .label = "localhost", .profile = SAF_PROFILE_ZOWE,
                                 .subject = "CN=Zowe Service", .san = "dns:localhost,ip:127.0.0.1",
                                 .signer_owner = signer ? "CERTAUTH" : NULL, .signer_label = signer };
}

static inline X509 *certs_x509(saf_bytes der)
{
    const unsigned char *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(x509);
    assert_ptr_equal(at, der.data + der.len);
    return x509;
}

/** An extension's value as `openssl x509 -text` shows it; "" when it is not there. */
static inline char *certs_extension(const saf_cert *cert, int nid)
{
    OWN(X509) *x509 = certs_x509(cert->der);
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    int at = X509_get_ext_by_NID(x509, nid, -1);
    if (at >= 0) {
        X509_EXTENSION *extension = X509_get_ext(x509, at);
        BIO_printf(bio, "%s", X509_EXTENSION_get_critical(extension) ? "critical " : "");
        assert_int_equal(X509V3_EXT_print(bio, extension, 0, 0), 1);
    }
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    return strndup(text ? text : "", (size_t)len);
}

static inline void certs_assert_extension(const saf_cert *cert, int nid, const char *expected)
{
    OWN(own_text) text = certs_extension(cert, nid);
    assert_string_equal(text, expected);
}

/** What our own code would not make. */
typedef struct certs_forgery {
    const char *cn;
    const char *basic_constraints, *key_usage; /* OpenSSL's notation; NULL: none */
    int64_t begin_sec, end_sec;                /* from now; both 0: a day before and after */
    EVP_PKEY *key;
    X509 *issuer;         /* NULL: itself */
    EVP_PKEY *issuer_key; /* NULL: key */
    long serial;          /* 0: one that no other forgery has */
} certs_forgery;

static inline void certs_forge_extension(X509 *x509, int nid, const char *text)
{
    if (!text)
        return;
    OWN(X509_EXTENSION) *extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, text);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
}

static inline X509 *certs_forge(certs_forgery forgery)
{
    X509 *x509 = X509_new();
    int64_t now = saf_clock_now();
    int64_t begin = forgery.begin_sec || forgery.end_sec ? forgery.begin_sec : -CERTS_DAY;
    int64_t end = forgery.begin_sec || forgery.end_sec ? forgery.end_sec : CERTS_DAY;
    uint32_t random = 0;
    assert_int_equal(getentropy(&random, sizeof random), 0);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), forgery.serial ? forgery.serial : (long)random + 1);
    X509_NAME *name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)forgery.cn, -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(forgery.issuer ? forgery.issuer : x509));
    ASN1_TIME_set(X509_getm_notBefore(x509), now + begin);
    ASN1_TIME_set(X509_getm_notAfter(x509), now + end);
    X509_set_pubkey(x509, forgery.key);
    certs_forge_extension(x509, NID_basic_constraints, forgery.basic_constraints);
    certs_forge_extension(x509, NID_key_usage, forgery.key_usage);
    assert_true(X509_sign(x509, forgery.issuer_key ? forgery.issuer_key : forgery.key, EVP_sha256()) > 0);
    return x509;
}

static inline saf_blob certs_der(X509 *x509)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    saf_blob blob = { malloc((size_t)len), (size_t)len };
    memcpy(blob.data, der, (size_t)len);
    OPENSSL_free(der);
    return blob;
}

static inline saf_bytes certs_bytes(const saf_blob *blob)
{
    return saf_bytes_of(blob->data, blob->len);
}

/** Import in a change of its own. */
static inline saf_status certs_try_import(saf_cert **out, saf_import_result *result, saf_store *store,
                                          saf_import_request request, saf_error *err)
{
    saf_change *change = NULL;
    saf_status status = saf_change_begin(&change, store, &CERTS_WHO, err);
    if (status == SAF_OK)
        status = saf_cert_import(out, result, change, &request, err);
    if (status == SAF_OK)
        return saf_change_commit(&change, err);
    saf_change_abandon(&change);
    return status;
}

static inline saf_cert *certs_import(saf_store *store, const char *owner, const char *label, X509 *x509, EVP_PKEY *key,
                                     saf_trust trust)
{
    OWN(saf_blob) der = certs_der(x509);
    saf_cert *cert = NULL;
    saf_import_request request = { .owner = owner, .label = label, .der = certs_bytes(&der), .key = key, .trust = trust };
    CERTS_OK(certs_try_import(&cert, NULL, store, request, oops));
    return cert;
}

/** The same for whom the record itself does not matter. */
static inline void certs_keep_imported(saf_store *store, const char *owner, const char *label, X509 *x509, EVP_PKEY *key,
                                       saf_trust trust)
{
    saf_cert *cert = certs_import(store, owner, label, x509, key, trust);
    saf_cert_free(&cert);
}

static inline saf_secret certs_secret(const char *text)
{
    saf_secret secret = { 0 };
    CERTS_OK(saf_secret_set(&secret, saf_bytes_of_text(text), oops));
    return secret;
}

#endif
