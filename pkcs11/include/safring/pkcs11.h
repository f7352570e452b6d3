/**
 * @file
 * PKCS#11 tokens and the keys in them: what ICSF is on z/OS.
 *
 * A *module* is a Cryptoki library (SoftHSM2 unless another is named), a *token* is one slot's token, addressed by label, serial
 * or RFC 7512 URI, and a *session* is a logged-in connection to one token. Secret keys are in <safring/secret-key.h>.
 *
 * Cryptoki is a process-wide thing. A saf_p11 may be shared by threads (calls are serialised where Cryptoki is not); a saf_p11_session is used by
 * one thread at a time; a saf_p11_signer and the EVP_PKEY of a token key may be shared.
 *
 * fork() waits until no thread is inside the module through a saf_p11_signer or a call that logs in, so that the child gets a module at rest, and there the
 * first use initialises it anew. In the child, handles and signers go on (the function for PINs is asked again); sessions and EVP_PKEYs from before are of
 * no use any more and may only be closed. The parent notices nothing. A fork by the function for PINs is for starting a program only.
 *
 * What this library cannot help: another part of the process that closes sessions, logs out or finalises the module WHILE a call is inside it. SoftHSM
 * crashes then. Between calls it is recovered from.
 *
 * SoftHSM 2.6 loses a token when killed in the middle of a login and fails under parallel logins. This library holds a lock of
 * its own around them (the file ".safring.lock" beside the tokens, for whoever may write there; who may write there and
 * cannot take it gets SAF_E_DENIED, SAF_E_IO or SAF_E_BUSY) and keeps a copy of the token's object file.
 *
 * PINs come as saf_secret, or from a function that is asked for them; they are handed to the token once, and are not kept.
 *
 * Deliberately not here: what certificates mean, identity tokens, the store.
 *
 * Statuses beside those named: SAF_E_DENIED (wrong PIN: CKR_PIN_INCORRECT, CKR_PIN_LOCKED), SAF_E_TOKEN_GONE (CKR_TOKEN_NOT_PRESENT,
 * CKR_DEVICE_REMOVED, …), SAF_E_UNSUPPORTED (CKR_MECHANISM_INVALID, …), SAF_E_BUSY (lock), SAF_E_FAILED (any other; the text has the CKR name).
 */
#ifndef SAFRING_PKCS11_H
#define SAFRING_PKCS11_H

#include <safring/bytes.h>
#include <safring/secret.h>
#include <safring/status.h>

#include <openssl/types.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- RFC 7512 URIs ---------------------------------------------------------------------------------------- */

enum {
    SAF_P11_LABEL_MAX = 32,
    SAF_P11_OBJECT_MAX = 255,
    SAF_P11_ID_MAX = 64,
    SAF_P11_URI_MAX = 1024
};

typedef enum saf_p11_type {
    SAF_P11_ANY,
    SAF_P11_SECRET_KEY,
    SAF_P11_PRIVATE,
    SAF_P11_PUBLIC,
    SAF_P11_CERT,
    SAF_P11_DATA
} saf_p11_type;

/** A parsed URI; "" or zero length where an attribute is absent. Path attributes only, and pin-source; values are UTF-8. */
typedef struct saf_p11_uri {
    char token[SAF_P11_LABEL_MAX + 1];
    char serial[17];
    char manufacturer[33];
    char model[17];
    char object[SAF_P11_OBJECT_MAX + 1];
    unsigned char id[SAF_P11_ID_MAX];
    size_t id_len;
    saf_p11_type type;
    char pin_source[SAF_P11_URI_MAX + 1]; /**< as written after pin-source=; never a PIN */
} saf_p11_uri;

/** Parse strictly (RFC 7512, 2.3): unknown path attributes, repeated ones, bad percent-encoding, pin-value, and module-path or
 *  module-name are refused. SAF_E_USAGE; the text quotes the URI without any PIN. */
saf_status saf_p11_uri_parse(saf_p11_uri *out, const char *text, saf_error *err);

/** Write the path part (token, serial, object, id, type that are set; no pin-source). SAF_E_SPACE. */
saf_status saf_p11_uri_format(char *out, size_t out_cap, const saf_p11_uri *uri, saf_error *err);

