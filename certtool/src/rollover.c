#include "chain.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/shell.h>

typedef struct pair {
    saf_cert *old, *next;
    X509 *old_x509, *next_x509;
} pair;

static void pair_free(pair *pair)
{
    saf_cert_free(&pair->old);
    saf_cert_free(&pair->next);
    X509_free(pair->old_x509);
    X509_free(pair->next_x509);
}

OWN_VALUE(pair, pair_free)

static saf_status find_one(saf_cert **out, X509 **x509, saf_change *change, const char *owner, const char *label, saf_error *err)
{
    SAF_TRY(saf_store_find_cert(out, saf_change_store(change), saf_change_principal(change), owner, label, err));
    return der_read_x509(x509, (*out)->der, (*out)->label, err);
}

/* ---- checks that nothing overrules ------------------------------------------------------------------------ */

/* The old private key is destroyed, and with it everything that it is needed for. */
static saf_status check_keys(const pair *pair, saf_error *err)
{
    const saf_cert *old = pair->old, *next = pair->next;
    if (!memcmp(old->fingerprint, next->fingerprint, sizeof old->fingerprint))
        return saf_fail(err, SAF_E_USAGE, "%s/%s cannot take its own place", old->owner, old->label);
    if (!memcmp(old->key_id, next->key_id, sizeof old->key_id))
        return saf_fail(err, SAF_E_USAGE, "%s/%s and %s/%s have the same key, which would be destroyed for both", old->owner,
                        old->label, next->owner, next->label);
    if (old->key_place == SAF_KEY_NONE)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s has no private key to take out of use", old->owner, old->label);
    if (next->key_place == SAF_KEY_NONE)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s has no private key here, so it cannot take the place of %s/%s", next->owner,
                        next->label, old->owner, old->label);
    return SAF_OK;
}

/* ---- checks that force overrules -------------------------------------------------------------------------- */

static saf_status check_old(const saf_cert *old, saf_error *err)
{
    if (!old->is_ca)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s is a CA: without its private key it can sign no more CRLs", old->owner,
                                 old->label);
    saf_hint(err, "leave it its key until all that it signed has ended; what is new is signed by the new one");
    return status;
}

static saf_status check_next(const pair *pair, saf_error *err)
{
    char when[SAF_TIME_TEXT_SIZE];
    const saf_cert *next = pair->next;
    if (X509_NAME_cmp(X509_get_subject_name(pair->old_x509), X509_get_subject_name(pair->next_x509)))
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s has another subject than %s/%s", next->owner, next->label, pair->old->owner,
                        pair->old->label);
    if (chain_has_ended(next, saf_clock_now()))
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s expired at %s", next->owner, next->label, saf_time_format(when, next->not_after));
    if (next->not_before > saf_clock_now())
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s begins only at %s", next->owner, next->label,
                        saf_time_format(when, next->not_before));
    if (next->revoked_at)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s was revoked at %s (%s)", next->owner, next->label,
                        saf_time_format(when, next->revoked_at), saf_reason_name(next->reason));
    if (!chain_trusts(next))
        return saf_fail(err, SAF_E_CONFLICT, "the status of %s/%s is NOTRUST", next->owner, next->label);
    return SAF_OK;
}

/* RACF: ask for a signature, sign and add the answer before the rollover. */
static saf_status check_is_signed(const pair *pair, saf_error *err)
{
    const saf_cert *next = pair->next;
    if (!chain_is_self_signed(pair->next_x509) || chain_is_self_signed(pair->old_x509))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s is self-signed, and %s/%s was signed by a CA", next->owner, next->label,
                                 pair->old->owner, pair->old->label);
    saf_hint(err, "have it signed first: safring cert request %s", saf_shell_quote_name(next->owner, next->label).text);
    return status;
}

static saf_status check_old_key_is_its_own(saf_change *change, const saf_cert *old, saf_error *err)
{
    OWN(saf_cert_page) page = { 0 };
    SAF_TRY(saf_store_find_certs_of_key(&page, saf_change_store(change), saf_change_principal(change), old->owner, old->key_id, err));
    for (size_t i = 0; i < page.count; i++)
        if (strcmp(page.certs[i]->label, old->label) != 0)
            return saf_fail(err, SAF_E_CONFLICT, "%s/%s has the key of %s/%s too, and would lose it", old->owner,
                            page.certs[i]->label, old->owner, old->label);
    return SAF_OK;
}

static saf_status check_sense(saf_change *change, const pair *pair, saf_error *err)
{
    SAF_TRY(check_old(pair->old, err));
    SAF_TRY(check_next(pair, err));
    SAF_TRY(check_is_signed(pair, err));
    return check_old_key_is_its_own(change, pair->old, err);
}

saf_status saf_cert_rollover(saf_rollover *out, saf_change *change, const char *owner, const char *label, const char *new_label,
                             saf_force force, saf_error *err)
{
    OWN(pair) pair = { 0 };
    SAF_TRY(find_one(&pair.old, &pair.old_x509, change, owner, label, err));
    SAF_TRY(find_one(&pair.next, &pair.next_x509, change, owner, new_label, err));
    SAF_TRY(check_keys(&pair, err));
    if (force != SAF_FORCE)
        SAF_TRY(check_sense(change, &pair, err));
    return saf_store_roll_over(out, change, pair.old, pair.next, err);
}
