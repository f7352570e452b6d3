/**
 * @file
 * From a policy to what signs and verifies by it: the key is fetched from where the policy says and bound to the policy's
 * algorithm. A policy_key does not change once prepared, so that threads use it without a lock.
 */
#ifndef ISSUER_KEY_SOURCE_H
#define ISSUER_KEY_SOURCE_H

#include "token-login.h"

/** Where keys come from. Used under the issuer's lock. */
typedef struct key_source {
    saf_store *store;
    token_logins logins;
    unsigned leeway_sec;
} key_source;

/** Who the issuer is to the store when it reads policies and keys: the program, not the user who asks for a token. He is
 *  asked for with SAF_FN_TOKEN_SIGN and SAF_FN_TOKEN_VERIFY, and need not see either. */
extern const saf_principal issuer_itself;

typedef struct policy_key policy_key;
struct policy_key {
    policy_key *next; /* of the same policy_set */
    saf_policy policy;
    saf_idt_alg alg;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier; /* of unsigned tokens when alg is none */
    saf_p11_mac *mac;           /* what signer and verifier call; NULL: not a token's secret key */
    saf_ring_address ring;      /* where the key came from, with the generation then; owner "": no ring */
    uint64_t ring_generation;
};

/** Fetch a policy's key and prepare it. Failures name the policy. */
saf_status policy_key_prepare(policy_key **out, key_source *source, const saf_policy *policy, saf_error *err);

/** NULL allowed; sets *key to NULL. */
void policy_key_free(policy_key **key);

/** Put "policy JWT.<appl>.<user>.SAF: " before the text of a failure, and return its status. */
saf_status policy_blame(saf_error *err, const saf_policy *policy, saf_status status);

#endif
