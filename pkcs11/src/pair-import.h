/** @file A key pair that was made outside, as objects of a token. Internal to this room. */
#ifndef PAIR_IMPORT_H
#define PAIR_IMPORT_H

#include "object.h"

#include <base/own-openssl.h>

/** Add what identifies a public key in a token (CKA_MODULUS and CKA_PUBLIC_EXPONENT, or CKA_EC_PARAMS and CKA_EC_POINT). The template borrows from
 *  @p material. SAF_E_UNSUPPORTED (neither RSA, Ed25519, nor EC with a named curve). */
typedef struct pair_material {
    saf_secret parts[8];
} pair_material;

void pair_material_free(pair_material *material);

OWN_VALUE(pair_material, pair_material_free)

saf_status pair_add_public(p11_template *list, pair_material *material, const EVP_PKEY *key, saf_error *err);

/** Make the public object, or the private one: sensitive, not extractable, kept in the token, signs. With the guard held. */
saf_status pair_import_public(const saf_p11_session *session, const saf_p11_uri *name, const EVP_PKEY *key, saf_error *err);
saf_status pair_import_private(const saf_p11_session *session, const saf_p11_uri *name, saf_bytes subject, const EVP_PKEY *key, saf_error *err);

#endif
