/**
 * @file
 * Tokens whose signature was found good, remembered by a lane, so that one that comes again costs a comparison instead of public-key
 * mathematics. Only the signature is trusted: what the claims mean is judged anew each time.
 */
#ifndef IDT_REMEMBERED_H
#define IDT_REMEMBERED_H

#include "claims.h"

typedef struct idt_remembered idt_remembered;

/** Room for @p tokens, rounded up to a power of two. SAF_E_USAGE, SAF_E_MEMORY. */
saf_status idt_remembered_open(idt_remembered **out, size_t tokens, saf_error *err);

/** NULL allowed; sets *remembered to NULL. */
void idt_remembered_close(idt_remembered **remembered);

/** Forget all. NULL allowed. */
void idt_remembered_forget(idt_remembered *remembered);

/** The claims of the very same token under the very same key; false: not seen. They borrow from here until the next call. */
bool idt_remembered_find(const idt_remembered *remembered, const uint64_t key_id[2], saf_bytes token, idt_claims *out);

/** Keep a genuine token's claims, which borrow from @p payload, in the place of another's. Tokens that are very long or have more than one
 *  application are not kept. */
void idt_remembered_keep(idt_remembered *remembered, const uint64_t key_id[2], saf_bytes token, saf_bytes payload, const idt_claims *claims);

#endif
