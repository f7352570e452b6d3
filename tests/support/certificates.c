#include <support/certificates.h>

#include <support/cm.h>

#include <openssl/ec.h>
#include <openssl/x509v3.h>

enum { DAY_SEC = 86400 };

static void set_name(X509_NAME *name, const char *const parts[])
{
    for (size_t i = 0; parts[i]; i += 2)
        assert_int_equal(X509_NAME_add_entry_by_txt(name, parts[i], MBSTRING_UTF8, (const unsigned char *)parts[i + 1],
                                                    -1, -1, 0),
                         1);
}

static X509 *make(EVP_PKEY *key, long serial)
{
    X509 *x509 = X509_new();
    assert_non_null(x509);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), DAY_SEC));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    return x509;
}

static void make_ca(X509 *x509)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Ed25519 and Ed448 take no digest. */
static const EVP_MD *digest_for(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

static test_cert finish(X509 *x509, EVP_PKEY *key, EVP_PKEY *signer)
{
    unsigned char *der = NULL;
    assert_true(X509_sign(x509, signer, digest_for(signer)) > 0);
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    return (test_cert) { .key = key, .x509 = x509, .der = saf_bytes_of(der, (size_t)len) };
}

test_cert test_cert_with_key(const char *const subject[], EVP_PKEY *key, long serial)
{
    X509 *x509 = make(key, serial);
    set_name(X509_get_subject_name(x509), subject);
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(x509)), 1);
    make_ca(x509);
    return finish(x509, key, key);
}

test_cert test_cert_self_signed(const char *common_name, long serial)
{
    const char *const subject[] = { "CN", common_name, NULL };
    return test_cert_with_key(subject, EVP_EC_gen("P-256"), serial);
}

test_cert test_cert_issued(const char *common_name, long serial, const test_cert *ca, EVP_PKEY *key)
{
    const char *const subject[] = { "CN", common_name, NULL };
    EVP_PKEY *own = key ? key : EVP_EC_gen("P-256");
    if (key)
        EVP_PKEY_up_ref(key);
    X509 *x509 = make(own, serial);
    set_name(X509_get_subject_name(x509), subject);
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(ca->x509)), 1);
    return finish(x509, own, ca->key);
}

void test_cert_free(test_cert *cert)
{
    EVP_PKEY_free(cert->key);
    X509_free(cert->x509);
    OPENSSL_free((void *)cert->der.data);
    *cert = (test_cert) { 0 };
}
