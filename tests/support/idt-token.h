/**
 * @file
 * What the tests of identity tokens share: a clock and ids that stand still, keys, and tokens that a signer would not make.
 */
#ifndef SUPPORT_IDT_TOKEN_H
#define SUPPORT_IDT_TOKEN_H

#include <support/cm.h>

#include <base/base64url.h>
#include <idt/raw.h>
#include <safring/idt.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdlib.h>
#include <string.h>

enum { TOKEN_NOW = 1790000000 };

#define TOKEN_HEADER "{\"alg\":\"HS256\"}"
#define TOKEN_ID "00E04D2A63558772960000000B500001"

/** A payload that is good from TOKEN_NOW for 300 seconds, with one member replaced: jti, iss, sub, aud, iat, exp, more. */
#define TOKEN_PAYLOAD_OF(jti, iss, sub, aud, iat, exp, more) \
    "{\"jti\":" jti ",\"iss\":" iss ",\"sub\":" sub ",\"aud\":" aud ",\"iat\":" iat ",\"exp\":" exp more "}"
#define TOKEN_PAYLOAD \
    TOKEN_PAYLOAD_OF("\"" TOKEN_ID "\"", "\"saf\"", "\"IBMUSER\"", "\"ZOWEAPPL\"", "1790000000", "1790000300", "")

static inline int64_t token_now(void *context)
{
    return context ? *(int64_t *)context : TOKEN_NOW;
}

static inline saf_status token_id(void *context, char out[SAF_IDT_ID_LEN])
{
    (void)context;
    memcpy(out, TOKEN_ID, SAF_IDT_ID_LEN);
    return SAF_OK;
}

/** Open a lane on the path that the environment's SAFRING_TEST_PATH names, so that every test can be run on all of them. */
static inline saf_status token_lane_open(saf_idt_lane **out, const saf_idt_lane_options *options)
{
    const char *path = getenv("SAFRING_TEST_PATH");
    saf_status status = saf_idt_lane_open(out, options, NULL);
    if (status == SAF_OK && path && saf_idt_lane_take_path(*out, path) != SAF_OK)
        print_message("no path \"%s\" on this CPU\n", path);
    return status;
}

/** A lane whose clock is *now (NULL: TOKEN_NOW) and whose ids are TOKEN_ID. */
static inline saf_idt_lane *token_lane(int64_t *now)
{
    saf_idt_lane *lane = NULL;
    const saf_idt_lane_options options = { .now = token_now, .now_context = now, .id = token_id };
    assert_int_equal(token_lane_open(&lane, &options), SAF_OK);
    return lane;
}

static inline saf_bytes token_secret(void)
{
    static const unsigned char secret[64] = "0123456789abcdef0123456789ABCDEF-and-as-many-more-for-HS512.....";
    return saf_bytes_of(secret, sizeof secret);
}

static inline saf_idt_claims token_claims(void)
{
    return (saf_idt_claims) {
        .sub = saf_bytes_of_text("IBMUSER"), .aud = saf_bytes_of_text("ZOWEAPPL"), .lifetime_sec = 300
    };
}

/** A new key that fits the algorithm; NULL for HS. The caller owns it. */
static inline EVP_PKEY *token_key(saf_idt_alg alg)
{
    switch (alg) {
    case SAF_IDT_ES256:
        return EVP_EC_gen("P-256");
    case SAF_IDT_ES384:
        return EVP_EC_gen("P-384");
    case SAF_IDT_ES512:
        return EVP_EC_gen("P-521");
    case SAF_IDT_EDDSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default:
        return saf_idt_alg_key_min(alg) ? NULL : EVP_RSA_gen(2048);
    }
}

static inline saf_idt_signer *token_signer(saf_idt_alg alg, EVP_PKEY *key)
{
    saf_idt_signer *signer = NULL;
    saf_error err = { 0 };
    if ((key ? saf_idt_signer_from_key(&signer, alg, key, NULL, &err)
             : saf_idt_signer_from_bytes(&signer, alg, token_secret(), NULL, &err)) != SAF_OK)
        fail_msg("no signer: %s", err.text);
    return signer;
}

static inline saf_idt_verifier *token_verifier(saf_idt_alg alg, EVP_PKEY *key, const saf_idt_rules *rules)
{
    saf_idt_verifier *verifier = NULL;
    saf_error err = { 0 };
    if ((key ? saf_idt_verifier_from_key(&verifier, alg, key, rules, &err)
             : saf_idt_verifier_from_bytes(&verifier, alg, token_secret(), rules, &err)) != SAF_OK)
        fail_msg("no verifier: %s", err.text);
    return verifier;
}

/** Header and payload as they are, signed correctly. Returns the length. */
static inline size_t token_of(char out[SAF_IDT_TOKEN_MAX], const saf_idt_signer *signer, saf_bytes header, saf_bytes payload)
{
    unsigned char signature[SAF_IDT_SIGNATURE_MAX];
    size_t signature_len = 0;
    saf_idt_lane *lane = token_lane(NULL);
    size_t len = saf_base64url_encode(out, header);
    out[len++] = '.';
    len += saf_base64url_encode(out + len, payload);
    assert_int_equal(saf_idt_raw_sign(lane, signer, saf_bytes_of(out, len), signature, &signature_len), SAF_OK);
    out[len++] = '.';
    len += saf_base64url_encode(out + len, saf_bytes_of(signature, signature_len));
    saf_idt_lane_close(&lane);
    return len;
}

#endif
