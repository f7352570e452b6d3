#include <support/idt-token.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

static const saf_idt_alg every[] = {
    SAF_IDT_HS256, SAF_IDT_HS384, SAF_IDT_HS512, SAF_IDT_RS256, SAF_IDT_RS384, SAF_IDT_RS512, SAF_IDT_PS256,
    SAF_IDT_PS384, SAF_IDT_PS512, SAF_IDT_ES256, SAF_IDT_ES384, SAF_IDT_ES512, SAF_IDT_EDDSA,
};

enum { EVERY = sizeof every / sizeof every[0] };

TEST(names_are_those_of_the_registry)
{
    assert_string_equal(saf_idt_alg_name(SAF_IDT_HS512), "HS512");
    assert_string_equal(saf_idt_alg_name(SAF_IDT_EDDSA), "EdDSA");
    assert_string_equal(saf_idt_alg_name(SAF_IDT_ALG_NONE), "none");
    assert_string_equal(saf_idt_alg_name((saf_idt_alg)99), "unknown");
}

TEST(parse_is_the_reverse_of_name)
{
    for (size_t i = 0; i < EVERY; i++) {
        saf_idt_alg alg = SAF_IDT_ALG_NONE;
        assert_int_equal(saf_idt_alg_parse(&alg, saf_idt_alg_name(every[i]), NULL), SAF_OK);
        assert_int_equal(alg, every[i]);
    }
}

TEST(parse_refuses_another_spelling)
{
    static const char *const wrong[] = { "hs256", "HS256 ", "HS257", "", "None", "ES256K" };
    saf_idt_alg alg = SAF_IDT_EDDSA;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(saf_idt_alg_parse(&alg, wrong[i], NULL), SAF_E_USAGE);
    assert_int_equal(alg, SAF_IDT_EDDSA);
}

TEST(hmac_keys_are_as_long_as_the_hash)
{
    assert_int_equal(saf_idt_alg_key_min(SAF_IDT_HS256), 32);
    assert_int_equal(saf_idt_alg_key_min(SAF_IDT_HS384), 48);
    assert_int_equal(saf_idt_alg_key_min(SAF_IDT_HS512), 64);
    assert_int_equal(saf_idt_alg_key_min(SAF_IDT_RS256), 0);
    assert_int_equal(saf_idt_alg_key_min((saf_idt_alg)-1), 0);
}

TEST(every_algorithm_verifies_what_it_signs)
{
    saf_idt_lane *lane = token_lane(NULL);
    for (size_t i = 0; i < EVERY; i++) {
        EVP_PKEY *key = token_key(every[i]);
        saf_idt_signer *signer = token_signer(every[i], key);
        saf_idt_verifier *verifier = token_verifier(every[i], key, NULL);
        saf_idt_claims claims = token_claims();
        saf_idt_result result;
        char token[SAF_IDT_TOKEN_MAX];
        size_t len = 0;
        assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
        assert_true(len <= saf_idt_signer_token_max(signer));
        assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), NULL, &result), SAF_OK);
        assert_string_equal(saf_idt_verdict_name(result.verdict), "good");
        saf_idt_verifier_free(&verifier);
        saf_idt_signer_free(&signer);
        EVP_PKEY_free(key);
    }
    saf_idt_lane_close(&lane);
}

/* RFC 8725 3.1: every other algorithm's token is refused for its alg, whatever its signature is. */
TEST(no_algorithm_verifies_another_ones_tokens)
{
    saf_idt_lane *lane = token_lane(NULL);
    EVP_PKEY *keys[EVERY];
    for (size_t i = 0; i < EVERY; i++)
        keys[i] = token_key(every[i]);
    for (size_t i = 0; i < EVERY; i++) {
        saf_idt_signer *signer = token_signer(every[i], keys[i]);
        saf_idt_claims claims = token_claims();
        char token[SAF_IDT_TOKEN_MAX];
        size_t len = 0;
        assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
        for (size_t j = 0; j < EVERY; j++) {
            saf_idt_verifier *verifier = token_verifier(every[j], keys[j], NULL);
            saf_idt_result result;
            assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), NULL, &result), SAF_OK);
            assert_int_equal(result.verdict, i == j ? SAF_IDT_GOOD : SAF_IDT_WRONG_ALGORITHM);
            saf_idt_verifier_free(&verifier);
        }
        saf_idt_signer_free(&signer);
    }
    for (size_t i = 0; i < EVERY; i++)
        EVP_PKEY_free(keys[i]);
    saf_idt_lane_close(&lane);
}

