/* One valid token, one thing broken per test: from its size to its signature. What claims may say is in idt-verify-claims.c. */
#include <support/idt-judge.h>

#include <openssl/pem.h>

TEST(verify_accepts_the_valid_token)
{
    assert_payload(TOKEN_PAYLOAD, SAF_IDT_GOOD);
}

/* ---- size, structure, encoding, JSON ---- */

TEST(verify_refuses_a_token_above_the_size_limit)
{
    enum { MEGABYTE = 1 << 20 };
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    char *token = malloc(MEGABYTE);
    assert_non_null(token);
    memset(token, 'A', MEGABYTE);
    assert_verdict(judge(verifier, saf_bytes_of(token, MEGABYTE)), SAF_IDT_TOO_LARGE);
    assert_verdict(judge(verifier, saf_bytes_of(token, SAF_IDT_TOKEN_MAX + 1)), SAF_IDT_TOO_LARGE);
    assert_verdict(judge(verifier, saf_bytes_of(token, SAF_IDT_TOKEN_MAX)), SAF_IDT_BAD_STRUCTURE);
    memset(token, '.', SAF_IDT_TOKEN_MAX);
    assert_verdict(judge(verifier, saf_bytes_of(token, SAF_IDT_TOKEN_MAX)), SAF_IDT_BAD_STRUCTURE);
    free(token);
    saf_idt_verifier_free(&verifier);
}

