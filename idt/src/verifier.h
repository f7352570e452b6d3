/** @file What a prepared verifier holds. */
#ifndef IDT_VERIFIER_H
#define IDT_VERIFIER_H

#include "header.h"
#include "key.h"

struct saf_idt_verifier {
    idt_key key;
    saf_idt_rules rules; /* kid, unless NULL, points to the copy below; limits are never 0 for "default" */
    char kid[SAF_IDT_KID_MAX + 1];
    size_t header_len;
    char header[IDT_HEADER_TEXT_MAX]; /* of tokens that a signer here makes for this key: encoded, with the dot after it */
};

#endif
