#include "derived-key.h"

#include <base/fail.h>
#include <base/own.h>

#include <safring/secret.h>

#include <openssl/crypto.h>

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define LABEL "safring idt derived key 1"

enum {
    EPOCH_SEC = 86400,
    AHEAD_SEC = 600,     /* a key is derived so long before its epoch: time to get a token back, and more than any leeway */
    SLACK_SEC = 60,      /* threads that read the clock before others and act after them */
    RETRY_AHEAD_SEC = 15, /* after a failure, while nobody needs the key */
    EPOCHS_END = 10000000 /* a kid has room for seven digits: 27 000 years */
};

static_assert((int)AHEAD_SEC > (int)SAF_IDT_LEEWAY_MAX_SEC + SLACK_SEC, "who is ahead by the leeway finds the key");
static_assert(DERIVED_TIMEOUT_MAX_MIN * 60 + SAF_IDT_LEEWAY_MAX_SEC + 2 * SLACK_SEC + AHEAD_SEC < EPOCH_SEC, "no third epoch at a time");

/* Kept open, because a signer gets a token back that was away. */
struct derived_master {
    unsigned references; /* under the issuer's lock: the policy_keys of one policy share it */
    saf_p11_signer *signer;
};

/* ---- epochs -------------------------------------------------------------------------------------------------- */

static void epoch_release(epoch_key **epoch)
{
    if (*epoch && --(*epoch)->references == 0) {
        saf_idt_signer_free(&(*epoch)->signer);
        saf_idt_verifier_free(&(*epoch)->verifier);
        free(*epoch);
    }
    *epoch = NULL;
}

OWN_HANDLE(epoch_key, epoch_release)

static void master_release(derived_master **master)
{
    if (*master && --(*master)->references == 0) {
        saf_p11_signer_close(&(*master)->signer);
        free(*master);
    }
    *master = NULL;
}

OWN_HANDLE(derived_master, master_release)

void derived_release(policy_key *key)
{
    master_release(&key->master);
    for (int i = 0; i < EPOCHS_MAX; i++)
        epoch_release(&key->epochs[i]);
}

static int64_t epoch_of(int64_t now)
{
    return now / EPOCH_SEC;
}

/* From a while before it begins until no token of it can be good any more. */
static bool is_wanted(const policy_key *key, int64_t number, int64_t now, int slack_sec)
{
    int64_t from = number * EPOCH_SEC - AHEAD_SEC;
    int64_t until = (number + 1) * EPOCH_SEC + key->policy.timeout_min * 60 + key->leeway_sec + SLACK_SEC;
    return from - slack_sec <= now && now < until + slack_sec;
}

static const epoch_key *find_epoch(const policy_key *key, int64_t number)
{
    for (int i = 0; i < EPOCHS_MAX; i++)
        if (key->epochs[i] && key->epochs[i]->number == number)
            return key->epochs[i];
    return NULL;
}

static bool is_missing(const policy_key *key, int64_t number, int64_t now)
{
    return is_wanted(key, number, now, 0) && !find_epoch(key, number);
}

static bool is_any_missing(const policy_key *key, int64_t now)
{
    bool missing = false;
    for (int64_t number = epoch_of(now) - 1; number <= epoch_of(now) + 1; number++)
        missing = missing || is_missing(key, number, now);
    return missing;
}

/* ---- deriving ------------------------------------------------------------------------------------------------ */

enum { INPUT_MAX = sizeof LABEL + SAF_P11_URI_MAX + 1 + 8 + 8 };

/* The zero bytes end what cannot hold one, so that no two different inputs are the same bytes. */
static saf_status write_input(unsigned char out[INPUT_MAX], size_t *out_len, const policy_key *key, int64_t number, saf_error *err)
{
    saf_p11_uri uri = { 0 };
    char identity[SAF_P11_URI_MAX + 1];
    SAF_TRY(saf_p11_uri_parse(&uri, key->policy.key, err));
    SAF_TRY(saf_p11_uri_format(identity, sizeof identity, &uri, err));
    int len = snprintf((char *)out, INPUT_MAX, "%s%c%s%c%s%c", LABEL, 0, identity, 0, saf_idt_alg_name(key->alg), 0);
    for (int shift = 56; shift >= 0; shift -= 8)
        out[len++] = (unsigned char)((uint64_t)number >> shift);
    *out_len = (size_t)len;
    return SAF_OK;
}

