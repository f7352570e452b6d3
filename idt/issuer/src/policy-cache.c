#include "policy-cache.h"

#include <assert.h>
#include <stdlib.h>

/* 65 536 users; the 1.5 MiB come from calloc(), which takes pages of the system only as they are used. */
enum { set_bits = 14, ways = 4, slot_count = ways << set_bits };

static uint64_t word_of(const char *name)
{
    uint64_t word = 0;
    memcpy(&word, name, sizeof word);
    return word;
}

static_assert(SAF_APPL_MAX == sizeof(uint64_t) && SAF_OWNER_MAX == sizeof(uint64_t), "a name is one word");

/* Multiplication carries upwards only, so the top bits are the ones that depend on all. */
static size_t first_slot(uint64_t appl, uint64_t user)
{
    uint64_t mixed = (user ^ (appl * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;
    mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93u;
    return (size_t)(mixed >> (64 - set_bits)) * ways;
}

const policy_key *policy_cache_find(const policy_cache *cache, const token_names *names)
{
    if (!cache->slots)
        return NULL;
    uint64_t appl = word_of(names->appl);
    uint64_t user = word_of(names->user);
    const policy_cache_slot *slot = cache->slots + first_slot(appl, user);
    for (int way = 0; way < ways; way++, slot++)
        if (slot->appl == appl && slot->user == user)
            return slot->key;
    return NULL;
}

static policy_cache_slot *choose_slot(policy_cache *cache, policy_cache_slot *first)
{
    for (int way = 0; way < ways; way++)
        if (!first[way].key)
            return &first[way];
    return &first[cache->victim++ % ways];
}

void policy_cache_add(policy_cache *cache, const token_names *names, const policy_key *key)
{
    if (!cache->slots)
        cache->slots = calloc(slot_count, sizeof *cache->slots);
    if (!cache->slots)
        return;
    policy_cache_slot new = { word_of(names->appl), word_of(names->user), key };
    *choose_slot(cache, cache->slots + first_slot(new.appl, new.user)) = new;
}

void policy_cache_clear(policy_cache *cache)
{
    free(cache->slots);
    *cache = (policy_cache) { 0 };
}
