/**
 * @file
 * Secret keys in PKCS#11 tokens: what ICSF's CSFPGSK makes and Zowe's job ZWESECKG asks it for.
 *
 * Secret keys get ICSF's bookkeeping: a sequence number per token that is never used twice, kept in the key's CKA_ID (4 bytes, big
 * endian) and in the 44-character handle (token name 32, sequence number 8 hex digits, category "T" and three blanks). Several keys
 * may have one label: they are its versions, and the one with the highest sequence number is the newest.
 *
 *     const saf_p11_secret_spec spec = { .label = "jwtsecret", .len = 64, .if_exists = SAF_P11_FIRST_ONLY };
 *     saf_p11_secret secret;
 *     if (saf_p11_generate_secret(&secret, session, &spec, &err) == SAF_OK)
 *         puts(secret.uri);
 *
 * Each call that changes a token happens entirely or not at all, also when it is killed (what SoftHSM is left with then is not shown here, and goes
 * with the next key that is made or destroyed), and one at a time: between processes for SoftHSM2, between the threads of a handle for other modules, which have no lock that others would know of.
 *
 * Statuses beside those named are those of <safring/pkcs11.h>. Where a token lacks a mechanism the text names it.
 */
#ifndef SAFRING_SECRET_KEY_H
#define SAFRING_SECRET_KEY_H

#include <safring/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SAF_P11_HANDLE_LEN = 44,
    SAF_P11_SECRET_MAX = 512,  /**< bytes of a key's value */
    SAF_P11_WRAPPED_MAX = 8192 /**< bytes of a file that holds a wrapped key */
};

typedef enum saf_p11_secret_kind {
    SAF_P11_HMAC, /**< CKK_GENERIC_SECRET (or another tool's CKK_SHA256_HMAC, …): signs and verifies */
    SAF_P11_AES,  /**< CKK_AES, 16, 24 or 32 bytes: encrypts, decrypts, wraps and unwraps */
    SAF_P11_OTHER_SECRET /**< another tool's; not made here */
} saf_p11_secret_kind;

/** Whether a key may leave its token. A token lets nobody relax it later. */
typedef enum saf_p11_leaving {
    SAF_P11_STAYS,          /**< CKA_SENSITIVE, not CKA_EXTRACTABLE: never */
    SAF_P11_LEAVES_WRAPPED, /**< CKA_SENSITIVE, CKA_EXTRACTABLE: under another key. Whoever has the PIN may choose that key. */
    SAF_P11_LEAVES          /**< not CKA_SENSITIVE, CKA_EXTRACTABLE: its value can be read, by a server that holds it in memory */
} saf_p11_leaving;

typedef enum saf_p11_if_label {
    SAF_P11_NEW_VERSION, /**< make another version beside those of the same label */
    SAF_P11_FIRST_ONLY   /**< SAF_E_EXISTS when there is a secret key of that label; the key made is then the newest of those */
} saf_p11_if_label;

/** What a secret key is made as. {0} beside label and len gives ZWESECKG done right: an HMAC key that signs and verifies, sensitive,
 *  not extractable, kept in the token. Borrowed for the call. */
typedef struct saf_p11_secret_spec {
    const char *label; /**< CKA_LABEL, 1-255 bytes */
    size_t len;        /**< CKA_VALUE_LEN in bytes, 1 to SAF_P11_SECRET_MAX; of AES 16, 24 or 32 */
    saf_p11_secret_kind kind;
    saf_p11_leaving leaving;
    bool fixed; /**< not CKA_MODIFIABLE: nobody can rename it or give it other uses or dates; SoftHSM then makes no copies of it in session
                     memory, with which it signs 2.5 to 3 times faster */
    int64_t start_date, end_date; /**< CKA_START_DATE, CKA_END_DATE as seconds (the UTC day counts); 0: none */
    saf_p11_if_label if_exists;
} saf_p11_secret_spec;

