/**
 * @file
 * One lane's memory of which policy covers which application and user, so that a token in the steady state needs neither
 * store nor lock. Four slots per hash, the oldest place given up: names that an attacker chooses can cost a store read
 * each, but neither long probes nor memory.
 */
#ifndef ISSUER_POLICY_CACHE_H
#define ISSUER_POLICY_CACHE_H

#include "key-source.h"

/** Application and user, folded, with zeros after them up to the end. */
typedef struct token_names {
    char appl[SAF_APPL_MAX + 1];
    char user[SAF_OWNER_MAX + 1];
} token_names;

typedef struct policy_cache_slot {
    uint64_t appl, user;   /* the names' eight bytes each */
    const policy_key *key; /* NULL: free */
} policy_cache_slot;

typedef struct policy_cache {
    policy_cache_slot *slots; /* NULL: nothing was added yet */
    size_t victim;            /* which of four is given up next */
} policy_cache;

/** NULL: not known. */
const policy_key *policy_cache_find(const policy_cache *cache, const token_names *names);

/** Remember. Without memory it is not, which costs time only. */
void policy_cache_add(policy_cache *cache, const token_names *names, const policy_key *key);

void policy_cache_clear(policy_cache *cache);

#endif
