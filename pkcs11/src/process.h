/**
 * @file
 * What is one per process and not per handle: fork(), and which modules were probed. The only mutable file-scope state of this room, because
 * pthread_atfork() takes functions without context. Internal to this room.
 *
 * A fork while another thread is inside the module would leave the module's own locks taken in the child for ever. So fork() waits until no
 * thread signs, logs in or loads a key through us, and the child begins with a module that is at rest, which it then initialises anew.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "module.h"

void process_add(saf_p11 *p11);
void process_remove(saf_p11 *p11);

/** In the child of a fork: let a handle that the parent had open on the same module begin anew, before another one uses it. */
saf_status process_revive(const CK_FUNCTION_LIST *cryptoki, saf_error *err);

/** Around a call of the caller's function for PINs. */
void process_begin_asking(void);
void process_end_asking(void);

/** Whether a module was found good by the same process before, as the same file. */
bool process_knows(const char *path, const char *parameters);
void process_learn(const char *path, const char *parameters);

#endif
