#include "claims.h"
#include "compact.h"
#include "header.h"
#include "verifier.h"

#include <base/fail.h>

/* From the signature on: what the key says, then what the claims say. */
static saf_status judge_content(saf_idt_lane *lane, const saf_idt_verifier *verifier, const idt_compact *compact,
                                const saf_idt_expect *expect, idt_claims *claims, saf_idt_verdict *verdict)
{
    const saf_idt_lane_options *options = &lane->options;
    bool is_genuine = false;
    SAF_TRY(idt_key_verify(lane, &verifier->key, compact->input, compact->signature, &is_genuine));
    *verdict = is_genuine ? idt_claims_read(claims, &lane->payload_json, expect->aud) : SAF_IDT_BAD_SIGNATURE;
    if (*verdict == SAF_IDT_GOOD)
        *verdict = idt_claims_judge(claims, &verifier->rules, expect->sub, options->now(options->now_context));
    return SAF_OK;
}

/* Nothing of a token that is not good reaches the caller, and no verdict of an earlier one when it cannot be told. */
saf_status saf_idt_verify(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes token,
                          const saf_idt_expect *expect, saf_idt_result *result)
{
    static const saf_idt_expect anybody = { 0 };
    idt_compact compact;
    idt_claims claims;
    *result = (saf_idt_result) { .verdict = SAF_IDT_BAD_SIGNATURE };
    saf_idt_verdict verdict = idt_compact_read(lane, token, &compact);
    if (verdict == SAF_IDT_GOOD)
        verdict = idt_header_judge(&lane->header_json, verifier);
    if (verdict == SAF_IDT_GOOD)
        SAF_TRY(judge_content(lane, verifier, &compact, expect ? expect : &anybody, &claims, &verdict));
    *result = verdict == SAF_IDT_GOOD ? claims.result : (saf_idt_result) { .verdict = verdict };
    return SAF_OK;
}
