/** @file Secret keys, for the files of this room that make, move and check them. */
#ifndef SECRET_KEY_H
#define SECRET_KEY_H

#include "object.h"

#include <safring/secret-key.h>

OWN_VALUE(saf_p11_secret_list, saf_p11_secret_list_free)

/** All that is to be said about a key. */
saf_status p11_secret_describe(saf_p11_secret *out, const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_error *err);

/** The one secret key that a URI names and that is finished (secret-unfinished.h). SAF_E_NOT_FOUND, SAF_E_CONFLICT. */
saf_status p11_secret_find(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/** CKK_GENERIC_SECRET or CKK_AES. */
CK_KEY_TYPE p11_secret_key_type(saf_p11_secret_kind kind);

/** What only who has the key can compute from @p text: HMAC-SHA-256 (32 bytes); AES: the first 16 bytes of SHA-256, encrypted (16). In the token. */
enum { P11_PROOF_MAX = 32 };
CK_RV p11_secret_prove(unsigned char out[P11_PROOF_MAX], size_t *out_len, const saf_p11_session *session, CK_OBJECT_HANDLE key,
                       saf_p11_secret_kind kind, saf_bytes text);

/** C_EncryptInit and C_Encrypt of one block without a mode. */
CK_RV p11_encrypt_block(unsigned char out[16], const saf_p11_session *session, CK_OBJECT_HANDLE key, const unsigned char block[16]);

/** As p11_fail(), and names the mechanism when that is what the token lacks. */
saf_status p11_fail_mechanism(saf_error *err, CK_RV answer, const saf_p11_session *session, const char *mechanism, const char *doing);

#endif
