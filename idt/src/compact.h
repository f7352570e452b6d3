/** @file The compact form taken apart (RFC 7515, 7.1): the rules from size to JSON, which need no key. */
#ifndef IDT_COMPACT_H
#define IDT_COMPACT_H

#include "lane.h"

typedef struct idt_compact {
    saf_bytes input;     /**< what is signed: header, dot, payload, as they stand in the token */
    saf_bytes header;    /**< decoded, in the lane, as are the following */
    saf_bytes payload;
    saf_bytes signature;
} idt_compact;

/** Take @p token apart; its JSON objects are read into the lane's. */
saf_idt_verdict idt_compact_read(saf_idt_lane *lane, saf_bytes token, idt_compact *out);

#endif
