/** @file A token on its way to be signed: before and after the signature, for one and for many. */
#ifndef IDT_SIGN_H
#define IDT_SIGN_H

#include "lane.h"
#include "signer.h"

/** A token before its signature. */
typedef struct idt_unsigned {
    const idt_template *template; /**< the lane's, until its next token */
    saf_bytes input;              /**< what is to be signed */
} idt_unsigned;

/**
 * Write a token's signing input, if the token will have room in @p out. Where the signature cannot fail, which is where the template has
 * hashed its part, it is written to @p out; else to the lane, so that nothing has happened to @p out when it does.
 *
 * @retval SAF_E_USAGE  a claim is not valid
 * @retval SAF_E_SPACE  *out_len is the room that is always enough
 * @retval SAF_E_FAILED, …  clock or ids
 */
saf_status idt_sign_begin(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, char *out, size_t out_cap,
                          size_t *out_len, idt_unsigned *token);

/** What the template's state does not cover. */
static inline saf_bytes idt_unsigned_rest(const idt_unsigned *token)
{
    size_t hashed = token->template->hashed_len;
    return saf_bytes_of(token->input.data + hashed, token->input.len - hashed);
}

/** Complete the token. */
void idt_sign_end(const saf_idt_lane *lane, saf_bytes input, saf_bytes signature, char *out, size_t *out_len);

#endif
