/** @file A token's header (RFC 7515, 4.1), written and judged. */
#ifndef IDT_HEADER_H
#define IDT_HEADER_H

#include <safring/idt.h>

#include <base/json-reader.h>

enum {
    IDT_HEADER_JSON_MAX = 96, /**< {"alg":"EdDSA","kid":"…"} with the longest kid: 88 */
    IDT_HEADER_TEXT_MAX = IDT_HEADER_JSON_MAX / 3 * 4 + 1
};

/** Write the encoded header and the dot after it. Returns the length. */
size_t idt_header_write(char out[IDT_HEADER_TEXT_MAX], const char *alg, const char *kid);

/** Judge alg, then the other members, then kid. */
saf_idt_verdict idt_header_judge(const saf_json_object *header, const saf_idt_verifier *verifier);

/** A member that is text to show (a short string of printable ASCII). @p out is "" when it is absent. false: it is there and is not. */
bool idt_header_text(char *out, size_t out_size, const saf_json_object *header, const char *name);

#endif
