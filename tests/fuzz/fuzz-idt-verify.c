/*
 * No input is a token of a key that the input's maker does not have. The verifier of unsigned tokens sees the same input, because
 * nothing else gets as far as the claims; what it accepts has to be what it says.
 */
#include "fuzz.h"

#include <safring/idt.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <string.h>

enum { VERIFIERS = 4, UNSIGNED = VERIFIERS - 1, NOW = 1790000000 };

typedef struct bench {
    saf_idt_lane *lane;
    saf_idt_verifier *verifiers[VERIFIERS];
} bench;

static int64_t now(void *context)
{
    (void)context;
    return NOW;
}

static EVP_PKEY *key_for(saf_idt_alg alg)
{
    return alg == SAF_IDT_ES256 ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void open_bench(bench *b)
{
    static const saf_idt_alg with_keys[] = { SAF_IDT_ES256, SAF_IDT_EDDSA };
    static const unsigned char secret[32] = "a secret that no input can know";
    const saf_idt_lane_options options = { .now = now };
    const saf_idt_rules rules = { .any_appl = true };
    REQUIRE(saf_idt_lane_open(&b->lane, &options, NULL) == SAF_OK);
    REQUIRE(saf_idt_verifier_from_bytes(&b->verifiers[0], SAF_IDT_HS256, saf_bytes_of(secret, sizeof secret), NULL, NULL) ==
            SAF_OK);
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = key_for(with_keys[i]);
        REQUIRE(saf_idt_verifier_from_key(&b->verifiers[1 + i], with_keys[i], key, NULL, NULL) == SAF_OK);
        EVP_PKEY_free(key);
    }
    REQUIRE(saf_idt_verifier_unsigned(&b->verifiers[UNSIGNED], &rules, NULL) == SAF_OK);
}

static void require_sound(const saf_idt_result *result, saf_bytes token)
{
    REQUIRE(token.data[token.len - 1] == '.');
    REQUIRE(result->sub.len >= 1 && result->sub.len <= SAF_IDT_SUBJECT_MAX);
    REQUIRE(result->aud.len >= 1 && result->aud.len <= SAF_IDT_AUDIENCE_MAX);
    REQUIRE(result->jti.len >= 1 && !memchr(result->jti.data, '\\', result->jti.len));
    REQUIRE(result->iat >= 0 && result->iat <= NOW && result->exp > NOW);
    REQUIRE(result->exp - result->iat <= SAF_IDT_LIFETIME_MAX_SEC);
    REQUIRE(result->amr_count <= SAF_IDT_AMR_MAX);
}

static void look(const bench *b, saf_bytes token)
{
    saf_idt_peek peek;
    saf_idt_verdict verdict;
    REQUIRE(saf_idt_look(b->lane, token, &verdict, &peek) == SAF_OK);
    REQUIRE(strlen(peek.alg) < sizeof peek.alg && strlen(peek.kid) < sizeof peek.kid);
    REQUIRE(verdict == SAF_IDT_GOOD || peek.header.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bench b;
    if (!b.lane)
        open_bench(&b);
    saf_bytes token = saf_bytes_of(data, size);
    for (size_t i = 0; i < VERIFIERS; i++) {
        saf_idt_result result;
        REQUIRE(saf_idt_verify(b.lane, b.verifiers[i], token, NULL, &result) == SAF_OK);
        if (result.verdict == SAF_IDT_GOOD) {
            REQUIRE(i == UNSIGNED);
            require_sound(&result, token);
        }
    }
    look(&b, token);
    return 0;
}
