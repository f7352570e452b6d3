/** @file Verdicts on tokens that a test describes by header and payload. */
#ifndef SUPPORT_IDT_JUDGE_H
#define SUPPORT_IDT_JUDGE_H

#include <support/idt-token.h>

#include <stdlib.h>

static inline saf_idt_verdict judge_at(const saf_idt_verifier *verifier, saf_bytes token, const saf_idt_expect *expect, int64_t now)
{
    saf_idt_result result;
    saf_idt_lane *lane = token_lane(&now);
    /* From a copy that ends where the token ends, so that a sanitizer sees a read behind it. */
    unsigned char *copy = malloc(token.len ? token.len : 1);
    assert_non_null(copy);
    if (token.len)
        memcpy(copy, token.data, token.len);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(copy, token.len), expect, &result), SAF_OK);
    if (result.verdict != SAF_IDT_GOOD)
        assert_true(result.jti.len == 0 && result.sub.len == 0 && result.exp == 0);
    free(copy);
    saf_idt_lane_close(&lane);
    return result.verdict;
}

static inline saf_idt_verdict judge(const saf_idt_verifier *verifier, saf_bytes token)
{
    return judge_at(verifier, token, NULL, TOKEN_NOW);
}

/* A correctly signed token with this header and this payload, under these rules. */
static inline saf_idt_verdict judge_all(const char *header, const char *payload, const saf_idt_rules *rules,
                                 const saf_idt_expect *expect, int64_t now)
{
    char token[SAF_IDT_TOKEN_MAX];
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, rules);
    size_t len = token_of(token, signer, saf_bytes_of_text(header), saf_bytes_of_text(payload));
    saf_idt_verdict verdict = judge_at(verifier, saf_bytes_of(token, len), expect, now);
    saf_idt_verifier_free(&verifier);
    saf_idt_signer_free(&signer);
    return verdict;
}

#define assert_verdict(actual, expected) assert_string_equal(saf_idt_verdict_name(actual), saf_idt_verdict_name(expected))
#define assert_header(header, expected) \
    assert_verdict(judge_all(header, TOKEN_PAYLOAD, NULL, NULL, TOKEN_NOW), expected)
#define assert_payload(payload, expected) \
    assert_verdict(judge_all(TOKEN_HEADER, payload, NULL, NULL, TOKEN_NOW), expected)

static inline void assert_token(const char *token, saf_idt_verdict expected)
{
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    assert_verdict(judge(verifier, saf_bytes_of_text(token)), expected);
    saf_idt_verifier_free(&verifier);
}

#endif
