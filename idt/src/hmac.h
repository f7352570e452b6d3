/** @file SHA-2, and HMAC (RFC 2104) from states that were computed once per key, where the path hashes itself. */
#ifndef IDT_HMAC_H
#define IDT_HMAC_H

#include "path.h"

#include <safring/status.h>

#include <stdbool.h>

enum { IDT_HMAC_MAX = IDT_SHA2_DIGEST_MAX, IDT_HMAC_LAST_MAX = 2 * IDT_SHA512_BLOCK };

/** A key, prepared: the states after its inner and its outer block. As secret as the key. */
typedef struct idt_hmac_key {
    const idt_sha2 *hash;
    idt_sha2_state inner, outer;
} idt_hmac_key;

/** Prepare a key. *out stays NULL, with SAF_OK, when the path leaves this hash to libcrypto. SAF_E_MEMORY. */
saf_status idt_hmac_key_new(idt_hmac_key **out, const idt_path *path, const idt_sha2 *hash, saf_bytes secret);

/** Wipes. NULL allowed; sets *key to NULL. */
void idt_hmac_key_free(idt_hmac_key **key);

/** The path's way of the key's hash; NULL: it leaves it to libcrypto. */
const idt_sha2_way *idt_hmac_way(const idt_path *path, const idt_sha2 *hash);

/** The plain hash of @p message, where the path has a way; @p digest has room for IDT_HMAC_MAX bytes. */
void idt_hash(const idt_path *path, const idt_sha2 *hash, saf_bytes message, unsigned char digest[IDT_HMAC_MAX]);

/**
 * The MAC of a message whose beginning was hashed before.
 *
 * @param from  the state after the inner block and @p done bytes of the message, a multiple of the block
 * @param rest  the bytes after those
 * @param mac   the hash's digest_len bytes
 */
void idt_hmac_finish(const idt_path *path, const idt_hmac_key *key, const idt_sha2_state *from, size_t done, saf_bytes rest,
                     unsigned char mac[IDT_HMAC_MAX]);

/** The MAC of @p message. */
void idt_hmac_sign(const idt_path *path, const idt_hmac_key *key, saf_bytes message, unsigned char mac[IDT_HMAC_MAX]);

/** Whether @p mac is that of @p message; takes a time that depends on lengths alone. */
bool idt_hmac_verify(const idt_path *path, const idt_hmac_key *key, saf_bytes message, saf_bytes mac);

/** What follows a message's whole blocks: @p tail (shorter than a block), one bit, zeros, the length in bits of @p total bytes. Returns the
 *  number of blocks, 1 or 2. */
size_t idt_hmac_put_last(unsigned char out[IDT_HMAC_LAST_MAX], const idt_sha2 *hash, saf_bytes tail, size_t total);

#endif
