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

typedef struct p11_key_pair p11_key_pair; /* key-pair.c */

struct saf_p11 {
    char *path;
    void *library;
    CK_FUNCTION_LIST *cryptoki;
    char *token_directory; /* where SoftHSM keeps its tokens; NULL: another module, or not known */
    bool initialised;      /* by us and not by another part of the process, so we finalise */
    pthread_mutex_t mutex; /* taken by p11_guard; guards what follows, and libp11 */
    p11_login *logins;
    p11_key_pair *key_pairs;
    atomic_size_t session_count; /* logging out takes no lock */
};

OWN_HANDLE(saf_p11, saf_p11_close)

/** Let the module read its tokens anew, when nothing is open in it; with the guard held. SoftHSM sees tokens that other
 *  processes made after C_Initialize in no other way. */
saf_status p11_reread(saf_p11 *p11, saf_error *err);

#endif