static void assert_key_refused(saf_idt_alg alg, EVP_PKEY *key)
{
    saf_idt_signer *signer = NULL;
    saf_idt_verifier *verifier = NULL;
    saf_error err = { 0 };
    assert_int_equal(saf_idt_signer_from_key(&signer, alg, key, NULL, &err), SAF_E_USAGE);
    assert_int_equal(err.status, SAF_E_USAGE);
    assert_true(strlen(err.text) > 0);
    assert_null(signer);
    assert_int_equal(saf_idt_verifier_from_key(&verifier, alg, key, NULL, &err), SAF_E_USAGE);
    assert_null(verifier);
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(keys_of_another_type_are_refused)
{
    EVP_PKEY *rsa = token_key(SAF_IDT_RS256);
    EVP_PKEY *p256 = token_key(SAF_IDT_ES256);
    EVP_PKEY *ed = token_key(SAF_IDT_EDDSA);
    EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    assert_key_refused(SAF_IDT_HS256, rsa);
    assert_key_refused(SAF_IDT_RS256, p256);
    assert_key_refused(SAF_IDT_PS256, ed);
    assert_key_refused(SAF_IDT_ES256, rsa);
    assert_key_refused(SAF_IDT_EDDSA, p256);
    assert_key_refused(SAF_IDT_EDDSA, ed448);
    assert_key_refused(SAF_IDT_ALG_NONE, rsa);
    assert_key_refused((saf_idt_alg)77, rsa);
    assert_key_refused(SAF_IDT_ES256, NULL);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(ed);
    EVP_PKEY_free(ed448);
}

TEST(ec_keys_on_another_curve_are_refused)
{
    EVP_PKEY *p384 = token_key(SAF_IDT_ES384);
    EVP_PKEY *k256 = EVP_EC_gen("secp256k1");
    EVP_PKEY *brainpool = EVP_EC_gen("brainpoolP256r1");
    assert_key_refused(SAF_IDT_ES256, p384);
    assert_key_refused(SAF_IDT_ES512, p384);
    assert_key_refused(SAF_IDT_ES256, k256);
    assert_key_refused(SAF_IDT_ES256, brainpool);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(k256);
    EVP_PKEY_free(brainpool);
}

TEST(short_rsa_keys_are_refused)
{
    EVP_PKEY *key = EVP_RSA_gen(1024);
    assert_key_refused(SAF_IDT_RS256, key);
    assert_key_refused(SAF_IDT_PS256, key);
    EVP_PKEY_free(key);
}

/* A public key with a modulus of that many bits, all of them 1, and that exponent. */
static EVP_PKEY *rsa_public(int bits, const char *exponent_hex)
{
    BIGNUM *n = BN_new();
    BIGNUM *e = NULL;
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_true(BN_hex2bn(&e, exponent_hex) > 0);
    assert_true(BN_set_bit(n, bits) && BN_sub_word(n, 1));
    assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n));
    assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_free(e);
    return key;
}

TEST(rsa_exponents_are_odd_and_of_moderate_size)
{
    static const char *const refused[] = { "1", "2", "10001000000000001", "80000000000000000000000000000001" };
    saf_idt_verifier *verifier = NULL;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        EVP_PKEY *key = rsa_public(2048, refused[i]);
        assert_int_equal(saf_idt_verifier_from_key(&verifier, SAF_IDT_RS256, key, NULL, NULL), SAF_E_USAGE);
        assert_null(verifier);
        EVP_PKEY_free(key);
    }
    EVP_PKEY *key = rsa_public(2048, "3");
    assert_int_equal(saf_idt_verifier_from_key(&verifier, SAF_IDT_RS256, key, NULL, NULL), SAF_OK);
    saf_idt_verifier_free(&verifier);
    EVP_PKEY_free(key);
}

TEST(rsa_keys_above_8192_bits_are_refused)
{
    saf_idt_verifier *verifier = NULL;
    EVP_PKEY *key = rsa_public(16384, "10001");
    assert_int_equal(saf_idt_verifier_from_key(&verifier, SAF_IDT_RS256, key, NULL, NULL), SAF_E_USAGE);
    EVP_PKEY_free(key);
}

TEST(a_key_for_pss_does_ps_and_not_rs)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0);
    assert_int_equal(EVP_PKEY_generate(context, &key), 1);
    saf_idt_signer *signer = token_signer(SAF_IDT_PS256, key);
    saf_idt_signer_free(&signer);
    assert_key_refused(SAF_IDT_RS256, key);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
}

TEST(a_public_key_does_not_sign)
{
    EVP_PKEY *key = rsa_public(2048, "10001");
    saf_idt_signer *signer = NULL;
    saf_error err = { 0 };
    assert_int_equal(saf_idt_signer_from_key(&signer, SAF_IDT_RS256, key, NULL, &err), SAF_E_USAGE);
    assert_non_null(strstr(err.hint, "private"));
    assert_null(signer);
    EVP_PKEY_free(key);
}

TEST(short_secrets_are_refused)
{
    saf_idt_signer *signer = NULL;
    saf_idt_verifier *verifier = NULL;
    saf_bytes empty = { 0 };
    saf_bytes bytes_31 = saf_bytes_of(token_secret().data, 31);
    saf_bytes bytes_63 = saf_bytes_of(token_secret().data, 63);
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS256, empty, NULL, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS256, bytes_31, NULL, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_verifier_from_bytes(&verifier, SAF_IDT_HS512, bytes_63, NULL, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_RS256, token_secret(), NULL, NULL), SAF_E_USAGE);
    assert_null(signer);
    assert_null(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_registry),
        cmocka_unit_test(parse_is_the_reverse_of_name),
        cmocka_unit_test(parse_refuses_another_spelling),
        cmocka_unit_test(hmac_keys_are_as_long_as_the_hash),
        cmocka_unit_test(every_algorithm_verifies_what_it_signs),
        cmocka_unit_test(no_algorithm_verifies_another_ones_tokens),
        cmocka_unit_test(keys_of_another_type_are_refused),
        cmocka_unit_test(ec_keys_on_another_curve_are_refused),
        cmocka_unit_test(short_rsa_keys_are_refused),
        cmocka_unit_test(rsa_exponents_are_odd_and_of_moderate_size),
        cmocka_unit_test(rsa_keys_above_8192_bits_are_refused),
        cmocka_unit_test(a_key_for_pss_does_ps_and_not_rs),
        cmocka_unit_test(a_public_key_does_not_sign),
        cmocka_unit_test(short_secrets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
