/** @file HMAC of many messages at a time with one key: each lane hashes its own, and all of them take a block together. */
#ifndef IDT_HMAC_LANES_H
#define IDT_HMAC_LANES_H

#include "hmac.h"

enum { IDT_HMAC_LANES_MAX = IDT_SHA256_LANES };

typedef struct idt_hmac_lanes {
    const idt_sha2_way *way;
    const idt_hmac_key *key;
    size_t count;                                   /* lanes taken */
    idt_sha2_lanes state;
    const unsigned char *whole[IDT_HMAC_LANES_MAX]; /* the message's whole blocks, where the caller has them */
    size_t whole_blocks[IDT_HMAC_LANES_MAX];
    size_t blocks[IDT_HMAC_LANES_MAX];              /* those and the last ones */
    unsigned char last[IDT_HMAC_LANES_MAX][IDT_HMAC_LAST_MAX];
} idt_hmac_lanes;

/** How many messages a path hashes together for a key; 0: it does not. */
size_t idt_hmac_lanes_width(const idt_path *path, const idt_hmac_key *key);

void idt_hmac_lanes_begin(idt_hmac_lanes *lanes, const idt_path *path, const idt_hmac_key *key);

/** Add a message, as idt_hmac_finish() takes it; there is a lane left. @p rest has to stay until the end. */
void idt_hmac_lanes_add(idt_hmac_lanes *lanes, const idt_sha2_state *from, size_t done, saf_bytes rest);

/** The MACs, in the order of adding. */
void idt_hmac_lanes_end(idt_hmac_lanes *lanes, unsigned char macs[IDT_HMAC_LANES_MAX][IDT_HMAC_MAX]);

#endif
