#include "pem.h"
#include "pkcs12.h"
#include "pkcs7.h"
#include "quote.h"

#include <base/fail.h>

#include <keyring/release.h>

#include <openssl/err.h>
#include <openssl/pem.h>

enum { KEY_ROUNDS = 100000, KEY_SALT_LEN = 16 }; /* of an encrypted PEM key: nobody's limits to keep */

saf_status saf_format_parse(saf_format *out, const char *name, saf_error *err)
{
    static const char *const names[] = { [SAF_FORMAT_PEM] = "pem", [SAF_FORMAT_DER] = "der", [SAF_FORMAT_P12] = "p12",
                                         [SAF_FORMAT_P7] = "p7" };
    for (unsigned i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i])) {
            *out = (saf_format)i;
            return SAF_OK;
        }
    return saf_fail(err, SAF_E_USAGE, "\"%s\" is not a format; known are pem, der, p12 and p7", quote_text(name ? name : "").text);
}

static const char *format_name(const saf_export_request *request)
{
    if (request->format == SAF_FORMAT_P12)
        return "p12";
    return request->password ? "pem-encrypted" : "pem";
}

/* What leaves is recorded first: a file without a record would be worse than a record without a file. */
static saf_status take_key(EVP_PKEY **out, saf_store *store, const saf_principal *who, const saf_cert *cert, const saf_export_request *request, saf_error *err)
{
    SAF_TRY(saf_store_load_key(out, store, who, cert, err));
    return saf_store_record_key_export(store, who, cert, NULL, format_name(request), err);
}

static saf_status check_format(const saf_export_request *request, int wants_key, saf_error *err)
{
    if (request->format == SAF_FORMAT_DER && (wants_key || request->with_chain))
        return saf_fail(err, SAF_E_UNSUPPORTED, "DER holds one certificate; a chain or key goes into PEM or PKCS#12");
    if (request->format == SAF_FORMAT_P7 && wants_key)
        return saf_fail(err, SAF_E_UNSUPPORTED, "PKCS#7 holds no private keys; one goes into PEM or PKCS#12");
    if (request->format == SAF_FORMAT_P12 && request->key_only)
        return saf_fail(err, SAF_E_USAGE, "a private key alone goes into PEM");
    return SAF_OK;
}

/* What is given must do what it is for: an empty one would leave the key in the clear. */
static saf_status check_password(const saf_export_request *request, saf_error *err)
{
    if (request->format != SAF_FORMAT_P12 && request->password && !request->password->len)
        return saf_fail(err, SAF_E_USAGE, "the password is empty");
    if (!request->no_password)
        return request->format == SAF_FORMAT_P12 ? p12_check_password(request->password, err) : SAF_OK;
    if (request->format != SAF_FORMAT_P12 || request->with_key)
        return saf_fail(err, SAF_E_USAGE, "only a PKCS#12 without a private key can be without a password");
    if (request->password)
        return saf_fail(err, SAF_E_USAGE, "a password for what is to have none");
    return SAF_OK;
}

static saf_status check_key(const saf_export_request *request, saf_error *err)
{
    const saf_cert *cert = request->cert;
    if (cert->key_place == SAF_KEY_NONE)
        return saf_fail(err, SAF_E_NOT_FOUND, "%s/%s has no private key here", cert->owner, cert->label);
    if (cert->key_place == SAF_KEY_IN_TOKEN)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the private key of %s/%s is in a token and stays there", cert->owner,
                        cert->label);
    return SAF_OK;
}

static saf_status check_request(const saf_export_request *request, saf_error *err)
{
    int wants_key = request->with_key || request->key_only;
    if (!request->cert)
        return saf_fail(err, SAF_E_USAGE, "no certificate to export");
    SAF_TRY(check_format(request, wants_key, err));
    SAF_TRY(check_password(request, err));
    return wants_key ? check_key(request, err) : SAF_OK;
}

/* ---- PEM and DER ------------------------------------------------------------------------------------------ */

