#include "audit.h"
#include "certificate.h"
#include "facts.h"
#include "issued.h"

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

/* Passes over serials that the CA's key has signed in other ways, random ones or under another certificate of the same key, and those that a
 * predecessor of the same name has given away: issuer and serial are unique (RFC 5280 4.1.2.2). */
static saf_status count_up(char **out, struct storage *storage, BIGNUM *number, const struct storage_ca *ca, saf_error *err)
{
    bool taken = true;
    while (taken) {
        OWN(own_text) text = BN_add_word(number, 1) ? hex_of(number) : NULL;
        if (!text)
            return saf_fail_memory(err);
        SAF_TRY(storage_has_issued(&taken, storage, ca, text, err));
        if (!taken)
            *out = GIVE(&text);
    }
    return SAF_OK;
}

static saf_status raise_serial(char **out, saf_change *change, const issuer *issuer, saf_error *err)
{
    struct storage *storage = change->store->storage;
    const found_cert *ca = &issuer->cert;
    struct storage_ca row = issuer_row(issuer);
    OWN(BIGNUM) *number = NULL;
    OWN(own_text) text = NULL;
    const char *last = ca->cert->last_serial ? ca->cert->last_serial : "0";
    if (!BN_hex2bn(&number, last))
        return saf_fail_memory(err);
    SAF_TRY(count_up(&text, storage, number, &row, err));
    SAF_TRY(storage_set_last_serial(storage, ca->id, text, err));
    SAF_TRY(audit_write_object(change, "cert-serial", ca->cert->owner, ca->cert->label, ca->cert->fingerprint, err,
                               "last_serial=%s", text));
    *out = GIVE(&text);
    return SAF_OK;
}

saf_status saf_store_next_serial(char **out, saf_change *change, const saf_cert *ca, saf_error *err)
{
    OWN(issuer) issuer = { 0 };
    OWN(own_text) text = NULL;
    OWN(step) step = { 0 };
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_SIGN, ca->owner, ca->label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(issuer_find(&issuer, change->store, ca, err));
    SAF_TRY(raise_serial(&text, change, &issuer, err));
    SAF_TRY(step_keep(&step, err));
    *out = GIVE(&text);
    return SAF_OK;
}

/* ---- what was issued ---- */

/* A certificate that a CA signed, and whom it was for. */
typedef struct product {
    X509 *x509;
    saf_cert *facts;
    saf_bytes der;
    char owner[SAF_OWNER_MAX + 1]; /* "": it is not kept here */
    const char *label;
} product;

static void release_product(product *product)
{
    X509_free(product->x509);
    saf_cert_free(&product->facts);
}

OWN_VALUE(product, release_product)

static saf_status read_product(product *out, saf_store *store, const saf_cert *ca, saf_error *err)
{
    out->facts = calloc(1, sizeof *out->facts);
    if (!out->facts)
        return saf_fail_memory(err);
    SAF_TRY(facts_parse_once(&out->x509, &store->memo, out->der, err));
    SAF_TRY(facts_read(out->facts, out->der, NULL, err));
    if (strcmp(out->facts->issuer, ca->subject) != 0)
        return saf_fail(err, SAF_E_USAGE, "the certificate with serial %s was not issued by %s/%s", out->facts->serial,
                        ca->owner, ca->label);
    return SAF_OK;
}

static saf_status name_recipient(product *out, const char *owner, const char *label, saf_error *err)
{
    out->label = label;
    if (!owner && !label)
        return SAF_OK;
    SAF_TRY(saf_owner_fold(out->owner, owner, err));
    return saf_label_check(label, err);
}

static saf_status write_record(saf_change *change, const saf_cert *ca, const product *product, saf_error *err)
{
    const saf_cert *facts = product->facts;
    OWN(saf_buffer) recipient = { 0 };
    if (*product->owner)
        saf_buffer_printf(&recipient, "%s/%s", product->owner, product->label);
    SAF_TRY(saf_buffer_check(&recipient, err));
    return audit_write_object(change, "cert-issue", ca->owner, ca->label, facts->fingerprint, err,
                              "serial=%s for=\"%s\" subject=\"%s\"", facts->serial, saf_buffer_text(&recipient),
                              facts->subject);
}

static saf_status add_issued(saf_change *change, const saf_cert *ca, const product *product, saf_error *err)
{
    struct storage *storage = change->store->storage;
    const saf_cert *facts = product->facts;
    unsigned char digest[SAF_FINGERPRINT_LEN];
    SAF_TRY(facts_name_canonical_digest(digest, X509_get_issuer_name(product->x509), err));
    struct storage_ca signer = {
        .key_id = saf_bytes_of(ca->key_id, sizeof ca->key_id), .name_digest = saf_bytes_of(digest, sizeof digest)
    };
    struct storage_issued issued = {
        .owner = *product->owner ? product->owner : NULL,
        .label = *product->owner ? product->label : NULL,
        .serial = facts->serial,
        .der = product->der,
        .fingerprint = saf_bytes_of(facts->fingerprint, sizeof facts->fingerprint),
        .not_after = facts->not_after,
        .at = saf_clock_now(),
    };
    bool taken;
    SAF_TRY(storage_has_issued(&taken, storage, &signer, issued.serial, err));
    if (taken)
        return saf_fail(err, SAF_E_EXISTS, "serial %s was issued before, by %s/%s or another CA of its name", facts->serial, ca->owner, ca->label);
    SAF_TRY(storage_add_issued(storage, &signer, &issued, err));
    return write_record(change, ca, product, err);
}

saf_status saf_store_record_issued(saf_change *change, const saf_cert *ca, saf_bytes der, const char *owner, const char *label,
                                   saf_error *err)
{
    OWN(product) product = { .der = der };
    OWN(step) step = { 0 };
    SAF_TRY(name_recipient(&product, owner, label, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_SIGN, ca->owner, ca->label, err));
    SAF_TRY(read_product(&product, change->store, ca, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(add_issued(change, ca, &product, err));
    return step_keep(&step, err);
}
