/**
 * @file
 * The compression functions of SHA-256 and SHA-512 (FIPS 180-4), where this CPU allows better ones than a call of libcrypto: what HMAC needs to
 * start from a state that was computed earlier, and to hash many messages at a time. path.h says which of them a CPU can run; where it can
 * run none, libcrypto hashes.
 */
#ifndef IDT_SHA2_H
#define IDT_SHA2_H

#include <stddef.h>
#include <stdint.h>

enum { IDT_SHA256_BLOCK = 64, IDT_SHA512_BLOCK = 128, IDT_SHA256_LANES = 16, IDT_SHA512_LANES = 8,
       IDT_SHA2_DIGEST_MAX = 64 };

extern const uint32_t idt_sha256_k[64];
extern const uint64_t idt_sha512_k[80];

/** Eight words. */
typedef union idt_sha2_state {
    uint32_t w32[8];
    uint64_t w64[8];
} idt_sha2_state;

/** One hash of the family. SHA-384 is SHA-512 from another start, cut short. */
typedef struct idt_sha2 {
    size_t digest_len;
    size_t block_len;
    size_t word_len;
    idt_sha2_state initial;
} idt_sha2;

extern const idt_sha2 idt_sha256, idt_sha384, idt_sha512;

/** The same word of every lane side by side. */
typedef union idt_sha2_lanes {
    uint32_t w32[8][IDT_SHA256_LANES];
    uint64_t w64[8][IDT_SHA512_LANES];
} idt_sha2_lanes;

/** Hash whole blocks that follow one another. */
typedef void idt_sha2_blocks(idt_sha2_state *state, const unsigned char *blocks, size_t count);

/** Hash one block per lane; blocks[i] is lane i's, never NULL. Lanes whose bit in @p active is 0 keep their state. */
typedef void idt_sha2_lanes_block(idt_sha2_lanes *state, const unsigned char *const blocks[], unsigned active);

/**
 * The end of an HMAC: hash one more block, which holds another state's digest and is the last.
 *
 * @param outer  the state after the outer block
 * @param inner  the state of the inner hash, complete: its words are the block's, so nothing is written out in between
 * @param mac    room for eight words, of which digest_len bytes count
 */
typedef void idt_sha2_mac(const idt_sha2_state *outer, const idt_sha2_state *inner, size_t digest_len, unsigned char mac[]);

/** The same for all lanes; @p inner is used up. */
typedef void idt_sha2_lanes_mac(const idt_sha2_state *outer, idt_sha2_lanes *inner, size_t digest_len, unsigned char macs[][IDT_SHA2_DIGEST_MAX]);

/** x86: sha_ni, ssse3, sse4.1. */
idt_sha2_blocks idt_sha256_ni;
idt_sha2_mac idt_sha256_ni_mac;

/** x86: avx512f, avx512bw, avx512vl; bmi2. */
idt_sha2_blocks idt_sha512_x1;
idt_sha2_mac idt_sha512_x1_mac;
idt_sha2_lanes_block idt_sha256_x16, idt_sha512_x8;
idt_sha2_lanes_mac idt_sha256_x16_mac, idt_sha512_x8_mac;

#endif
