#include "verifier.h"
#include "lane.h"

#include <base/fail.h>
#include <base/own.h>

#include <idt/raw.h>

OWN_HANDLE(saf_idt_verifier, saf_idt_verifier_free)

static saf_status rules_check(const saf_idt_rules *rules, saf_error *err)
{
    if (rules->leeway_sec > SAF_IDT_LEEWAY_MAX_SEC)
        return saf_fail(err, SAF_E_USAGE, "a leeway of %u s is more than the %d s that may be", rules->leeway_sec,
                        SAF_IDT_LEEWAY_MAX_SEC);
    if (rules->lifetime_max_sec > SAF_IDT_LIFETIME_MAX_SEC)
        return saf_fail(err, SAF_E_USAGE, "a lifetime of %u s is more than the %d s that may be", rules->lifetime_max_sec,
                        SAF_IDT_LIFETIME_MAX_SEC);
    return idt_kid_check(rules->kid, err);
}

static void rules_copy(saf_idt_verifier *verifier, const saf_idt_rules *rules)
{
    verifier->rules = *rules;
    if (!rules->lifetime_max_sec)
        verifier->rules.lifetime_max_sec = SAF_IDT_LIFETIME_MAX_SEC;
    if (rules->kid) {
        memcpy(verifier->kid, rules->kid, strlen(rules->kid));
        verifier->rules.kid = verifier->kid;
    }
}

static saf_status verifier_new(saf_idt_verifier **out, const saf_idt_rules *rules, saf_error *err)
{
    static const saf_idt_rules no_rules = { 0 };
    if (!rules)
        rules = &no_rules;
    SAF_TRY(rules_check(rules, err));
    saf_idt_verifier *verifier = calloc(1, sizeof *verifier);
    if (!verifier)
        return saf_fail_memory(err);
    rules_copy(verifier, rules);
    *out = verifier;
    return SAF_OK;
}

static saf_idt_verifier *with_header(saf_idt_verifier *verifier)
{
    verifier->header_len = idt_header_write(verifier->header, verifier->key.algorithm->name, verifier->rules.kid);
    return verifier;
}

saf_status saf_idt_verifier_from_bytes(saf_idt_verifier **out, saf_idt_alg alg, saf_bytes key, const saf_idt_rules *rules,
                                       saf_error *err)
{
    OWN(saf_idt_verifier) *verifier = NULL;
    SAF_TRY(verifier_new(&verifier, rules, err));
    SAF_TRY(idt_key_from_bytes(&verifier->key, alg, IDT_TO_VERIFY, key, err));
    *out = with_header(GIVE(&verifier));
    return SAF_OK;
}

saf_status saf_idt_verifier_from_key(saf_idt_verifier **out, saf_idt_alg alg, EVP_PKEY *key, const saf_idt_rules *rules,
                                     saf_error *err)
{
    OWN(saf_idt_verifier) *verifier = NULL;
    SAF_TRY(verifier_new(&verifier, rules, err));
    SAF_TRY(idt_key_from_pkey(&verifier->key, alg, IDT_TO_VERIFY, key, err));
    *out = with_header(GIVE(&verifier));
    return SAF_OK;
}

saf_status saf_idt_verifier_from_callback(saf_idt_verifier **out, saf_idt_alg alg, saf_idt_sign_fn mac, void *context,
                                          const saf_idt_rules *rules, saf_error *err)
{
    OWN(saf_idt_verifier) *verifier = NULL;
    SAF_TRY(verifier_new(&verifier, rules, err));
    SAF_TRY(idt_key_from_callback(&verifier->key, alg, IDT_TO_VERIFY, mac, context, err));
    *out = with_header(GIVE(&verifier));
    return SAF_OK;
}

saf_status saf_idt_verifier_unsigned(saf_idt_verifier **out, const saf_idt_rules *rules, saf_error *err)
{
    OWN(saf_idt_verifier) *verifier = NULL;
    SAF_TRY(verifier_new(&verifier, rules, err));
    idt_key_from_nothing(&verifier->key, IDT_TO_VERIFY);
    *out = with_header(GIVE(&verifier));
    return SAF_OK;
}

void saf_idt_verifier_free(saf_idt_verifier **verifier)
{
    if (!verifier || !*verifier)
        return;
    idt_key_free(&(*verifier)->key);
    free(*verifier);
    *verifier = NULL;
}

saf_status saf_idt_raw_verify(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes message, saf_bytes signature,
                              bool *good)
{
    return idt_key_verify(lane, &verifier->key, message, signature, good);
}
