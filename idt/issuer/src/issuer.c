#include "derived-key.h"
#include "policy-cache.h"
#include "policy-set.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/own.h>
#include <keyring/ask.h>

#include <pthread.h>
#include <stdlib.h>

struct saf_issuer {
    saf_idt_lane_options clock_and_ids;
    pthread_mutex_t lock; /* over everything below, and over every call of store and tokens but signatures */
    key_source source;
    policy_set *set;
    int64_t checked_at; /* the second in which the set was last compared with the store */
};

struct saf_issuer_lane {
    saf_issuer *issuer;
    saf_idt_lane *idt;
    policy_set *set; /* what the cache points into */
    policy_cache cache;
    int64_t checked_at;
};

OWN_HANDLE(saf_issuer, saf_issuer_close)
OWN_HANDLE(saf_issuer_lane, saf_issuer_lane_close)

/* ---- issuers ------------------------------------------------------------------------------------------------- */

static key_source source_of(const saf_issuer_options *options)
{
    return (key_source) {
        .store = options->store,
        .p11 = options->p11,
        .leeway_sec = options->leeway_sec,
    };
}

static int64_t now_of(const saf_issuer *issuer)
{
    const saf_idt_lane_options *clock = &issuer->clock_and_ids;
    return clock->now ? clock->now(clock->now_context) : saf_clock_now();
}

saf_status saf_issuer_open(saf_issuer **out, const saf_issuer_options *options, saf_error *err)
{
    if (!options->store)
        return saf_fail(err, SAF_E_USAGE, "an issuer needs a store");
    if (options->leeway_sec > SAF_IDT_LEEWAY_MAX_SEC)
        return saf_fail(err, SAF_E_USAGE, "a leeway of %u seconds is more than %d", options->leeway_sec,
                        SAF_IDT_LEEWAY_MAX_SEC);
    OWN(saf_issuer) *issuer = calloc(1, sizeof *issuer);
    if (!issuer)
        return saf_fail_memory(err);
    pthread_mutex_init(&issuer->lock, NULL);
    if (options->lane)
        issuer->clock_and_ids = *options->lane;
    issuer->source = source_of(options);
    issuer->checked_at = now_of(issuer);
    SAF_TRY(policy_set_new(&issuer->set, options->store, err));
    *out = GIVE(&issuer);
    return SAF_OK;
}

void saf_issuer_close(saf_issuer **issuer)
{
    if (!issuer || !*issuer)
        return;
    policy_set_release(&(*issuer)->set);
    pthread_mutex_destroy(&(*issuer)->lock);
    free(*issuer);
    *issuer = NULL;
}

/* ---- lanes --------------------------------------------------------------------------------------------------- */

/* Under the issuer's lock. */
static void adopt_set(saf_issuer_lane *lane)
{
    if (lane->set == lane->issuer->set)
        return;
    policy_cache_clear(&lane->cache);
    saf_idt_lane_forget(lane->idt); /* private keys that are no policy's any more */
    policy_set_release(&lane->set);
    lane->set = policy_set_reference(lane->issuer->set);
}

saf_status saf_issuer_lane_open(saf_issuer_lane **out, saf_issuer *issuer, saf_error *err)
{
    OWN(saf_issuer_lane) *lane = calloc(1, sizeof *lane);
    if (!lane)
        return saf_fail_memory(err);
    lane->issuer = issuer;
    SAF_TRY(saf_idt_lane_open(&lane->idt, &issuer->clock_and_ids, err));
    pthread_mutex_lock(&issuer->lock);
    adopt_set(lane);
    lane->checked_at = issuer->checked_at;
    pthread_mutex_unlock(&issuer->lock);
    *out = GIVE(&lane);
    return SAF_OK;
}

void saf_issuer_lane_close(saf_issuer_lane **lane)
{
    if (!lane || !*lane)
        return;
    pthread_mutex_lock(&(*lane)->issuer->lock);
    policy_set_release(&(*lane)->set);
    pthread_mutex_unlock(&(*lane)->issuer->lock);
    policy_cache_clear(&(*lane)->cache);
    saf_idt_lane_close(&(*lane)->idt);
    free(*lane);
    *lane = NULL;
}

/* ---- from names to a key -------------------------------------------------------------------------------------- */

static saf_status renew_set(saf_issuer *issuer, saf_error *err)
{
    bool stale = false;
    SAF_TRY(policy_set_is_stale(&stale, issuer->set, issuer->source.store, err));
    if (!stale)
        return SAF_OK;
    policy_set *set = NULL;
    SAF_TRY(policy_set_new(&set, issuer->source.store, err));
    policy_set_release(&issuer->set);
    issuer->set = set;
    return SAF_OK;
}

