#include "key-use.h"
#include "derived-key.h"

#include <base/fail.h>
#include <base/own.h>

#include <safring/secret-key.h>

#include <stdlib.h>

OWN_HANDLE(saf_p11_session, saf_p11_logout)
OWN_VALUE(saf_policy_page, saf_policy_page_free)

static bool is_in_token(const saf_policy *policy)
{
    return strncmp(policy->key, "pkcs11:", 7) == 0;
}

static bool uses_hmac(const saf_policy *policy)
{
    saf_idt_alg alg;
    return saf_idt_alg_parse(&alg, policy->alg, NULL) == SAF_OK && is_hmac(alg);
}

/* ---- a policy alone ------------------------------------------------------------------------------------------ */

static saf_status check_derived(const saf_policy *policy, saf_error *err)
{
    if (!uses_hmac(policy) || !is_in_token(policy))
        return saf_fail(err, SAF_E_USAGE, "key use \"derived\" is for HS256, HS384 and HS512 with a secret key in a token");
    if (strlen(policy->kid) > DERIVED_KID_MAX)
        return saf_fail(err, SAF_E_USAGE, "with key use \"derived\" the key id has at most %d characters: the day is added to it", DERIVED_KID_MAX);
    if (policy->timeout_min > DERIVED_TIMEOUT_MAX_MIN)
        return saf_fail(err, SAF_E_USAGE, "with key use \"derived\" the timeout is at most %d minutes: a day's key is kept no longer than half of the next day",
                        DERIVED_TIMEOUT_MAX_MIN);
    return SAF_OK;
}

static saf_status check_memory(const saf_policy *policy, saf_error *err)
{
    if (uses_hmac(policy) || !is_in_token(policy))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "key use \"memory\" is for secret keys: a private key in a token signs there");
    saf_hint(err, "use --key-use token, or a ring whose certificate has its key in the store");
    return status;
}

saf_status key_use_check(const saf_policy *policy, saf_error *err)
{
    if (policy->key_use == SAF_KEY_USE_DERIVED)
        return check_derived(policy, err);
    return policy->key_use == SAF_KEY_USE_MEMORY ? check_memory(policy, err) : SAF_OK;
}

/* ---- beside other policies ----------------------------------------------------------------------------------- */

/* A master is for one derivation: with anything else that it signs, whoever may ask for that could ask for a key. */
static bool would_conflict(const saf_policy *a, const saf_policy *b)
{
    if (strcmp(a->appl, b->appl) == 0 && strcmp(a->user, b->user) == 0)
        return false;
    bool derives = a->key_use == SAF_KEY_USE_DERIVED || b->key_use == SAF_KEY_USE_DERIVED;
    bool differ = a->key_use != b->key_use || strcmp(a->alg, b->alg) != 0;
    return derives && differ && is_in_token(a) && is_in_token(b) && uses_hmac(a) && uses_hmac(b);
}

static saf_status conflict(const saf_policy *policy, const saf_policy *other, saf_error *err)
{
    static const char *const uses[] = { [SAF_KEY_USE_TOKEN] = "token", [SAF_KEY_USE_DERIVED] = "derived", [SAF_KEY_USE_MEMORY] = "memory" };
    saf_status status = saf_fail(err, SAF_E_CONFLICT,
                                 "policy JWT.%s.%s.SAF has its key %.200s for %s (key use \"%s\"); a master derives for one algorithm and does nothing else",
                                 other->appl, other->user, policy->key, other->alg, uses[other->key_use]);
    saf_hint(err, "make a key of its own for it: safring secret generate");
    return status;
}

typedef enum sameness { ANOTHER_KEY, MAYBE_THE_SAME, THE_SAME_KEY } sameness;

/* One attribute of two URIs; "" is not given. */
static void compare_text(bool *differ, bool *agree, const char *a, const char *b)
{
    if (!a[0] || !b[0])
        return;
    *differ = *differ || strcmp(a, b) != 0;
    *agree = *agree || strcmp(a, b) == 0;
}

static void compare_id(bool *differ, bool *agree, const saf_p11_uri *a, const saf_p11_uri *b)
{
    if (!a->id_len || !b->id_len)
        return;
    bool equal = a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0;
    *differ = *differ || !equal;
    *agree = *agree || equal;
}