/* ---- modules and tokens ----------------------------------------------------------------------------------- */

typedef struct saf_p11 saf_p11;

/** One token. */
typedef struct saf_p11_token {
    char label[SAF_P11_LABEL_MAX + 1];
    char serial[17];
    char manufacturer[33];
    char model[17];
    unsigned long slot;
    bool login_required, user_pin_set, write_protected;
} saf_p11_token;

/** Asked for a token's PIN whenever the library has to log in and was not given one: at the first use, after fork(), after the token was
 *  away. Fills @p pin, which is wiped as soon as the token has it. One call at a time per handle, from any thread; it must not use the handle, and may start a program.
 *  A failure, or a PIN that the token refuses, is final for that token and handle: tokens lock themselves after a few wrong ones. */
typedef saf_status (*saf_p11_pin_fn)(void *context, const saf_p11_token *token, saf_secret *pin, saf_error *err);

/** How to load a module. Borrowed for the call, but pin_context lives as long as the handle. */
typedef struct saf_p11_options {
    saf_p11_pin_fn pin;       /**< NULL: none; PINs are given with saf_p11_login() only */
    void *pin_context;
    const char *module;       /**< path, or PATH?PARAMETERS for modules that want parameters (CK_C_INITIALIZE_ARGS.pReserved), such as NSS's softoken:
                                   "libsoftokn3.so?configdir='sql:/dir' certPrefix='' keyPrefix='' secmod='secmod.db' flags=". NULL: the same from
                                   $SAFRING_PKCS11_MODULE, else SoftHSM2 where distributions put it */
    unsigned probe_ms;        /**< try the module first in a child process that may take so many milliseconds, so that one that crashes, exits or hangs
                                   when it is loaded, initialised or finalised is an error here; once per process and file. 0: do not. The child is
                                   a fork that loads libraries: use it before there are other threads */
    const char *softhsm_conf; /**< SoftHSM2's configuration, used (by setting the environment variable SOFTHSM2_CONF) unless that is
                                   set already; NULL: SoftHSM2's own default */
} saf_p11_options;

/** Load and initialise a module. SAF_E_NOT_FOUND (no such file), SAF_E_UNSUPPORTED (not a Cryptoki library, or found to be broken by the trial:
 *  the text says what it was doing). */
saf_status saf_p11_open(saf_p11 **out, const saf_p11_options *options, saf_error *err);

/** Finalise and unload, after all sessions, signers and keys are gone. NULL allowed; sets *p11 to NULL. */
void saf_p11_close(saf_p11 **p11);

/** The module's path. Lives as long as the handle. */
const char *saf_p11_module_path(const saf_p11 *p11);

typedef struct saf_p11_token_list {
    saf_p11_token *tokens;
    size_t count;
} saf_p11_token_list;

void saf_p11_token_list_free(saf_p11_token_list *list);

/** All initialised tokens, by label. */
saf_status saf_p11_list_tokens(saf_p11_token_list *out, saf_p11 *p11, saf_error *err);

/** The one token that matches the token part of a URI. SAF_E_NOT_FOUND; SAF_E_CONFLICT (several: the text lists serials). */
saf_status saf_p11_find_token(saf_p11_token *out, saf_p11 *p11, const saf_p11_uri *uri, saf_error *err);

/** Check a token name by ICSF's grammar: 1-32 characters, first a letter or # $ @, others letters, digits, # $ @ or "."; kept as
 *  written. SAF_E_USAGE. */
saf_status saf_p11_token_name_check(const char *name, saf_error *err);

/** Make a token in a free slot and set both PINs (4-255 bytes). SAF_E_EXISTS when a token has that label. */
saf_status saf_p11_init_token(saf_p11_token *out, saf_p11 *p11, const char *name, const saf_secret *so_pin,
                              const saf_secret *pin, saf_error *err);

/* ---- sessions --------------------------------------------------------------------------------------------- */

typedef struct saf_p11_session saf_p11_session;

/** Log in to the token that @p uri names. The handle must outlive the session. Cryptoki logs in a process, not a session: once
 *  this handle has logged in to a token it stays so until it is closed, and while that lasts a PIN given later is not looked at:
 *  @p pin may be NULL, and a wrong one is not noticed. When the login was lost (the token was away, another part of the process
 *  logged out or closed all sessions) the PIN given is used to log in again, or with NULL the function for PINs is asked; sessions and keys from before it
 *  stay useless and have to be opened again, signers recover by themselves. */
