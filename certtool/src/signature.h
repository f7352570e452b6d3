/** @file How a key signs: the algorithm, what stands for it in what is signed, and the signing. */
#ifndef CERTTOOL_SIGNATURE_H
#define CERTTOOL_SIGNATURE_H

#include "der.h"

/** One way to sign with one key, prepared to sign many. Used by one thread at a time. */
typedef struct signature_scheme {
    EVP_PKEY *key;        /**< borrowed */
    const EVP_MD *digest; /**< NULL: the key brings its own (EdDSA) */
    EVP_PKEY_CTX *ctx;    /**< signs digests; NULL when there is no digest */
    saf_buffer algorithm; /**< AlgorithmIdentifier, DER */
    bool is_proved;       /**< a signature was verified, and later ones need not be */
} signature_scheme;

void signature_scheme_free(signature_scheme *scheme);

OWN_VALUE(signature_scheme, signature_scheme_free)

/** Whether @p key can sign with RSASSA-PSS. */
bool signature_is_rsa(const EVP_PKEY *key);

/** Prepare. PSS is ignored unless the key is RSA. SAF_E_UNSUPPORTED (this kind of key). @p key must outlive the scheme. */
saf_status signature_scheme_open(signature_scheme *out, EVP_PKEY *key, saf_signature signature, saf_error *err);

/** Append the signature of @p message. */
saf_status signature_make(saf_buffer *out, const signature_scheme *scheme, saf_bytes message, saf_error *err);

/** Set a context up for X509_REQ_sign_ctx() and X509_CRL_sign_ctx(). */
saf_status signature_begin(EVP_MD_CTX *ctx, EVP_PKEY *key, saf_signature signature, saf_error *err);

#endif
