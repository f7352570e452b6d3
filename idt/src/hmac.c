#include "hmac.h"
#include "wipe.h"

#include <openssl/crypto.h>

#include <endian.h>

const idt_sha2_way *idt_hmac_way(const idt_path *path, const idt_sha2 *hash)
{
    return hash->word_len == sizeof(uint32_t) ? path->sha256 : path->sha512;
}

/* FIPS 180-4 5.1: a bit of 1, zeros, and the length in 64 or 128 bits, of which the upper ones are 0 here. */
size_t idt_hmac_put_last(unsigned char out[IDT_HMAC_LAST_MAX], const idt_sha2 *hash, saf_bytes tail, size_t total)
{
    uint64_t bits = htobe64((uint64_t)total * 8);
    size_t blocks = tail.len + 1 + 2 * hash->word_len <= hash->block_len ? 1 : 2;
    idt_clear(out, blocks * hash->block_len);
    if (tail.len)
        memcpy(out, tail.data, tail.len);
    out[tail.len] = 0x80;
    memcpy(out + blocks * hash->block_len - sizeof bits, &bits, sizeof bits);
    return blocks;
}

/* Hash what is left of a message of @p total bytes. */
static void hash_rest(const idt_sha2_way *way, const idt_sha2 *hash, idt_sha2_state *state, saf_bytes rest, size_t total)
{
    unsigned char last[IDT_HMAC_LAST_MAX];
    size_t whole = rest.len / hash->block_len;
    saf_bytes tail = saf_bytes_of(rest.data + whole * hash->block_len, rest.len - whole * hash->block_len);
    way->blocks(state, rest.data, whole);
    way->blocks(state, last, idt_hmac_put_last(last, hash, tail, total));
}

static void put_digest(unsigned char out[IDT_HMAC_MAX], const idt_sha2 *hash, const idt_sha2_state *state)
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t short_word = htobe32(state->w32[i]);
        uint64_t long_word = htobe64(state->w64[i]);
        memcpy(out + i * hash->word_len, hash->word_len == sizeof short_word ? (void *)&short_word : (void *)&long_word, hash->word_len);
    }
}

void idt_hash(const idt_path *path, const idt_sha2 *hash, saf_bytes message, unsigned char digest[IDT_HMAC_MAX])
{
    idt_sha2_state state = hash->initial;
    hash_rest(idt_hmac_way(path, hash), hash, &state, message, message.len);
    put_digest(digest, hash, &state);
}

void idt_hmac_finish(const idt_path *path, const idt_hmac_key *key, const idt_sha2_state *from, size_t done, saf_bytes rest,
                     unsigned char mac[IDT_HMAC_MAX])
{
    const idt_sha2 *hash = key->hash;
    const idt_sha2_way *way = idt_hmac_way(path, hash);
    idt_sha2_state state = *from;
    hash_rest(way, hash, &state, rest, hash->block_len + done + rest.len);
    way->mac(&key->outer, &state, hash->digest_len, mac);
}

void idt_hmac_sign(const idt_path *path, const idt_hmac_key *key, saf_bytes message, unsigned char mac[IDT_HMAC_MAX])
{
    idt_hmac_finish(path, key, &key->inner, 0, message, mac);
}

/* RFC 7518 3.2: the comparison is constant-time. What is computed here would be a valid signature, so it does not stay. */
bool idt_hmac_verify(const idt_path *path, const idt_hmac_key *key, saf_bytes message, saf_bytes mac)
{
    unsigned char expected[IDT_HMAC_MAX];
    idt_hmac_sign(path, key, message, expected);
    bool good = idt_same_secret(saf_bytes_of(expected, key->hash->digest_len), mac);
    idt_wipe(expected, sizeof expected);
    return good;
}

/* ---- keys ---- */

/* RFC 2104 2: a key longer than a block is replaced by its hash. */
static void put_key(unsigned char block[IDT_SHA512_BLOCK], const idt_path *path, const idt_sha2 *hash, saf_bytes secret)
{
    unsigned char digest[IDT_HMAC_MAX];
    memset(block, 0, IDT_SHA512_BLOCK);
    if (secret.len > hash->block_len) {
        idt_hash(path, hash, secret, digest);
        secret = saf_bytes_of(digest, hash->digest_len);
    }
    memcpy(block, secret.data, secret.len);
    idt_wipe(digest, sizeof digest);
}

static void hash_padded(const idt_path *path, const idt_sha2 *hash, const unsigned char key[IDT_SHA512_BLOCK], unsigned char pad,
                        idt_sha2_state *out)
{
    unsigned char block[IDT_SHA512_BLOCK];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ pad;
    *out = hash->initial;
    idt_hmac_way(path, hash)->blocks(out, block, 1);
    idt_wipe(block, sizeof block);
}

/* What the hash has left of the key on the stack, below whoever called it. */
static __attribute__((noinline)) void wipe_stack(void)
{
    unsigned char frames[2048];
    idt_wipe(frames, sizeof frames);
}

saf_status idt_hmac_key_new(idt_hmac_key **out, const idt_path *path, const idt_sha2 *hash, saf_bytes secret)
{
    unsigned char block[IDT_SHA512_BLOCK];
    if (!idt_hmac_way(path, hash))
        return SAF_OK;
    *out = OPENSSL_secure_malloc(sizeof **out);
    if (!*out)
        return SAF_E_MEMORY;
    (*out)->hash = hash;
    put_key(block, path, hash, secret);
    hash_padded(path, hash, block, 0x36, &(*out)->inner);
    hash_padded(path, hash, block, 0x5C, &(*out)->outer);
    idt_wipe(block, sizeof block);
    wipe_stack();
    return SAF_OK;
}

void idt_hmac_key_free(idt_hmac_key **key)
{
    if (!*key)
        return;
    OPENSSL_secure_clear_free(*key, sizeof **key);
    *key = NULL;
}
