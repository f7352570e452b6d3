/** @file What a thread of the benches of identity tokens works with: keys that are shared, and a lane and buffers of its own. */
#ifndef BENCH_IDT_WORLD_H
#define BENCH_IDT_WORLD_H

#include <safring/idt.h>

#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

enum { WORLD_BATCH = 64, WORLD_ROOM = 1024 };

/** What is signed with, by algorithm; threads share it. */
typedef struct world_key {
    saf_idt_alg alg;
    unsigned char secret[64]; /* HS */
    EVP_PKEY *pkey;           /* others */
    saf_idt_signer *signer;
    saf_idt_verifier *verifier;
} world_key;

struct limits; /* idt-limits.h */

typedef struct world {
    const world_key *key;
    saf_idt_lane *lane;
    saf_idt_lane *remembering; /* a lane with a verdict cache */
    char token[WORLD_ROOM];    /* a good one, and what of it is signed */
    size_t token_len, message_len;
    unsigned next_user;
    char users[WORLD_BATCH][SAF_IDT_SUBJECT_MAX];
    char tokens[WORLD_BATCH][WORLD_ROOM];
    saf_idt_sign_job sign[WORLD_BATCH];
    saf_idt_verify_job verify[WORLD_BATCH];
    struct limits *limits;
} world;

/** A piece of work; returns the number of tokens that it dealt with. */
typedef size_t world_work(world *w);

static inline saf_bytes world_message(const world *w)
{
    return saf_bytes_of(w->token, w->message_len);
}

#endif
