#include "hmac-lanes.h"
#include "sign.h"

enum { WORTHWHILE = 4 }; /* fewer tokens than that are faster one after the other */

static saf_status sign_each(saf_idt_lane *lane, const saf_idt_signer *signer, saf_idt_sign_job *jobs, size_t count)
{
    saf_status status = SAF_OK;
    for (size_t i = 0; i < count; i++) {
        saf_idt_sign_job *job = &jobs[i];
        job->status = saf_idt_sign(lane, signer, &job->claims, job->out, job->out_cap, &job->out_len);
        status = status == SAF_OK ? job->status : status;
    }
    return status;
}

/* A token whose signing input stands in the caller's buffer. */
typedef struct waiting {
    saf_idt_sign_job *job;
    size_t input_len;
} waiting;

/* A lane's number is that of its token, which not every job becomes. */
static saf_status begin_each(saf_idt_lane *lane, const saf_idt_signer *signer, saf_idt_sign_job *jobs, size_t count, idt_hmac_lanes *lanes,
                             waiting waits[])
{
    saf_status status = SAF_OK;
    for (size_t i = 0; i < count; i++) {
        saf_idt_sign_job *job = &jobs[i];
        idt_unsigned token;
        job->status = idt_sign_begin(lane, signer, &job->claims, job->out, job->out_cap, &job->out_len, &token);
        if (job->status == SAF_OK) {
            waits[lanes->count] = (waiting) { job, token.input.len };
            idt_hmac_lanes_add(lanes, &token.template->hashed, token.template->hashed_len, idt_unsigned_rest(&token));
        }
        status = status == SAF_OK ? job->status : status;
    }
    return status;
}

static saf_status sign_together(saf_idt_lane *lane, const saf_idt_signer *signer, const idt_hmac_key *hmac, saf_idt_sign_job *jobs,
                                size_t count)
{
    idt_hmac_lanes lanes;
    waiting waits[IDT_HMAC_LANES_MAX];
    unsigned char macs[IDT_HMAC_LANES_MAX][IDT_HMAC_MAX];
    idt_hmac_lanes_begin(&lanes, lane->path, hmac);
    saf_status status = begin_each(lane, signer, jobs, count, &lanes, waits);
    idt_hmac_lanes_end(&lanes, macs);
    for (size_t i = 0; i < lanes.count; i++) {
        saf_idt_sign_job *job = waits[i].job;
        idt_sign_end(lane, saf_bytes_of(job->out, waits[i].input_len), saf_bytes_of(macs[i], hmac->hash->digest_len), job->out, &job->out_len);
    }
    return status;
}

saf_status saf_idt_sign_batch(saf_idt_lane *lane, const saf_idt_signer *signer, saf_idt_sign_job *jobs, size_t count)
{
    const idt_hmac_key *hmac = idt_key_hmac(lane, &signer->key);
    size_t width = hmac ? idt_hmac_lanes_width(lane->path, hmac) : 0;
    saf_status status = SAF_OK;
    while (count >= WORTHWHILE && width) {
        size_t together = count < width ? count : width;
        saf_status some = sign_together(lane, signer, hmac, jobs, together);
        status = status == SAF_OK ? some : status;
        jobs += together;
        count -= together;
    }
    saf_status others = sign_each(lane, signer, jobs, count);
    return status == SAF_OK ? others : status;
}
