/*
 * No input is a token of a key that the input's maker does not have. The verifier of unsigned tokens sees the same input, because
 * nothing else gets as far as the claims; what it accepts has to be what it says. All of that on this CPU's best path and on the portable
 * one, which have to agree, and, signed here, as the payload of a genuine token, whose claims the reader of our own form sees first and the
 * general one next.
 */
#include "fuzz.h"

#include <base/base64url.h>
#include <idt/raw.h>
#include <safring/idt.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <string.h>

enum { VERIFIERS = 4, UNSIGNED = VERIFIERS - 1, NOW = 1790000000 };

typedef struct bench {
    saf_idt_lane *lane;
    saf_idt_lane *portable;
    saf_idt_signer *signer; /* for verifiers[0] */
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
    REQUIRE(saf_idt_lane_open(&b->portable, &options, NULL) == SAF_OK);
    REQUIRE(saf_idt_lane_take_path(b->portable, "portable") == SAF_OK);
    REQUIRE(saf_idt_signer_from_bytes(&b->signer, SAF_IDT_HS256, saf_bytes_of(secret, sizeof secret), NULL, NULL) == SAF_OK);
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

static void require_same_bytes(saf_bytes a, saf_bytes b)
{
    REQUIRE(a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0));
}

/* Each of them borrows from a lane of its own. */
static void require_same(const saf_idt_result *a, const saf_idt_result *b)
{
    REQUIRE(a->verdict == b->verdict && a->iat == b->iat && a->exp == b->exp && a->any_appl == b->any_appl && a->amr_count == b->amr_count);
    require_same_bytes(a->jti, b->jti);
    require_same_bytes(a->sub, b->sub);
    require_same_bytes(a->aud, b->aud);
    for (size_t i = 0; i < a->amr_count; i++)
        require_same_bytes(a->amr[i], b->amr[i]);
}

/* Header and payload, signed. Returns the length. */
static size_t sign(const bench *b, char token[SAF_IDT_TOKEN_MAX], const char *header, saf_bytes payload)
{
    unsigned char mac[SAF_IDT_SIGNATURE_MAX];
    size_t mac_len = 0;
    size_t len = saf_base64url_encode(token, saf_bytes_of_text(header));
    token[len++] = '.';
    len += saf_base64url_encode(token + len, payload);
    REQUIRE(saf_idt_raw_sign(b->lane, b->signer, saf_bytes_of(token, len), mac, &mac_len) == SAF_OK);
    token[len++] = '.';
    return len + saf_base64url_encode(token + len, saf_bytes_of(mac, mac_len));
}

/* The space in the second header makes it another than ours, and the general reader's. */
static void read_payload(const bench *b, saf_bytes payload)
{
    char token[SAF_IDT_TOKEN_MAX], spaced[SAF_IDT_TOKEN_MAX];
    saf_idt_result own, general;
    if (payload.len == 0 || payload.len > SAF_IDT_TOKEN_MAX / 2)
        return;
    saf_bytes with_ours = saf_bytes_of(token, sign(b, token, "{\"alg\":\"HS256\"}", payload));
    saf_bytes with_space = saf_bytes_of(spaced, sign(b, spaced, "{\"alg\": \"HS256\"}", payload));
    REQUIRE(saf_idt_verify(b->lane, b->verifiers[0], with_ours, NULL, &own) == SAF_OK);
    REQUIRE(saf_idt_verify(b->portable, b->verifiers[0], with_space, NULL, &general) == SAF_OK);
    require_same(&own, &general);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bench b;
    if (!b.lane)
        open_bench(&b);
    saf_bytes token = saf_bytes_of(data, size);
    for (size_t i = 0; i < VERIFIERS; i++) {
        saf_idt_result result, portable;
        REQUIRE(saf_idt_verify(b.lane, b.verifiers[i], token, NULL, &result) == SAF_OK);
        REQUIRE(saf_idt_verify(b.portable, b.verifiers[i], token, NULL, &portable) == SAF_OK);
        require_same(&result, &portable);
        if (result.verdict == SAF_IDT_GOOD) {
            REQUIRE(i == UNSIGNED);
            require_sound(&result, token);
        }
    }
    look(&b, token);
    read_payload(&b, token);
    return 0;
}