/* What two URIs say without the token: by a name of the token and one of the key that both give. */
static sameness compare_uris(const saf_p11_uri *a, const saf_p11_uri *b)
{
    bool differ = false, same_token = false, same_key = false;
    compare_text(&differ, &same_token, a->token, b->token);
    compare_text(&differ, &same_token, a->serial, b->serial);
    compare_text(&differ, &same_key, a->object, b->object);
    compare_id(&differ, &same_key, a, b);
    if (differ)
        return ANOTHER_KEY;
    return same_token && same_key ? THE_SAME_KEY : MAYBE_THE_SAME;
}

static sameness compare_keys(const saf_policy *a, const saf_policy *b)
{
    saf_p11_uri uri_a = { 0 }, uri_b = { 0 };
    if (saf_p11_uri_parse(&uri_a, a->key, NULL) != SAF_OK || saf_p11_uri_parse(&uri_b, b->key, NULL) != SAF_OK)
        return ANOTHER_KEY; /* nobody can use such a key */
    return compare_uris(&uri_a, &uri_b);
}

/* ---- when a policy is defined -------------------------------------------------------------------------------- */

/* Keys that only their token could tell to be the same are left to the moment when one is prepared. */
static saf_status check_others(saf_store *store, const saf_policy *policy, saf_error *err)
{
    OWN(saf_policy_page) page = { 0 };
    SAF_TRY(saf_store_list_policies(&page, store, &issuer_itself, err));
    for (size_t i = 0; i < page.count; i++)
        if (would_conflict(policy, &page.policies[i]) && compare_keys(policy, &page.policies[i]) == THE_SAME_KEY)
            return conflict(policy, &page.policies[i], err);
    return SAF_OK;
}

saf_status saf_issuer_check_policy(saf_store *store, const saf_policy *policy, saf_error *err)
{
    saf_status status = key_use_check(policy, err);
    if (status == SAF_OK)
        status = check_others(store, policy, err);
    return status == SAF_OK ? SAF_OK : policy_blame(err, policy, status);
}

/* ---- when its key is prepared -------------------------------------------------------------------------------- */

static saf_status find_key(saf_p11_secret *out, key_source *source, const saf_policy *policy, saf_error *err)
{
    OWN(saf_p11_session) *session = NULL;
    saf_p11_uri uri = { 0 };
    SAF_TRY(key_source_login(&session, &uri, source, policy->key, err));
    return saf_p11_find_secret(out, session, &uri, err);
}

/* A key that another policy names and nobody can find is none that it uses. */
static saf_status check_against(const saf_p11_secret *secret, key_source *source, const saf_policy *policy, const saf_policy *other,
                                saf_error *err)
{
    saf_p11_secret others = { 0 };
    saf_status status = find_key(&others, source, other, err);
    if (status == SAF_E_NOT_FOUND || status == SAF_E_CONFLICT)
        return SAF_OK;
    if (status != SAF_OK)
        return status;
    return strcmp(secret->uri, others.uri) == 0 ? conflict(policy, other, err) : SAF_OK;
}

static saf_status refuse_readable(const saf_p11_secret *secret, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "secret key \"%s\" of token %s can be read, so it is no master for key use \"derived\"",
                                 secret->label, secret->token);
    saf_hint(err, "make one that stays in the token: safring secret generate --if-exists new-version; or use --key-use memory");
    return status;
}

static bool stands_in_the_way(const saf_policy *policy, const saf_policy *other)
{
    return other->generation < policy->generation && would_conflict(policy, other) && compare_keys(policy, other) != ANOTHER_KEY;
}

saf_status key_use_check_key(const saf_policy *policy, key_source *source, saf_error *err)
{
    OWN(saf_policy_page) page = { 0 };
    saf_p11_secret secret = { 0 };
    SAF_TRY(saf_store_list_policies(&page, source->store, &issuer_itself, err));
    if (policy->key_use == SAF_KEY_USE_DERIVED) {
        SAF_TRY(find_key(&secret, source, policy, err));
        if (saf_p11_secret_leaving(&secret) == SAF_P11_LEAVES)
            return refuse_readable(&secret, err);
    }
    for (size_t i = 0; i < page.count; i++) {
        if (!stands_in_the_way(policy, &page.policies[i]))
            continue;
        if (!secret.uri[0])
            SAF_TRY(find_key(&secret, source, policy, err));
        SAF_TRY(check_against(&secret, source, policy, &page.policies[i], err));
    }
    return SAF_OK;
}
