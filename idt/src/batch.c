#include <safring/idt.h>

static saf_status first_failure(saf_status so_far, saf_status status)
{
    return so_far == SAF_OK ? status : so_far;
}

saf_status saf_idt_sign_batch(saf_idt_lane *lane, const saf_idt_signer *signer, saf_idt_sign_job *jobs, size_t count)
{
    saf_status status = SAF_OK;
    for (size_t i = 0; i < count; i++) {
        saf_idt_sign_job *job = &jobs[i];
        job->status = saf_idt_sign(lane, signer, &job->claims, job->out, job->out_cap, &job->out_len);
        status = first_failure(status, job->status);
    }
    return status;
}

saf_status saf_idt_verify_batch(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_idt_verify_job *jobs, size_t count)
{
    saf_status status = SAF_OK;
    for (size_t i = 0; i < count; i++) {
        saf_idt_verify_job *job = &jobs[i];
        saf_idt_result result;
        job->status = saf_idt_verify(lane, verifier, job->token, &job->expect, &result);
        job->verdict = result.verdict;
        status = first_failure(status, job->status);
    }
    return status;
}
