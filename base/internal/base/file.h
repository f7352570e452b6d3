/**
 * @file
 * Files: read whole with a limit, written whole or not at all.
 *
 * A write goes to a file without a name (O_TMPFILE), is flushed to disk, and put into place; whoever is killed in the
 * middle leaves the old file or the new one, never a half. Where the file system has no nameless files, and for a moment when
 * a file is replaced, the draft has a temporary name (".saf-" and 16 digits that depend on the file's) in the same directory.
 * What a kill leaves there is removed by the next who writes that file; who lives holds its lock (flock). Symbolic links are
 * not followed at the last component of what is written. Descriptors are close-on-exec.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <base/buffer.h>

#include <sys/types.h>

/** What to do with a file that is there already. */
typedef enum saf_if_exists {
    SAF_IF_EXISTS_FAIL,   /**< SAF_E_EXISTS */
    SAF_IF_EXISTS_KEEP,   /**< leave what is there and succeed */
    SAF_IF_EXISTS_REPLACE /**< swap the new one in */
} saf_if_exists;

/** Who is to own a file; (uid_t)-1 or (gid_t)-1: as the system decides. */
typedef struct saf_file_owner {
    uid_t user;
    gid_t group;
} saf_file_owner;

/** How to write a file. Borrowed for the call. */
typedef struct saf_file_spec {
    mode_t mode; /**< exactly this one */
    saf_if_exists if_exists;
    const saf_file_owner *owner; /**< it has this one from the moment it has its name; NULL: as the system decides */
} saf_file_spec;

/** Read a regular file (or "-" for standard input) of at most @p max bytes, appending to @p out.
 *  SAF_E_NOT_FOUND, SAF_E_DENIED, SAF_E_MALFORMED (larger than max, or not a regular file), SAF_E_IO. */
saf_status saf_file_read(saf_buffer *out, const char *path, size_t max, saf_error *err);

/** As saf_file_read(), from an open descriptor, to the end of the file; @p path is for the texts. */
saf_status saf_file_read_open(saf_buffer *out, int fd, const char *path, size_t max, saf_error *err);

/** Write a file whole with exactly @p mode. SAF_E_EXISTS, SAF_E_NOT_FOUND (no directory), SAF_E_DENIED, SAF_E_IO. */
saf_status saf_file_write(const char *path, saf_bytes content, mode_t mode, saf_if_exists if_exists,
                          saf_error *err);

/** As saf_file_write(), with @p path relative to an open directory (AT_FDCWD: the current one). An owner that may not be
 *  given is SAF_E_DENIED, and nothing is written. */
saf_status saf_file_write_at(int directory, const char *path, saf_bytes content, const saf_file_spec *spec,
                             saf_error *err);

/** Whether @p path is there (of any kind). A path that cannot be examined is not. */
int saf_file_exists(const char *path);

/** Make a directory and those above it; only the last gets @p mode, others 0755. One that is there stays as it is. */
saf_status saf_directory_make(const char *path, mode_t mode, saf_error *err);

/** Flush a directory, so that names made or removed in it survive a power cut. */
saf_status saf_directory_sync(const char *path, saf_error *err);

#endif
