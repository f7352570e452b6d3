/** @file A token on its way to a verdict: before and after its signature, for one and for many. */
#ifndef IDT_VERIFY_H
#define IDT_VERIFY_H

#include "claims.h"
#include "lane.h"
#include "verifier.h"

extern const saf_idt_expect idt_anybody;

/** The verdict on a token whose signature is good. */
saf_idt_verdict idt_verify_claims(const saf_idt_lane *lane, const saf_idt_verifier *verifier, const idt_claims *claims,
                                  const saf_idt_expect *expect);

#endif
