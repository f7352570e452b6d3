/**
 * @file
 * What opens a store: the master key, in one of four kinds, and the store key that it protects.
 *
 * A *lock* is what the database says of it (FORMAT.md, Settings); it is read as of one moment and written in one change.
 */
#ifndef KEYRING_MASTER_KEY_H
#define KEYRING_MASTER_KEY_H

#include "store.h"

#include <base/buffer.h>

/** The parameters of scrypt that new stores get: 128 MiB and about half a second for each guess. */
enum { MASTER_SCRYPT_N = 1 << 17, MASTER_SCRYPT_R = 8, MASTER_SCRYPT_P = 1, MASTER_SCRYPT_LEN = 32 + 12 };

/** A credential is a key, not something that people remember: it is not stretched. */
enum { MASTER_CREDENTIAL_MIN = 32 };

/* ---- key files ---- */

#define MASTER_KEY_FILE "master.key"
/** The file that a rekey is about to put in its place. */
#define MASTER_KEY_NEXT "master.key.next"

/** Make DIR/master.key, mode 0400, unless it is there. */
saf_status master_key_make_file(const char *dir, saf_error *err);

/** Make DIR/master.key.next, in the place of one that was never used. */
saf_status master_key_make_next(const char *dir, saf_error *err);

/** Read a key file of the store. SAF_E_DENIED when others may read it or it is another user's, SAF_E_FAILED when it is missing. */
saf_status master_key_read_file(saf_secret *out, const char *dir, const char *name, saf_error *err);

/** Read a copy of a key file, wherever it is. SAF_E_NOT_FOUND, SAF_E_MALFORMED. */
saf_status master_key_read_copy(saf_secret *out, const char *path, saf_error *err);

/** Overwrite a key file and remove it. One that is not there is SAF_OK. */
saf_status master_key_wipe_file(const char *dir, const char *name, saf_error *err);

/** Overwrite master.key and put master.key.next in its place. */
saf_status master_key_finish_next(const char *dir, saf_error *err);

/* ---- secrets ---- */

/** Whether a passphrase or credential, or where it is, was given. */
bool master_key_has_secret(const saf_store_options *options);

/** The passphrase or credential that @p options gives; @p dir is for texts. SAF_E_DENIED when none is given or its source does not
 *  have it, never SAF_E_NOT_FOUND, by which callers know that there is no store. */
saf_status master_key_read_secret(saf_secret *out, const char *dir, saf_master_kind kind, const saf_store_options *options, saf_error *err);

/** Fresh parameters for a passphrase, as they are kept in the database: a random salt, N, r, p. */
saf_status master_key_new_parameters(saf_buffer *out, saf_error *err);

saf_status master_key_of_passphrase(saf_secret *out, const saf_secret *passphrase, saf_bytes parameters, saf_error *err);

/** Bound to the store: the same credential gives another store another key. */
saf_status master_key_of_credential(saf_secret *out, const saf_secret *credential, const char *store_id, saf_error *err);

/* ---- locks ---- */

/** Room for what a token seals and opens: some need as much for the one as for the other. */
enum { MASTER_TOKEN_SEALED_MAX = 1024 };

typedef struct master_lock {
    saf_master_kind kind;
    saf_buffer parameters; /* of a passphrase */
    saf_buffer uri;        /* of a key in a token */
    saf_buffer wrapped;    /* the store key */
} master_lock;

void master_lock_free(master_lock *lock);
OWN_VALUE(master_lock, master_lock_free)

/** The kind of that name in the database; -1: none. */
int master_kind_of(const char *name);

/** Read it, in a read transaction of its own unless a change is open. */
saf_status master_lock_read(master_lock *out, saf_store *store, saf_error *err);

/** Write it, inside a change; what other kinds need is removed. */
saf_status master_lock_write(const master_lock *lock, saf_store *store, saf_error *err);

/** Wrap the store key of @p store under a master key of 32 bytes, or with a key in a token. */
saf_status master_lock_wrap(master_lock *lock, const saf_store *store, const saf_secret *master_key, saf_error *err);
saf_status master_lock_seal(master_lock *lock, const saf_store *store, const saf_token_key *token, saf_error *err);

/** Whether a key file of the store opens this lock. */
bool master_lock_fits(const master_lock *lock, const saf_store *store, const char *name);

/** Open the store key: read the lock and what @p options gives, and set store->master and store->key. */
saf_status master_unlock(saf_store *store, const saf_store_options *options, saf_error *err);

/** Finish what a rekey that was cut short left: key files that are not in use any more, or one that has not got its name yet.
 *  Nothing may be missing for it; what cannot be done now is left to the next. */
void master_tidy(saf_store *store);

/** The same for who holds store.lock. */
saf_status master_tidy_locked(saf_store *store, saf_error *err);

/** Note in the change that master.key, as it is now, is needed no more. */
saf_status master_note_old_file(saf_store *store, saf_error *err);

/** Whether a new passphrase is long enough. SAF_E_USAGE. (master-key-secret.c) */
saf_status master_key_check_passphrase(const saf_secret *passphrase, saf_error *err);

#endif
