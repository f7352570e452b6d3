/** @file Parts of a store's directory that are made the same way for a new store and for one from a backup. */
#ifndef KEYRING_CREATE_H
#define KEYRING_CREATE_H

#include <safring/store.h>

/** Make tokens/ and softhsm2.conf in @p dir, which is or will be called @p real. */
saf_status create_token_home(const char *dir, const char *real, saf_error *err);

/** Whether @p name is one of a file that was not finished. */
bool create_is_draft(const char *name);

#endif
