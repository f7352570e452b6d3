/**
 * @file
 * What SoftHSM 2.6 needs around it. Internal to this room.
 *
 * Each login rewrites the file token.object by truncating it first. A process killed in between leaves it empty, and the
 * token with all its keys is lost; another process that reads it then sees no token. So all our processes take one lock
 * before they touch it, a copy ("token.object.safring") is kept beside it, and whoever takes the lock replaces an empty
 * one by its copy.
 *
 * Where there is nothing to lock (another module, read-only token files of a server) the lock is the handle's mutex alone.
 */
#ifndef LOGIN_LOCK_H
#define LOGIN_LOCK_H

#include "module.h"

/** The mutex of a handle and the lock file of its tokens, held. {0}: none. */
typedef struct p11_guard {
    saf_p11 *p11;
    int lock; /* -1: no lock file */
} p11_guard;

/** Take it, and put the copy in the place of every empty token.object. Does not nest. SAF_E_BUSY: another process holds
 *  the lock. */
saf_status p11_guard_take(p11_guard *guard, saf_p11 *p11, saf_error *err);

void p11_guard_release(p11_guard *guard);

OWN_VALUE(p11_guard, p11_guard_release)

/** Where SoftHSM keeps its tokens, by its configuration; NULL when @p module is not SoftHSM or nothing says so.
 *  SAF_E_MEMORY. */
saf_status p11_find_token_directory(char **directory, const char *module, saf_error *err);

/** Keep a copy of that token's token.object; with the guard held, after a login has shown that it is good. @p directory
 *  may be NULL. */
void p11_keep_copy(const char *directory, const char *serial);

#endif
