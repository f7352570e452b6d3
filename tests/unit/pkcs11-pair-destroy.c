#include <support/key-pairs.h>

#include <openssl/err.h>

static void expect_counts(const pairs *hsm, size_t private, size_t public, size_t certs)
{
    assert_int_equal(pairs_count(hsm, CKO_PRIVATE_KEY, NULL), private);
    assert_int_equal(pairs_count(hsm, CKO_PUBLIC_KEY, NULL), public);
    assert_int_equal(pairs_count(hsm, CKO_CERTIFICATE, NULL), certs);
}

static void put_certificate(const pairs *hsm, const char *uri)
{
    OWN(EVP_PKEY) *key = pairs_load(hsm, uri);
    OWN(X509) *x509 = pairs_certificate(key, 1);
    assert_int_equal(pairs_put(hsm, uri, x509, NULL), SAF_OK);
}

TEST(destroy_takes_both_halves_and_the_certificate_and_nothing_else)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    pair_uri other = pairs_make(&hsm, &pairs_p256, "server");
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, hsm.session, &(saf_p11_secret_spec) { .label = "server", .len = 32 }, NULL),
                     SAF_OK);
    put_certificate(&hsm, uri.text);
    put_certificate(&hsm, other.text);
    expect_counts(&hsm, 2, 2, 2);
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    expect_counts(&hsm, 1, 1, 1);
    assert_int_equal(pairs_count(&hsm, CKO_SECRET_KEY, NULL), 1);
    OWN(EVP_PKEY) *key = pairs_load(&hsm, other.text);
    pairs_expect_signature(key);
}

TEST(destroyed_before_is_done)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    saf_error err = { 0 };
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    assert_int_equal(pairs_destroy(&hsm, uri.text, &err), SAF_OK);
    assert_string_equal(err.text, "");
    expect_counts(&hsm, 0, 0, 0);
}

TEST(what_an_interrupted_destruction_left_is_destroyed)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    put_certificate(&hsm, uri.text);
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm.p11, "ZWE.KEYS");
    CK_OBJECT_HANDLE key = pairs_find(&hsm, CKO_PRIVATE_KEY, NULL);
    assert_int_equal(softhsm_cryptoki(hsm.p11)->C_DestroyObject(raw, key), CKR_OK);
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    expect_counts(&hsm, 0, 0, 0);
}

TEST(only_an_id_names_what_is_destroyed)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    saf_error err = { 0 };
    assert_int_equal(pairs_destroy(&hsm, "pkcs11:token=ZWE.KEYS;object=server;type=private", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "the URI of a key pair to destroy must have an id");
    assert_int_equal(pairs_destroy(&hsm, "pkcs11:token=OTHER;id=1;type=private", NULL), SAF_E_USAGE);
    assert_int_equal(pairs_destroy(&hsm, "pkcs11:token=ZWE.KEYS;id=1;type=secret-key", NULL), SAF_E_USAGE);
    expect_counts(&hsm, 1, 1, 0);
    saf_p11_uri parsed = softhsm_uri(uri.text);
    snprintf(parsed.object, sizeof parsed.object, "renamed since");
    assert_int_equal(saf_p11_destroy_pair(hsm.session, &parsed, NULL), SAF_OK);
    expect_counts(&hsm, 0, 0, 0);
}

/* Another tool's: which of them is meant nobody knows. */
static void make_raw(const pairs *hsm, const char *label)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm->p11, "ZWE.KEYS");
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    char id[] = "1";
    CK_MECHANISM how = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
    CK_ATTRIBUTE name = { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) };
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_MODULUS_BITS, &bits, sizeof bits }, { CKA_ID, id, 1 } };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof yes }, name, { CKA_ID, id, 1 } };
    CK_OBJECT_HANDLE one, other;
    assert_int_equal(softhsm_cryptoki(hsm->p11)->C_GenerateKeyPair(raw, &how, public, 3, private, 3, &one, &other), CKR_OK);
}

TEST(several_keys_of_one_id_are_left_alone)
{
    OWN(pairs) hsm = pairs_enter();
    saf_error err = { 0 };
    make_raw(&hsm, "a");
    make_raw(&hsm, "b");
    assert_int_equal(pairs_destroy(&hsm, "pkcs11:token=ZWE.KEYS;object=a;id=1", &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, "pkcs11:token=ZWE.KEYS;object=b;id=%31;type=private"));
    expect_counts(&hsm, 2, 2, 0);
}

TEST(a_pair_of_the_same_names_is_not_taken_for_the_destroyed_one)
{
    OWN(pairs) hsm = pairs_enter();
    saf_p11_pair_spec spec = pairs_p256;
    spec.id_len = 1;
    memset(spec.id, '7', 1);
    pair_uri uri = pairs_make(&hsm, &spec, "server");
    OWN(EVP_PKEY) *before = pairs_load(&hsm, uri.text);
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    EVP_PKEY *none = NULL;
    saf_p11_uri parsed = softhsm_uri(uri.text);
    assert_int_equal(saf_p11_load_private_key(&none, hsm.p11, &parsed, NULL, NULL), SAF_E_NOT_FOUND);
    pairs_make(&hsm, &spec, "server");
    OWN(EVP_PKEY) *after = pairs_load(&hsm, uri.text);
    assert_int_equal(EVP_PKEY_eq(before, after), 0);
    pairs_expect_signature(after);
    unsigned char signature[256];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, before), 1);
    assert_int_not_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)"x", 1), 1);
    ERR_clear_error();
}

static CK_FUNCTION_LIST *faulty, genuine;

static CK_RV refuse_to_destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    (void)session, (void)object;
    return CKR_TOKEN_WRITE_PROTECTED;
}

TEST(a_refusal_to_destroy_is_told_and_can_be_repeated)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    saf_error err = { 0 };
    faulty = softhsm_cryptoki(hsm.p11);
    genuine = *faulty;
    faulty->C_DestroyObject = refuse_to_destroy;
    saf_status status = pairs_destroy(&hsm, uri.text, &err);
    *faulty = genuine;
    assert_int_equal(status, SAF_E_DENIED);
    assert_string_equal(err.text, "token ZWE.KEYS cannot destroy an object of key \"server\": CKR_TOKEN_WRITE_PROTECTED");
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    expect_counts(&hsm, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(destroy_takes_both_halves_and_the_certificate_and_nothing_else),
        IN_SOFTHSM(destroyed_before_is_done),
        IN_SOFTHSM(what_an_interrupted_destruction_left_is_destroyed),
        IN_SOFTHSM(only_an_id_names_what_is_destroyed),
        IN_SOFTHSM(several_keys_of_one_id_are_left_alone),
        IN_SOFTHSM(a_pair_of_the_same_names_is_not_taken_for_the_destroyed_one),
        IN_SOFTHSM(a_refusal_to_destroy_is_told_and_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
