/** @file A lock between processes: flock(2) on a file. Released when the descriptor is closed or its process dies. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <safring/status.h>

typedef enum saf_lock_kind { SAF_LOCK_SHARED, SAF_LOCK_EXCLUSIVE } saf_lock_kind;

/** Take the lock on @p path (made, mode 0600, when missing), waiting up to @p timeout_ms milliseconds. The caller
 *  owns *fd and closes it to release. SAF_E_BUSY (another process holds it), SAF_E_DENIED, SAF_E_IO. */
saf_status saf_lock_take(int *fd, const char *path, saf_lock_kind kind, unsigned timeout_ms, saf_error *err);

/** The same, with a path relative to an open directory. */
saf_status saf_lock_take_at(int *fd, int directory, const char *path, saf_lock_kind kind, unsigned timeout_ms, saf_error *err);

#endif
