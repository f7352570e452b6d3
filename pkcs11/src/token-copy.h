/**
 * @file
 * The copy ("token.object.safring") that is kept beside each token.object of SoftHSM. Internal to this room. The guard is held in all of these.
 */
#ifndef TOKEN_COPY_H
#define TOKEN_COPY_H

#include <safring/status.h>

#include <stdbool.h>

#define TOKEN_COPY_OBJECT "token.object"
#define TOKEN_COPY_NAME "token.object.safring"

/** Put the copy in the place of every token.object that a kill or a full disk left empty, damaged or missing. @p tokens is the open directory of all tokens. */
void token_copies_restore(int tokens);

/** The same for one token's open directory. SAF_E_NOT_FOUND: there is no copy, or none that is whole. */
saf_status token_copy_restore(int token, saf_error *err);

/** Keep a copy of that token's token.object; after a login has shown that it is good. @p directory (of all tokens) may be NULL. */
void token_copy_keep(const char *directory, const char *serial);

/** The same for one token's open directory. SAF_E_NOT_FOUND: its token.object is not whole. */
saf_status token_copy_make(int token, saf_error *err);

/** Whether we may write some token.object. */
bool token_copies_can_write(int tokens);

#endif
