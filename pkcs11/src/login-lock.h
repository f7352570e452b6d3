/**
 * @file
 * What SoftHSM 2.6 needs around it. Internal to this room.
 *
 * Each login rewrites the file token.object by truncating it first. A process killed in between leaves it empty, and the
 * token with all its keys is lost; another process that reads it then sees no token. So all our processes take one lock
 * before they touch it, a copy is kept beside it (token-copy.h), and whoever takes the lock replaces one that is
 * not whole by its copy.
 *
 * Where there is nothing to lock (another module, a directory and token files that we may not write) the lock is the
 * handle's mutex alone. Who may write them gets the lock, or no access.
 */
#ifndef LOGIN_LOCK_H
#define LOGIN_LOCK_H

#include "module.h"

/** The mutex of a handle and the lock file of its tokens, held. {0}: none. */
typedef struct p11_guard {
    saf_p11 *p11;
    int lock; /* -1: no lock file */
} p11_guard;

/** Take it, and put the copy in the place of every token.object that is not whole. Does not nest. SAF_E_BUSY: another process holds
 *  the lock. SAF_E_DENIED, SAF_E_IO: it cannot be taken, and yet we may write there. */
saf_status p11_guard_take(p11_guard *guard, saf_p11 *p11, saf_error *err);

/** The same in two steps, for what takes long and keeps only this process's other threads from logging in and loading keys
 *  meanwhile. */
void p11_guard_take_mutex(p11_guard *guard, saf_p11 *p11);
saf_status p11_guard_add_lock(p11_guard *guard, saf_error *err);

void p11_guard_release(p11_guard *guard);

/** The lock file alone, for work on the files in @p directory without a module; nothing is put back. The caller closes *lock, which is -1 where there is
 *  nothing to lock. */
saf_status p11_lock_directory(int *lock, int directory, const char *path, saf_error *err);

OWN_VALUE(p11_guard, p11_guard_release)

#endif
