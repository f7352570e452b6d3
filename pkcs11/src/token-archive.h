/**
 * @file
 * Backups of tokens: a POSIX ustar archive, strict both ways. Internal to this room.
 *
 *     UUID/safring-token.sha256   a comment line, then "hash  name" for each file that follows, as sha256sum(1) reads it
 *     UUID/UUID.object            each object, in the order of names
 *     UUID/token.object
 *
 * All members are regular files of one directory, at most 1 MiB each, with names as SoftHSM gives them. Anything else in an archive makes it one that is not
 * ours: other names or kinds, a wrong checksum or hash, an unexpected order, data after the end.
 */
#ifndef TOKEN_ARCHIVE_H
#define TOKEN_ARCHIVE_H

#include "token-files.h"

enum { TOKEN_ARCHIVE_MAX = 512 * 1024 * 1024, TOKEN_ARCHIVE_NAME_SIZE = 64 };

typedef struct token_archive {
    saf_bytes files;  /* of the files, manifest left out */
    char directory[TOKEN_NAME_SIZE];
    size_t count;
} token_archive;

/** Check all of an archive. It borrows @p bytes. SAF_E_MALFORMED. */
saf_status token_archive_open(token_archive *out, saf_bytes bytes, saf_error *err);

/** The next file; @p rest begins as archive->files. False: that was the last. */
bool token_archive_next(char name[TOKEN_ARCHIVE_NAME_SIZE], saf_bytes *content, saf_bytes *rest);

/** The file of that name. */
bool token_archive_find(saf_bytes *content, const token_archive *archive, const char *name);

/** One file to be written. */
typedef struct token_archive_file {
    char name[TOKEN_ARCHIVE_NAME_SIZE];
    saf_buffer content;
} token_archive_file;

/** Write an archive of files that are in the order of names. @p out remembers a failure. SAF_E_FAILED (no SHA-256). */
saf_status token_archive_write(saf_buffer *out, const char *directory, const token_archive_file *files, size_t count, saf_error *err);

#endif
