#include "audit.h"
#include "certificate.h"
#include "facts.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/own-openssl.h>

/* ---- RACF's counter ---- */

static char *hex_of(const BIGNUM *number)
{
    char *hex = BN_bn2hex(number);
    if (!hex)
        return NULL;
    const char *digits = hex + strspn(hex, "0");
    char *text = strdup(*digits ? digits : "0");
    OPENSSL_free(hex);
    return text;
}

/* Passes over serials that the CA's key has signed in other ways: random ones, or under another certificate of the same
 * key. */
static saf_status count_up(char **out, struct storage *storage, BIGNUM *number, const saf_cert *ca, saf_error *err)
{
    bool taken = true;
    while (taken) {
        OWN(own_text) text = BN_add_word(number, 1) ? hex_of(number) : NULL;
        if (!text)
            return saf_fail_memory(err);
        SAF_TRY(storage_has_issued(&taken, storage, saf_bytes_of(ca->key_id, sizeof ca->key_id), text, err));
        if (!taken)
            *out = GIVE(&text);
    }
    return SAF_OK;
}

static saf_status raise_serial(char **out, saf_change *change, const found_cert *ca, saf_error *err)
{
    struct storage *storage = change->store->storage;
    OWN(BIGNUM) *number = NULL;
    OWN(own_text) text = NULL;
    const char *last = ca->cert->last_serial ? ca->cert->last_serial : "0";
    if (!BN_hex2bn(&number, last))
        return saf_fail_memory(err);
    SAF_TRY(count_up(&text, storage, number, ca->cert, err));
    SAF_TRY(storage_set_last_serial(storage, ca->id, text, err));
    SAF_TRY(audit_write_object(change, "cert-serial", ca->cert->owner, ca->cert->label, ca->cert->fingerprint, err,
                               "last_serial=%s", text));
    *out = GIVE(&text);
    return SAF_OK;
}

/* The caller's record must still be what the label means. */
static saf_status find_ca(found_cert *out, saf_change *change, const saf_cert *ca, saf_error *err)
{
    SAF_TRY(cert_find(out, change->store->storage, ca->owner, ca->label, err));
    if (memcmp(out->cert->key_id, ca->key_id, sizeof ca->key_id) != 0)
        return saf_fail(err, SAF_E_CONFLICT, "certificate %s/%s was replaced meanwhile", ca->owner, ca->label);
    return SAF_OK;
}

saf_status saf_store_next_serial(char **out, saf_change *change, const saf_cert *ca, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    OWN(own_text) text = NULL;
    OWN(step) step = { 0 };
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_SIGN, ca->owner, ca->label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(find_ca(&found, change, ca, err));
    SAF_TRY(raise_serial(&text, change, &found, err));
    SAF_TRY(step_keep(&step, err));
    *out = GIVE(&text);
    return SAF_OK;
}

/* ---- what was issued ---- */

static saf_status read_issued(saf_cert **out, const saf_cert *ca, saf_bytes der, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *facts = calloc(1, sizeof *facts);
    if (!facts)
        return saf_fail_memory(err);
    SAF_TRY(facts_parse(&x509, der, err));
    SAF_TRY(facts_fill(facts, x509, der, err));
    if (strcmp(facts->issuer, ca->subject) != 0)
        return saf_fail(err, SAF_E_USAGE, "the certificate with serial %s was not issued by %s/%s", facts->serial,
                        ca->owner, ca->label);
    *out = GIVE(&facts);
    return SAF_OK;
}

static saf_status add_issued(saf_change *change, const saf_cert *ca, const saf_cert *facts, saf_bytes der,
                             saf_error *err)
{
    struct storage *storage = change->store->storage;
    struct storage_issued issued = {
        .ca_key_id = saf_bytes_of(ca->key_id, sizeof ca->key_id),
        .serial = facts->serial,
        .der = der,
        .fingerprint = saf_bytes_of(facts->fingerprint, sizeof facts->fingerprint),
        .not_after = facts->not_after,
        .at = saf_clock_now(),
    };
    bool taken;
    SAF_TRY(storage_has_issued(&taken, storage, issued.ca_key_id, issued.serial, err));
    if (taken)
        return saf_fail(err, SAF_E_EXISTS, "%s/%s has issued serial %s before", ca->owner, ca->label, facts->serial);
    SAF_TRY(storage_add_issued(storage, &issued, err));
    return audit_write_object(change, "cert-issue", ca->owner, ca->label, facts->fingerprint, err,
                              "serial=%s subject=\"%s\"", facts->serial, facts->subject);
}

saf_status saf_store_record_issued(saf_change *change, const saf_cert *ca, saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *facts = NULL;
    OWN(step) step = { 0 };
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_SIGN, ca->owner, ca->label, err));
    SAF_TRY(read_issued(&facts, ca, der, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(add_issued(change, ca, facts, der, err));
    return step_keep(&step, err);
}
