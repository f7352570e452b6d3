/**
 * @file
 * Directories and files in which SoftHSM keeps tokens: tokens/UUID/NAME. Internal to this room.
 *
 * A token's directory may belong to a user whom root must not trust: nothing in it is reached but through one descriptor of it, and no link is followed.
 */
#ifndef TOKEN_FILES_H
#define TOKEN_FILES_H

#include "object-file.h"

#include <base/buffer.h>
#include <base/file.h>

#include <sys/stat.h>

/** SoftHSM reads every directory there as a token, also one that begins with a dot, and aborts the process when two have one serial. So what we work on
 *  is one level deeper: being made for a restore, or being removed. */
#define TOKEN_FILES_NEW ".safring.new"
#define TOKEN_FILES_TRASH ".safring.trash"
#define TOKEN_FILES_QUARANTINE "quarantine.safring"

enum { TOKEN_NAME_SIZE = 37 }; /* of a UUID */

/** Whether SoftHSM names a token's directory so. */
bool token_files_is_name(const char *name);

/** A token's directory; -1: errno. */
int token_files_open(int tokens, const char *name);

/** A file of that directory alone; -1 when it is missing, a link (of either kind), or no file: through a link root would hand out somebody else's. */
int token_files_open_file(int token, const char *name, struct stat *about);

/** Read such a file. SAF_E_NOT_FOUND: as above. SAF_E_MALFORMED: larger than @p max. */
saf_status token_files_read(saf_buffer *out, int token, const char *name, size_t max, struct stat *about);

/** Write a file, whole or not at all, with mode and owner of another: a token's user must be able to read what root wrote for it. */
saf_status token_files_write(int token, const char *name, saf_bytes content, const struct stat *model, saf_error *err);

/** Write a UUID.object and its UUID.lock, without which SoftHSM can destroy the object and then says that it could not. */
saf_status token_files_write_object(int token, const char *name, saf_bytes content, const struct stat *model, saf_error *err);

/** A stream of its own, because reading moves the descriptor's place in the directory. NULL: errno. */
DIR *token_files_stream(int directory);

/** The next name that does not begin with a dot, or NULL. @p stream may be NULL. */
const char *token_files_next(DIR *stream);

/** Whether a name ends so. */
bool token_files_has_end(const char *name, const char *end);

/** Whether it is a UUID.object. */
bool token_files_is_object(const char *name);

/** SoftHSM names a token's directory by a UUID whose last 16 hexadecimal digits are the serial. */
bool token_files_has_serial(const char *name, const char *serial);

/** The directory of the token with that serial. False: none. */
bool token_files_find(char name[TOKEN_NAME_SIZE], int tokens, const char *serial);

/** Remove a directory with all that is in it, two levels deep; nothing is followed. SAF_OK when it is not there. */
saf_status token_files_remove(int parent, const char *name, saf_error *err);

/** Take a token away at once (it is moved into the trash) and then remove its files; what a kill left in the trash is removed, too. */
saf_status token_files_discard(int tokens, const char *name, saf_error *err);

#endif
