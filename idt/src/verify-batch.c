#include "hmac-lanes.h"
#include "own-form.h"
#include "verify.h"
#include "wipe.h"

enum { WORTHWHILE = 4 }; /* fewer tokens than that are faster one after the other */

/* What of a job waits for its MAC. */
typedef struct waiting {
    saf_idt_verify_job *job;
    saf_bytes signature;
    idt_claims claims;
} waiting;

static void verify_alone(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_idt_verify_job *job)
{
    saf_idt_result result;
    job->status = saf_idt_verify(lane, verifier, job->token, &job->expect, &result);
    job->verdict = result.verdict;
}

static saf_status verify_each(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_idt_verify_job *jobs, size_t count)
{
    saf_status status = SAF_OK;
    for (size_t i = 0; i < count; i++) {
        verify_alone(lane, verifier, &jobs[i]);
        status = status == SAF_OK ? jobs[i].status : status;
    }
    return status;
}

static void judge(const saf_idt_lane *lane, const saf_idt_verifier *verifier, const waiting *w, saf_bytes expected)
{
    w->job->status = SAF_OK;
    w->job->verdict = idt_same_secret(expected, w->signature) ? idt_verify_claims(lane, verifier, &w->claims, &w->job->expect)
                                                              : SAF_IDT_BAD_SIGNATURE;
}

/* Tokens in our own form wait in the lane for their MACs; others are judged at once, where nothing of those is overwritten. */
static saf_status verify_together(saf_idt_lane *lane, const saf_idt_verifier *verifier, const idt_hmac_key *hmac, saf_idt_verify_job *jobs,
                                  size_t count)
{
    idt_hmac_lanes lanes;
    waiting waits[IDT_HMAC_LANES_MAX];
    unsigned char macs[IDT_HMAC_LANES_MAX][IDT_HMAC_MAX];
    unsigned char *decoded = lane->batch_decoded;
    saf_status status = SAF_OK;
    idt_hmac_lanes_begin(&lanes, lane->path, hmac);
    for (size_t i = 0; i < count; i++) {
        waiting *w = &waits[lanes.count];
        idt_compact compact;
        if (jobs[i].token.len <= IDT_BATCH_TOKEN_MAX &&
            idt_own_form_read(lane->path, decoded, verifier, jobs[i].token, jobs[i].expect.aud, &compact, &w->claims)) {
            w->job = &jobs[i];
            w->signature = compact.signature;
            decoded += compact.payload.len + compact.signature.len;
            idt_hmac_lanes_add(&lanes, &hmac->inner, 0, compact.input);
            continue;
        }
        verify_alone(lane, verifier, &jobs[i]);
        status = status == SAF_OK ? jobs[i].status : status;
    }
    idt_hmac_lanes_end(&lanes, macs);
    for (size_t i = 0; i < lanes.count; i++)
        judge(lane, verifier, &waits[i], saf_bytes_of(macs[i], hmac->hash->digest_len));
    idt_wipe(macs, sizeof macs);
    return status;
}

saf_status saf_idt_verify_batch(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_idt_verify_job *jobs, size_t count)
{
    const idt_hmac_key *hmac = idt_key_hmac(lane, &verifier->key);
    size_t width = hmac ? idt_hmac_lanes_width(lane->path, hmac) : 0;
    saf_status status = SAF_OK;
    while (count >= WORTHWHILE && width) {
        size_t together = count < width ? count : width;
        saf_status some = verify_together(lane, verifier, hmac, jobs, together);
        status = status == SAF_OK ? some : status;
        jobs += together;
        count -= together;
    }
    saf_status others = verify_each(lane, verifier, jobs, count);
    return status == SAF_OK ? others : status;
}
