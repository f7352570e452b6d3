/** @file What a prepared signer holds. */
#ifndef IDT_SIGNER_H
#define IDT_SIGNER_H

#include "header.h"
#include "key.h"

struct saf_idt_signer {
    idt_key key;
    size_t header_len;
    char header[IDT_HEADER_TEXT_MAX]; /* encoded, with the dot after it */
};

#endif
