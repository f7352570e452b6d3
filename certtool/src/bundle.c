#include "bundle.h"

#include <base/buffer.h>
#include <base/fail.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

struct saf_bundle {
    EVP_PKEY *key;
    saf_blob certs[BUNDLE_CERTS_MAX]; /* the key's first */
    size_t count;
};

static void item_clear(bundle_item *item)
{
    X509_free(item->cert);
    EVP_PKEY_free(item->key);
    OPENSSL_free(item->alias);
    ASN1_OCTET_STRING_free(item->id);
    *item = (bundle_item) { 0 };
}

void bundle_items_free(bundle_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        item_clear(&items->at[i]);
    items->count = items->certs = 0;
    items->work = 0;
}

saf_status bundle_take(bundle_items *items, bundle_item *item, const char *what, saf_error *err)
{
    size_t certs = items->certs + !!item->cert;
    if (items->forgets) {
        item_clear(item);
        return SAF_OK;
    }
    if (certs > BUNDLE_CERTS_MAX || items->count == BUNDLE_ITEMS_MAX) {
        item_clear(item);
        return saf_fail(err, SAF_E_MALFORMED, "%s holds more than %d certificates or keys", what, BUNDLE_CERTS_MAX);
    }
    items->at[items->count++] = *item;
    items->certs = certs;
    *item = (bundle_item) { 0 };
    return SAF_OK;
}

saf_status bundle_refuse_key(const saf_secret *password, const char *what, saf_error *err)
{
    ERR_clear_error();
    if (password && password->len)
        return saf_fail(err, SAF_E_DENIED, "wrong password for %s", what);
    return saf_fail(err, SAF_E_DENIED, "%s is protected by a password", what);
}

static saf_status refuse_algorithm(const char *what, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is encrypted with an algorithm that OpenSSL offers only "
                                 "through its legacy provider (RC2-40, say)", what);
    saf_hint(err, "write it anew: openssl pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW, or "
             "keytool -importkeystore with a recent Java");
    return status;
}

/* OpenSSL reports what it has no implementation of with one reason, and the memory that it does not give to scrypt
 * (32 MiB are its own limit) with two, all somewhere in its queue. */
saf_status bundle_refuse_sealed(const saf_secret *password, const char *what, saf_error *err)
{
    int no_algorithm = 0, no_memory = 0;
    for (unsigned long code; (code = ERR_get_error());) {
        int reason = ERR_GET_REASON(code);
        no_algorithm |= reason == ERR_R_UNSUPPORTED;
        no_memory |= ERR_GET_LIB(code) == ERR_LIB_EVP &&
                     (reason == EVP_R_ILLEGAL_SCRYPT_PARAMETERS || reason == EVP_R_MEMORY_LIMIT_EXCEEDED);
    }
    if (no_memory)
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is encrypted with scrypt, with parameters that OpenSSL does not take",
                        what);
    return no_algorithm ? refuse_algorithm(what, err) : bundle_refuse_key(password, what, err);
}

/* ---- choosing a key --------------------------------------------------------------------------------------- */

static int same_alias(const bundle_item *item, const char *alias, int fold)
{
    return item->alias && !(fold ? strcasecmp : strcmp)(item->alias, alias);
}

/* Java writes and compares aliases in lower case, others do not: exactly, else in any case. */
static const bundle_item *find_alias(const bundle_items *items, const char *alias, int want_key)
{
    for (int fold = 0; fold < 2; fold++)
        for (size_t i = 0; i < items->count; i++)
            if (!!items->at[i].key == want_key && same_alias(&items->at[i], alias, fold))
                return &items->at[i];
    return NULL;
}

static void list_aliases(saf_buffer *out, const bundle_items *items, int want_key)
{
    for (size_t i = 0; i < items->count; i++)
        if (!!items->at[i].key == want_key)
            saf_buffer_printf(out, "%s%s", out->len ? ", " : "", items->at[i].alias ? items->at[i].alias : "(no name)");
}

static size_t count_keys(const bundle_items *items)
{
    return items->count - items->certs;
}

static const bundle_item *first_of(const bundle_items *items, int want_key)
{
    for (size_t i = 0; i < items->count; i++)
        if (!!items->at[i].key == want_key)
            return &items->at[i];
    return NULL;
}

/* The entry that is meant: a key, or in a file without keys a certificate. */
static saf_status choose(const bundle_item **out, const bundle_items *items, const char *alias, const char *what,
                         saf_error *err)
{
    int want_key = count_keys(items) > 0;
    OWN(saf_buffer) list = { 0 };
    list_aliases(&list, items, want_key);
    *out = alias ? find_alias(items, alias, want_key) : first_of(items, want_key);
    if (!*out)
        return saf_fail(err, SAF_E_NOT_FOUND, "%s has no entry \"%s\", only: %s", what, alias, saf_buffer_text(&list));
    if (alias || count_keys(items) < 2)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s holds several private keys: %s", what,
                                 saf_buffer_text(&list));
    saf_hint(err, "name the one that is meant by its alias");
    return status;
}

/* Several certificates may have the key (renewed, cross-signed): PKCS#12 says by localKeyID which one goes with it. */
static const bundle_item *cert_of_key(const bundle_items *items, const bundle_item *key)
{
    const bundle_item *found = NULL;
    for (size_t i = 0; i < items->count; i++) {
        const bundle_item *item = &items->at[i];
        if (!item->cert || !der_same_public_key(X509_get0_pubkey(item->cert), key->key))
            continue;
        if (key->id && item->id && !ASN1_OCTET_STRING_cmp(key->id, item->id))
            return item;
        if (!found)
            found = item;
    }
    return found;
}

