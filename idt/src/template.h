/**
 * @file
 * What tokens of the same second have in common: header, iss, aud, iat, exp, amr, encoded once, and for HMAC hashed once as far as they fill
 * blocks. A lane keeps some; what is left for each token is its user, its ids and a few blocks.
 */
#ifndef IDT_TEMPLATE_H
#define IDT_TEMPLATE_H

#include "claims.h"
#include "header.h"
#include "hmac.h"

enum {
    IDT_COMMON_MAX = 384,    /**< bytes of JSON (claims.c counts) */
    IDT_OWN_MAX = 112,
    IDT_COMMON_TEXT_MAX = IDT_HEADER_TEXT_MAX + IDT_COMMON_MAX / 3 * 4,
    IDT_INPUT_MAX = IDT_COMMON_TEXT_MAX + (IDT_OWN_MAX + 2 + 2) / 3 * 4 /**< a signing input */
};

typedef struct idt_template {
    bool is_made;
    uint64_t key_id[2];
    int64_t iat;
    unsigned lifetime_sec;
    bool any_appl;
    size_t aud_len, amr_count;
    char aud[SAF_IDT_AUDIENCE_MAX];
    size_t amr_len[SAF_IDT_AMR_MAX];
    char amr[SAF_IDT_AMR_MAX][SAF_IDT_AMR_LEN_MAX];

    size_t text_len;               /* whole groups of four characters after the header */
    char text[IDT_COMMON_TEXT_MAX];
    size_t rest_len;               /* the 0 to 2 bytes that do not fill a group */
    char rest[2];
    const idt_hmac_key *hmac;      /* NULL: nothing is hashed here */
    size_t hashed_len;             /* of text */
    idt_sha2_state hashed;
} idt_template;

/** Whether the template is for that key, these claims (whose user does not matter) and that time. */
bool idt_template_fits(const idt_template *template, const uint64_t key_id[2], const saf_idt_claims *claims, int64_t iat);

/** Make it. The claims were checked. @p hmac: NULL, or the key's. */
void idt_template_make(idt_template *template, const idt_path *path, const saf_idt_signer *signer, const idt_hmac_key *hmac,
                       const saf_idt_claims *claims, int64_t iat);

/** The length of a token's signing input, for the caller to find room; at most IDT_INPUT_MAX. */
size_t idt_template_input_len(const idt_template *template, saf_bytes sub);

/** Write that signing input, exactly as long. */
void idt_template_write(const idt_template *template, const idt_path *path, char *out, saf_bytes sub, const char id[SAF_IDT_ID_LEN]);

#endif
