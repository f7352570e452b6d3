#include "remembered.h"
#include "wipe.h"

#include <base/fail.h>
#include <base/random.h>

#include <openssl/crypto.h>

#include <stdlib.h>

enum {
    TOKEN_MAX = 2048,    /* a token of ours with an RSA signature of 4096 bits and some kid and amr: 1300 */
    PAYLOAD_MAX = 640,
    TOKENS_MAX = 1 << 20,
    WAYS = 4             /* places that a token can have; one of them is given up for a new one when all are taken */
};

typedef struct memory {
    uint64_t hash; /* of the token's end; 0: nothing here */
    uint64_t key_id[2];
    size_t token_len;
    idt_claims claims; /* borrow from payload */
    unsigned char payload[PAYLOAD_MAX];
    unsigned char token[TOKEN_MAX];
} memory;

struct idt_remembered {
    size_t mask;      /* memories - 1, a power of two that is at least WAYS */
    size_t next;      /* of the ways: the one to give up */
    uint64_t seed[2]; /* which place a token has is nobody's business */
    memory memories[];
};

saf_status idt_remembered_open(idt_remembered **out, size_t tokens, saf_error *err)
{
    size_t count = WAYS;
    if (tokens > TOKENS_MAX)
        return saf_fail(err, SAF_E_USAGE, "%zu tokens are more than the %d that may be remembered", tokens, TOKENS_MAX);
    while (count < tokens)
        count *= 2;
    idt_remembered *remembered = calloc(1, sizeof *remembered + count * sizeof remembered->memories[0]);
    if (!remembered)
        return saf_fail_memory(err);
    remembered->mask = count - 1;
    *out = remembered; /* the lane's, also when this fails */
    return saf_random_bytes((unsigned char *)remembered->seed, sizeof remembered->seed, err);
}

/* Tokens are as good as passwords while they live. */
void idt_remembered_forget(idt_remembered *remembered)
{
    if (remembered)
        OPENSSL_cleanse(remembered->memories, (remembered->mask + 1) * sizeof remembered->memories[0]);
}

void idt_remembered_close(idt_remembered **remembered)
{
    if (!*remembered)
        return;
    idt_remembered_forget(*remembered);
    free(*remembered);
    *remembered = NULL;
}

/* From the end of the signature, which differs between any two tokens; the seed keeps others from aiming. */
static uint64_t hash_of(const idt_remembered *remembered, saf_bytes token)
{
    uint64_t a, b;
    memcpy(&a, token.data + token.len - 2 * sizeof a, sizeof a);
    memcpy(&b, token.data + token.len - sizeof b, sizeof b);
    uint64_t mixed = (a ^ remembered->seed[0]) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 32 ^ b ^ remembered->seed[1]) * 0xd6e8feb86659fd93;
    return (mixed ^ mixed >> 32) | 1;
}

/* The places next to each other where a token of that hash may be. */
static size_t first_of(const idt_remembered *remembered, uint64_t hash)
{
    return (size_t)(hash >> 8) & remembered->mask & ~(size_t)(WAYS - 1);
}

static bool is_kept(saf_bytes token)
{
    return token.len >= 2 * sizeof(uint64_t) && token.len <= TOKEN_MAX;
}

/* The token is compared whole, and in a time that does not tell how much of it is right: a guess must not learn from its nearness to
 * somebody else's token. */
bool idt_remembered_find(const idt_remembered *remembered, const uint64_t key_id[2], saf_bytes token, idt_claims *out)
{
    if (!is_kept(token))
        return false;
    uint64_t hash = hash_of(remembered, token);
    const memory *m = &remembered->memories[first_of(remembered, hash)];
    for (size_t i = 0; i < WAYS; i++, m++) {
        if (m->hash == hash && m->key_id[0] == key_id[0] && m->key_id[1] == key_id[1] &&
            idt_same_secret(saf_bytes_of(m->token, m->token_len), token)) {
            *out = m->claims;
            return true;
        }
    }
    return false;
}

/* The same bytes in the copy. */
static void move(saf_bytes *bytes, saf_bytes from, const unsigned char *to)
{
    if (bytes->len)
        bytes->data = to + (bytes->data - from.data);
}

static void move_claims(idt_claims *claims, saf_bytes from, const unsigned char *to)
{
    saf_idt_result *result = &claims->result;
    move(&claims->iss, from, to);
    move(&result->jti, from, to);
    move(&result->sub, from, to);
    move(&result->aud, from, to);
    for (size_t i = 0; i < result->amr_count; i++)
        move(&result->amr[i], from, to);
}

static memory *place_for(idt_remembered *remembered, uint64_t hash)
{
    memory *m = &remembered->memories[first_of(remembered, hash)];
    for (size_t i = 0; i < WAYS; i++)
        if (!m[i].hash)
            return &m[i];
    remembered->next = (remembered->next + 1) % WAYS;
    return &m[remembered->next];
}

void idt_remembered_keep(idt_remembered *remembered, const uint64_t key_id[2], saf_bytes token, saf_bytes payload, const idt_claims *claims)
{
    if (!is_kept(token) || payload.len > PAYLOAD_MAX || claims->applications != 1)
        return;
    uint64_t hash = hash_of(remembered, token);
    memory *m = place_for(remembered, hash);
    m->hash = hash;
    m->token_len = token.len;
    memcpy(m->token, token.data, token.len);
    memcpy(m->payload, payload.data, payload.len);
    memcpy(m->key_id, key_id, sizeof m->key_id);
    m->claims = *claims;
    move_claims(&m->claims, payload, m->payload);
}
