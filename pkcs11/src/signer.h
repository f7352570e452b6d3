/**
 * @file
 * What a signer is made of. Internal to this room.
 *
 * A *binding* is what it knows of the token: the key's handles, valid for as long as nobody closes the sessions. It is renewed by
 * whoever finds that it is good no more (signer.c). *Lanes* are sessions, one for each thread that is signing at a moment; a lane is taken
 * for the signature, and waited for by nobody as long as there are more lanes than threads. What a lane reads of the signer is changed only by
 * who has taken all lanes.
 *
 * Order: the handle's mutex (p11_guard), then lanes. Nobody who has a lane waits for the mutex. Lanes are flags and no mutexes because
 * fork() takes those of all signers, more than a thread can be seen to hold by the tools that check locks.
 */
#ifndef SIGNER_H
#define SIGNER_H

#include "object.h"

#include <openssl/evp.h>

enum { SIGNER_LANES = 64, SIGNER_MARK_LEN = 32 };

/** How a kind of signature is asked for. */
typedef struct signer_kind {
    const char *name; /* "HMAC-SHA-256" */
    saf_p11_type type;
    CK_KEY_TYPE key_type;
    CK_MECHANISM_TYPE whole; /* takes the message */
    CK_MECHANISM_TYPE raw;   /* takes the digest; only where has_raw */
    bool has_raw;
    const char *digest; /* OpenSSL's name; NULL: the message is not hashed beforehand */
    size_t digest_len;
    CK_MECHANISM_TYPE pss_hash; /* only where pss_mask is set */
    CK_RSA_PKCS_MGF_TYPE pss_mask;
    const unsigned char *prefix; /* DigestInfo up to the digest; NULL: none */
} signer_kind;

/** NULL: no such mechanism. */
const signer_kind *signer_kind_of(saf_p11_mechanism mechanism);

typedef struct signer_binding {
    unsigned long instance; /* of the module, see module.h; 0: not bound */
    saf_p11_token token;
    CK_SESSION_HANDLE anchor;    /* open for nothing but the copy and the mark */
    CK_OBJECT_HANDLE token_key;  /* the key */
    CK_OBJECT_HANDLE key;        /* what signs: its copy, or the key itself */
    bool has_copy;
    CK_OBJECT_HANDLE witness;    /* an object of the anchor that has the mark as its label: the copy or one made for this; 0: none could be made */
    char mark[SIGNER_MARK_LEN];  /* random: nobody else's object has it */
    size_t signature_len;
    size_t key_size;
    EVP_PKEY *public_key; /* NULL: a secret key */
} signer_binding;

typedef struct signer_lane {
    _Alignas(128) atomic_bool taken; /* by who may use what follows */
    CK_SESSION_HANDLE session;
    bool open;
    unsigned long epoch; /* of the binding that the session is for */
    int64_t witnessed_ns; /* when this session was last known to be ours */
} signer_lane;

struct saf_p11_signer {
    saf_p11_signer *next; /* of the same handle */
    saf_p11 *p11;
    saf_p11_uri uri;
    const signer_kind *kind;
    EVP_MD *digest; /* NULL: the token hashes */
    CK_MECHANISM_TYPE mechanism;

    /* changed with all lanes taken, and the guard held */
    unsigned long epoch;
    signer_binding binding;
    signer_lane lanes[SIGNER_LANES];

    atomic_llong key_checked_ns; /* when the key in the token, whose copy signs, was last seen to be there */
    atomic_llong retry_ns;       /* after a failed recovery: no call before this moment; 0: none failed */
    atomic_llong pause_ns;       /* after a recovery that did not help: no other before this moment */
    atomic_size_t key_size;

    pthread_mutex_t failure_mutex; /* guards what follows */
    saf_error failure;             /* of the last call that failed; status SAF_OK: none since the last recovery */
};

int64_t signer_now_ns(void);

/* ---- signer-key.c: what is known of the key ---- */

/** Find the key that @p signer's URI names, check that it can sign as it should, make the copy and the mark, try it. With the guard held, and logged in.
 *  On success the caller owns the binding. */
saf_status signer_bind(signer_binding *out, saf_p11_signer *signer, const saf_p11_session *session, saf_error *err);

/** Close what a binding holds open; nothing is closed when the module has been started anew since. */
void signer_unbind(signer_binding *binding, const saf_p11 *p11);

/** Whether the module still has our witness, asked through @p session. */
bool signer_is_witnessed(const signer_binding *binding, const saf_p11 *p11, CK_SESSION_HANDLE session);

/* ---- signer-call.c: one signature ---- */

/** What the token gets: the message, or its digest in the form that the raw mechanism takes, in @p room. */
enum { SIGNER_DIGEST_MAX = 96 };
saf_status signer_digest(saf_bytes *out, const saf_p11_signer *signer, saf_bytes message, unsigned char room[SIGNER_DIGEST_MAX]);

/** C_SignInit and C_Sign, believing nothing: CKR_DEVICE_ERROR when the token says that it signed and did not. *out_len: in, the room; out,
 *  the signature's length. @p len: what that has to be; 0: not known yet. */
CK_RV signer_call(const saf_p11_signer *signer, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, saf_bytes input, unsigned char *out,
                  size_t *out_len, size_t len);

/* ---- signer-lane.c: sessions ---- */

/** A lane that nobody else uses; waits only when all are in use. */
signer_lane *signer_lane_take(saf_p11_signer *signer);

/** Wait for that lane. */
void signer_lane_wait(signer_lane *lane);

void signer_lane_release(signer_lane *lane);

/** Sign in a lane that was taken. */
CK_RV signer_lane_sign(signer_lane *lane, saf_p11_signer *signer, saf_bytes input, unsigned char *out, size_t *out_len);

/** Wait until no thread signs, and keep them from beginning. */
void signer_lanes_take(saf_p11_signer *signer);
void signer_lanes_release(saf_p11_signer *signer);

/** Close all sessions; with all lanes taken. */
void signer_lanes_close(saf_p11_signer *signer);

/* ---- signer-public.c ---- */

/** The public half of a private key: from the key itself, the public key beside it, or the certificate beside it. SAF_E_UNSUPPORTED: none
 *  is there. */
saf_status signer_public_key(EVP_PKEY **out, const saf_p11_session *session, CK_OBJECT_HANDLE key, const signer_kind *kind, saf_error *err);

/** Whether @p signature is this key's for the message. */
bool signer_verifies(EVP_PKEY *key, const signer_kind *kind, saf_bytes message, saf_bytes signature);

#endif
