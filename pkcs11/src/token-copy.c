#include "token-copy.h"

#include "token-files.h"

#include <errno.h>
#include <fcntl.h>

/* ---- one token -------------------------------------------------------------------------------------------- */

/* Only a name that is free: what a link or a directory has taken is not replaced. */
static bool is_missing(int token, const char *name)
{
    struct stat about;
    return fstatat(token, name, &about, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

static bool read_whole(saf_buffer *out, int token, const char *name, struct stat *about)
{
    return token_files_read(out, token, name, TOKEN_OBJECT_MAX, about) == SAF_OK &&
           object_file_judge_token(saf_buffer_bytes(out), NULL, NULL, NULL) == OBJECT_FILE_WHOLE;
}

/* Mode and owner are those of the object; when it is gone, those of the copy, which has them from it. */
saf_status token_copy_restore(int token, saf_error *err)
{
    struct stat about_object, about_copy;
    OWN(own_fd) object = token_files_open_file(token, TOKEN_COPY_OBJECT, &about_object);
    OWN(saf_buffer) copy = { 0 };
    if (object < 0 && !is_missing(token, TOKEN_COPY_OBJECT))
        return saf_fail(err, SAF_E_CONFLICT, "%s is no file of its own", TOKEN_COPY_OBJECT);
    if (!read_whole(&copy, token, TOKEN_COPY_NAME, &about_copy))
        return saf_fail(err, SAF_E_NOT_FOUND, "there is no whole copy %s", TOKEN_COPY_NAME);
    return token_files_write(token, TOKEN_COPY_OBJECT, saf_buffer_bytes(&copy), object < 0 ? &about_copy : &about_object, err);
}

static void restore_unless_whole(int token)
{
    struct stat about;
    OWN(saf_buffer) object = { 0 };
    if (read_whole(&object, token, TOKEN_COPY_OBJECT, &about))
        return;
    saf_status status = token_copy_restore(token, NULL);
    (void)status; /* the token is no worse off than before, and the next login tries again */
}

static bool has_content(int token, const saf_buffer *wanted)
{
    struct stat about;
    OWN(saf_buffer) content = { 0 };
    return token_files_read(&content, token, TOKEN_COPY_NAME, TOKEN_OBJECT_MAX, &about) == SAF_OK && content.len == wanted->len &&
           !memcmp(content.data, wanted->data, wanted->len);
}

saf_status token_copy_make(int token, saf_error *err)
{
    struct stat about;
    OWN(saf_buffer) now = { 0 };
    if (!read_whole(&now, token, TOKEN_COPY_OBJECT, &about))
        return saf_fail(err, SAF_E_NOT_FOUND, "%s is not whole", TOKEN_COPY_OBJECT);
    return has_content(token, &now) ? SAF_OK : token_files_write(token, TOKEN_COPY_NAME, saf_buffer_bytes(&now), &about, err);
}

/* ---- all tokens ------------------------------------------------------------------------------------------- */

void token_copies_restore(int tokens)
{
    OWN(DIR) *stream = token_files_stream(tokens);
    for (const char *name; (name = token_files_next(stream));) {
        OWN(own_fd) token = token_files_open(tokens, name);
        if (token >= 0)
            restore_unless_whole(token);
    }
}

void token_copy_keep(const char *directory, const char *serial)
{
    char name[TOKEN_NAME_SIZE];
    OWN(own_fd) tokens = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    OWN(own_fd) token = tokens >= 0 && token_files_find(name, tokens, serial) ? token_files_open(tokens, name) : -1;
    if (token < 0)
        return;
    saf_status status = token_copy_make(token, NULL);
    (void)status; /* the next login tries again */
}

bool token_copies_can_write(int tokens)
{
    OWN(DIR) *stream = token_files_stream(tokens);
    for (const char *name; (name = token_files_next(stream));) {
        OWN(own_fd) token = token_files_open(tokens, name);
        if (token >= 0 && faccessat(token, TOKEN_COPY_OBJECT, W_OK, AT_EACCESS) == 0)
            return true;
    }
    return false;
}
