/**
 * @file
 * The copy ("token.object.safring") that is kept beside each token.object of SoftHSM. Internal to this room.
 *
 * A token's directory may belong to a user whom root must not trust: nothing in it is reached but through one descriptor
 * of it, and no link is followed. The guard is held in all of these.
 */
#ifndef TOKEN_COPY_H
#define TOKEN_COPY_H

#include <safring/status.h>

#include <stdbool.h>

/** Put the copy in the place of every empty token.object. @p tokens is the open directory of all tokens. */
void token_copies_restore(int tokens);

/** Keep a copy of that token's token.object; after a login has shown that it is good. @p directory (of all tokens) may be
 *  NULL. */
void token_copy_keep(const char *directory, const char *serial);

/** Note that the token @p name is being made, and forget it when it has its PIN. Killed in between, SoftHSM leaves a token that has a name but no SO PIN:
 *  nobody can log in to it, nor make it again. */
saf_status token_begun_note(const char *directory, const char *name, saf_error *err);
void token_begun_forget(const char *directory);

/** Remove that token, which has no PIN and so no keys, if it is noted; whether it was. */
bool token_begun_remove(const char *directory, const char *name, const char *serial);

/** Whether we may write some token.object. */
bool token_copies_can_write(int tokens);

#endif