/** One secret key. */
typedef struct saf_p11_secret {
    char token[SAF_P11_LABEL_MAX + 1];
    char label[SAF_P11_OBJECT_MAX + 1];
    uint32_t sequence; /**< 0: not made by us (its CKA_ID is not 4 bytes) */
    char uri[SAF_P11_URI_MAX + 1];       /**< with id: names this version only */
    char handle[SAF_P11_HANDLE_LEN + 1]; /**< ICSF's 44 characters; "" without a sequence number */
    /** First three bytes, in hex: HMAC: of HMAC-SHA-256 over one zero byte; AES: of a zero block encrypted (PKCS#11's CKA_CHECK_VALUE). Computed in the
     *  token; "" when the key may not sign or encrypt. */
    char check_value[7];
    size_t len; /**< bytes; 0: the token does not say */
    saf_p11_secret_kind kind;
    bool sensitive, extractable, private_object, modifiable;
    bool signs, verifies, encrypts, decrypts, wraps, unwraps, derives;
    bool local;             /**< made in this token; otherwise it was imported or unwrapped, and its value has been elsewhere */
    bool always_sensitive;  /**< CKA_ALWAYS_SENSITIVE */
    bool never_extractable; /**< CKA_NEVER_EXTRACTABLE */
    int64_t start_date, end_date; /**< the first second of the day; in force to the end of the last day; 0: none */
} saf_p11_secret;

/** What its attributes say about leaving. */
saf_p11_leaving saf_p11_secret_leaving(const saf_p11_secret *secret);

typedef struct saf_p11_secret_list {
    saf_p11_secret *secrets;
    size_t count;
} saf_p11_secret_list;

void saf_p11_secret_list_free(saf_p11_secret_list *list);

/* ---- making, finding, destroying -------------------------------------------------------------------------- */

/** Make a secret key in the token (CSFPGSK). SAF_E_EXISTS (see spec->if_exists: *out is what is there), SAF_E_USAGE, SAF_E_UNSUPPORTED (the token did not
 *  keep what was asked for; the key is destroyed again), SAF_E_MALFORMED (the token's last sequence number cannot be read), SAF_E_IO (no
 *  room where SoftHSM keeps its tokens). */
saf_status saf_p11_generate_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_secret_spec *spec,
                                   saf_error *err);

/** Make a secret key of a value that comes from elsewhere; spec->len is not looked at. The key's saf_p11_secret.local is false for ever.
 *  Statuses as saf_p11_generate_secret(). */
saf_status saf_p11_import_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_secret_spec *spec, const saf_secret *value,
                                 saf_error *err);