/* ---- building --------------------------------------------------------------------------------------------- */

static saf_status add_cert(saf_bundle *bundle, const bundle_item *item, saf_error *err)
{
    SAF_TRY(der_write_x509(&bundle->certs[bundle->count], item->cert, err));
    bundle->count++;
    return SAF_OK;
}

static saf_status fill(saf_bundle *bundle, const bundle_items *items, const bundle_item *cert, EVP_PKEY *key,
                       saf_error *err)
{
    if (key && !EVP_PKEY_up_ref(key))
        return saf_fail_openssl(err, "cannot keep the key");
    bundle->key = key;
    SAF_TRY(add_cert(bundle, cert, err));
    for (size_t i = 0; i < items->count; i++)
        if (items->at[i].cert && &items->at[i] != cert)
            SAF_TRY(add_cert(bundle, &items->at[i], err));
    return SAF_OK;
}

OWN_HANDLE(saf_bundle, saf_bundle_free)

static saf_status assemble(saf_bundle **out, const bundle_items *items, const char *alias, const char *what,
                           saf_error *err)
{
    const bundle_item *chosen = NULL;
    if (!items->certs)
        return saf_fail(err, SAF_E_MALFORMED, "%s holds no certificate", what);
    SAF_TRY(choose(&chosen, items, alias, what, err));
    const bundle_item *cert = chosen->key ? cert_of_key(items, chosen) : chosen;
    if (!cert)
        return saf_fail(err, SAF_E_MALFORMED, "%s holds a private key but not its certificate", what);
    OWN(saf_bundle) *bundle = calloc(1, sizeof *bundle);
    if (!bundle)
        return saf_fail_memory(err);
    SAF_TRY(fill(bundle, items, cert, chosen->key, err));
    *out = GIVE(&bundle);
    return SAF_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

static int begins_with(saf_bytes content, const char *bytes, size_t len)
{
    return content.len >= len && !memcmp(content.data, bytes, len);
}

static saf_status refuse_format(saf_bytes content, const char *what, saf_error *err)
{
    ERR_clear_error();
    saf_status status = saf_fail(err, SAF_E_MALFORMED, "%s is neither PKCS#12 nor PEM nor a DER certificate", what);
    if (begins_with(content, "\xFE\xED\xFE\xED", 4) || begins_with(content, "\xCE\xCE\xCE\xCE", 4))
        saf_hint(err, "it is a Java JKS or JCEKS keystore: convert it with "
                 "keytool -importkeystore -deststoretype pkcs12");
    return status;
}

/* PKCS#12 may be BER; it begins with a version, a certificate with a sequence, so neither is taken for the other. */
static saf_status read_der(bundle_items *items, saf_bytes content, const saf_secret *password, const char *what,
                           saf_error *err)
{
    const unsigned char *at = content.data;
    OWN(PKCS12) *p12 = d2i_PKCS12(NULL, &at, (long)content.len);
    if (p12)
        return bundle_read_pkcs12(items, p12, password, what, err);
    bundle_item item = { 0 };
    if (der_read_x509(&item.cert, content, what, NULL) != SAF_OK)
        return refuse_format(content, what, err);
    return bundle_take(items, &item, what, err);
}

static saf_status read_items(bundle_items *items, saf_bytes content, const saf_secret *password, const char *what,
                             saf_error *err)
{
    if (content.len == 0)
        return saf_fail(err, SAF_E_MALFORMED, "%s is empty", what);
    if (content.len > BUNDLE_CONTENT_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s is larger than %d bytes", what, BUNDLE_CONTENT_MAX);
    if (content.data[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return read_der(items, content, password, what, err);
    if (memmem(content.data, content.len, "-----BEGIN ", 11))
        return bundle_read_pem(items, content, password, what, err);
    return refuse_format(content, what, err);
}

saf_status saf_bundle_read(saf_bundle **out, saf_bytes content, const saf_secret *password, const char *alias,
                           const char *what, saf_error *err)
{
    OWN(bundle_items) items = { 0 };
    SAF_TRY(read_items(&items, content, password, what, err));
    return assemble(out, &items, alias, what, err);
}

saf_status saf_pkcs12_check(saf_bytes content, const saf_secret *password, const char *what, saf_error *err)
{
    OWN(bundle_items) items = { .forgets = 1 };
    const unsigned char *at = content.data;
    OWN(PKCS12) *p12 = content.len && content.len <= BUNDLE_CONTENT_MAX ? d2i_PKCS12(NULL, &at, (long)content.len) : NULL;
    if (p12)
        return bundle_read_pkcs12(&items, p12, password, what, err);
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "%s is no PKCS#12", what);
}

void saf_bundle_free(saf_bundle **bundle)
{
    if (!bundle || !*bundle)
        return;
    EVP_PKEY_free((*bundle)->key);
    for (size_t i = 0; i < (*bundle)->count; i++)
        saf_blob_free(&(*bundle)->certs[i]);
    free(*bundle);
    *bundle = NULL;
}

saf_bytes saf_bundle_cert(const saf_bundle *bundle)
{
    return blob_bytes(&bundle->certs[0]);
}

EVP_PKEY *saf_bundle_key(const saf_bundle *bundle)
{
    return bundle->key;
}

size_t saf_bundle_chain_size(const saf_bundle *bundle)
{
    return bundle->count - 1;
}

saf_bytes saf_bundle_chain_at(const saf_bundle *bundle, size_t index)
{
    return index < saf_bundle_chain_size(bundle) ? blob_bytes(&bundle->certs[index + 1]) : (saf_bytes) { 0 };
}
