/**
 * @file
 * Key use "derived": a master key in a token makes, by one HMAC each, the keys that sign for one day.
 *
 *     key of an epoch = HMAC(master, label 0 identity 0 alg 0 epoch)
 *
 * with the hash of the algorithm, so that the key is exactly as long as RFC 7518 3.2 wants it; 0 is one zero byte;
 *   label     "safring idt derived key 1"
 *   identity  the URI of the master as saf_p11_uri_format() writes it: the policy's, with attributes in one order and escaped in one way
 *   alg       "HS256", "HS384" or "HS512"
 *   epoch     the number of days since 1970-01-01 UTC, 8 bytes, big endian
 *
 * The kid of its tokens is "KID.EPOCH", with the policy's KID or else "epoch", and the epoch in decimal.
 *
 * Which epochs there are only the clock decides, never a token that comes in: an epoch's key is there from 10 minutes before it begins until the last
 * token of it is over. Without the token the keys that are there go on.
 */
#ifndef ISSUER_DERIVED_KEY_H
#define ISSUER_DERIVED_KEY_H

#include "key-source.h"

enum {
    DERIVED_TIMEOUT_MAX_MIN = 720, /* the last token of an epoch ends in the next one, well before the one after it is prepared */
    DERIVED_KID_MAX = 56           /* of the policy: a dot and seven digits follow */
};

typedef struct derived_master derived_master;

typedef struct epoch_key {
    unsigned references; /* under the issuer's lock: policy_keys of several sets share it */
    int64_t number;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier;
} epoch_key;

/** Derive what @p now asks for. All or nothing. */
saf_status derived_prepare(policy_key *key, key_source *source, int64_t now, saf_error *err);

void derived_release(policy_key *key);

/** Whether the clock asks for other keys than there are. */
bool derived_is_due(const policy_key *key, int64_t now);

/** Follow the clock: a policy_key that shares the keys that stay, has those that became due, and not those that are over. What could not be derived is
 *  missing, and the new policy_key knows why. NULL: no memory. Under the issuer's lock. */
policy_key *derived_follow(const policy_key *key, int64_t now);

/** The epoch that signs at @p now; NULL: it could not be derived. */
const epoch_key *derived_current(const policy_key *key, int64_t now);

/** Verify with the epoch that the token names. SAF_IDT_WRONG_KID for any that @p now does not ask for. *missing: it does, but its key could not be derived, and
 *  the verdict is none. */
saf_status derived_verify(saf_idt_result *result, bool *missing, saf_idt_lane *lane, const policy_key *key, int64_t now, saf_bytes token,
                          const saf_idt_expect *expect);

/** Why a key that @p now asks for is not there. */
saf_status derived_explain(const policy_key *key, int64_t now, saf_error *err);

#endif
