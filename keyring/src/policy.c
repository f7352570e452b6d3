#include "audit.h"
#include "names.h"
#include "policy-match.h"
#include "store.h"

#include <base/fail.h>
#include <base/grow.h>

#include <strings.h>

#define COUNTER_POLICIES "policies"

void saf_policy_page_free(saf_policy_page *page)
{
    if (!page)
        return;
    free(page->policies);
    *page = (saf_policy_page) { 0 };
}

OWN_VALUE(saf_policy_page, saf_policy_page_free)

/* ---- checking ---- */

static bool is_pattern(const char *text)
{
    return *text && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#$@%*")] == '\0';
}

static void fold(char *text)
{
    for (; *text; text++)
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
}

static bool is_algorithm(const char *alg)
{
    static const char *const known[] = { "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
                                         "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "none" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(alg, known[i]))
            return true;
    return false;
}

/* Every array of a policy that a caller filled must end somewhere. */
static bool is_terminated(const saf_policy *policy)
{
    return memchr(policy->appl, 0, sizeof policy->appl) && memchr(policy->user, 0, sizeof policy->user) &&
           memchr(policy->alg, 0, sizeof policy->alg) && memchr(policy->key, 0, sizeof policy->key) &&
           memchr(policy->kid, 0, sizeof policy->kid);
}

static saf_status check_names(const saf_policy *policy, saf_error *err)
{
    const char *wrong = !is_pattern(policy->appl) ? policy->appl : !is_pattern(policy->user) ? policy->user : NULL;
    if (!wrong)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "\"%s\" is not a name or pattern of a policy", wrong);
    saf_hint(err, "1 to 8 of A-Z 0-9 # $ @, %% for any one character, * for any number of them");
    return status;
}

static saf_status check_key(const saf_policy *policy, saf_error *err)
{
    const char *key = policy->key;
    bool is_unsigned = !strcmp(policy->alg, "none");
    if (is_unsigned && !*key)
        return SAF_OK;
    if (!*key)
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF names no key", policy->appl, policy->user);
    if (strstr(key, "pin-value="))
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF: the key's URI has a PIN (pin-value)", policy->appl,
                        policy->user);
    if (!name_is_printable(key) || (strncasecmp(key, "pkcs11:", 7) != 0 && strncasecmp(key, "safkeyring", 10) != 0))
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF: \"%.200s\" is not the URI of a key", policy->appl,
                        policy->user, key);
    saf_ring_address address;
    return strncasecmp(key, "safkeyring", 10) ? SAF_OK : saf_ring_address_parse(&address, key, err);
}

static saf_status check_numbers(const saf_policy *policy, saf_error *err)
{
    if (policy->timeout_min < 1 || policy->timeout_min > STORAGE_TIMEOUT_MAX_MIN)
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF: the timeout is 1 to %d minutes, not %u", policy->appl,
                        policy->user, STORAGE_TIMEOUT_MAX_MIN, policy->timeout_min);
    if (policy->key_use != SAF_KEY_USE_TOKEN && policy->key_use != SAF_KEY_USE_DERIVED &&
        policy->key_use != SAF_KEY_USE_MEMORY)
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF: unknown use of the key", policy->appl, policy->user);
    return SAF_OK;
}

saf_status saf_policy_check(saf_policy *policy, saf_error *err)
{
    if (!is_terminated(policy))
        return saf_fail(err, SAF_E_USAGE, "a policy's name or value is too long");
    fold(policy->appl);
    fold(policy->user);
    SAF_TRY(check_names(policy, err));
    if (!is_algorithm(policy->alg))
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF: unknown signature algorithm \"%s\"", policy->appl,
                        policy->user, policy->alg);
    if (!name_is_printable(policy->kid))
        return saf_fail(err, SAF_E_USAGE, "policy JWT.%s.%s.SAF: the key id is not printable", policy->appl,
                        policy->user);
    SAF_TRY(check_key(policy, err));
    return check_numbers(policy, err);
}

/* ---- changing ---- */

typedef enum if_there { REFUSE, REPLACE } if_there;

static const char *key_use_name(saf_key_use use)
{
    return use == SAF_KEY_USE_TOKEN ? "token" : use == SAF_KEY_USE_DERIVED ? "derived" : "memory";
}

static saf_status take_policy(void *context, const saf_policy *policy, saf_error *err)
{
    (void)err;
    *(saf_policy *)context = *policy;
    return SAF_OK;
}

static saf_status audit_policy(saf_change *change, const saf_policy *policy, saf_error *err)
{
    char name[2 * SAF_OWNER_MAX + sizeof "JWT...SAF"];
    snprintf(name, sizeof name, "JWT.%s.%s.SAF", policy->appl, policy->user);
    return audit_write(change, "policy-put", name, NULL, err,
                       "alg=%s key=\"%s\" kid=\"%s\" key_use=%s timeout_min=%u any_appl=%s prot_allowed=%s",
                       policy->alg, policy->key, policy->kid, key_use_name(policy->key_use), policy->timeout_min,
                       policy->any_appl ? "yes" : "no", policy->prot_allowed ? "yes" : "no");
}

