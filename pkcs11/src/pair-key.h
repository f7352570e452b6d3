/** @file A private key in a token as an EVP_PKEY of our own making. Internal to this room. */
#ifndef PAIR_KEY_H
#define PAIR_KEY_H

#include "session.h"

#include <openssl/evp.h>

/** What is known of the key in the token. Lives as long as any EVP_PKEY of it. */
typedef struct pair_key {
    atomic_size_t references;
    const saf_p11 *p11;
    unsigned long instance; /* of the module: handles of another mean nothing */
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE object;
    CK_KEY_TYPE type;     /* CKK_RSA, CKK_EC or CKK_EC_EDWARDS */
    EVP_PKEY *public_key; /* OpenSSL's own */
} pair_key;

/** Whether there are keys of that kind: SAF_E_UNSUPPORTED unless the key in the token is RSA, EC or Ed25519 and its public half can be had. */
saf_status pair_key_find(pair_key **out, const saf_p11_session *session, CK_OBJECT_HANDLE object, saf_error *err);

void pair_key_hold(pair_key *key);

/** NULL allowed; sets *key to NULL. */
void pair_key_free(pair_key **key);

OWN_HANDLE(pair_key, pair_key_free)

/** C_SignInit and C_Sign in a session of their own, so that threads do not wait for each other. *out_len: in, the room; out, the length. */
CK_RV pair_key_sign(const pair_key *key, CK_MECHANISM *how, saf_bytes input, unsigned char *out, size_t *out_len);

/* ---- pair-provider.c ---- */

/** An OpenSSL library context for one EVP_PKEY, in which the token's keys are an implementation among others. */
typedef struct pair_library pair_library;

/** NULL allowed; sets *library to NULL. After the EVP_PKEY. */
void pair_library_free(pair_library **library);

OWN_HANDLE(pair_library, pair_library_free)

/** The key as an EVP_PKEY: calls with OpenSSL's default library context find by themselves that its operations are here. */
saf_status pair_library_open(pair_library **out, EVP_PKEY **key, pair_key *token_key, saf_error *err);

/* ---- pair-signature.c ---- */

/** A key as the provider has it: one half of a pair or both. */
typedef struct pair_half {
    const char *type;     /* OpenSSL's name */
    pair_key *token_key;  /* NULL: a public key */
    EVP_PKEY *public_key; /* NULL: not filled yet */
} pair_half;

/** The functions that sign and verify, for OpenSSL. */
extern const OSSL_DISPATCH pair_signature_functions[];

#endif