saf_status pem_write_key(BIO *bio, EVP_PKEY *key, const saf_secret *password, saf_error *err)
{
    OWN(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    if (info && !password) {
        if (PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info))
            return SAF_OK;
    } else if (info) {
        X509_SIG *sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), (const char *)password->data, (int)password->len, NULL,
                                         KEY_SALT_LEN, KEY_ROUNDS, info);
        int written = sealed && PEM_write_bio_PKCS8(bio, sealed);
        X509_SIG_free(sealed);
        if (written)
            return SAF_OK;
    }
    return saf_fail_openssl(err, "cannot encode the private key");
}

saf_status pem_write_cert(BIO *bio, saf_bytes der, saf_error *err)
{
    if (!PEM_write_bio(bio, PEM_STRING_X509, "", der.data, (long)der.len))
        return saf_fail_openssl(err, "cannot encode the certificates");
    return SAF_OK;
}

static saf_status write_pem_certs(BIO *bio, const saf_cert_page *certs, saf_error *err)
{
    for (size_t i = 0; i < certs->count; i++)
        SAF_TRY(pem_write_cert(bio, certs->certs[i]->der, err));
    return SAF_OK;
}

static saf_status write_pem(saf_blob *out, const saf_export_request *request, const saf_cert_page *certs, EVP_PKEY *key,
                            saf_error *err)
{
    OWN(BIO) *bio = BIO_new(BIO_s_secmem()); /* wiped when freed, as it grows too */
    if (!bio)
        return saf_fail_memory(err);
    if (!request->key_only)
        SAF_TRY(write_pem_certs(bio, certs, err));
    if (key)
        SAF_TRY(pem_write_key(bio, key, request->password, err));
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return blob_copy(out, saf_bytes_of(data, (size_t)len), err);
}

/* ---- PKCS#12 ---------------------------------------------------------------------------------------------- */

static saf_status write_p12(saf_blob *out, const saf_export_request *request, const saf_cert_page *certs, EVP_PKEY *key,
                            saf_error *err)
{
    OWN(saf_blob) p12 = { 0 };
    OWN(p12_builder) builder = { .profile = request->p12_profile };
    for (size_t i = 0; i < certs->count; i++) {
        const saf_cert *cert = certs->certs[i];
        const char *alias = i == 0 && request->alias ? request->alias : cert->label;
        OWN(X509) *x509 = NULL;
        SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
        if (i == 0 && key)
            SAF_TRY(p12_add_key(&builder, key, x509, alias, request->password, err));
        else
            /* Without a key it is a trust store; otherwise Java would see nothing in it. */
            SAF_TRY(p12_add_cert(&builder, x509, alias, key ? P12_CHAIN : P12_TRUSTED, err));
    }
    SAF_TRY(p12_finish(&p12, &builder, request->no_password ? NULL : request->password, err));
    if (request->as_text)
        SAF_TRY(p12_to_text(&p12, err));
    *out = p12;
    p12 = (saf_blob) { 0 };
    return SAF_OK;
}

/* ---- */

static saf_status find_certs(saf_cert_page *out, saf_store *store, const saf_principal *who,
                             const saf_export_request *request, saf_error *err)
{
    if (request->with_chain && !request->key_only)
        return saf_cert_chain(out, NULL, store, who, request->cert, err);
    out->certs = calloc(1, sizeof(saf_cert *));
    if (!out->certs)
        return saf_fail_memory(err);
    SAF_TRY(saf_store_find_cert_by_fingerprint(&out->certs[0], store, who, request->cert->fingerprint, err));
    out->count = 1;
    return SAF_OK;
}

saf_status saf_cert_export(saf_blob *out, saf_store *store, const saf_principal *who,
                           const saf_export_request *request, saf_error *err)
{
    OWN(saf_cert_page) certs = { 0 };
    OWN(EVP_PKEY) *key = NULL;
    SAF_TRY(check_request(request, err));
    SAF_TRY(find_certs(&certs, store, who, request, err));
    if (request->with_key || request->key_only)
        SAF_TRY(take_key(&key, store, who, certs.certs[0], request, err));
    switch (request->format) {
    case SAF_FORMAT_DER:
        return blob_copy(out, certs.certs[0]->der, err);
    case SAF_FORMAT_P12:
        return write_p12(out, request, &certs, key, err);
    case SAF_FORMAT_P7:
        return pkcs7_write(out, &certs, request->as_text, err);
    default:
        return write_pem(out, request, &certs, key, err);
    }
}
