#include "audit.h"
#include "issued.h"
#include "publication.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/sha.h>

/* ---- revoking ---- */

/* RFC 5280 5.3.1: what is on hold may be revoked for good, or be freed; nothing else can be taken back. */
static saf_status check_state(const saf_issued *issued, const saf_cert *ca, saf_reason reason, saf_error *err)
{
    bool on_hold = issued->revoked_at && issued->reason == SAF_REASON_CERTIFICATE_HOLD;
    const char *serial = issued->cert->serial;
    if (reason == SAF_REASON_REMOVE_FROM_CRL)
        return on_hold ? SAF_OK : saf_fail(err, SAF_E_CONFLICT, "the certificate with serial %s of %s/%s is not on hold",
                                           serial, ca->owner, ca->label);
    if (!issued->revoked_at || (on_hold && reason != SAF_REASON_CERTIFICATE_HOLD))
        return SAF_OK;
    return saf_fail(err, SAF_E_EXISTS, "the certificate with serial %s of %s/%s is revoked already (%s)", serial, ca->owner,
                    ca->label, saf_reason_name(issued->reason));
}

/* Whoever reads a ring that shows the certificate sees that it is revoked. */
static saf_status touch_kept(struct storage *storage, const saf_cert *revoked, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    SAF_TRY(storage_find_cert_by_fingerprint(storage, saf_bytes_of(revoked->fingerprint, sizeof revoked->fingerprint),
                                             cert_take_found, &found, err));
    return found.cert ? cert_touch(storage, &found, err) : SAF_OK;
}

static saf_status revoke_one(saf_change *change, const issuer *issuer, const char *serial, saf_reason reason, saf_error *err)
{
    OWN(saf_issued) *issued = NULL;
    struct storage *storage = change->store->storage;
    const saf_cert *ca = issuer->cert.cert;
    SAF_TRY(issued_find(&issued, change->store, issuer, serial, err));
    SAF_TRY(check_state(issued, ca, reason, err));
    /* What was on hold has not been valid since then. */
    int64_t at = issued->revoked_at ? issued->revoked_at : saf_clock_now();
    if (reason == SAF_REASON_REMOVE_FROM_CRL)
        at = 0;
    SAF_TRY(storage_set_revoked(storage, (int64_t)issued->number, at, reason, err));
    SAF_TRY(touch_kept(storage, issued->cert, err));
    return audit_write_object(change, "cert-revoke", ca->owner, ca->label, issued->cert->fingerprint, err,
                              "serial=%s reason=%s since=%lld subject=\"%s\"", issued->cert->serial, saf_reason_name(reason),
                              (long long)at, issued->cert->subject);
}

saf_status saf_store_revoke(saf_change *change, const saf_cert *ca, const char *serial, saf_reason reason, saf_error *err)
{
    OWN(issuer) issuer = { 0 };
    OWN(step) step = { 0 };
    if (!reason_is_known(reason))
        return saf_fail(err, SAF_E_USAGE, "there is no revocation reason %d", (int)reason);
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_REVOKE, ca->owner, ca->label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(issuer_find(&issuer, change->store, ca, err));
    SAF_TRY(revoke_one(change, &issuer, serial, reason, err));
    return step_keep(&step, err);
}

saf_status saf_store_find_revocation(int64_t *at, saf_reason *reason, saf_store *store, const unsigned char fingerprint[SAF_FINGERPRINT_LEN],
                                     saf_error *err)
{
    saf_reason ignored;
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    return storage_find_revocation(at, reason ? reason : &ignored, store->storage, saf_bytes_of(fingerprint, SAF_FINGERPRINT_LEN), err);
}

/* ---- compromised keys ---- */

struct compromise_search {
    unsigned char key_id[SAF_FINGERPRINT_LEN];
    int64_t at;
    saf_reason reason;
};

/* The bytes of a key in another field of a certificate do not make it the key. */
static saf_status look_at_key(void *context, const struct storage_issued *row, saf_error *err)
{
    struct compromise_search *search = context;
    OWN(saf_cert) *cert = NULL;
    if (search->at)
        return SAF_OK;
    SAF_TRY(saf_cert_read(&cert, row->der, err));
    if (memcmp(cert->key_id, search->key_id, sizeof search->key_id) != 0)
        return SAF_OK;
    search->at = row->revoked_at;
    search->reason = row->reason;
    return SAF_OK;
}

saf_status saf_store_find_compromise(int64_t *at, saf_reason *reason, saf_store *store, saf_bytes public_key, saf_error *err)
{
    struct compromise_search search = { .at = 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(publication_refuse(store, err));
    SHA256(public_key.data, public_key.len, search.key_id);
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_compromised(store->storage, public_key, look_at_key, &search, err));
    *at = search.at;
    if (reason)
        *reason = search.reason;
    return SAF_OK;
}

/* ---- CRL numbers ---- */

saf_status saf_store_next_crl(saf_crl_turn *out, saf_change *change, const saf_cert *ca, saf_error *err)
{
    saf_crl_turn turn;
    OWN(issuer) issuer = { 0 };
    OWN(step) step = { 0 };
    struct storage *storage = change->store->storage;
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_SIGN, ca->owner, ca->label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(issuer_find(&issuer, change->store, ca, err));
    struct storage_ca row = issuer_row(&issuer);
    SAF_TRY(storage_next_crl(&turn, storage, &row, saf_clock_now(), err));
    SAF_TRY(audit_write_object(change, "crl-number", ca->owner, ca->label, issuer.cert.cert->fingerprint, err, "number=%llu",
                               (unsigned long long)turn.number));
    SAF_TRY(step_keep(&step, err));
    *out = turn;
    return SAF_OK;
}
