#include "bundle.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pem.h>

/* One "-----BEGIN NAME-----" block, decoded. */
typedef struct pem_block {
    char *name, *header;
    unsigned char *data;
    long len;
} pem_block;

static void pem_block_clear(pem_block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, (size_t)block->len);
    *block = (pem_block) { 0 };
}

OWN_VALUE(pem_block, pem_block_clear)

/* OpenSSL's prompt must never come up in a library. */
static int give_password(char *out, int size, __attribute__((unused)) int writing, void *context)
{
    const saf_secret *password = context;
    if (!password || password->len > (size_t)size)
        return -1;
    if (password->len)
        memcpy(out, password->data, password->len);
    return (int)password->len;
}

static int is_cert_name(const char *name)
{
    return !strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD) ||
           !strcmp(name, PEM_STRING_X509_TRUSTED);
}

static int is_pkcs7_name(const char *name)
{
    return !strcmp(name, PEM_STRING_PKCS7) || !strcmp(name, PEM_STRING_PKCS7_SIGNED) || !strcmp(name, PEM_STRING_CMS);
}

static int is_key_name(const char *name)
{
    size_t len = strlen(name), tail = strlen(PEM_STRING_PKCS8INF);
    return len >= tail && !strcmp(name + len - tail, PEM_STRING_PKCS8INF);
}

static saf_status read_cert(bundle_items *items, const pem_block *block, const char *what, saf_error *err)
{
    const unsigned char *at = block->data;
    saf_bytes der = saf_bytes_of(block->data, (size_t)block->len);
    int trusted = !strcmp(block->name, PEM_STRING_X509_TRUSTED);
    if (bundle_is_pkcs7(der)) /* RFC 7468 5.3 knows of such files */
        return bundle_read_pkcs7(items, der, what, err);
    if (!items->format)
        items->format = "pem";
    bundle_item item = { .cert = (trusted ? d2i_X509_AUX : d2i_X509)(NULL, &at, block->len) };
    if (item.cert)
        return bundle_take(items, &item, what, err);
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "the certificate at place %zu of %s cannot be read", items->certs + 1, what);
}

static saf_status refuse_key(const char *what, saf_error *err)
{
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "the private key in %s cannot be read", what);
}

OWN_POINTER(X509_SIG, X509_SIG_free)

/* RFC 5958: PKCS#8, encrypted as a whole. */
static saf_status read_sealed_key(bundle_items *items, const pem_block *block, const saf_secret *password,
                                  const char *what, saf_error *err)
{
    const unsigned char *at = block->data;
    const X509_ALGOR *algorithm = NULL;
    bool has_password = password && password->len;
    OWN(X509_SIG) *sealed = d2i_X509_SIG(NULL, &at, block->len);
    if (!sealed)
        return refuse_key(what, err);
    X509_SIG_get0(sealed, &algorithm, NULL);
    SAF_TRY(bundle_pay(items, algorithm, what, err));
    OWN(PKCS8_PRIV_KEY_INFO) *opened = PKCS8_decrypt(sealed, has_password ? (const char *)password->data : "",
                                                     has_password ? (int)password->len : 0);
    bundle_item item = { .key = opened ? EVP_PKCS82PKEY(opened) : NULL };
    return item.key ? bundle_take(items, &item, what, err) : bundle_refuse_sealed(algorithm, password, what, err);
}

/* RFC 1421's "Proc-Type: 4,ENCRYPTED" in the header of OpenSSL's older files. */
static int open_header(pem_block *block, const saf_secret *password)
{
    EVP_CIPHER_INFO cipher;
    return PEM_get_EVP_CIPHER_INFO(block->header, &cipher) &&
           PEM_do_header(&cipher, block->data, &block->len, give_password, (void *)password);
}

static saf_status read_key(bundle_items *items, pem_block *block, const saf_secret *password, const char *what,
                           saf_error *err)
{
    if (!items->format)
        items->format = "pem";
    if (*block->header && !open_header(block, password))
        return bundle_refuse_key(password, what, err);
    if (!strcmp(block->name, PEM_STRING_PKCS8))
        return read_sealed_key(items, block, password, what, err);
    const unsigned char *at = block->data;
    bundle_item item = { .key = d2i_AutoPrivateKey(NULL, &at, block->len) };
    return item.key ? bundle_take(items, &item, what, err) : refuse_key(what, err);
}

/* Parameters, requests and revocation lists are passed over. */
static saf_status read_block(bundle_items *items, pem_block *block, const saf_secret *password, const char *what,
                             saf_error *err)
{
    saf_bytes der = saf_bytes_of(block->data, (size_t)block->len);
    if (is_cert_name(block->name))
        return read_cert(items, block, what, err);
    if (is_pkcs7_name(block->name))
        return bundle_read_pkcs7(items, der, what, err);
    if (!strcmp(block->name, "PKCS12")) /* GnuTLS' certtool writes it, unless asked for DER */
        return bundle_read_der(items, der, password, what, err);
    if (is_key_name(block->name))
        return read_key(items, block, password, what, err);
    return SAF_OK;
}

static saf_status check_end(const char *what, saf_error *err)
{
    int is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return is_end ? SAF_OK : saf_fail(err, SAF_E_MALFORMED, "%s is damaged PEM", what);
}

saf_status bundle_read_pem(bundle_items *out, saf_bytes content, const saf_secret *password, const char *what,
                           saf_error *err)
{
    OWN(BIO) *bio = BIO_new_mem_buf(content.data, (int)content.len);
    if (!bio)
        return saf_fail_memory(err);
    for (;;) {
        OWN(pem_block) block = { 0 };
        if (!PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.len))
            return check_end(what, err);
        SAF_TRY(read_block(out, &block, password, what, err));
    }
}
