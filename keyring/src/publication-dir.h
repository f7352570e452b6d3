/**
 * @file
 * The directory of a publication, as its writer sees it: ring.saf (the snapshot) and ring.key (what it is sealed under), both the reader's,
 * and ring.lock, the writer's. Everything is done relative to an open directory that was found to be ours, so nobody can lead us elsewhere.
 */
#ifndef KEYRING_PUBLICATION_DIR_H
#define KEYRING_PUBLICATION_DIR_H

#include "publication-format.h"
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

/** What is in place there, as far as its first bytes say; false: nothing that is a snapshot. They are the reader's file, who may write what he likes
 *  into it: good only for what harms nobody but him. */
bool publication_dir_get_head(publication_head *out, const publication_dir *dir);

/** Likewise, without entering. */
bool publication_dir_peek(publication_head *out, const char *path);

/** Which store wrote there last, and the head of its audit trail then: in ring.lock, which is the store's user's. What has no such head was written
 *  by nobody who can be told. */
typedef struct publication_mark {
    char store[STORE_ID_SIZE];
    saf_audit_head head;
} publication_mark;

bool publication_dir_get_mark(publication_mark *out, const publication_dir *dir);
saf_status publication_dir_put_mark(const publication_dir *dir, const publication_mark *mark, saf_error *err);

/** Likewise, without entering. */
bool publication_dir_peek_mark(publication_mark *out, const char *path);

/** Whether the store has the audit record that a mark of its own names: if not, it is an older copy of the one that wrote there. (publication-renew.c) */
saf_status publication_knows_mark(bool *out, saf_store *store, const publication_mark *mark, saf_error *err);

/** Whether @p user can reach what is in @p path, as far as owners and modes of the directories above that are there tell. SAF_E_DENIED names the one that is in the way. */
saf_status publication_way_check(const char *path, uint32_t user, saf_error *err);

/** Put a snapshot into place. */
saf_status publication_dir_write(const publication_dir *dir, uint32_t user, saf_bytes content, saf_error *err);

/** Remove the files, and the directory. */
saf_status publication_dir_erase(publication_dir *dir, saf_error *err);

#endif
