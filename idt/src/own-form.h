/**
 * @file
 * Tokens in the one form that a signer here writes: its header, then claims in its order and spelling. Reading that form takes a fraction of
 * what reading any JSON does. Every token that is read here would be read by compact.h, header.h and claims.h with the same outcome; what is
 * not, for whatever reason, goes there, and the verdict is theirs.
 */
#ifndef IDT_OWN_FORM_H
#define IDT_OWN_FORM_H

#include "claims.h"
#include "compact.h"
#include "verifier.h"

/** Read @p token into @p decoded, which has room for SAF_IDT_TOKEN_MAX bytes. false: it has another form, or is no token. */
bool idt_own_form_read(const idt_path *path, unsigned char *decoded, const saf_idt_verifier *verifier, saf_bytes token, saf_bytes expected_aud,
                       idt_compact *compact, idt_claims *claims);

#endif