/* A store that cannot be read stops the lane: the policy it goes by may have been withdrawn. */
static saf_status follow_store(saf_issuer_lane *lane, int64_t now, saf_error *err)
{
    saf_issuer *issuer = lane->issuer;
    if (issuer->checked_at != now) {
        SAF_TRY(renew_set(issuer, err));
        policy_set_follow(&issuer->set, now);
    }
    issuer->checked_at = now;
    lane->checked_at = now;
    adopt_set(lane);
    return SAF_OK;
}

/* Under the issuer's lock. */
static saf_status look_up(const policy_key **out, saf_issuer_lane *lane, const token_names *names, int64_t now,
                          saf_error *err)
{
    SAF_TRY(follow_store(lane, now, err));
    *out = policy_cache_find(&lane->cache, names);
    if (*out)
        return SAF_OK;
    SAF_TRY(policy_set_match(out, lane->set, &lane->issuer->source, names->appl, names->user, now, err));
    policy_cache_add(&lane->cache, names, *out);
    return SAF_OK;
}

/* While another lane prepares a key (which may wait for a token, or for whoever types a PIN), one that knows its key goes on with it, for
 * a few seconds only: a policy that was withdrawn must not be followed much longer. */
static bool may_go_on(saf_issuer_lane *lane, int64_t now)
{
    enum { BUSY_SEC_MAX = 5 };
    if (now < lane->checked_at || now - lane->checked_at > BUSY_SEC_MAX)
        return false;
    if (pthread_mutex_trylock(&lane->issuer->lock) != 0)
        return true;
    pthread_mutex_unlock(&lane->issuer->lock);
    return false;
}

/* The key of a day that has just begun is there, unless its token was away. */
static bool is_ready(const policy_key *key, int64_t now)
{
    return key->policy.key_use != SAF_KEY_USE_DERIVED || derived_current(key, now);
}

static saf_status key_of(const policy_key **out, saf_issuer_lane *lane, const token_names *names, int64_t now, saf_error *err)
{
    *out = policy_cache_find(&lane->cache, names);
    if (*out && (now == lane->checked_at || (is_ready(*out, now) && may_go_on(lane, now))))
        return SAF_OK;
    pthread_mutex_lock(&lane->issuer->lock);
    saf_status status = look_up(out, lane, names, now, err);
    pthread_mutex_unlock(&lane->issuer->lock);
    return status;
}

/* ---- names --------------------------------------------------------------------------------------------------- */

static char fold_character(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_name_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '#' || c == '$' || c == '@';
}

/* The rest of @p out stays zero, which policy_cache counts on. */
static saf_status fold_name(char out[SAF_OWNER_MAX + 1], const char *name, const char *what, saf_error *err)
{
    size_t len = 0;
    for (; name && name[len] && len < SAF_OWNER_MAX; len++) {
        out[len] = fold_character(name[len]);
        if (!is_name_character(out[len]))
            break;
    }
    if (len > 0 && name[len] == '\0')
        return SAF_OK;
    return saf_fail(err, SAF_E_USAGE, "%s \"%s\" is not 1 to 8 characters of A-Z 0-9 # $ @", what, name ? name : "");
}

static saf_status fold_names(token_names *out, const char *appl, const char *user, saf_error *err)
{
    SAF_TRY(fold_name(out->appl, appl, "application", err));
    return fold_name(out->user, user, "user", err);
}

/* ---- failures ------------------------------------------------------------------------------------------------ */

/* The core writes no text, but a key in a token knows what happened. */
static saf_status key_failure(const policy_key *key, const char *what, saf_status status, saf_error *err)
{
    if (!key->in_token || saf_p11_signer_explain(key->in_token, err) != status)
        (void)saf_fail(err, status, "its key %s (%s)", what, saf_status_name(status));
    return policy_blame(err, &key->policy, status);
}

static saf_status no_derived_key(const policy_key *key, int64_t now, saf_error *err)
{
    return policy_blame(err, &key->policy, derived_explain(key, now, err));
}

/* ---- sign ---------------------------------------------------------------------------------------------------- */

static saf_status amr_failure(saf_error *err)
{
    return saf_fail(err, SAF_E_USAGE, "amr has at most %d entries, each 1 to %d printable characters without \" and \\",
                    SAF_IDT_AMR_MAX, SAF_IDT_AMR_LEN_MAX);
}

static saf_status borrow_amr(saf_bytes amr[SAF_IDT_AMR_MAX], const saf_issuer_request *request, saf_error *err)
{
    if (request->amr_count > SAF_IDT_AMR_MAX)
        return amr_failure(err);
    for (size_t i = 0; i < request->amr_count; i++)
        amr[i] = saf_bytes_of_text(request->amr[i]);
    return SAF_OK;
}

