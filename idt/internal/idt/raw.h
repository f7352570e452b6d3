/**
 * @file
 * The signature alone, below header and claims: for a key's self-test by the floors above, and for the vectors of the RFCs, whose
 * claims are not ours. And the choice of a lane's path, for tests and benches.
 */
#ifndef IDT_RAW_H
#define IDT_RAW_H

#include <safring/idt.h>

/** Sign any bytes. @p out has room for SAF_IDT_SIGNATURE_MAX bytes. */
saf_status saf_idt_raw_sign(saf_idt_lane *lane, const saf_idt_signer *signer, saf_bytes message, unsigned char *out,
                            size_t *out_len);

/** Whether @p signature, in JWS form, is that of @p message. */
saf_status saf_idt_raw_verify(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes message, saf_bytes signature,
                              bool *good);

/**
 * Take another path than the best that the CPU has ("portable", "sha-ni", "avx512"), so that tests and benches can compare them.
 * SAF_E_NOT_FOUND: there is no such path on this CPU.
 */
saf_status saf_idt_lane_take_path(saf_idt_lane *lane, const char *name);

/** The name of the lane's path. */
const char *saf_idt_lane_path(const saf_idt_lane *lane);

#endif
