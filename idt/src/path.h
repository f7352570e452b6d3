/**
 * @file
 * Ways through the hot path: what this CPU does better than portable C and libcrypto. One table, chosen when a lane or a key is opened. The
 * portable path is the specification; the others give the same bytes and the same verdicts, faster, and the tests run on all of them.
 */
#ifndef IDT_PATH_H
#define IDT_PATH_H

#include "sha2.h"

#include <safring/bytes.h>

/** How a path computes a hash. */
typedef struct idt_sha2_way {
    idt_sha2_blocks *blocks;
    idt_sha2_mac *mac;
    size_t lanes;                      /**< messages hashed together; 0: one at a time, and no functions for more */
    idt_sha2_lanes_block *lanes_block;
    idt_sha2_lanes_mac *lanes_mac;
} idt_sha2_way;

typedef struct idt_path {
    const char *name;
    size_t (*encode)(char *out, saf_bytes bytes); /**< base64url */
    int (*decode)(unsigned char *out, size_t *out_len, saf_bytes text);
    const idt_sha2_way *sha256, *sha512; /**< NULL: libcrypto hashes */
} idt_path;

/** The best path that this CPU can take. */
const idt_path *idt_path_best(void);

/** The path of that name; NULL when there is none or this CPU cannot take it. */
const idt_path *idt_path_of(const char *name);

/** Vectors of 64 characters. x86: avx512f, avx512bw, avx512vbmi. */
size_t idt_base64url_encode_x64(char *out, saf_bytes bytes);
int idt_base64url_decode_x64(unsigned char *out, size_t *out_len, saf_bytes text);

#endif
