/**
 * @file
 * The directory of a publication, as its writer sees it: ring.saf (the snapshot) and ring.key (what it is sealed under), both the reader's,
 * and ring.lock, the writer's. Everything is done relative to an open directory that was found to be ours, so nobody can lead us elsewhere.
 */
#ifndef KEYRING_PUBLICATION_DIR_H
#define KEYRING_PUBLICATION_DIR_H

#include "store.h"

#include <base/buffer.h>

#define PUBLICATION_FILE "ring.saf"
#define PUBLICATION_KEY "ring.key"
#define PUBLICATION_LOCK "ring.lock"

/** Held: no other process writes. {.parent = -1, .fd = -1, .lock = -1} is closed. */
typedef struct publication_dir {
    const char *path, *base; /* borrowed; its name in the directory above, which is open, too */
    int parent;
    uid_t owner;      /* whose the store is: whose the directory must be */
    int fd, lock;
} publication_dir;

void publication_dir_close(publication_dir *dir);
OWN_VALUE(publication_dir, publication_dir_close)

/** Whether a store may give files to @p user: its own, or anybody's when it is root's. SAF_E_DENIED. */
saf_status publication_check_user(const saf_store *store, uint32_t user, saf_error *err);

/** Whether a ring could be published there; nothing is changed. *is_used: a publication's files are in it. SAF_E_CONFLICT (other files, or no
 *  directory), SAF_E_DENIED (another user's, or others may write it). */
saf_status publication_dir_check(bool *is_used, const saf_store *store, const char *path, saf_error *err);

typedef enum publication_entry_mode { PUBLICATION_MAKE, PUBLICATION_FIND } publication_entry_mode;

/** Enter: make the directory, or find it to end what is published there (out->fd stays -1 when there is none; what others put there or may write
 *  does not matter then), check it, keep other writers out, remove what a killed one left. */
saf_status publication_dir_enter(publication_dir *out, const saf_store *store, const char *path, publication_entry_mode mode,
                                 saf_error *err);

/** The reader's key, made when there is none of @p user's. */
saf_status publication_dir_key(saf_secret *out, const publication_dir *dir, uint32_t user, saf_error *err);

/** Put a snapshot into place. */
saf_status publication_dir_write(const publication_dir *dir, uint32_t user, saf_bytes content, saf_error *err);

/** Remove the files, and the directory. */
saf_status publication_dir_erase(publication_dir *dir, saf_error *err);

#endif
