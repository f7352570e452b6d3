#include "verify.h"
#include "compact.h"
#include "header.h"
#include "own-form.h"
#include "wipe.h"

#include <base/fail.h>

const saf_idt_expect idt_anybody = { 0 };

saf_idt_verdict idt_verify_claims(const saf_idt_lane *lane, const saf_idt_verifier *verifier, const idt_claims *claims,
                                  const saf_idt_expect *expect)
{
    return idt_claims_judge(claims, &verifier->rules, expect, lane->options.now(lane->options.now_context));
}

/* From size to signature, of a token in any form. */
static saf_status read_any(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes token, const saf_idt_expect *expect,
                           idt_compact *compact, idt_claims *claims, saf_idt_verdict *verdict)
{
    bool is_genuine = false;
    *verdict = idt_compact_read(lane, token, compact);
    if (*verdict == SAF_IDT_GOOD)
        *verdict = idt_header_judge(&lane->header_json, verifier);
    if (*verdict != SAF_IDT_GOOD)
        return SAF_OK;
    SAF_TRY(idt_key_verify(lane, &verifier->key, compact->input, compact->signature, &is_genuine));
    *verdict = is_genuine ? idt_claims_read(claims, &lane->payload_json, expect->aud) : SAF_IDT_BAD_SIGNATURE;
    return SAF_OK;
}

/* The same of one in our own form. */
static saf_status read_own(saf_idt_lane *lane, const saf_idt_verifier *verifier, const idt_compact *compact, saf_idt_verdict *verdict)
{
    bool is_genuine = false;
    SAF_TRY(idt_key_verify(lane, &verifier->key, compact->input, compact->signature, &is_genuine));
    *verdict = is_genuine ? SAF_IDT_GOOD : SAF_IDT_BAD_SIGNATURE;
    return SAF_OK;
}

static saf_status read_new(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes token, const saf_idt_expect *expect,
                           idt_compact *compact, idt_claims *claims, saf_idt_verdict *verdict)
{
    if (idt_own_form_read(lane->path, lane->decoded, verifier, token, expect->aud, compact, claims))
        return read_own(lane, verifier, compact, verdict);
    return read_any(lane, verifier, token, expect, compact, claims, verdict);
}

/* A MAC with a key from bytes costs less than remembering. */
static bool is_worth_remembering(const saf_idt_lane *lane, const idt_key *key)
{
    return lane->remembered && !key->secret.data && key->algorithm->alg != SAF_IDT_ALG_NONE;
}

static saf_status read_remembered(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes token, const saf_idt_expect *expect,
                                  idt_claims *claims, saf_idt_verdict *verdict)
{
    idt_compact compact;
    if (idt_remembered_find(lane->remembered, verifier->key.id, token, claims)) {
        claims->for_expected = idt_is_expected(claims->result.aud, expect->aud);
        *verdict = SAF_IDT_GOOD;
        return SAF_OK;
    }
    SAF_TRY(read_new(lane, verifier, token, expect, &compact, claims, verdict));
    if (*verdict == SAF_IDT_GOOD)
        idt_remembered_keep(lane->remembered, verifier->key.id, token, compact.payload, claims);
    return SAF_OK;
}

/* Nothing of a token that is not good reaches the caller, and no verdict of an earlier one when it cannot be told. */
saf_status saf_idt_verify(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes token,
                          const saf_idt_expect *expect, saf_idt_result *result)
{
    idt_compact compact;
    idt_claims claims;
    saf_idt_verdict verdict;
    if (!expect)
        expect = &idt_anybody;
    idt_clear(result, sizeof *result);
    result->verdict = SAF_IDT_BAD_SIGNATURE;
    SAF_TRY(is_worth_remembering(lane, &verifier->key) ? read_remembered(lane, verifier, token, expect, &claims, &verdict)
                                                       : read_new(lane, verifier, token, expect, &compact, &claims, &verdict));
    if (verdict == SAF_IDT_GOOD)
        verdict = idt_verify_claims(lane, verifier, &claims, expect);
    if (verdict == SAF_IDT_GOOD)
        *result = claims.result;
    result->verdict = verdict;
    return SAF_OK;
}