saf_status saf_p11_login(saf_p11_session **out, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *pin, saf_error *err);

/** NULL allowed; sets *session to NULL. */
void saf_p11_logout(saf_p11_session **session);

/* ---- signing ---------------------------------------------------------------------------------------------- */

/** A key in a token, ready to sign, for servers: shared by any number of threads, each of which gets a session of its own from a pool (as many sessions
 *  as threads sign at once, at most 64; a token that has fewer is waited for), and good for as long as the process and its children live. When the token was
 *  away, its files were replaced, the login or the sessions were lost or the process was forked, the next call logs in again (the handle's
 *  function for PINs is asked), finds the key again by its URI and goes on; only when that fails the call does.
 *
 *  A copy of the key in session memory, inside the token, signs where the token allows it: with SoftHSM 2.5 times faster. It is as sensitive as the
 *  key, has another label and id, and goes with the signer. A key that is destroyed in the token signs for one second more at most.
 *
 *  Where the token takes the message (CKM_SHA256_RSA_PKCS) it gets it; else the message is hashed here (CKM_RSA_PKCS, CKM_ECDSA). */
typedef struct saf_p11_signer saf_p11_signer;

typedef enum saf_p11_mechanism {
    SAF_P11_HMAC_SHA256,
    SAF_P11_HMAC_SHA384,
    SAF_P11_HMAC_SHA512,
    SAF_P11_RSA_SHA256, /**< RSASSA-PKCS1-v1_5 */
    SAF_P11_RSA_SHA384,
    SAF_P11_RSA_SHA512,
    SAF_P11_PSS_SHA256, /**< salt as long as the hash, MGF1 with the same hash */
    SAF_P11_PSS_SHA384,
    SAF_P11_PSS_SHA512,
    SAF_P11_ECDSA_SHA256, /**< the signature is r and s, each as long as the order */
    SAF_P11_ECDSA_SHA384,
    SAF_P11_ECDSA_SHA512,
    SAF_P11_ED25519
} saf_p11_mechanism;

enum { SAF_P11_SIGNATURE_MAX = 1024 };

/** Prepare the key that @p uri names: one that cannot sign so is refused here, not at the first message. @p p11 must outlive it.
 *  SAF_E_NOT_FOUND, SAF_E_CONFLICT (no such key, or several: the text lists their URIs), SAF_E_DENIED (no PIN, or a wrong one), SAF_E_UNSUPPORTED
 *  (the token lacks the mechanism: the text names it; the key may not sign, is too short for it, or signs what its public key does not verify). */
saf_status saf_p11_signer_open(saf_p11_signer **out, saf_p11 *p11, const saf_p11_uri *uri, saf_p11_mechanism mechanism,
                               saf_error *err);

/** Sign a message of any length. *out_len: in, the room in @p out; out, the signature's length. No text: fit for hot paths.
 *  SAF_E_SPACE; SAF_E_TOKEN_GONE (and it could not be got back), SAF_E_DENIED, SAF_E_NOT_FOUND (the key was destroyed), SAF_E_FAILED and others: after
 *  one that recovery did not help against, a next attempt is made not more often than once a second. Any but SAF_OK may have written to @p out. */
saf_status saf_p11_signer_sign(saf_p11_signer *signer, saf_bytes message, unsigned char *out, size_t *out_len);

/** Why a call failed last, in whatever thread, for the log: the status with its text (CKR name and what to do); SAF_OK: none since the last recovery. */
saf_status saf_p11_signer_explain(saf_p11_signer *signer, saf_error *err);

/** The public key, for a pair; the caller frees it. SAF_E_UNSUPPORTED (a secret key; neither public key nor certificate is beside the private one). */
saf_status saf_p11_signer_public_key(EVP_PKEY **out, saf_p11_signer *signer, saf_error *err);

/** What the key can be relied on to be: bytes of a secret key, bits of a pair's; 0: the token does not say. */
size_t saf_p11_signer_key_size(const saf_p11_signer *signer);

