/** @file Certificates between their bytes and OpenSSL's type, and the bytes that calls hand out. */
#ifndef CERTTOOL_DER_H
#define CERTTOOL_DER_H

#include <base/buffer.h>
#include <base/own-openssl.h>

#include <safring/cert.h>

OWN_VALUE(saf_blob, saf_blob_free)
OWN_HANDLE(saf_cert, saf_cert_free)
OWN_VALUE(saf_cert_page, saf_cert_page_free)

static inline saf_bytes blob_bytes(const saf_blob *blob)
{
    return saf_bytes_of(blob->data, blob->len);
}

/** Copy @p bytes into a blob. SAF_E_MEMORY. */
saf_status blob_copy(saf_blob *out, saf_bytes bytes, saf_error *err);

/** Read exactly one DER certificate; @p what names it in the message. SAF_E_MALFORMED. */
saf_status der_read_x509(X509 **out, saf_bytes der, const char *what, saf_error *err);

/** Encode a certificate. */
saf_status der_write_x509(saf_blob *out, X509 *x509, saf_error *err);

/** Whether two keys have the same public half; either may be in a token. 1 or 0. */
int der_same_public_key(const EVP_PKEY *a, const EVP_PKEY *b);

/** Append one value: an identifier octet, the length, the content (X.690 8.1, 10.1). */
void der_append(saf_buffer *out, unsigned char tag, saf_bytes content);

/** Append what an i2d function allocated, and free it; a negative length makes the buffer fail. */
void der_append_made(saf_buffer *out, unsigned char *der, int len);

/** Append an OpenSSL value: DER_APPEND(&out, X509_NAME, name). */
#define DER_APPEND(out, type, value) \
    do { \
        unsigned char *der_ = NULL; \
        int len_ = i2d_##type((value), &der_); \
        der_append_made((out), der_, len_); \
    } while (0)

enum { DER_SEQUENCE = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED };

#endif