static saf_status write_policy(saf_change *change, saf_policy *policy, if_there if_there, saf_error *err)
{
    struct storage *storage = change->store->storage;
    saf_policy old = { .appl = "" };
    SAF_TRY(storage_find_policy(storage, policy->appl, policy->user, take_policy, &old, err));
    if (*old.appl && if_there == REFUSE)
        return saf_fail(err, SAF_E_EXISTS, "policy JWT.%s.%s.SAF exists already", policy->appl, policy->user);
    SAF_TRY(storage_next_generation(&policy->generation, storage, err));
    SAF_TRY(storage_put_policy(storage, policy, err));
    SAF_TRY(storage_put_counter(storage, COUNTER_POLICIES, policy->generation, err));
    return audit_policy(change, policy, err);
}

static saf_status put(saf_change *change, const saf_policy *policy, if_there if_there, saf_error *err)
{
    saf_policy checked = *policy;
    OWN(step) step = { 0 };
    SAF_TRY(saf_policy_check(&checked, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_POLICY_CHANGE, checked.appl, checked.user, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(write_policy(change, &checked, if_there, err));
    return step_keep(&step, err);
}

saf_status saf_store_add_policy(saf_change *change, const saf_policy *policy, saf_error *err)
{
    return put(change, policy, REFUSE, err);
}

saf_status saf_store_put_policy(saf_change *change, const saf_policy *policy, saf_error *err)
{
    return put(change, policy, REPLACE, err);
}

/* ---- reading ---- */

static saf_status add_to_page(void *context, const saf_policy *policy, saf_error *err)
{
    saf_policy_page *page = context;
    saf_policy *policies = saf_grow(page->policies, page->count, sizeof *policies);
    if (!policies)
        return saf_fail_memory(err);
    page->policies = policies;
    page->policies[page->count++] = *policy;
    return SAF_OK;
}

saf_status saf_store_list_policies(saf_policy_page *out, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(saf_policy_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_POLICY_LIST, "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_policies(store->storage, add_to_page, &page, err));
    *out = page;
    page = (saf_policy_page) { 0 };
    return SAF_OK;
}

static saf_status copy_name(char out[SAF_OWNER_MAX + 1], const char *name, saf_error *err)
{
    if (!name || strlen(name) > SAF_OWNER_MAX)
        return saf_fail(err, SAF_E_USAGE, "\"%.80s\" is not a name of 1 to %d characters", name ? name : "",
                        SAF_OWNER_MAX);
    snprintf(out, SAF_OWNER_MAX + 1, "%s", name);
    fold(out);
    return SAF_OK;
}

static saf_status fail_not_found(saf_error *err, const char *appl, const char *user)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no policy for application %s and user %s", appl, user);
    saf_hint(err, "see what there is: safring policy list");
    return status;
}

saf_status saf_store_find_policy(saf_policy *out, saf_store *store, const saf_principal *who, const char *appl,
                                 const char *user, saf_error *err)
{
    saf_policy name = { .appl = "" };
    saf_policy found = { .appl = "" };
    OWN(reading) read = { 0 };
    SAF_TRY(copy_name(name.appl, appl, err));
    SAF_TRY(copy_name(name.user, user, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_POLICY_LIST, name.appl, name.user, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_find_policy(store->storage, name.appl, name.user, take_policy, &found, err));
    if (!*found.appl)
        return fail_not_found(err, name.appl, name.user);
    *out = found;
    return SAF_OK;
}

struct match {
    const char *appl, *user;
    saf_policy best; /* its appl is empty while there is none */
};

static saf_status keep_better(void *context, const saf_policy *policy, saf_error *err)
{
    struct match *match = context;
    (void)err;
    if (policy_covers(policy, match->appl, match->user) &&
        (!*match->best.appl || policy_is_more_specific(policy, &match->best)))
        match->best = *policy;
    return SAF_OK;
}

saf_status saf_store_match_policy(saf_policy *out, saf_store *store, const saf_principal *who, const char *appl,
                                  const char *user, saf_error *err)
{
    saf_policy name = { .appl = "" };
    struct match match = { .appl = name.appl, .user = name.user };
    OWN(reading) read = { 0 };
    SAF_TRY(copy_name(name.appl, appl, err));
    SAF_TRY(copy_name(name.user, user, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_POLICY_LIST, name.appl, name.user, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_policies(store->storage, keep_better, &match, err));
    if (!*match.best.appl)
        return fail_not_found(err, name.appl, name.user);
    *out = match.best;
    return SAF_OK;
}

saf_status saf_store_policy_generation(uint64_t *out, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_POLICY_LIST, "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    return storage_get_counter(out, store->storage, COUNTER_POLICIES, err);
}
