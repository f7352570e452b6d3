#include "policy-set.h"
#include "derived-key.h"

#include <base/fail.h>
#include <base/own.h>

#include <stdlib.h>

typedef struct entry {
    struct entry *next;
    policy_key *key;
} entry;

struct policy_set {
    unsigned references;
    uint64_t generation; /* of all policies */
    entry *entries;
};

static policy_set *new_set(uint64_t generation)
{
    policy_set *set = calloc(1, sizeof *set);
    if (set)
        *set = (policy_set) { .references = 1, .generation = generation };
    return set;
}

saf_status policy_set_new(policy_set **out, saf_store *store, saf_error *err)
{
    uint64_t generation = 0;
    SAF_TRY(saf_store_policy_generation(&generation, store, &issuer_itself, err));
    policy_set *set = new_set(generation);
    if (!set)
        return saf_fail_memory(err);
    *out = set;
    return SAF_OK;
}

policy_set *policy_set_reference(policy_set *set)
{
    set->references++;
    return set;
}

static void free_set(policy_set *set)
{
    while (set->entries) {
        entry *first = set->entries;
        set->entries = first->next;
        policy_key_release(&first->key);
        free(first);
    }
    free(set);
}

void policy_set_release(policy_set **set)
{
    if (*set && --(*set)->references == 0)
        free_set(*set);
    *set = NULL;
}

OWN_HANDLE(policy_set, policy_set_release)

/* A ring that is gone has changed: the next match says so, with its name. */
static saf_status is_ring_stale(bool *stale, const policy_key *key, saf_store *store, saf_error *err)
{
    uint64_t generation = 0;
    saf_status status = saf_ring_poll(&generation, store, &issuer_itself, key->ring.owner, key->ring.name, err);
    if (status != SAF_OK && status != SAF_E_NOT_FOUND)
        return status;
    *stale = status == SAF_E_NOT_FOUND || generation != key->ring_generation;
    return SAF_OK;
}

saf_status policy_set_is_stale(bool *stale, const policy_set *set, saf_store *store, saf_error *err)
{
    uint64_t generation = 0;
    SAF_TRY(saf_store_policy_generation(&generation, store, &issuer_itself, err));
    *stale = generation != set->generation;
    for (const entry *at = set->entries; at && !*stale; at = at->next)
        if (at->key->ring.owner[0])
            SAF_TRY(is_ring_stale(stale, at->key, store, err));
    return SAF_OK;
}

/* Takes the key over (NULL: there was no memory for it); without memory it is given up. */
static bool add(policy_set *set, policy_key *key)
{
    entry *new = key ? malloc(sizeof *new) : NULL;
    if (!new) {
        policy_key_release(&key);
        return false;
    }
    *new = (entry) { set->entries, key };
    set->entries = new;
    return true;
}

static bool is_due(const policy_key *key, int64_t now)
{
    return key->policy.key_use == SAF_KEY_USE_DERIVED && derived_is_due(key, now);
}

/* NULL: no memory. */
static policy_key *followed(policy_key *key, int64_t now)
{
    return is_due(key, now) ? derived_follow(key, now) : policy_key_reference(key);
}

static bool is_any_due(const policy_set *set, int64_t now)
{
    const entry *at = set->entries;
    while (at && !is_due(at->key, now))
        at = at->next;
    return at != NULL;
}

/* A set is not changed under the lanes that use it. Keys that go on as they are become shared with the next set. */
void policy_set_follow(policy_set **set, int64_t now)
{
    if (!is_any_due(*set, now))
        return;
    OWN(policy_set) *next = new_set((*set)->generation);
    for (const entry *at = (*set)->entries; next && at; at = at->next)
        if (!add(next, followed(at->key, now)))
            return;
    if (!next)
        return;
    policy_set_release(set);
    *set = GIVE(&next);
}

/* With the generation, because the store may have changed between the set's beginning and this match. */
static bool is_same_policy(const saf_policy *a, const saf_policy *b)
{
    return a->generation == b->generation && strcmp(a->appl, b->appl) == 0 && strcmp(a->user, b->user) == 0;
}

static const policy_key *find_prepared(const policy_set *set, const saf_policy *policy)
{
    const entry *at = set->entries;
    while (at && !is_same_policy(&at->key->policy, policy))
        at = at->next;
    return at ? at->key : NULL;
}

saf_status policy_set_match(const policy_key **out, policy_set *set, key_source *source, const char *appl,
                            const char *user, int64_t now, saf_error *err)
{
    saf_policy policy = { 0 };
    SAF_TRY(saf_store_match_policy(&policy, source->store, &issuer_itself, appl, user, err));
    *out = find_prepared(set, &policy);
    if (*out)
        return SAF_OK;
    policy_key *key = NULL;
    SAF_TRY(policy_key_prepare(&key, source, &policy, now, err));
    if (!add(set, key))
        return saf_fail_memory(err);
    *out = key;
    return SAF_OK;
}
