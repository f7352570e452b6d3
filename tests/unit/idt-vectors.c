/* Signatures that the RFCs print. Their claims are not ours, so they are checked below header and claims. The files hold the RFC's
 * key and token, and are named after its section. */
#include <support/idt-token.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>

static json_t *load(const char *name)
{
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s.json", VECTORS, name);
    json_t *vector = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!vector)
        fail_msg("%s: %s", path, error.text);
    return vector;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

/* A member in base64url. The caller frees it. */
static unsigned char *bytes_of(size_t *len, const json_t *object, const char *name)
{
    saf_bytes text = saf_bytes_of_text(text_of(object, name));
    unsigned char *bytes = malloc(saf_base64url_decoded_max(text.len));
    assert_non_null(bytes);
    assert_true(saf_base64url_decode(bytes, len, text));
    return bytes;
}

static BIGNUM *number_of(const json_t *jwk, const char *name)
{
    size_t len = 0;
    unsigned char *bytes = bytes_of(&len, jwk, name);
    BIGNUM *number = BN_bin2bn(bytes, (int)len, NULL);
    free(bytes);
    return number;
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *rsa_key(const json_t *jwk)
{
    BIGNUM *n = number_of(jwk, "n");
    BIGNUM *e = number_of(jwk, "e");
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n));
    assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e));
    EVP_PKEY *key = key_from("RSA", build);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_key(const json_t *jwk)
{
    unsigned char point[1 + 2 * 66] = { 4 };
    size_t len = 0;
    unsigned char *x = bytes_of(&len, jwk, "x");
    unsigned char *y = bytes_of(&len, jwk, "y");
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    memcpy(point + 1, x, len);
    memcpy(point + 1 + len, y, len);
    assert_true(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, text_of(jwk, "crv"), 0));
    assert_true(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len));
    free(x);
    free(y);
    return key_from("EC", build);
}

static EVP_PKEY *okp_key(const json_t *jwk)
{
    size_t len = 0;
    unsigned char *x = bytes_of(&len, jwk, "x");
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, len);
    free(x);
    return key;
}

static EVP_PKEY *key_of(const json_t *jwk)
{
    const char *type = text_of(jwk, "kty");
    if (strcmp(type, "RSA") == 0)
        return rsa_key(jwk);
    return strcmp(type, "EC") == 0 ? ec_key(jwk) : okp_key(jwk);
}

static saf_idt_verifier *secret_verifier(saf_idt_alg alg, const json_t *jwk)
{
    size_t len = 0;
    saf_idt_verifier *verifier = NULL;
    unsigned char *key = bytes_of(&len, jwk, "k");
    assert_int_equal(saf_idt_verifier_from_bytes(&verifier, alg, saf_bytes_of(key, len), NULL, NULL), SAF_OK);
    free(key);
    return verifier;
}

static saf_idt_verifier *verifier_of(const json_t *vector)
{
    const json_t *jwk = json_object_get(vector, "jwk");
    saf_idt_alg alg = SAF_IDT_ALG_NONE;
    assert_int_equal(saf_idt_alg_parse(&alg, text_of(vector, "alg"), NULL), SAF_OK);
    if (strcmp(text_of(jwk, "kty"), "oct") == 0)
        return secret_verifier(alg, jwk);
    EVP_PKEY *key = key_of(jwk);
    saf_idt_verifier *verifier = token_verifier(alg, key, NULL);
    EVP_PKEY_free(key);
    return verifier;
}

