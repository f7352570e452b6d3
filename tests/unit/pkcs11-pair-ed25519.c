/*
 * Ed25519 pairs. SoftHSM loses memory with each signature of theirs, which is not for this program to answer for: leaks are told apart by who allocated, for
 * which the sanitizer has to look at whole stacks.
 */
#include <support/key-pairs.h>

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libsofthsm2.so\n";
}

TEST(an_ed25519_pair_does_what_the_others_do)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_ed25519, "ed").text);
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    assert_true(EVP_PKEY_is_a(key, "ED25519") && EVP_PKEY_is_a(half, "ED25519"));
    assert_int_equal(EVP_PKEY_eq(key, half), 1);
    assert_int_equal(EVP_PKEY_eq(half, key), 1);
    assert_int_equal(EVP_PKEY_get_size(key), 64);
    pairs_expect_signature(key);
    OWN(X509) *x509 = pairs_certificate(key, 1);
    assert_int_equal(X509_verify(x509, half), 1);
    assert_int_equal(X509_check_private_key(x509, key), 1);
    assert_int_equal(X509_get_signature_nid(x509), NID_ED25519);
}

TEST(two_ed25519_pairs_are_not_the_same)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *one = pairs_load(&hsm, pairs_make(&hsm, &pairs_ed25519, "one").text);
    OWN(EVP_PKEY) *other = pairs_load(&hsm, pairs_make(&hsm, &pairs_ed25519, "other").text);
    assert_int_not_equal(EVP_PKEY_eq(one, other), 1);
    OWN(X509) *x509 = pairs_certificate(one, 1);
    assert_int_not_equal(X509_check_private_key(x509, other), 1);
}

/* The private half is nowhere but in the token: there is nothing to write. */
TEST(an_ed25519_private_key_cannot_be_written)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_ed25519, "ed").text);
    unsigned char raw[64], *der = NULL;
    size_t len = sizeof raw;
    assert_int_not_equal(EVP_PKEY_get_raw_private_key(key, raw, &len), 1);
    assert_true(i2d_PrivateKey(key, &der) <= 0);
}

TEST(a_key_is_good_in_this_login_only)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_ed25519, "ed").text);
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm.p11, "ZWE.KEYS");
    assert_int_equal(softhsm_cryptoki(hsm.p11)->C_Logout(raw), CKR_OK);
    unsigned char signature[64];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_not_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)"x", 1), 1);
}

TEST(the_public_half_is_the_token_s)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_ed25519, "ed");
    pair_value point = pairs_read(&hsm, pairs_find(&hsm, CKO_PUBLIC_KEY, "ed"), CKA_EC_POINT);
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    unsigned char raw[32];
    size_t len = sizeof raw;
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
    assert_true(point.len >= len);
    assert_memory_equal(point.data + point.len - len, raw, len);
}

TEST(a_pair_without_public_half_or_certificate_is_refused)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_ed25519, "ed");
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm.p11, "ZWE.KEYS");
    assert_int_equal(softhsm_cryptoki(hsm.p11)->C_DestroyObject(raw, pairs_find(&hsm, CKO_PUBLIC_KEY, "ed")), CKR_OK);
    saf_error err = { 0 };
    saf_p11_uri parsed = softhsm_uri(uri.text);
    EVP_PKEY *none = NULL;
    assert_int_equal(saf_p11_load_private_key(&none, hsm.p11, &parsed, NULL, &err), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "no public key or certificate beside the private key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(an_ed25519_pair_does_what_the_others_do),
        IN_SOFTHSM(two_ed25519_pairs_are_not_the_same),
        IN_SOFTHSM(an_ed25519_private_key_cannot_be_written),
        IN_SOFTHSM(a_key_is_good_in_this_login_only),
        IN_SOFTHSM(the_public_half_is_the_token_s),
        IN_SOFTHSM(a_pair_without_public_half_or_certificate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
