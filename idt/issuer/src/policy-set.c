#include "policy-set.h"

#include <base/fail.h>

#include <stdlib.h>

struct policy_set {
    unsigned references;
    uint64_t generation; /* of all policies */
    policy_key *keys;
};

saf_status policy_set_new(policy_set **out, saf_store *store, saf_error *err)
{
    uint64_t generation = 0;
    SAF_TRY(saf_store_policy_generation(&generation, store, &issuer_itself, err));
    policy_set *set = calloc(1, sizeof *set);
    if (!set)
        return saf_fail_memory(err);
    *set = (policy_set) { .references = 1, .generation = generation };
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
    while (set->keys) {
        policy_key *key = set->keys;
        set->keys = key->next;
        policy_key_free(&key);
    }
    free(set);
}

void policy_set_release(policy_set **set)
{
    if (*set && --(*set)->references == 0)
        free_set(*set);
    *set = NULL;
}

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
    for (const policy_key *key = set->keys; key && !*stale; key = key->next)
        if (key->ring.owner[0])
            SAF_TRY(is_ring_stale(stale, key, store, err));
    return SAF_OK;
}

/* With the generation, because the store may have changed between the set's beginning and this match. */
static bool is_same_policy(const saf_policy *a, const saf_policy *b)
{
    return a->generation == b->generation && strcmp(a->appl, b->appl) == 0 && strcmp(a->user, b->user) == 0;
}

static const policy_key *find_prepared(const policy_set *set, const saf_policy *policy)
{
    const policy_key *key = set->keys;
    while (key && !is_same_policy(&key->policy, policy))
        key = key->next;
    return key;
}

saf_status policy_set_match(const policy_key **out, policy_set *set, key_source *source, const char *appl,
                            const char *user, saf_error *err)
{
    saf_policy policy = { 0 };
    SAF_TRY(saf_store_match_policy(&policy, source->store, &issuer_itself, appl, user, err));
    *out = find_prepared(set, &policy);
    if (*out)
        return SAF_OK;
    policy_key *key = NULL;
    SAF_TRY(policy_key_prepare(&key, source, &policy, err));
    key->next = set->keys;
    set->keys = key;
    *out = key;
    return SAF_OK;
}