static void write_kid(char out[SAF_IDT_KID_MAX + 1], const saf_policy *policy, int64_t number)
{
    unsigned digits = (unsigned)((uint64_t)number % EPOCHS_END);
    snprintf(out, SAF_IDT_KID_MAX + 1, "%.*s.%u", DERIVED_KID_MAX, policy->kid[0] ? policy->kid : "epoch", digits);
}

static saf_status fill_epoch(epoch_key *epoch, const policy_key *key, saf_bytes bytes, saf_error *err)
{
    char kid[SAF_IDT_KID_MAX + 1];
    write_kid(kid, &key->policy, epoch->number);
    saf_idt_rules rules = policy_rules(key, kid);
    SAF_TRY(saf_idt_signer_from_bytes(&epoch->signer, key->alg, bytes, kid, err));
    return saf_idt_verifier_from_bytes(&epoch->verifier, key->alg, bytes, &rules, err);
}

static saf_status open_master(derived_master **out, const policy_key *key, key_source *source, saf_error *err)
{
    OWN(derived_master) *master = calloc(1, sizeof *master);
    if (!master)
        return saf_fail_memory(err);
    master->references = 1;
    SAF_TRY(key_source_open(&master->signer, source, key->policy.key, key->alg, err));
    *out = GIVE(&master);
    return SAF_OK;
}

static saf_status call_master(unsigned char *out, size_t *out_len, const policy_key *key, int64_t number, saf_error *err)
{
    unsigned char input[INPUT_MAX];
    size_t input_len = 0;
    SAF_TRY(write_input(input, &input_len, key, number, err));
    saf_status status = saf_p11_signer_sign(key->master->signer, saf_bytes_of(input, input_len), out, out_len);
    if (status != SAF_OK && saf_p11_signer_explain(key->master->signer, err) != status)
        return saf_fail(err, status, "its token derived no key (%s)", saf_status_name(status));
    if (status == SAF_OK && *out_len != saf_idt_alg_key_min(key->alg))
        return saf_fail(err, SAF_E_FAILED, "its token derived a key of %zu bytes", *out_len);
    return status;
}

