#include "key.h"

#include "audit.h"
#include "envelope.h"
#include "facts.h"
#include "names.h"

#include <base/fail.h>
#include <base/own-openssl.h>
#include <base/random.h>

#include <openssl/err.h>

#include <strings.h>

static saf_bytes key_id_of(const saf_cert *cert)
{
    return saf_bytes_of(cert->key_id, sizeof cert->key_id);
}

/* What a sealed key is bound to: this store, this record, this public key, this version. All lengths are fixed. */
static saf_status seal_context(saf_buffer *out, const saf_store *store, const struct storage_key *key, saf_error *err)
{
    unsigned char version[4];
    for (int i = 0; i < 4; i++)
        version[i] = (unsigned char)(key->version >> (24 - 8 * i));
    saf_buffer_append_text(out, "safring private key ");
    saf_buffer_append_text(out, store->id);
    saf_buffer_append(out, key->record_id);
    saf_buffer_append(out, key->id);
    saf_buffer_append(out, saf_bytes_of(version, sizeof version));
    return saf_buffer_check(out, err);
}

/* ---- keeping ---- */

static saf_status encode(saf_secret *out, EVP_PKEY *key, saf_error *err)
{
    OWN(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    if (len <= 0)
        return saf_fail_openssl(err, "cannot encode the private key");
    saf_status status = saf_secret_set(out, saf_bytes_of(der, (size_t)len), err);
    OPENSSL_clear_free(der, (size_t)len);
    return status;
}

/* Whether @p key signs what @p x509 verifies. Comparing public keys is not enough: a key file says what its public half
 * is, and may lie to get at the key of another owner. Keys that cannot sign (X25519) are not asked to. */
static int works_for(EVP_PKEY *key, X509 *x509)
{
    static const unsigned char text[] = "safring";
    unsigned char signature[1024];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *sign = EVP_MD_CTX_new();
    OWN(EVP_MD_CTX) *verify = EVP_MD_CTX_new();
    if (!EVP_PKEY_can_sign(key))
        return X509_check_private_key(x509, key) == 1;
    return sign && verify && EVP_DigestSignInit(sign, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestSign(sign, signature, &len, text, sizeof text) == 1 &&
           EVP_DigestVerifyInit(verify, NULL, NULL, NULL, X509_get0_pubkey(x509)) == 1 &&
           EVP_DigestVerify(verify, signature, len, text, sizeof text) == 1;
}

static saf_status fail_wrong_key(const saf_cert_entry *entry, saf_error *err)
{
    ERR_clear_error();
    return saf_fail(err, SAF_E_USAGE, "the private key for %s/%s does not belong to the certificate", entry->owner,
                    entry->label);
}

/* What is checked is what will be read again. */
static saf_status encode_checked(saf_secret *out, saf_store *store, const saf_cert_entry *entry, X509 *x509, saf_error *err)
{
    OWN(EVP_PKEY) *again = NULL;
    if (X509_check_private_key(x509, entry->key) != 1)
        return fail_wrong_key(entry, err);
    SAF_TRY(encode(out, entry->key, err));
    SAF_TRY(key_reader_read(&again, &store->reader, out, err));
    return works_for(again, x509) ? SAF_OK : fail_wrong_key(entry, err);
}

static saf_status add_record(saf_store *store, const saf_cert_entry *entry, const saf_cert *cert,
                             const saf_secret *plain, saf_error *err)
{
    OWN(saf_buffer) context = { 0 };
    OWN(saf_buffer) sealed = { 0 };
    unsigned char record_id[STORAGE_RECORD_ID_LEN];
    SAF_TRY(saf_random_bytes(record_id, sizeof record_id, err));
    struct storage_key record = {
        .id = key_id_of(cert),
        .record_id = saf_bytes_of(record_id, sizeof record_id),
        .version = 1,
        .uri = entry->key_uri,
    };
    if (entry->key) {
        SAF_TRY(seal_context(&context, store, &record, err));
        SAF_TRY(saf_envelope_seal(&sealed, &store->key, saf_buffer_bytes(&context), saf_secret_bytes(plain), err));
        record.sealed = saf_buffer_bytes(&sealed);
    }
    return storage_add_key(store->storage, &record, err);
}

struct kept_key {
    bool found;
    bool is_in_token;
    bool is_same_uri;
    const char *uri; /* to compare with, or NULL */
};

static saf_status look_at_kept(void *context, const struct storage_key *key, saf_error *err)
{
    struct kept_key *kept = context;
    (void)err;
    kept->found = true;
    kept->is_in_token = key->uri != NULL;
    kept->is_same_uri = key->uri && kept->uri && !strcmp(key->uri, kept->uri);
    return SAF_OK;
}

/* Whoever brings the key itself has shown to own it, so the record that is there may be shared; a mere URI has to be
 * the very same. */
static saf_status share(const struct kept_key *kept, const saf_cert_entry *entry, saf_error *err)
{
    if (entry->key ? !kept->is_in_token : kept->is_same_uri)
        return SAF_OK;
    return saf_fail(err, SAF_E_CONFLICT, "the private key of %s/%s is known already, %s", entry->owner, entry->label,
                    kept->is_in_token ? "in a token under another URI" : "sealed in the store");
}

static saf_status note_holder(void *context, const struct storage_cert *row, saf_error *err)
{
    (void)row;
    (void)err;
    *(bool *)context = true;
    return SAF_OK;
}

saf_status key_check_uri(const char *uri, saf_error *err)
{
    if (strncasecmp(uri, "pkcs11:", 7) != 0 || strlen(uri) > SAF_KEY_URI_MAX || !name_is_printable(uri))
        return saf_fail(err, SAF_E_USAGE, "\"%.200s\" is not the PKCS#11 URI of a key", uri);
    if (!strstr(uri, "pin-value="))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "the private key's URI has a PIN in it, which would be stored");
    saf_hint(err, "leave pin-value out and use --pin-source");
    return status;
}

/* @p plain: the key's encoding when it comes with the entry. */
static saf_status check_entry(saf_secret *plain, saf_store *store, const saf_cert_entry *entry, X509 *x509, saf_error *err)
{
    if (entry->key && entry->key_uri)
        return saf_fail(err, SAF_E_USAGE, "a private key is either in the store or in a token, not both");
    return entry->key ? encode_checked(plain, store, entry, x509, err) : key_check_uri(entry->key_uri, err);
}

saf_status key_keep(bool *has_key, saf_store *store, const saf_cert_entry *entry, const saf_cert *cert, X509 *x509,
                    saf_error *err)
{
    OWN(saf_secret) plain = { 0 };
    *has_key = false;
    if (!entry->key && !entry->key_uri)
        return storage_visit_key_holders(store->storage, entry->owner, key_id_of(cert), note_holder, has_key, err);
    SAF_TRY(check_entry(&plain, store, entry, x509, err));
    struct kept_key kept = { .uri = entry->key_uri };
    SAF_TRY(storage_find_key(store->storage, key_id_of(cert), look_at_kept, &kept, err));
    SAF_TRY(kept.found ? share(&kept, entry, err) : add_record(store, entry, cert, &plain, err));
    *has_key = true;
    return SAF_OK;
}

static saf_status find_keyless(found_cert *out, saf_change *change, const saf_cert *cert, saf_error *err)
{
    SAF_TRY(cert_find_same(out, change->store->storage, cert, err));
    if (out->cert->key_place != SAF_KEY_NONE)
        return saf_fail(err, SAF_E_EXISTS, "certificate %s/%s has a private key already", cert->owner, cert->label);
    return SAF_OK;
}

static saf_status give_key(saf_change *change, const found_cert *found, EVP_PKEY *key, saf_error *err)
{
    const saf_cert *cert = found->cert;
    struct storage *storage = change->store->storage;
    const saf_cert_entry entry = { .owner = cert->owner, .label = cert->label, .key = key };
    OWN(X509) *x509 = NULL;
    bool has_key;
    SAF_TRY(facts_parse(&x509, cert->der, err));
    SAF_TRY(key_keep(&has_key, change->store, &entry, cert, x509, err));
    SAF_TRY(storage_set_key(storage, found->id, err));
    /* Readers of rings see the difference: a key that can be loaded. */
    SAF_TRY(cert_touch(storage, found, err));
    return audit_write_object(change, "cert-add-key", cert->owner, cert->label, cert->fingerprint, err, "key=stored");
}

saf_status saf_store_add_key(saf_change *change, const saf_cert *cert, EVP_PKEY *key, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    OWN(step) step = { 0 };
    if (!key)
        return saf_fail(err, SAF_E_USAGE, "no private key given for %s/%s", cert->owner, cert->label);
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_ADD, cert->owner, cert->label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(find_keyless(&found, change, cert, err));
    SAF_TRY(give_key(change, &found, key, err));
    return step_keep(&step, err);
}

/* ---- loading ---- */

struct opening {
    saf_store *store;
    saf_secret *plain;
};

static saf_status open_record(saf_secret *out, saf_store *store, const struct storage_key *record, saf_error *err)
{
    OWN(saf_buffer) binding = { 0 };
    SAF_TRY(seal_context(&binding, store, record, err));
    return saf_envelope_open(out, &store->key, saf_buffer_bytes(&binding), record->sealed, err);
}

saf_status key_open_record(EVP_PKEY **out, saf_store *store, const struct storage_key *record, saf_error *err)
{
    OWN(saf_secret) plain = { 0 };
    SAF_TRY(open_record(&plain, store, record, err));
    return key_reader_read(out, &store->reader, &plain, err);
}

static saf_status open_sealed(void *context, const struct storage_key *record, saf_error *err)
{
    struct opening *opening = context;
    return record->uri ? SAF_OK : open_record(opening->plain, opening->store, record, err);
}

struct holder {
    const char *label;
    saf_key_place place;
};

static saf_status note_place(void *context, const struct storage_cert *row, saf_error *err)
{
    struct holder *holder = context;
    (void)err;
    if (!strcmp(row->label, holder->label))
        holder->place = row->key_place;
    return SAF_OK;
}

static saf_status open_key(saf_secret *out, saf_store *store, const saf_cert *cert, saf_error *err)
{
    struct opening opening = { .store = store, .plain = out };
    saf_status status = storage_find_key(store->storage, key_id_of(cert), open_sealed, &opening, err);
    if (status == SAF_E_DENIED) /* by the envelope, not by an authority: the record was tampered with */
        return saf_fail(err, SAF_E_FAILED, "the private key of %s/%s was altered in the database", cert->owner,
                        cert->label);
    SAF_TRY(status);
    if (!out->len)
        return saf_fail(err, SAF_E_FAILED, "the private key of %s/%s is missing in the database", cert->owner,
                        cert->label);
    return SAF_OK;
}

saf_status key_load_encoded(saf_secret *out, saf_store *store, const saf_cert *cert, saf_error *err)
{
    /* What the certificate's record says may be out of date: the database decides. */
    struct holder holder = { .label = cert->label, .place = SAF_KEY_NONE };
    SAF_TRY(storage_visit_key_holders(store->storage, cert->owner, key_id_of(cert), note_place, &holder, err));
    if (holder.place == SAF_KEY_STORED)
        return open_key(out, store, cert, err);
    if (holder.place == SAF_KEY_NONE)
        return saf_fail(err, SAF_E_NOT_FOUND, "the certificate %s/%s has no private key", cert->owner, cert->label);
    return key_fail_in_token(cert, err);
}

saf_status key_fail_in_token(const saf_cert *cert, saf_error *err)
{
    return saf_fail(err, SAF_E_UNSUPPORTED, "the private key of %s/%s is in a token and cannot leave it",
                    cert->owner, cert->label);
}

saf_status key_load(EVP_PKEY **out, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_secret) plain = { 0 };
    SAF_TRY(key_load_encoded(&plain, store, cert, err));
    return key_reader_read(out, &store->reader, &plain, err);
}

static saf_status load(EVP_PKEY **out, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    return key_load(out, store, cert, err);
}

saf_status saf_store_load_key(EVP_PKEY **out, saf_store *store, const saf_principal *who, const saf_cert *cert,
                              saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_KEY, cert->owner, cert->label, err));
    return load(out, store, cert, err);
}

saf_status saf_store_load_signing_key(EVP_PKEY **out, saf_store *store, const saf_principal *who,
                                      const saf_cert *cert, saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_SIGN, cert->owner, cert->label, err));
    return load(out, store, cert, err);
}
