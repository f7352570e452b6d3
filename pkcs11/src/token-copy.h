/**
 * @file
 * The copy ("token.object.safring") that is kept beside each token.object of SoftHSM. Internal to this room.
 *
 * A token's directory may belong to a user whom root must not trust: nothing in it is reached but through one descriptor
 * of it, and no link is followed. The guard is held in all of these.
 */
#ifndef TOKEN_COPY_H
#define TOKEN_COPY_H

#include <stdbool.h>

/** Put the copy in the place of every empty token.object. @p tokens is the open directory of all tokens. */
void token_copies_restore(int tokens);

/** Keep a copy of that token's token.object; after a login has shown that it is good. @p directory (of all tokens) may be
 *  NULL. */
void token_copy_keep(const char *directory, const char *serial);

/** Whether we may write some token.object. */
bool token_copies_can_write(int tokens);

#endif