static saf_status derive(epoch_key **out, const policy_key *key, int64_t number, saf_error *err)
{
    unsigned char bytes[64];
    size_t len = sizeof bytes;
    OWN(epoch_key) *epoch = calloc(1, sizeof *epoch);
    if (!epoch)
        return saf_fail_memory(err);
    *epoch = (epoch_key) { .references = 1, .number = number };
    saf_status status = call_master(bytes, &len, key, number, err);
    if (status == SAF_OK)
        status = fill_epoch(epoch, key, saf_bytes_of(bytes, len), err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (status == SAF_OK)
        *out = GIVE(&epoch);
    return status;
}

static epoch_key **free_place(policy_key *key)
{
    int i = 0;
    while (key->epochs[i])
        i++;
    return &key->epochs[i];
}

static saf_status derive_missing(policy_key *key, int64_t now, saf_error *err)
{
    for (int64_t number = epoch_of(now) - 1; number <= epoch_of(now) + 1; number++)
        if (is_missing(key, number, now))
            SAF_TRY(derive(free_place(key), key, number, err));
    return SAF_OK;
}

static bool is_time(int64_t now)
{
    return now >= EPOCH_SEC && epoch_of(now) < EPOCHS_END - 1;
}

saf_status derived_prepare(policy_key *key, key_source *source, int64_t now, saf_error *err)
{
    if (!is_time(now))
        return saf_fail(err, SAF_E_FAILED, "no key is derived for a clock that says %" PRId64, now);
    SAF_TRY(open_master(&key->master, key, source, err));
    return derive_missing(key, now, err);
}

/* ---- following the clock ------------------------------------------------------------------------------------- */

static bool is_any_over(const policy_key *key, int64_t now)
{
    bool over = false;
    for (int i = 0; i < EPOCHS_MAX; i++)
        over = over || (key->epochs[i] && !is_wanted(key, key->epochs[i]->number, now, SLACK_SEC));
    return over;
}

/* A token that is away is asked for again each second by who needs the key now, and less often ahead of time. */
static bool may_try(const policy_key *key, int64_t now)
{
    int64_t pause = derived_current(key, now) ? RETRY_AHEAD_SEC : 1;
    return key->failure.status == SAF_OK || now < key->failed_at || now - key->failed_at >= pause;
}

static policy_key *copy_living(const policy_key *key, int64_t now)
{
    policy_key *copy = calloc(1, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = (policy_key) { .references = 1, .policy = key->policy, .alg = key->alg, .leeway_sec = key->leeway_sec,
                           .master = key->master, .failure = key->failure, .failed_at = key->failed_at };
    copy->master->references++;
    for (int i = 0; i < EPOCHS_MAX; i++) {
        if (!key->epochs[i] || !is_wanted(key, key->epochs[i]->number, now, SLACK_SEC))
            continue;
        copy->epochs[i] = key->epochs[i];
        copy->epochs[i]->references++;
    }
    return copy;
}

bool derived_is_due(const policy_key *key, int64_t now)
{
    return is_any_over(key, now) || (is_time(now) && is_any_missing(key, now) && may_try(key, now));
}

policy_key *derived_follow(const policy_key *key, int64_t now)
{
    policy_key *next = copy_living(key, now);
    if (!next || !is_time(now) || !is_any_missing(next, now) || !may_try(next, now))
        return next;
    next->failed_at = now;
    next->failure = (saf_error) { 0 };
    (void)derive_missing(next, now, &next->failure);
    return next;
}

/* ---- using --------------------------------------------------------------------------------------------------- */

const epoch_key *derived_current(const policy_key *key, int64_t now)
{
    return find_epoch(key, epoch_of(now));
}

/* The kid is looked at before the signature, so that an epoch that is not the token's costs no MAC. */
static saf_status verify_by_epochs(saf_idt_result *result, saf_idt_lane *lane, const policy_key *key, const epoch_key *first, saf_bytes token,
                                   const saf_idt_expect *expect)
{
    *result = (saf_idt_result) { .verdict = SAF_IDT_WRONG_KID };
    if (first)
        SAF_TRY(saf_idt_verify(lane, first->verifier, token, expect, result));
    for (int i = 0; i < EPOCHS_MAX && result->verdict == SAF_IDT_WRONG_KID; i++)
        if (key->epochs[i] && key->epochs[i] != first)
            SAF_TRY(saf_idt_verify(lane, key->epochs[i]->verifier, token, expect, result));
    return SAF_OK;
}

/* No epoch that is there is the token's: either it is one that should be there, or the token is no good. */
static saf_status look_for_missing(saf_idt_result *result, bool *missing, saf_idt_lane *lane, const policy_key *key, int64_t now, saf_bytes token)
{
    char kid[SAF_IDT_KID_MAX + 1];
    saf_idt_peek peek = { 0 };
    SAF_TRY(saf_idt_look(lane, token, &result->verdict, &peek));
    if (result->verdict != SAF_IDT_GOOD)
        return SAF_OK;
    result->verdict = SAF_IDT_WRONG_KID;
    for (int64_t number = epoch_of(now) - 1; number <= epoch_of(now) + 1; number++) {
        write_kid(kid, &key->policy, number);
        *missing = *missing || (strcmp(peek.kid, kid) == 0 && is_missing(key, number, now));
    }
    return SAF_OK;
}

saf_status derived_verify(saf_idt_result *result, bool *missing, saf_idt_lane *lane, const policy_key *key, int64_t now, saf_bytes token,
                          const saf_idt_expect *expect)
{
    *missing = false;
    SAF_TRY(verify_by_epochs(result, lane, key, derived_current(key, now), token, expect));
    if (result->verdict != SAF_IDT_WRONG_KID || !is_any_missing(key, now))
        return SAF_OK;
    return look_for_missing(result, missing, lane, key, now, token);
}

saf_status derived_explain(const policy_key *key, int64_t now, saf_error *err)
{
    char text[sizeof "its key of epoch  could not be derived: " + 20];
    if (key->failure.status == SAF_OK)
        return saf_fail(err, SAF_E_FAILED, "there is no key of epoch %" PRId64 " yet", epoch_of(now));
    snprintf(text, sizeof text, "its key of epoch %" PRId64 " could not be derived: ", epoch_of(now));
    if (err)
        *err = key->failure;
    error_put_before(err, text);
    return key->failure.status;
}
