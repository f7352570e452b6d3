/**
 * @file
 * A note that a token is being made. Internal to this room.
 *
 * Killed in C_InitToken, SoftHSM leaves a token that has a name but no SO PIN: nobody can log in to it, nor make it again.
 */
#ifndef TOKEN_BEGUN_H
#define TOKEN_BEGUN_H

#include <safring/status.h>

#include <stdbool.h>

/** Note that the token @p name is being made, and forget it when it has its PIN. @p directory (of all tokens) may be NULL. */
saf_status token_begun_note(const char *directory, const char *name, saf_error *err);
void token_begun_forget(const char *directory);

/** Remove what killed ones left that have not even a name: SoftHSM aborts the process when there are two. With the lock on @p tokens, the open directory of all. */
void token_begun_sweep(int tokens);

/** Remove that token, which has no PIN and so no keys, if it is noted; whether it was. */
bool token_begun_remove(const char *directory, const char *name, const char *serial);

#endif