static void assert_vector(const char *name)
{
    unsigned char signature[SAF_IDT_TOKEN_MAX];
    size_t signature_len = 0;
    bool good = false;
    json_t *vector = load(name);
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_verifier *verifier = verifier_of(vector);
    const char *jws = text_of(vector, "jws");
    const char *dot = strrchr(jws, '.');
    saf_bytes input = saf_bytes_of(jws, (size_t)(dot - jws));
    assert_true(saf_base64url_decode(signature, &signature_len, saf_bytes_of_text(dot + 1)));
    assert_int_equal(saf_idt_raw_verify(lane, verifier, input, saf_bytes_of(signature, signature_len), &good), SAF_OK);
    assert_true(good);
    input.len--;
    assert_int_equal(saf_idt_raw_verify(lane, verifier, input, saf_bytes_of(signature, signature_len), &good), SAF_OK);
    assert_false(good);
    saf_idt_verifier_free(&verifier);
    saf_idt_lane_close(&lane);
    json_decref(vector);
}

TEST(rfc7515_A_1_HS256)
{
    assert_vector("rfc7515/A.1");
}

TEST(rfc7515_A_2_RS256)
{
    assert_vector("rfc7515/A.2");
}

TEST(rfc7515_A_3_ES256)
{
    assert_vector("rfc7515/A.3");
}

TEST(rfc7515_A_4_ES512)
{
    assert_vector("rfc7515/A.4");
}

TEST(rfc7520_4_1_RS256)
{
    assert_vector("rfc7520/4.1");
}

TEST(rfc7520_4_2_PS384)
{
    assert_vector("rfc7520/4.2");
}

TEST(rfc7520_4_3_ES512)
{
    assert_vector("rfc7520/4.3");
}

TEST(rfc7520_4_4_HS256)
{
    assert_vector("rfc7520/4.4");
}

TEST(rfc8037_A_4_EdDSA)
{
    assert_vector("rfc8037/A.4");
}

static size_t from_hex(unsigned char *out, const char *hex)
{
    size_t len = 0;
    for (; hex[2 * len]; len++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * len, "%2x", &byte), 1);
        out[len] = (unsigned char)byte;
    }
    return len;
}

static void assert_mac(const json_t *vector, saf_idt_alg alg)
{
    unsigned char key[256], data[256], expected[64], mac[SAF_IDT_SIGNATURE_MAX];
    size_t mac_len = 0;
    saf_idt_signer *signer = NULL;
    saf_idt_lane *lane = token_lane(NULL);
    size_t key_len = from_hex(key, text_of(vector, "key_hex"));
    size_t data_len = from_hex(data, text_of(vector, "data_hex"));
    size_t expected_len = from_hex(expected, text_of(vector, saf_idt_alg_name(alg)));
    assert_int_equal(saf_idt_signer_from_bytes(&signer, alg, saf_bytes_of(key, key_len), NULL, NULL), SAF_OK);
    assert_int_equal(saf_idt_raw_sign(lane, signer, saf_bytes_of(data, data_len), mac, &mac_len), SAF_OK);
    assert_int_equal(mac_len, expected_len);
    assert_memory_equal(mac, expected, expected_len);
    saf_idt_signer_free(&signer);
    saf_idt_lane_close(&lane);
}

/* The other cases of RFC 4231 have keys that are too short for RFC 7518. */
TEST(rfc4231_keys_longer_than_a_block)
{
    static const char *const names[] = { "rfc4231/4.7", "rfc4231/4.8" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *vector = load(names[i]);
        assert_mac(vector, SAF_IDT_HS256);
        assert_mac(vector, SAF_IDT_HS384);
        assert_mac(vector, SAF_IDT_HS512);
        json_decref(vector);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc7515_A_1_HS256), cmocka_unit_test(rfc7515_A_2_RS256), cmocka_unit_test(rfc7515_A_3_ES256),
        cmocka_unit_test(rfc7515_A_4_ES512), cmocka_unit_test(rfc7520_4_1_RS256), cmocka_unit_test(rfc7520_4_2_PS384),
        cmocka_unit_test(rfc7520_4_3_ES512), cmocka_unit_test(rfc7520_4_4_HS256), cmocka_unit_test(rfc8037_A_4_EdDSA),
        cmocka_unit_test(rfc4231_keys_longer_than_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
