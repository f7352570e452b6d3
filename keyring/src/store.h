/** @file What a store and a change are made of, and the frame that every call of the room works in. */
#ifndef KEYRING_STORE_H
#define KEYRING_STORE_H

#include "authenticator.h"
#include "facts.h"
#include "key-reader.h"
#include "storage.h"

#include <keyring/ask.h>

#include <sys/stat.h>
#include <sys/types.h>

enum { STORE_PAGE_LIMIT = 200, STORE_ID_SIZE = 37, STORE_WHO_SIZE = 80, STORE_SOURCE_LEN = STORAGE_RECORD_ID_LEN };

struct saf_store {
    char *dir; /* as it was given */
    struct storage *storage;
    char id[STORE_ID_SIZE];
    saf_master_kind master;
    saf_secret key;       /* seals private keys */
    saf_secret audit_key; /* of the audit trail's MACs */
    authenticator *authenticator; /* of all other rows */
    saf_authority_fn authority;
    void *authority_context;
    facts_memo memo;  /* what was parsed last */
    key_reader reader;
    unsigned char source[STORE_SOURCE_LEN]; /* tells this connection's snapshots from all others; zeros until there is one */
    bool is_new;      /* being made: there are no tables yet */
    bool is_changing; /* a change is open: reads are part of its transaction */
    saf_change *change; /* ...this one */
    pid_t process;    /* that opened it: a connection is never carried over fork() */
    char *published;  /* NULL, or the absolute directory of a publication: then there is no database */
    unsigned unpublished;      /* publications that the last commit could not write... */
    saf_error unpublished_why; /* ...and the first one's reason */
};

struct saf_change {
    saf_store *store;
    saf_principal principal;
    char user[SAF_OWNER_MAX + 1]; /* what principal.user points to */
    char who[STORE_WHO_SIZE];     /* as the audit trail names them */
};

/** A read transaction that ends with the scope; inside a change it is the change's. */
typedef struct reading {
    saf_store *store; /* NULL: none to end */
} reading;

saf_status reading_begin(reading *out, saf_store *store, saf_error *err);
void reading_end(reading *reading);
OWN_VALUE(reading, reading_end)

/** One step of a change: undone with the scope unless kept, so that a call that failed leaves nothing behind in a
 *  change that is committed nevertheless. */
typedef struct step {
    struct storage *storage; /* NULL: nothing to undo */
} step;

saf_status step_begin(step *out, saf_change *change, saf_error *err);
saf_status step_keep(step *step, saf_error *err);
void step_undo(step *step);
OWN_VALUE(step, step_undo)

OWN_HANDLE(saf_store, saf_store_close)
OWN_HANDLE(saf_change, saf_change_abandon)

/* The settings that a store has. */
#define SETTING_ID "store-id"
#define SETTING_CREATED "created"
#define SETTING_MASTER "master"
#define SETTING_SCRYPT "scrypt"
#define SETTING_MASTER_URI "master-uri"
#define SETTING_STORE_KEY "store-key"
#define SETTING_OLD_KEY_FILE "old-key-file"
#define SETTING_SUM STORAGE_SUM_SETTING

/** The counter that all generations come from. */
#define STORE_CHANGES "change"
#define SETTING_MODULE "pkcs11-module"

/** What the store key is bound to in its envelope. */
saf_status store_key_context(saf_buffer *out, const char *id, saf_error *err);

/** Refuse a store that others may have put there: directory and database must belong to this process's user, to root, or, for
 *  root, to anybody, and nobody else may write them. What is missing is for the engine to tell. SAF_E_DENIED. */
saf_status store_check_custody(const char *dir, saf_error *err);

/** Refuse a directory (absolute, without links) in which another user could exchange a draft that is worked with by its name, as the database engine does:
 *  he would read what is written into it, or lead it elsewhere. @p refusal begins the text: "no store is made". SAF_E_DENIED. */
saf_status store_check_above(const char *dir, const char *refusal, saf_error *err);

/** The same as store_check_custody() for one part, whose state is @p about. */
saf_status store_check_owner(const char *path, const struct stat *about, saf_error *err);

/** Report that @p path is another user's. */
saf_status store_fail_foreign(const char *path, uid_t owner, saf_error *err);

/** 32 bytes of HKDF-SHA256 of @p key, without salt, for one purpose. */
saf_status store_derive(saf_secret *out, const saf_secret *key, const char *purpose, saf_error *err);

/** Complete @p store, whose id and store key are known. */
saf_status store_derive_keys(saf_store *store, saf_error *err);

#endif