/** NULL allowed; sets *signer to NULL. */
void saf_p11_signer_close(saf_p11_signer **signer);

/* ---- key pairs -------------------------------------------------------------------------------------------- */

typedef enum saf_p11_pair_kind { SAF_P11_RSA, SAF_P11_EC, SAF_P11_EDWARDS /**< Ed25519 */ } saf_p11_pair_kind;

/** A key pair to make. {0} beside label, kind and size gives a private key that signs, is sensitive, not extractable and not
 *  modifiable, kept in the token. Borrowed for the call. */
typedef struct saf_p11_pair_spec {
    const char *label; /**< CKA_LABEL of both halves, 1-255 bytes */
    saf_p11_pair_kind kind;
    unsigned rsa_bits; /**< 2048, 3072 or 4096; the exponent is 65537 */
    const char *curve; /**< OpenSSL's group name: P-256, P-384, P-521, brainpoolP256r1, … */
    unsigned char id[SAF_P11_ID_MAX]; /**< CKA_ID of both halves */
    size_t id_len;                    /**< 0: 16 random bytes are made */
} saf_p11_pair_spec;

/** What the URI of a pair will be, for whoever has to write it down before the pair is made: fills spec->id when it has none.
 *  The label is left out when it does not fit beside a long id. SAF_E_USAGE. */
saf_status saf_p11_pair_uri(char out[SAF_P11_URI_MAX + 1], saf_p11_session *session, saf_p11_pair_spec *spec, saf_error *err);

/** Make a key pair in the token (C_GenerateKeyPair). @p uri: names the private key by token, label, id and type.
 *  Logins of other processes do not wait for it; those of other threads do, and so does saf_p11_load_private_key().
 *  SAF_E_EXISTS (a key or certificate has that id), SAF_E_UNSUPPORTED (the token cannot make such a key: the text names what it lacks; or does not keep
 *  it as wanted: what was made is destroyed again), SAF_E_IO (no room where SoftHSM keeps its tokens), SAF_E_USAGE. */
saf_status saf_p11_generate_pair(char uri[SAF_P11_URI_MAX + 1], saf_p11_session *session, const saf_p11_pair_spec *spec,
                                 saf_error *err);

/** The URI of the private key that @p uri names, by token, label, id and type, for whoever is to find just this one again.
 *  SAF_E_NOT_FOUND, SAF_E_CONFLICT (no such private key, or several), SAF_E_UNSUPPORTED (it has no id, by which certificates and readers find it). */
saf_status saf_p11_find_pair(char out[SAF_P11_URI_MAX + 1], saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/** Put a certificate beside the private key that @p uri names, with the same label and CKA_ID, as Java's SunPKCS11 and GnuTLS look for it; one
 *  that is there already is replaced. SAF_E_NOT_FOUND, SAF_E_CONFLICT (no such private key, or several), SAF_E_MALFORMED (not a certificate). */
saf_status saf_p11_put_cert(saf_p11_session *session, const saf_p11_uri *uri, saf_bytes der, saf_error *err);

/** Destroy the private key that @p uri names by its id, its public half, and the certificate beside it. None there is SAF_OK: done before.
 *  SAF_E_USAGE (a URI without id could mean several keys), SAF_E_CONFLICT (several private keys have that id: none is destroyed). */
saf_status saf_p11_destroy_pair(saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

/** Load the private key that @p uri names as an EVP_PKEY whose signatures are made in the token: RSA, EC and Ed25519 keys. It is libp11's, unless the token has
 *  a private key of a kind that libp11 does not know, such as Ed25519; then it is ours, of a provider in a library context of its own, which
 *  OpenSSL's calls in any context find, and which signs with RSASSA-PKCS1-v1_5, RSASSA-PSS, ECDSA and Ed25519. The caller frees it
 *  before saf_p11_close(). @p pin may be NULL when this handle is logged in to that token already; see saf_p11_login().
 *  SAF_E_NOT_FOUND, SAF_E_CONFLICT, SAF_E_DENIED (not logged in, and no PIN or a wrong one), SAF_E_UNSUPPORTED (another kind of key; or neither
 *  public key nor certificate is beside it). */
saf_status saf_p11_load_private_key(EVP_PKEY **out, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *pin,
                                    saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
