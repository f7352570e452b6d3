/** @file Whether a token was revoked. */
#ifndef IDT_REVOKED_H
#define IDT_REVOKED_H

#include <safring/idt.h>

/** Of a token whose other claims are good. */
bool idt_is_revoked(const saf_idt_revoked *revoked, const saf_idt_result *token);

#endif