static saf_idt_claims claims_of(const policy_key *key, const token_names *names)
{
    return (saf_idt_claims) {
        .sub = saf_bytes_of_text(names->user),
        .aud = saf_bytes_of_text(names->appl),
        .any_appl = key->policy.any_appl,
        .lifetime_sec = key->policy.timeout_min * 60,
    };
}

/* The core writes no text. Of its claims only amr comes from the caller unchecked. */
static saf_status sign_failure(const policy_key *key, const saf_idt_signer *signer, saf_status status, saf_error *err)
{
    if (status == SAF_E_SPACE)
        return saf_fail(err, status, "the token needs room for %zu characters", saf_idt_signer_token_max(signer));
    if (status == SAF_E_USAGE)
        return amr_failure(err);
    return key_failure(key, "did not sign", status, err);
}

static const saf_idt_signer *signer_of(const policy_key *key, int64_t now)
{
    if (key->policy.key_use != SAF_KEY_USE_DERIVED)
        return key->signer;
    const epoch_key *epoch = derived_current(key, now);
    return epoch ? epoch->signer : NULL;
}

saf_status saf_issuer_sign(saf_issuer_lane *lane, const saf_principal *who, const saf_issuer_request *request, char *out,
                           size_t out_cap, size_t *out_len, saf_error *err)
{
    token_names names = { 0 };
    saf_bytes amr[SAF_IDT_AMR_MAX];
    const policy_key *key = NULL;
    int64_t now = now_of(lane->issuer);
    SAF_TRY(fold_names(&names, request->appl, request->user, err));
    SAF_TRY(borrow_amr(amr, request, err));
    SAF_TRY(saf_store_ask(lane->issuer->source.store, who, SAF_FN_TOKEN_SIGN, names.appl, names.user, err));
    SAF_TRY(key_of(&key, lane, &names, now, err));
    const saf_idt_signer *signer = signer_of(key, now);
    if (!signer)
        return no_derived_key(key, now, err);
    saf_idt_claims claims = claims_of(key, &names);
    claims.amr = amr;
    claims.amr_count = request->amr_count;
    saf_status status = saf_idt_sign(lane->idt, signer, &claims, out, out_cap, out_len);
    return status == SAF_OK ? SAF_OK : sign_failure(key, signer, status, err);
}

/* ---- verify -------------------------------------------------------------------------------------------------- */

/* Nothing that an end user brings can be good by a policy that has no key; say what is wrong with it. */
static saf_status refuse(saf_issuer_lane *lane, saf_bytes token, saf_idt_result *result)
{
    saf_idt_result refused = { 0 };
    saf_idt_peek peek = { 0 };
    SAF_TRY(saf_idt_look(lane->idt, token, &refused.verdict, &peek));
    if (refused.verdict == SAF_IDT_GOOD)
        refused.verdict = strcmp(peek.alg, "none") == 0 ? SAF_IDT_UNSIGNED : SAF_IDT_WRONG_ALGORITHM;
    *result = refused;
    return SAF_OK;
}

static saf_status verify_with(saf_issuer_lane *lane, const policy_key *key, const token_names *names,
                              saf_issuer_origin origin, saf_bytes token, int64_t now, saf_idt_result *result, bool *missing)
{
    /* Anything but an application counts as an end user: the origin is the only thing that lets an unsigned token pass. */
    if (key->alg == SAF_IDT_ALG_NONE && origin != SAF_FROM_APPLICATION)
        return refuse(lane, token, result);
    saf_idt_expect expect = { .sub = saf_bytes_of_text(names->user), .aud = saf_bytes_of_text(names->appl) };
    if (key->policy.key_use == SAF_KEY_USE_DERIVED)
        return derived_verify(result, missing, lane->idt, key, now, token, &expect);
    return saf_idt_verify(lane->idt, key->verifier, token, &expect, result);
}

saf_status saf_issuer_verify(saf_issuer_lane *lane, const saf_principal *who, const char *appl, const char *user,
                             saf_issuer_origin origin, saf_bytes token, saf_idt_result *result, saf_error *err)
{
    token_names names = { 0 };
    const policy_key *key = NULL;
    int64_t now = now_of(lane->issuer);
    bool missing = false;
    *result = (saf_idt_result) { .verdict = SAF_IDT_BAD_SIGNATURE };
    SAF_TRY(fold_names(&names, appl, user, err));
    SAF_TRY(saf_store_ask(lane->issuer->source.store, who, SAF_FN_TOKEN_VERIFY, names.appl, names.user, err));
    SAF_TRY(key_of(&key, lane, &names, now, err));
    saf_status status = verify_with(lane, key, &names, origin, token, now, result, &missing);
    if (status == SAF_OK && missing)
        return no_derived_key(key, now, err);
    return status == SAF_OK ? SAF_OK : key_failure(key, "could not verify", status, err);
}
