/**
 * @file
 * The policies that were used so far with their prepared keys, as of one state of the store. When that state is no longer the
 * store's, the issuer starts a new set; lanes keep the old one alive until they come by. All calls are made under the issuer's
 * lock; only the policy_key that a call hands out may be used without it, as long as the set is referenced.
 */
#ifndef ISSUER_POLICY_SET_H
#define ISSUER_POLICY_SET_H

#include "key-source.h"

typedef struct policy_set policy_set;

/** A new, empty set with one reference, for the state that the store's policies have now. */
saf_status policy_set_new(policy_set **out, saf_store *store, saf_error *err);

policy_set *policy_set_reference(policy_set *set);

/** Frees it with the last reference. NULL allowed; sets *set to NULL. */
void policy_set_release(policy_set **set);

/** Whether any policy, or any ring that a key came from, has changed since. */
saf_status policy_set_is_stale(bool *stale, const policy_set *set, saf_store *store, saf_error *err);

/** Have the keys that the time @p now asks for: *set becomes another set when that changes any. Without memory it stays, until the next call. */
void policy_set_follow(policy_set **set, int64_t now);

/** The prepared key of the policy that covers an application and a user. SAF_E_NOT_FOUND, and what keys can fail with. */
saf_status policy_set_match(const policy_key **out, policy_set *set, key_source *source, const char *appl,
                            const char *user, int64_t now, saf_error *err);

#endif
