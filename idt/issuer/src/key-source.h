/**
 * @file
 * From a policy to what signs and verifies by it: the key is fetched from where the policy says and bound to the policy's
 * algorithm. A policy_key does not change once prepared, so that threads use it without a lock.
 */
#ifndef ISSUER_KEY_SOURCE_H
#define ISSUER_KEY_SOURCE_H

#include <safring/issuer.h>

/** Where keys come from. Used under the issuer's lock. */
typedef struct key_source {
    saf_store *store;
    saf_p11 *p11; /* NULL: keys in tokens are refused */
    unsigned leeway_sec;
} key_source;

/** Who the issuer is to the store when it reads policies and keys: the program, not the user who asks for a token. He is
 *  asked for with SAF_FN_TOKEN_SIGN and SAF_FN_TOKEN_VERIFY, and need not see either. */
extern const saf_principal issuer_itself;

enum { EPOCHS_MAX = 3 }; /* previous, current, next */

typedef struct policy_key {
    unsigned references; /* under the issuer's lock */
    saf_policy policy;
    saf_idt_alg alg;
    unsigned leeway_sec;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier; /* of unsigned tokens when alg is none */
    saf_p11_signer *in_token;   /* what signer, and verifier for secret keys, call; NULL: no signature is made in a token */
    saf_ring_address ring;      /* where the key came from, with the generation then; owner "": no ring */
    uint64_t ring_generation;

    /* Key use "derived" has these in place of signer and verifier; see derived-key.h. */
    struct derived_master *master;
    struct epoch_key *epochs[EPOCHS_MAX]; /* in any order, NULL where there is none */
    saf_error failure;                    /* why one that the clock asked for is not there; SAF_OK: nothing failed */
    int64_t failed_at;                    /* and when */
} policy_key;

/** Fetch a policy's key and prepare it, for the time @p now. Failures name the policy. The caller has the one reference. */
saf_status policy_key_prepare(policy_key **out, key_source *source, const saf_policy *policy, int64_t now, saf_error *err);

policy_key *policy_key_reference(policy_key *key);

/** Wipes and frees it with the last reference. NULL allowed; sets *key to NULL. */
void policy_key_release(policy_key **key);

/** Put "policy JWT.<appl>.<user>.SAF: " before the text of a failure, and return its status. */
saf_status policy_blame(saf_error *err, const saf_policy *policy, saf_status status);

/** Put @p text before the text of a failure. */
void error_put_before(saf_error *err, const char *text);

/* ---- for the ways to use a key ------------------------------------------------------------------------------- */

bool is_hmac(saf_idt_alg alg);

/** The rules that tokens by its policy are verified by, with this kid ("": none). */
saf_idt_rules policy_rules(const policy_key *key, const char *kid);

/** Open the key in a token that @p uri names, for an algorithm. */
saf_status key_source_open(saf_p11_signer **out, key_source *source, const char *uri, saf_idt_alg alg, saf_error *err);

/** Log in to the token that @p uri names, for looking at the key. */
saf_status key_source_login(saf_p11_session **out, saf_p11_uri *uri, key_source *source, const char *text, saf_error *err);

#endif
