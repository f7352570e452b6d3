#include "bundle.h"

#include <base/fail.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

struct saf_bundle {
    EVP_PKEY *key;
    char *alias;                      /* NULL: none */
    saf_blob certs[BUNDLE_CERTS_MAX]; /* the key's first */
    size_t count;
    saf_bundle_facts facts;
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

static saf_status refuse_algorithm(const X509_ALGOR *algorithm, const char *what, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is encrypted with %s, which OpenSSL offers only through its legacy "
                                 "provider, if at all", what, p12_cipher_name(algorithm));
    saf_hint(err, "write it anew: openssl pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW, or "
             "keytool -importkeystore with a recent Java");
    return status;
}

/* OpenSSL reports what it has no implementation of with one reason, and the memory that it does not give to scrypt
 * (32 MiB are its own limit) with two, all somewhere in its queue. */
saf_status bundle_refuse_sealed(const X509_ALGOR *algorithm, const saf_secret *password, const char *what, saf_error *err)
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
    return no_algorithm ? refuse_algorithm(algorithm, what, err) : bundle_refuse_key(password, what, err);
}

/* ---- building --------------------------------------------------------------------------------------------- */

static saf_status add_cert(saf_bundle *bundle, X509 *x509, saf_error *err)
{
    SAF_TRY(der_write_x509(&bundle->certs[bundle->count], x509, err));
    bundle->count++;
    return SAF_OK;
}

static int has_cert_before(const bundle_items *items, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (items->at[i].cert && !X509_cmp(items->at[i].cert, items->at[index].cert))
            return 1;
    return 0;
}

/* Files that were pasted together hold some of them twice. */
static saf_status add_others(saf_bundle *bundle, const bundle_items *items, X509 *chosen, saf_error *err)
{
    for (size_t i = 0; i < items->count; i++) {
        X509 *x509 = items->at[i].cert;
        if (x509 && X509_cmp(x509, chosen) != 0 && !has_cert_before(items, i))
            SAF_TRY(add_cert(bundle, x509, err));
    }
    return SAF_OK;
}

static saf_bundle_facts facts_of(const bundle_items *items)
{
    const p12_facts *p12 = &items->p12;
    saf_bundle_facts facts = { .format = items->format, .rounds = p12->most };
    if (!strcmp(items->format, "pkcs12")) {
        facts.key_cipher = p12->key_cipher;
        facts.cert_cipher = p12->cert_cipher;
        facts.mac = p12->mac ? p12->mac : "none";
        facts.profile = p12_profile_of(p12);
    }
    return facts;
}

static saf_status fill(saf_bundle *bundle, const bundle_items *items, const bundle_choice *chosen, saf_error *err)
{
    const char *alias = chosen->key && chosen->key->alias ? chosen->key->alias : chosen->cert->alias;
    bundle->facts = facts_of(items);
    if (alias && !(bundle->alias = strdup(alias)))
        return saf_fail_memory(err);
    if (chosen->key && !EVP_PKEY_up_ref(chosen->key->key))
        return saf_fail_openssl(err, "cannot keep the key");
    bundle->key = chosen->key ? chosen->key->key : NULL;
    SAF_TRY(add_cert(bundle, chosen->cert->cert, err));
    return add_others(bundle, items, chosen->cert->cert, err);
}

OWN_HANDLE(saf_bundle, saf_bundle_free)

static saf_status assemble(saf_bundle **out, const bundle_items *items, const char *alias, const char *what,
                           saf_error *err)
{
    bundle_choice chosen = { 0 };
    SAF_TRY(bundle_choose(&chosen, items, alias, what, err));
    OWN(saf_bundle) *bundle = calloc(1, sizeof *bundle);
    if (!bundle)
        return saf_fail_memory(err);
    SAF_TRY(fill(bundle, items, &chosen, err));
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
    saf_status status = saf_fail(err, SAF_E_MALFORMED, "%s is neither PKCS#12 nor PKCS#7 nor PEM nor a DER certificate", what);
    if (begins_with(content, "\xFE\xED\xFE\xED", 4) || begins_with(content, "\xCE\xCE\xCE\xCE", 4))
        saf_hint(err, "it is a Java JKS or JCEKS keystore: convert it with "
                 "keytool -importkeystore -deststoretype pkcs12");
    if (begins_with(content, "\xFF\xFE", 2) || begins_with(content, "\xFE\xFF", 2))
        saf_hint(err, "it is text in UTF-16, as Windows writes it: save it as ASCII or UTF-8");
    return status;
}

/* What comes second tells them apart: PKCS#12 (which may be BER) has its version there, a certificate a sequence. */
saf_status bundle_read_der(bundle_items *out, saf_bytes content, const saf_secret *password, const char *what,
                           saf_error *err)
{
    const unsigned char *at = content.data;
    if (bundle_is_pkcs7(content))
        return bundle_read_pkcs7(out, content, what, err);
    OWN(PKCS12) *p12 = d2i_PKCS12(NULL, &at, (long)content.len);
    if (p12)
        return bundle_read_pkcs12(out, p12, password, what, err);
    ERR_clear_error();
    bundle_item item = { 0 };
    if (der_read_x509(&item.cert, content, what, NULL) != SAF_OK)
        return refuse_format(content, what, err);
    if (!out->format)
        out->format = "der";
    return bundle_take(out, &item, what, err);
}

static int begins_der(saf_bytes content)
{
    return content.len && content.data[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED);
}

/* RACF's PKCS12B64 is base64 without the lines that PEM has around it. */
static saf_status read_base64(bundle_items *items, saf_bytes content, const saf_secret *password, const char *what,
                              saf_error *err)
{
    OWN(saf_blob) decoded = { malloc(content.len), content.len };
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    int len = 0, rest = 0, is_base64 = 0;
    if (ctx && decoded.data) {
        EVP_DecodeInit(ctx);
        is_base64 = EVP_DecodeUpdate(ctx, decoded.data, &len, content.data, (int)content.len) >= 0 &&
                    EVP_DecodeFinal(ctx, decoded.data + len, &rest) == 1;
    }
    EVP_ENCODE_CTX_free(ctx);
    saf_bytes der = saf_bytes_of(decoded.data, (size_t)(len + rest));
    return is_base64 && begins_der(der) ? bundle_read_der(items, der, password, what, err) : refuse_format(content, what, err);
}

static saf_status read_items(bundle_items *items, saf_bytes content, const saf_secret *password, const char *what,
                             saf_error *err)
{
    if (content.len == 0)
        return saf_fail(err, SAF_E_MALFORMED, "%s is empty", what);
    if (content.len > BUNDLE_CONTENT_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s is larger than %d bytes", what, BUNDLE_CONTENT_MAX);
    if (begins_der(content))
        return bundle_read_der(items, content, password, what, err);
    if (memmem(content.data, content.len, "-----BEGIN ", 11))
        return bundle_read_pem(items, content, password, what, err);
    return read_base64(items, content, password, what, err);
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
    free((*bundle)->alias);
    for (size_t i = 0; i < (*bundle)->count; i++)
        saf_blob_free(&(*bundle)->certs[i]);
    free(*bundle);
    *bundle = NULL;
}

saf_bytes saf_bundle_cert(const saf_bundle *bundle)
{
    return blob_bytes(&bundle->certs[0]);
}

const char *saf_bundle_alias(const saf_bundle *bundle)
{
    return bundle->alias;
}

saf_bundle_facts saf_bundle_describe(const saf_bundle *bundle)
{
    return bundle->facts;
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