TEST(verify_refuses_anything_but_three_parts)
{
    static const char *const wrong[] = {
        "", ".", "..", "...", "e30", "e30.e30", "e30.e30.e30.e30", "e30.e30.e30.e30.e30", ".e30.e30", "e30..e30",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_token(wrong[i], SAF_IDT_BAD_STRUCTURE);
}

TEST(verify_refuses_json_serialisation)
{
    assert_token("{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"e30\"}", SAF_IDT_BAD_STRUCTURE);
}

TEST(verify_refuses_base64url_that_is_not_canonical)
{
    static const char *const wrong[] = {
        "e30=.e30.AAAA", "e30.e30.AAA=", "e30 .e30.AAAA", "\ne30.e30.AAAA", "e30.e30.AA+A", "e30.e30.AA/A",
        "e31.e30.AAAA", "e30.e31.AAAA", "e30.e30.AB", "e.e30.AAAA", "e30.e30.A", "e30.e30.AAAA\n", "e30.e30.\303\244A",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_token(wrong[i], SAF_IDT_BAD_ENCODING);
}

TEST(verify_refuses_a_header_that_is_not_an_object)
{
    static const char *const wrong[] = { "[]", "\"alg\"", "null", "{\"alg\":\"HS256\"", "{\"alg\":\"HS256\"}x", "{alg:\"HS256\"}" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_header(wrong[i], SAF_IDT_BAD_JSON);
}

TEST(verify_refuses_duplicate_names)
{
    assert_header("{\"alg\":\"HS256\",\"alg\":\"HS256\"}", SAF_IDT_BAD_JSON);
    assert_header("{\"alg\":\"none\",\"alg\":\"HS256\"}", SAF_IDT_BAD_JSON);
    assert_header("{\"alg\":\"HS256\",\"kid\":\"a\",\"kid\":\"a\"}", SAF_IDT_BAD_JSON);
    assert_payload(TOKEN_PAYLOAD_OF("\"a\"", "\"saf\"", "\"IBMUSER\"", "\"Z\"", "1", "2", ",\"sub\":\"ROOT\""), SAF_IDT_BAD_JSON);
}

TEST(verify_refuses_names_with_escapes)
{
    assert_header("{\"alg\":\"HS256\",\"\\u0063rit\":[]}", SAF_IDT_BAD_JSON);
    assert_header("{\"\\u0061lg\":\"HS256\"}", SAF_IDT_BAD_JSON);
}

TEST(verify_refuses_deep_nesting)
{
    char payload[6000];
    memset(payload, '[', sizeof payload);
    memcpy(payload, "{\"a\":", 5);
    payload[sizeof payload - 1] = '\0';
    assert_payload(payload, SAF_IDT_BAD_JSON);
}

/* ---- alg ---- */

TEST(verify_refuses_none_in_every_case_mix)
{
    static const char letters[] = "none";
    for (unsigned mix = 0; mix < 16; mix++) {
        char header[] = "{\"alg\":\"none\"}";
        for (size_t i = 0; i < 4; i++)
            header[8 + i] = (char)(mix & (1u << i) ? letters[i] & ~0x20 : letters[i]);
        assert_header(header, SAF_IDT_UNSIGNED);
    }
}

TEST(verify_refuses_none_with_an_empty_signature)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_signer *signer = NULL;
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    assert_int_equal(saf_idt_signer_unsigned(&signer, NULL), SAF_OK);
    size_t len = token_of(token, signer, saf_bytes_of_text("{\"alg\":\"none\"}"), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_verdict(judge(verifier, saf_bytes_of(token, len)), SAF_IDT_UNSIGNED);
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
}

TEST(verify_refuses_an_empty_signature)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_signer *signer = NULL;
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    assert_int_equal(saf_idt_signer_unsigned(&signer, NULL), SAF_OK);
    size_t len = token_of(token, signer, saf_bytes_of_text(TOKEN_HEADER), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_verdict(judge(verifier, saf_bytes_of(token, len)), SAF_IDT_BAD_SIGNATURE);
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
}

TEST(verify_refuses_an_alg_that_is_not_the_keys)
{
    static const char *const wrong[] = {
        "{}", "{\"alg\":\"\"}", "{\"alg\":\"hs256\"}", "{\"alg\":\"HS256 \"}", "{\"alg\":\"HS512\"}", "{\"alg\":\"RS256\"}",
        "{\"alg\":\"dir\"}", "{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "{\"alg\":256}", "{\"ALG\":\"HS256\"}",
        "{\"alg\":\"HS\\u003256\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_header(wrong[i], SAF_IDT_WRONG_ALGORITHM);
}

/* The classic: the public key, in any of its spellings, as an HMAC key. */
static void assert_public_key_is_no_secret(saf_idt_alg alg, EVP_PKEY *key, const unsigned char *spelling, size_t spelling_len)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_signer *forger = NULL;
    saf_idt_verifier *verifier = token_verifier(alg, key, NULL);
    assert_int_equal(saf_idt_signer_from_bytes(&forger, SAF_IDT_HS256, saf_bytes_of(spelling, spelling_len), NULL, NULL), SAF_OK);
    size_t len = token_of(token, forger, saf_bytes_of_text(TOKEN_HEADER), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_verdict(judge(verifier, saf_bytes_of(token, len)), SAF_IDT_WRONG_ALGORITHM);
    saf_idt_signer_free(&forger);
    saf_idt_verifier_free(&verifier);
}

TEST(verify_refuses_hmac_under_the_public_key)
{
    static const saf_idt_alg algs[] = { SAF_IDT_RS256, SAF_IDT_ES256, SAF_IDT_EDDSA };
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        EVP_PKEY *key = token_key(algs[i]);
        unsigned char *der = NULL;
        int der_len = i2d_PUBKEY(key, &der);
        BIO *pem = BIO_new(BIO_s_mem());
        char *text = NULL;
        assert_true(der_len > 0 && PEM_write_bio_PUBKEY(pem, key));
        long text_len = BIO_get_mem_data(pem, &text);
        assert_public_key_is_no_secret(algs[i], key, der, (size_t)der_len);
        assert_public_key_is_no_secret(algs[i], key, (unsigned char *)text, (size_t)text_len);
        BIO_free(pem);
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
}

/* ---- header members and kid ---- */

TEST(verify_refuses_members_that_ask_for_more)
{
    static const char *const wrong[] = {
        "{\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"crit\":[\"alg\"]}",       "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"HS256\",\"b64\":false}",            "{\"alg\":\"HS256\",\"b64\":true}",
        "{\"alg\":\"HS256\",\"zip\":\"DEF\"}",          "{\"alg\":\"HS256\",\"enc\":\"A128GCM\"}",
        "{\"alg\":\"HS256\",\"cty\":\"JWT\"}",          "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}",
        "{\"alg\":\"HS256\",\"jku\":\"https://x/\"}",   "{\"alg\":\"HS256\",\"x5u\":\"https://x/\"}",
        "{\"alg\":\"HS256\",\"x5c\":[\"AA\"]}",         "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}",
        "{\"alg\":\"HS256\",\"typ\":null}",             "{\"alg\":\"HS256\",\"kid\":1}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_header(wrong[i], SAF_IDT_BAD_HEADER);
}

TEST(verify_accepts_typ_and_members_without_meaning)
{
    assert_header("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", SAF_IDT_GOOD);
    assert_header("{\"typ\":\"jwt\",\"alg\":\"HS256\"}", SAF_IDT_GOOD);
    assert_header("{\"alg\":\"HS256\",\"x5t\":\"AAAA\",\"other\":{\"a\":[1]}}", SAF_IDT_GOOD);
}

TEST(verify_refuses_another_kid)
{
    static const char *const wrong[] = {
        TOKEN_HEADER, "{\"alg\":\"HS256\",\"kid\":\"\"}", "{\"alg\":\"HS256\",\"kid\":\"k2\"}", "{\"alg\":\"HS256\",\"kid\":\"K1\"}",
        "{\"alg\":\"HS256\",\"kid\":\"k1\\u0000\"}", "{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}",
        "{\"alg\":\"HS256\",\"kid\":\"k1' OR '1'='1\"}", "{\"alg\":\"HS256\",\"kid\":\"\\u006b1\"}",
    };
    const saf_idt_rules rules = { .kid = "k1" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_verdict(judge_all(wrong[i], TOKEN_PAYLOAD, &rules, NULL, TOKEN_NOW), SAF_IDT_WRONG_KID);
    assert_verdict(judge_all("{\"alg\":\"HS256\",\"kid\":\"k1\"}", TOKEN_PAYLOAD, &rules, NULL, TOKEN_NOW), SAF_IDT_GOOD);
}

TEST(verify_refuses_a_kid_where_the_key_has_none)
{
    assert_header("{\"alg\":\"HS256\",\"kid\":\"k1\"}", SAF_IDT_WRONG_KID);
}

TEST(verify_says_wrong_kid_before_it_uses_the_key)
{
    assert_token("eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.e30.AAAA", SAF_IDT_WRONG_KID);
}

/* ---- signature ---- */

TEST(verify_refuses_another_keys_signature)
{
    char token[SAF_IDT_TOKEN_MAX];
    unsigned char other[32] = { 1 };
    saf_idt_signer *signer = NULL;
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS256, saf_bytes_of(other, sizeof other), NULL, NULL), SAF_OK);
    size_t len = token_of(token, signer, saf_bytes_of_text(TOKEN_HEADER), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_verdict(judge(verifier, saf_bytes_of(token, len)), SAF_IDT_BAD_SIGNATURE);
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
}

/* The signature is looked at before the claims: an unsigned lie is not worth reading. */
TEST(verify_says_bad_signature_before_it_looks_at_claims)
{
    assert_token("eyJhbGciOiJIUzI1NiJ9.e30.AAAA", SAF_IDT_BAD_SIGNATURE);
}

/* Any bytes in the place of the signature. */
static saf_idt_verdict judge_signature(saf_idt_alg alg, EVP_PKEY *key, saf_bytes signature)
{
    char token[SAF_IDT_TOKEN_MAX];
    char header[40];
    saf_idt_verifier *verifier = token_verifier(alg, key, NULL);
    snprintf(header, sizeof header, "{\"alg\":\"%s\"}", saf_idt_alg_name(alg));
    size_t len = saf_base64url_encode(token, saf_bytes_of_text(header));
    token[len++] = '.';
    len += saf_base64url_encode(token + len, saf_bytes_of_text(TOKEN_PAYLOAD));
    token[len++] = '.';
    len += saf_base64url_encode(token + len, signature);
    saf_idt_verdict verdict = judge(verifier, saf_bytes_of(token, len));
    saf_idt_verifier_free(&verifier);
    return verdict;
}

TEST(verify_refuses_ecdsa_with_r_or_s_out_of_range)
{
    static const unsigned char order[32] = {
        0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    };
    EVP_PKEY *key = token_key(SAF_IDT_ES256);
    unsigned char signature[64] = { 0 };
    assert_verdict(judge_signature(SAF_IDT_ES256, key, saf_bytes_of(signature, 64)), SAF_IDT_BAD_SIGNATURE);
    signature[31] = 1; /* r = 1, s = 0 */
    assert_verdict(judge_signature(SAF_IDT_ES256, key, saf_bytes_of(signature, 64)), SAF_IDT_BAD_SIGNATURE);
    memcpy(signature, order, 32);
    memcpy(signature + 32, order, 32);
    assert_verdict(judge_signature(SAF_IDT_ES256, key, saf_bytes_of(signature, 64)), SAF_IDT_BAD_SIGNATURE);
    memset(signature, 0xFF, sizeof signature);
    assert_verdict(judge_signature(SAF_IDT_ES256, key, saf_bytes_of(signature, 64)), SAF_IDT_BAD_SIGNATURE);
    EVP_PKEY_free(key);
}

/* RFC 7518 3.4: not DER, which is what libcrypto itself writes. */
TEST(verify_refuses_ecdsa_in_der)
{
    char input[SAF_IDT_TOKEN_MAX];
    unsigned char der[80];
    size_t der_len = sizeof der;
    EVP_PKEY *key = token_key(SAF_IDT_ES256);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = saf_base64url_encode(input, saf_bytes_of_text("{\"alg\":\"ES256\"}"));
    input[len++] = '.';
    len += saf_base64url_encode(input + len, saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, der, &der_len, (unsigned char *)input, len), 1);
    assert_verdict(judge_signature(SAF_IDT_ES256, key, saf_bytes_of(der, der_len)), SAF_IDT_BAD_SIGNATURE);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

TEST(verify_refuses_signatures_of_another_length)
{
    static const saf_idt_alg algs[] = { SAF_IDT_HS256, SAF_IDT_RS256, SAF_IDT_PS256, SAF_IDT_ES256, SAF_IDT_EDDSA };
    static const size_t lengths[] = { 0, 1, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1024, 4096 };
    unsigned char zeros[4096] = { 0 };
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        EVP_PKEY *key = token_key(algs[i]);
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++)
            assert_verdict(judge_signature(algs[i], key, saf_bytes_of(zeros, lengths[j])), SAF_IDT_BAD_SIGNATURE);
        EVP_PKEY_free(key);
    }
}

/* RFC 7518 3.5: the salt is as long as the hash; libcrypto would find out any length by itself. */
TEST(verify_refuses_pss_with_another_salt)
{
    char input[SAF_IDT_TOKEN_MAX];
    unsigned char signature[256];
    size_t signature_len = sizeof signature;
    EVP_PKEY *key = token_key(SAF_IDT_PS256);
    EVP_PKEY_CTX *options = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = saf_base64url_encode(input, saf_bytes_of_text("{\"alg\":\"PS256\"}"));
    input[len++] = '.';
    len += saf_base64url_encode(input + len, saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_int_equal(EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 20) > 0);
    assert_int_equal(EVP_DigestSign(context, signature, &signature_len, (unsigned char *)input, len), 1);
    assert_verdict(judge_signature(SAF_IDT_PS256, key, saf_bytes_of(signature, signature_len)), SAF_IDT_BAD_SIGNATURE);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

static saf_status mac_gone(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    (void)context, (void)message, (void)out, (void)out_len;
    return SAF_E_TOKEN_GONE;
}

TEST(verify_passes_on_that_a_callback_failed_and_never_says_good)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_result result = { .verdict = SAF_IDT_GOOD };
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = NULL;
    size_t len = token_of(token, signer, saf_bytes_of_text(TOKEN_HEADER), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_int_equal(saf_idt_verifier_from_callback(&verifier, SAF_IDT_HS256, mac_gone, NULL, NULL, NULL), SAF_OK);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), NULL, &result), SAF_E_TOKEN_GONE);
    assert_verdict(result.verdict, SAF_IDT_BAD_SIGNATURE);
    saf_idt_verifier_free(&verifier);
    saf_idt_signer_free(&signer);
    saf_idt_lane_close(&lane);
}

static saf_status mac_by_signer(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    saf_idt_lane *lane = token_lane(NULL);
    saf_status status = saf_idt_raw_sign(lane, context, message, out, out_len);
    saf_idt_lane_close(&lane);
    return status;
}

TEST(verify_compares_with_what_a_callback_computes)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = NULL;
    size_t len = token_of(token, signer, saf_bytes_of_text(TOKEN_HEADER), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_int_equal(saf_idt_verifier_from_callback(&verifier, SAF_IDT_HS256, mac_by_signer, signer, NULL, NULL), SAF_OK);
    assert_verdict(judge(verifier, saf_bytes_of(token, len)), SAF_IDT_GOOD);
    token[len - 2] = token[len - 2] == 'A' ? 'B' : 'A';
    assert_verdict(judge(verifier, saf_bytes_of(token, len)), SAF_IDT_BAD_SIGNATURE);
    saf_idt_verifier_free(&verifier);
    saf_idt_signer_free(&signer);
}

TEST(verifiers_by_callback_are_for_macs)
{
    saf_idt_verifier *verifier = NULL;
    assert_int_equal(saf_idt_verifier_from_callback(&verifier, SAF_IDT_RS256, mac_gone, NULL, NULL, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_verifier_from_callback(&verifier, SAF_IDT_ALG_NONE, mac_gone, NULL, NULL, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_verifier_from_callback(&verifier, SAF_IDT_HS256, NULL, NULL, NULL, NULL), SAF_E_USAGE);
    assert_null(verifier);
}

/* ---- unsigned ---- */

static saf_idt_verdict judge_unsigned(const char *header, saf_idt_signer *signer)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_verifier *verifier = NULL;
    assert_int_equal(saf_idt_verifier_unsigned(&verifier, NULL, NULL), SAF_OK);
    size_t len = token_of(token, signer, saf_bytes_of_text(header), saf_bytes_of_text(TOKEN_PAYLOAD));
    saf_idt_verdict verdict = judge(verifier, saf_bytes_of(token, len));
    saf_idt_verifier_free(&verifier);
    return verdict;
}

TEST(a_verifier_of_unsigned_tokens_accepts_nothing_else)
{
    saf_idt_signer *unsigned_signer = NULL;
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    assert_int_equal(saf_idt_signer_unsigned(&unsigned_signer, NULL), SAF_OK);
    assert_verdict(judge_unsigned("{\"alg\":\"none\"}", unsigned_signer), SAF_IDT_GOOD);
    assert_verdict(judge_unsigned("{\"alg\":\"None\"}", unsigned_signer), SAF_IDT_WRONG_ALGORITHM);
    assert_verdict(judge_unsigned("{\"alg\":\"none\"}", signer), SAF_IDT_BAD_SIGNATURE);
    assert_verdict(judge_unsigned(TOKEN_HEADER, signer), SAF_IDT_WRONG_ALGORITHM);
    assert_verdict(judge_unsigned("{\"alg\":\"none\",\"kid\":\"k\"}", unsigned_signer), SAF_IDT_WRONG_KID);
    saf_idt_signer_free(&signer);
    saf_idt_signer_free(&unsigned_signer);
}

/* ---- rules, verdicts, look ---- */

TEST(verifiers_refuse_rules_out_of_range)
{
    saf_idt_verifier *verifier = NULL;
    const saf_idt_rules leeway = { .leeway_sec = SAF_IDT_LEEWAY_MAX_SEC + 1 };
    const saf_idt_rules lifetime = { .lifetime_max_sec = SAF_IDT_LIFETIME_MAX_SEC + 1 };
    const saf_idt_rules kid = { .kid = "\"" };
    assert_int_equal(saf_idt_verifier_from_bytes(&verifier, SAF_IDT_HS256, token_secret(), &leeway, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_verifier_from_bytes(&verifier, SAF_IDT_HS256, token_secret(), &lifetime, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_verifier_from_bytes(&verifier, SAF_IDT_HS256, token_secret(), &kid, NULL), SAF_E_USAGE);
    assert_null(verifier);
}

TEST(every_verdict_has_a_name_a_rule_and_codes)
{
    for (saf_idt_verdict v = SAF_IDT_GOOD; v <= SAF_IDT_WRONG_AUDIENCE; v++) {
        saf_codes codes = saf_idt_verdict_codes(v);
        assert_true(strlen(saf_idt_verdict_name(v)) > 0 && strlen(saf_idt_verdict_rule(v)) > 0);
        assert_string_not_equal(saf_idt_verdict_name(v), "unknown");
        assert_int_equal(codes.saf, v == SAF_IDT_GOOD ? 0 : 8);
        assert_int_equal(codes.racf, v == SAF_IDT_GOOD ? 0 : 108);
        assert_int_equal(codes.reason, v == SAF_IDT_WRONG_KID ? 28 : 0);
    }
    assert_string_equal(saf_idt_verdict_name((saf_idt_verdict)1000), "unknown");
}

static saf_idt_verdict look(const char *header, saf_idt_peek *peek)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_verdict verdict = SAF_IDT_GOOD;
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    size_t len = token_of(token, signer, saf_bytes_of_text(header), saf_bytes_of_text(TOKEN_PAYLOAD));
    assert_int_equal(saf_idt_look(lane, saf_bytes_of(token, len), &verdict, peek), SAF_OK);
    if (verdict == SAF_IDT_GOOD) {
        assert_int_equal(peek->header.len, strlen(header));
        assert_memory_equal(peek->header.data, header, strlen(header));
        assert_memory_equal(peek->payload.data, TOKEN_PAYLOAD, peek->payload.len);
    }
    saf_idt_signer_free(&signer);
    saf_idt_lane_close(&lane);
    return verdict;
}

TEST(look_shows_alg_and_kid_without_verifying)
{
    saf_idt_peek peek;
    assert_verdict(look("{\"alg\":\"none\",\"kid\":\"k9\"}", &peek), SAF_IDT_GOOD);
    assert_string_equal(peek.alg, "none");
    assert_string_equal(peek.kid, "k9");
    assert_verdict(look("{}", &peek), SAF_IDT_GOOD);
    assert_string_equal(peek.alg, "");
    assert_string_equal(peek.kid, "");
}

TEST(look_shows_nothing_that_could_steer_a_terminal)
{
    saf_idt_peek peek;
    assert_verdict(look("{\"alg\":\"HS256\",\"kid\":\"\xC2\x9B\"}", &peek), SAF_IDT_BAD_HEADER);
    assert_verdict(look("{\"alg\":\"HS256\",\"kid\":\"\\u001b\"}", &peek), SAF_IDT_BAD_HEADER);
    assert_verdict(look("{\"alg\":\"a-name-that-is-too-long\"}", &peek), SAF_IDT_BAD_HEADER);
    assert_verdict(look("{\"alg\":1}", &peek), SAF_IDT_BAD_HEADER);
    assert_string_equal(peek.alg, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_accepts_the_valid_token),
        cmocka_unit_test(verify_refuses_a_token_above_the_size_limit),
        cmocka_unit_test(verify_refuses_anything_but_three_parts),
        cmocka_unit_test(verify_refuses_json_serialisation),
        cmocka_unit_test(verify_refuses_base64url_that_is_not_canonical),
        cmocka_unit_test(verify_refuses_a_header_that_is_not_an_object),
        cmocka_unit_test(verify_refuses_duplicate_names),
        cmocka_unit_test(verify_refuses_names_with_escapes),
        cmocka_unit_test(verify_refuses_deep_nesting),
        cmocka_unit_test(verify_refuses_none_in_every_case_mix),
        cmocka_unit_test(verify_refuses_none_with_an_empty_signature),
        cmocka_unit_test(verify_refuses_an_empty_signature),
        cmocka_unit_test(verify_refuses_an_alg_that_is_not_the_keys),
        cmocka_unit_test(verify_refuses_hmac_under_the_public_key),
        cmocka_unit_test(verify_refuses_members_that_ask_for_more),
        cmocka_unit_test(verify_accepts_typ_and_members_without_meaning),
        cmocka_unit_test(verify_refuses_another_kid),
        cmocka_unit_test(verify_refuses_a_kid_where_the_key_has_none),
        cmocka_unit_test(verify_says_wrong_kid_before_it_uses_the_key),
        cmocka_unit_test(verify_refuses_another_keys_signature),
        cmocka_unit_test(verify_says_bad_signature_before_it_looks_at_claims),
        cmocka_unit_test(verify_refuses_ecdsa_with_r_or_s_out_of_range),
        cmocka_unit_test(verify_refuses_ecdsa_in_der),
        cmocka_unit_test(verify_refuses_signatures_of_another_length),
        cmocka_unit_test(verify_refuses_pss_with_another_salt),
        cmocka_unit_test(verify_passes_on_that_a_callback_failed_and_never_says_good),
        cmocka_unit_test(verify_compares_with_what_a_callback_computes),
        cmocka_unit_test(verifiers_by_callback_are_for_macs),
        cmocka_unit_test(a_verifier_of_unsigned_tokens_accepts_nothing_else),
        cmocka_unit_test(verifiers_refuse_rules_out_of_range),
        cmocka_unit_test(every_verdict_has_a_name_a_rule_and_codes),
        cmocka_unit_test(look_shows_alg_and_kid_without_verifying),
        cmocka_unit_test(look_shows_nothing_that_could_steer_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
