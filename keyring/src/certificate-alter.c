#include "audit.h"
#include "certificate-new.h"

#include <base/clock.h>
#include <base/fail.h>

/* ---- status and label ---- */

static saf_status refuse_taken_label(struct storage *storage, const found_cert *found, const char *label, saf_error *err)
{
    OWN(found_cert) other = { 0 };
    SAF_TRY(storage_find_cert(storage, found->cert->owner, label, cert_take_found, &other, err));
    if (!other.cert || other.id == found->id)
        return SAF_OK;
    return saf_fail(err, SAF_E_EXISTS, "certificate %s/%s exists already", found->cert->owner, label);
}

static saf_status alter(saf_change *change, const found_cert *found, saf_trust trust, const char *label, saf_error *err)
{
    const saf_cert *cert = found->cert;
    struct storage *storage = change->store->storage;
    SAF_TRY(refuse_taken_label(storage, found, label, err));
    SAF_TRY(storage_set_trust(storage, found->id, trust, err));
    SAF_TRY(storage_set_label(storage, found->id, label, err));
    SAF_TRY(cert_touch(storage, found, err));
    return audit_write_object(change, "cert-alter", cert->owner, cert->label, cert->fingerprint, err,
                              "trust=%s label=\"%s\" old_trust=%s", cert_trust_name(trust), label,
                              cert_trust_name(cert->trust));
}

static saf_status check_alteration(const saf_cert_alteration *alteration, saf_error *err)
{
    if (!(int)alteration->trust && !alteration->new_label)
        return saf_fail(err, SAF_E_USAGE, "neither a new status nor a new label is given");
    if ((int)alteration->trust && !cert_trust_name(alteration->trust))
        return saf_fail(err, SAF_E_USAGE, "the status is neither TRUST nor HIGHTRUST nor NOTRUST");
    return alteration->new_label ? saf_label_check(alteration->new_label, err) : SAF_OK;
}

saf_status saf_store_alter_cert(saf_change *change, const char *owner, const char *label, const saf_cert_alteration *alteration,
                                saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    OWN(found_cert) found = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(saf_label_check(label, err));
    SAF_TRY(check_alteration(alteration, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_ALTER, folded, label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(cert_find(&found, change->store->storage, folded, label, err));
    SAF_TRY(alter(change, &found, (int)alteration->trust ? alteration->trust : found.cert->trust,
                  alteration->new_label ? alteration->new_label : label, err));
    return step_keep(&step, err);
}

/* ---- the certificate itself ---- */

static saf_status replace(saf_change *change, const found_cert *found, const new_cert *new, saf_trust trust, saf_replacement how,
                          saf_error *err)
{
    bool stays_awaited = how == SAF_REPLACE_RENEWED && found->cert->requested_at;
    const saf_cert *old = found->cert;
    struct storage *storage = change->store->storage;
    struct storage_new_cert row = new_cert_row(new);
    row.trust = trust;
    SAF_TRY(new_cert_refuse_known(storage, new, err));
    SAF_TRY(storage_replace_cert(storage, found->id, &row, err));
    if (stays_awaited)
        SAF_TRY(storage_set_requested(storage, found->id, old->requested_at, err));
    SAF_TRY(cert_touch(storage, found, err));
    return audit_write_object(change, "cert-replace", old->owner, old->label, new->facts->fingerprint, err,
                              "trust=%s serial=%s old_serial=%s answers_request=%s subject=\"%s\"", cert_trust_name(trust),
                              new->facts->serial, old->serial, old->requested_at && !stays_awaited ? "yes" : "no",
                              new->facts->subject);
}

saf_status saf_store_replace_cert(saf_change *change, const saf_cert *cert, saf_bytes der, saf_trust trust, saf_replacement how,
                                  saf_error *err)
{
    OWN(new_cert) new = { 0 };
    OWN(found_cert) found = { 0 };
    OWN(step) step = { 0 };
    if (!cert_trust_name(trust))
        return saf_fail(err, SAF_E_USAGE, "%s/%s: the status is neither TRUST nor HIGHTRUST nor NOTRUST", cert->owner,
                        cert->label);
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_ADD, cert->owner, cert->label, err));
    SAF_TRY(new_cert_read(&new, change->store, der, err));
    if (memcmp(new.facts->key_id, cert->key_id, sizeof cert->key_id) != 0)
        return saf_fail(err, SAF_E_USAGE, "the new certificate is for another public key than %s/%s", cert->owner, cert->label);
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(cert_find_same(&found, change->store->storage, cert, err));
    SAF_TRY(replace(change, &found, &new, trust, how, err));
    return step_keep(&step, err);
}

/* ---- requests ---- */

saf_status saf_store_note_request(saf_change *change, const saf_cert *cert, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_REQUEST, cert->owner, cert->label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(cert_find_same(&found, change->store->storage, cert, err));
    SAF_TRY(storage_set_requested(change->store->storage, found.id, saf_clock_now(), err));
    SAF_TRY(audit_write_object(change, "cert-request", cert->owner, cert->label, found.cert->fingerprint, err,
                               "serial=%s subject=\"%s\"", found.cert->serial, found.cert->subject));
    return step_keep(&step, err);
}
