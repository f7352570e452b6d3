/**
 * @file
 * Secret keys in PKCS#11 tokens: what ICSF's CSFPGSK makes and Zowe's job ZWESECKG asks it for.
 *
 * Secret keys get ICSF's bookkeeping: a sequence number per token that is never used twice, kept in the key's CKA_ID (4 bytes, big
 * endian) and in the 44-character handle (token name 32, sequence number 8 hex digits, category "T" and three blanks). Several keys
 * may have one label: they are its versions.
 *
 * Statuses beside those named are those of <safring/pkcs11.h>.
 */
#ifndef SAFRING_SECRET_KEY_H
#define SAFRING_SECRET_KEY_H

#include <safring/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SAF_P11_HANDLE_LEN = 44 };

/** What a secret key is made as. {0} beside label and len gives ZWESECKG done right: signs and verifies, sensitive, not
 *  extractable, not modifiable, kept in the token. */
typedef struct saf_p11_secret_spec {
    const char *label; /**< CKA_LABEL, 1-255 bytes */
    size_t len;        /**< CKA_VALUE_LEN in bytes */
    bool extractable;  /**< may leave the token wrapped */
    int64_t start_date, end_date; /**< CKA_START_DATE, CKA_END_DATE as seconds (the UTC day counts); 0: none */
} saf_p11_secret_spec;

/** One secret key. */
typedef struct saf_p11_secret {
    char token[SAF_P11_LABEL_MAX + 1];
    char label[SAF_P11_OBJECT_MAX + 1];
    uint32_t sequence; /**< 0: not made by us (its CKA_ID is not 4 bytes) */
    char uri[SAF_P11_URI_MAX + 1];       /**< with id: names this version only */
    char handle[SAF_P11_HANDLE_LEN + 1]; /**< ICSF's 44 characters; "" without a sequence number */
    char check_value[7]; /**< first three bytes, in hex, of HMAC-SHA-256 with this key over one zero byte; "" when it cannot sign */
    size_t len;          /**< bytes */
    bool sensitive, extractable, signs, verifies;
    int64_t start_date, end_date; /**< 0: none */
} saf_p11_secret;

typedef struct saf_p11_secret_list {
    saf_p11_secret *secrets;
    size_t count;
} saf_p11_secret_list;

void saf_p11_secret_list_free(saf_p11_secret_list *list);

/** Make a secret key (CSFPGSK). Several keys may have one label: they are its versions. SAF_E_UNSUPPORTED (the token did not keep
 *  what was asked for; the key is destroyed again), SAF_E_MALFORMED (the token's last sequence number cannot be read), SAF_E_IO (no
 *  room where SoftHSM keeps its tokens). */
saf_status saf_p11_generate_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_secret_spec *spec,
                                   saf_error *err);

/** All secret keys of the token, or those that @p uri's object and id match (NULL: all), by label and sequence. */
saf_status saf_p11_list_secrets(saf_p11_secret_list *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/** The one secret key that @p uri names. SAF_E_NOT_FOUND; SAF_E_CONFLICT (several: the text lists their URIs). */
saf_status saf_p11_find_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/* ---- sealing with a token key ----------------------------------------------------------------------------- */

/** What sealing adds: a nonce before, a tag behind. */
enum { SAF_P11_SEAL_OVERHEAD = 28 };

/** Make an AES key of 256 bits in the token, which encrypts and decrypts there and is never seen. @p uri: names it by token, label, id and type.
 *  SAF_E_USAGE (label), SAF_E_UNSUPPORTED (the token cannot, or would let it out; it is destroyed again), SAF_E_IO (no room where SoftHSM keeps its tokens). */
saf_status saf_p11_generate_aes(char uri[SAF_P11_URI_MAX + 1], saf_p11_session *session, const char *label, saf_error *err);

/** Encrypt 1 to 4096 bytes in the token (AES-GCM, a random nonce of 12 bytes) with the AES key that @p uri names, bound to @p aad. @p out: nonce, ciphertext, tag.
 *  SAF_E_SPACE, SAF_E_NOT_FOUND, SAF_E_CONFLICT (no such key, or several), SAF_E_UNSUPPORTED (no AES key; no such mechanism). */
saf_status saf_p11_seal(saf_p11_session *session, const saf_p11_uri *uri, saf_bytes plain, saf_bytes aad, unsigned char *out, size_t out_cap,
                        size_t *out_len, saf_error *err);

/** The reverse. @p out has room for sealed.len bytes, which some tokens want; it holds a secret afterwards. SAF_E_DENIED: altered, bound to something else, or sealed
 *  with another key. */
saf_status saf_p11_unseal(saf_p11_session *session, const saf_p11_uri *uri, saf_bytes sealed, saf_bytes aad, unsigned char *out, size_t out_cap,
                          size_t *out_len, saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