/** All secret keys of the token, or those that @p uri's object and id match (NULL: all), by label and sequence. */
saf_status saf_p11_list_secrets(saf_p11_secret_list *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/** The one secret key that @p uri names. SAF_E_NOT_FOUND; SAF_E_CONFLICT (several: the text lists their URIs). */
saf_status saf_p11_find_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/** The value of a key that may be read (SAF_P11_LEAVES). SAF_E_UNSUPPORTED (another: the hint says how to make one), SAF_E_NOT_FOUND, SAF_E_CONFLICT. */
saf_status saf_p11_read_secret(saf_secret *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

typedef enum saf_p11_versions { SAF_P11_ONE_VERSION, SAF_P11_ALL_VERSIONS } saf_p11_versions;

/** Destroy the one secret key that @p uri names, or all that it matches (it must have a label or an id). Their sequence numbers are not given again.
 *  SAF_E_USAGE (a URI that names nothing), SAF_E_NOT_FOUND, SAF_E_CONFLICT (several, but one was meant: none is destroyed, the text lists their URIs). */
saf_status saf_p11_destroy_secret(saf_p11_session *session, const saf_p11_uri *uri, saf_p11_versions versions, saf_error *err);

/* ---- values from elsewhere -------------------------------------------------------------------------------- */

typedef enum saf_p11_value_format {
    SAF_P11_RAW,
    SAF_P11_HEX,       /**< digits in either case, nothing between; one newline may follow */
    SAF_P11_BASE64URL, /**< RFC 4648, 5, without padding; one newline may follow */
    SAF_P11_JWK        /**< RFC 7517, "kty" is "oct" (RFC 7518, 6.4); a "use" other than "sig" is refused for a signing "alg" */
} saf_p11_value_format;

enum { SAF_P11_ALG_MAX = 15 };

/** Read a key's value of 1 to SAF_P11_SECRET_MAX bytes. @p alg: a JWK's "alg", "" when there is none. SAF_E_MALFORMED. */
saf_status saf_p11_decode_secret(saf_secret *out, char alg[SAF_P11_ALG_MAX + 1], saf_p11_value_format format, saf_bytes text, saf_error *err);

/** The check value (see saf_p11_secret) that a key of this value will have. SAF_E_USAGE (not the length of an AES key), SAF_E_FAILED. */
saf_status saf_p11_compute_check_value(char out[7], saf_p11_secret_kind kind, const saf_secret *value, saf_error *err);

/* ---- wrapping --------------------------------------------------------------------------------------------- */

/** Under what: exactly one of them. Borrowed for the call. */
typedef struct saf_p11_wrapping {
    const saf_secret *passphrase;
    const saf_p11_uri *key; /**< an AES key of the same token that wraps (or unwraps) */
} saf_p11_wrapping;

/** What a file says about the wrapped key in it. */
typedef struct saf_p11_wrapped {
    char label[SAF_P11_OBJECT_MAX + 1];
    saf_p11_secret_kind kind;
    size_t len; /**< bytes of the key */
    char check_value[7];
    bool by_passphrase;                        /**< else under an AES key */
    char key_label[SAF_P11_OBJECT_MAX + 1];    /**< the AES key's label, where it was wrapped */
    char key_check_value[7];
} saf_p11_wrapped;

/** Take a key out of its token, wrapped (C_WrapKey, AES key wrap with padding, RFC 5649), as the JSON text that pkcs11/WRAPPED.md describes. @p out has
 *  room for SAF_P11_WRAPPED_MAX bytes; no terminator. It takes a second and 128 MiB when it is a passphrase.
 *  SAF_E_UNSUPPORTED (the key stays: the hint says how to make one that may leave; it can neither sign nor encrypt, or has a label that is not UTF-8; the
 *  other key may not wrap; no such mechanism), SAF_E_NOT_FOUND, SAF_E_CONFLICT (one of both keys, or several), SAF_E_USAGE. */
saf_status saf_p11_wrap_secret(char out[SAF_P11_WRAPPED_MAX], size_t *out_len, saf_p11_session *session, const saf_p11_uri *uri,
                               const saf_p11_wrapping *with, saf_error *err);

/** Read what such a text says, and check its digest; needs no token. SAF_E_MALFORMED (no such text, or altered), SAF_E_UNSUPPORTED (another version or
 *  method; parameters of scrypt that would take too long). */
saf_status saf_p11_read_wrapped(saf_p11_wrapped *out, saf_bytes text, saf_error *err);

/** Unwrap a key into the token. spec->label NULL: the label it had; spec->kind and len are not looked at. What does not open, or is not the key that
 *  the text speaks of, never gets into the token. SAF_E_DENIED (wrong passphrase or key; or somebody altered the text and knew how), SAF_E_MALFORMED,
 *  SAF_E_UNSUPPORTED as saf_p11_read_wrapped(), SAF_E_USAGE (a passphrase where it was a key, or the reverse), and as saf_p11_generate_secret(). */
saf_status saf_p11_unwrap_secret(saf_p11_secret *out, saf_p11_session *session, saf_bytes text, const saf_p11_wrapping *with,
                                 const saf_p11_secret_spec *spec, saf_error *err);

/* ---- checking --------------------------------------------------------------------------------------------- */

/** What a key is expected to be. {0}: one that stays in its token. Borrowed for the call. */
typedef struct saf_p11_secret_wanted {
    saf_p11_leaving leaving; /**< the most it may */
    const char *check_value; /**< 6 hex digits in either case; NULL: not compared */
} saf_p11_secret_wanted;

enum { SAF_P11_FINDINGS_MAX = 12 };

/** Something that is not as it should be. */
typedef struct saf_p11_finding {
    const char *name; /**< stable: "leaves", "other-uses", "too-short", "not-yet", "ended", "unusable", "check-value", …; lives for ever */
    char text[160];   /**< for a person */
} saf_p11_finding;

typedef struct saf_p11_secret_report {
    saf_p11_secret secret;
    size_t count; /**< 0: it is as it should be */
    saf_p11_finding findings[SAF_P11_FINDINGS_MAX];
} saf_p11_secret_report;

/** Check the one key that @p uri names: its attributes, that today is between its dates, that it makes and verifies a signature (AES: encrypts and
 *  decrypts), its check value. Findings are an answer, not an error. SAF_E_USAGE (a check value that is none), SAF_E_NOT_FOUND, SAF_E_CONFLICT. */
saf_status saf_p11_check_secret(saf_p11_secret_report *out, saf_p11_session *session, const saf_p11_uri *uri,
                                const saf_p11_secret_wanted *wanted, saf_error *err);

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
