/** @file A loaded Cryptoki library. Internal to this room. */
#ifndef MODULE_H
#define MODULE_H

#include "cryptoki.h"

#include <base/own.h>

#include <safring/pkcs11.h>

#include <pthread.h>
#include <stdatomic.h>

/** A token that this handle logged in to; kept so until the module is closed, unless it is found to be logged out. */
typedef struct p11_login {
    struct p11_login *next;
    char label[SAF_P11_LABEL_MAX + 1];
    char serial[17];
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE anchor; /* open for nothing but this: Cryptoki logs out when the last session closes */
} p11_login;

/** A token whose PIN could not be had or was refused: nobody asks for it again. */
typedef struct p11_refusal {
    struct p11_refusal *next;
    char label[SAF_P11_LABEL_MAX + 1];
    char serial[17];
} p11_refusal;

typedef struct p11_key_pair p11_key_pair; /* key-pair.c */

struct saf_p11 {
    saf_p11 *next; /* of the process, see process.h */
    char *path;
    char *parameters; /* handed to C_Initialize; NULL: none */
    saf_p11_pin_fn pin;
    void *pin_context;
    void *library;
    CK_FUNCTION_LIST *cryptoki;
    char *token_directory; /* where SoftHSM keeps its tokens; NULL: another module, or not known */
    bool initialised;      /* by us and not by another part of the process, so we finalise */
    atomic_ulong instance; /* of the module: counts its beginnings, forks among them. Handles of an earlier one mean nothing; from 1 on */
    atomic_bool forked;    /* and the child has not initialised the module yet */
    pthread_mutex_t mutex; /* taken by p11_guard; guards what follows, and libp11 */
    int64_t restarted_at;  /* second of the last p11_restart() */
    p11_login *logins;
    p11_refusal *refusals;
    saf_p11_signer *signers;
    p11_key_pair *key_pairs;
    atomic_size_t session_count; /* logging out takes no lock */
};

OWN_HANDLE(saf_p11, saf_p11_close)

/** Load the library at p11->path and check what it offers. */
saf_status p11_load(saf_p11 *p11, saf_error *err);

/** C_Initialize, with the parameters. SAF_OK also when another part of the process has done it. */
saf_status p11_initialise(saf_p11 *p11, saf_error *err);

/** After fork(), or when another part of the process has finalised the module: initialise it. With the guard held. */
saf_status p11_revive(saf_p11 *p11, saf_error *err);

/** Whether nobody but signers, which recover from it, would suffer from a restart. With the guard held. */
bool p11_may_restart(const saf_p11 *p11);

/** Finalise and initialise. With the guard held. */
saf_status p11_restart(saf_p11 *p11, saf_error *err);

/** The signers of a handle. */
void p11_add_signer(saf_p11 *p11, saf_p11_signer *signer); /* with the guard held */
void p11_remove_signer(saf_p11 *p11, saf_p11_signer *signer); /* without */

/** Let the module read its tokens anew, when nothing is open in it; with the guard held. SoftHSM sees tokens that other
 *  processes made after C_Initialize in no other way. */
saf_status p11_reread(saf_p11 *p11, saf_error *err);

#endif
