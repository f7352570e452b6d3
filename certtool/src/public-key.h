/** @file Public keys as certificates have them. */
#ifndef CERTTOOL_PUBLIC_KEY_H
#define CERTTOOL_PUBLIC_KEY_H

#include "der.h"

typedef struct public_key {
    saf_buffer info; /**< SubjectPublicKeyInfo, DER */
    saf_buffer id;   /**< of the subject key identifier */
    bool transports; /**< RSA: encrypts too */
} public_key;

void public_key_free(public_key *key);

OWN_VALUE(public_key, public_key_free)

/** The public half of a key pair, which may be in a token. SAF_E_FAILED. */
saf_status public_key_of(public_key *out, EVP_PKEY *key, saf_error *err);

/** One that was read from somewhere; copied as it is. */
saf_status public_key_copy(public_key *out, const X509_PUBKEY *key, saf_error *err);

#endif
