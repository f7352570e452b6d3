#include "der.h"

#include <base/fail.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

void saf_blob_free(saf_blob *blob)
{
    if (!blob)
        return;
    if (blob->data)
        OPENSSL_cleanse(blob->data, blob->len);
    free(blob->data);
    *blob = (saf_blob) { 0 };
}

saf_status blob_copy(saf_blob *out, saf_bytes bytes, saf_error *err)
{
    unsigned char *data = malloc(bytes.len ? bytes.len : 1);
    if (!data)
        return saf_fail_memory(err);
    if (bytes.len)
        memcpy(data, bytes.data, bytes.len);
    *out = (saf_blob) { data, bytes.len };
    return SAF_OK;
}

saf_status der_read_x509(X509 **out, saf_bytes der, const char *what, saf_error *err)
{
    const unsigned char *at = der.data;
    OWN(X509) *x509 = der.len && der.len <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!x509 || at != der.data + der.len) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "%s is not one DER certificate", what);
    }
    *out = GIVE(&x509);
    return SAF_OK;
}

saf_status der_write_x509(saf_blob *out, X509 *x509, saf_error *err)
{
    unsigned char *data = NULL;
    int len = i2d_X509(x509, &data);
    if (len < 0)
        return saf_fail_openssl(err, "cannot encode the certificate");
    saf_status status = blob_copy(out, saf_bytes_of(data, (size_t)len), err);
    OPENSSL_free(data);
    return status;
}

/* OpenSSL cannot always compare a key of its own with one behind an engine's methods (libp11), but it encodes both. */
static int same_encoding(const EVP_PKEY *a, const EVP_PKEY *b)
{
    unsigned char *a_der = NULL, *b_der = NULL;
    int a_len = i2d_PUBKEY(a, &a_der);
    int b_len = i2d_PUBKEY(b, &b_der);
    int same = a_len > 0 && a_len == b_len && !memcmp(a_der, b_der, (size_t)a_len);
    OPENSSL_free(a_der);
    OPENSSL_free(b_der);
    return same;
}

int der_same_public_key(const EVP_PKEY *a, const EVP_PKEY *b)
{
    int same = a && b && (EVP_PKEY_eq(a, b) == 1 || same_encoding(a, b));
    ERR_clear_error();
    return same;
}

/* ---- writing ---------------------------------------------------------------------------------------------- */

/* X.690 10.1: as short as can be. */
static void append_length(saf_buffer *out, size_t len)
{
    unsigned char octets[1 + sizeof len];
    size_t at = sizeof octets;
    size_t rest = len;
    do {
        octets[--at] = (unsigned char)rest;
        rest >>= 8;
    } while (rest);
    if (len >= 0x80) {
        octets[at - 1] = (unsigned char)(0x80 | (sizeof octets - at));
        at--;
    }
    saf_buffer_append(out, saf_bytes_of(octets + at, sizeof octets - at));
}

void der_append(saf_buffer *out, unsigned char tag, saf_bytes content)
{
    saf_buffer_append(out, saf_bytes_of(&tag, 1));
    append_length(out, content.len);
    saf_buffer_append(out, content);
}

void der_append_made(saf_buffer *out, unsigned char *der, int len)
{
    if (len < 0)
        out->failed = 1;
    else
        saf_buffer_append(out, saf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
}
