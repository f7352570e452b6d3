/* Certificates with their keys in a token. */
#include <support/certificates.h>
#include <support/key-pairs.h>

#include <safring/token.h>

OWN_VALUE(saf_token_object_list, saf_token_object_list_free)

static saf_status bind_cert(saf_token_bound *out, const pairs *hsm, const test_cert *cert, const EVP_PKEY *key, saf_error *err)
{
    const saf_token_bind_request request = { .label = "web", .cert = cert->der, .key = key };
    return saf_token_bind(out, hsm->session, &request, err);
}

static size_t count(const pairs *hsm)
{
    OWN(saf_token_object_list) list = { 0 };
    assert_int_equal(saf_token_list_objects(&list, hsm->session, NULL), SAF_OK);
    return list.count;
}

static void sign_with(const pairs *hsm, const char *uri, EVP_PKEY *public_key)
{
    OWN(EVP_PKEY) *key = pairs_load(hsm, uri);
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    unsigned char signature[512];
    size_t len = sizeof signature;
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)"x", 1), 1);
    OWN(EVP_MD_CTX) *check = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(check, NULL, EVP_sha256(), NULL, public_key), 1);
    assert_int_equal(EVP_DigestVerify(check, signature, len, (const unsigned char *)"x", 1), 1);
}

static void a_bound_key_signs(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    OWN(test_cert) cert = test_cert_self_signed("web", 1);
    saf_token_bound bound;
    assert_int_equal(bind_cert(&bound, &hsm, &cert, cert.key, NULL), SAF_OK);
    assert_true(bound.has_key && bound.made_key);
    assert_int_equal(count(&hsm), 3);
    sign_with(&hsm, bound.key_uri, cert.key);
}

static void binding_again_changes_nothing(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    OWN(test_cert) cert = test_cert_self_signed("web", 1);
    saf_token_bound bound;
    assert_int_equal(bind_cert(&bound, &hsm, &cert, cert.key, NULL), SAF_OK);
    assert_int_equal(bind_cert(&bound, &hsm, &cert, cert.key, NULL), SAF_OK);
    assert_true(bound.has_key && !bound.made_key);
    assert_int_equal(count(&hsm), 3);
}

static void a_key_of_another_is_refused(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    OWN(test_cert) cert = test_cert_self_signed("web", 1);
    OWN(test_cert) other = test_cert_self_signed("other", 2);
    saf_token_bound bound;
    assert_int_equal(bind_cert(&bound, &hsm, &cert, other.key, NULL), SAF_E_MALFORMED);
    assert_int_equal(count(&hsm), 0);
}

static void what_is_no_certificate_is_refused(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    saf_token_bound bound;
    const saf_token_bind_request request = { .label = "web", .cert = saf_bytes_of_text("no certificate") };
    assert_int_equal(saf_token_bind(&bound, hsm.session, &request, NULL), SAF_E_MALFORMED);
}

static void unbinding_takes_all_of_it(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    OWN(test_cert) cert = test_cert_self_signed("web", 1);
    saf_token_bound bound;
    saf_token_unbound unbound;
    assert_int_equal(bind_cert(&bound, &hsm, &cert, cert.key, NULL), SAF_OK);
    assert_int_equal(saf_token_unbind(&unbound, hsm.session, cert.der, SAF_TOKEN_DESTROY_IMPORTED, NULL), SAF_OK);
    assert_int_equal(unbound.keys, 1);
    assert_int_equal(count(&hsm), 0);
    assert_int_equal(saf_token_unbind(&unbound, hsm.session, cert.der, SAF_TOKEN_DESTROY_IMPORTED, NULL), SAF_E_NOT_FOUND);
}

static void unbinding_keeps_a_key_when_told(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    OWN(test_cert) cert = test_cert_self_signed("web", 1);
    saf_token_bound bound;
    saf_token_unbound unbound;
    assert_int_equal(bind_cert(&bound, &hsm, &cert, cert.key, NULL), SAF_OK);
    assert_int_equal(saf_token_unbind(&unbound, hsm.session, cert.der, SAF_TOKEN_KEEP_KEYS, NULL), SAF_OK);
    assert_true(unbound.kept_key);
    sign_with(&hsm, bound.key_uri, cert.key);
}

static void a_key_made_in_the_token_is_never_destroyed(void **state)
{
    (void)state;
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "web");
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    OWN(X509) *x509 = pairs_certificate(key, 7);
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    saf_token_bound bound;
    saf_token_unbound unbound;
    const saf_token_bind_request request = { .label = "web", .cert = saf_bytes_of(der, (size_t)len) };
    assert_int_equal(saf_token_bind(&bound, hsm.session, &request, NULL), SAF_OK);
    assert_string_equal(bound.key_uri, uri.text);
    assert_int_equal(saf_token_unbind(&unbound, hsm.session, request.cert, SAF_TOKEN_DESTROY_IMPORTED, NULL), SAF_OK);
    assert_true(unbound.kept_key);
    assert_int_equal(unbound.keys, 0);
    sign_with(&hsm, uri.text, key);
    OPENSSL_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_bound_key_signs),
        IN_SOFTHSM(binding_again_changes_nothing),
        IN_SOFTHSM(a_key_of_another_is_refused),
        IN_SOFTHSM(what_is_no_certificate_is_refused),
        IN_SOFTHSM(unbinding_takes_all_of_it),
        IN_SOFTHSM(unbinding_keeps_a_key_when_told),
        IN_SOFTHSM(a_key_made_in_the_token_is_never_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
