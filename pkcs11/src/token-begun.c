#include "token-begun.h"

#include "token-copy.h"
#include "token-files.h"

#include <safring/pkcs11.h>

#include <fcntl.h>

static const char note_name[] = "safring.begun";

static int open_tokens(const char *directory)
{
    return directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

saf_status token_begun_note(const char *directory, const char *name, saf_error *err)
{
    const saf_file_spec spec = { .mode = 0600, .if_exists = SAF_IF_EXISTS_REPLACE };
    if (!directory)
        return SAF_OK;
    OWN(own_fd) tokens = open_tokens(directory);
    if (tokens < 0)
        return saf_fail_errno(err, "cannot open the directory %s", directory);
    return saf_file_write_at(tokens, note_name, saf_bytes_of_text(name), &spec, err);
}

void token_begun_forget(const char *directory)
{
    OWN(own_fd) tokens = open_tokens(directory);
    if (tokens >= 0)
        unlinkat(tokens, note_name, 0);
}

static bool is_noted(int tokens, const char *name)
{
    struct stat about;
    OWN(saf_buffer) noted = { 0 };
    return token_files_read(&noted, tokens, note_name, SAF_P11_LABEL_MAX, &about) == SAF_OK && noted.len == strlen(name) &&
           !memcmp(noted.data, name, noted.len);
}

bool token_begun_remove(const char *directory, const char *name, const char *serial)
{
    char entry[TOKEN_NAME_SIZE];
    OWN(own_fd) tokens = open_tokens(directory);
    return tokens >= 0 && *serial && is_noted(tokens, name) && token_files_find(entry, tokens, serial) &&
           token_files_discard(tokens, entry, NULL) == SAF_OK;
}

/* ---- without a name ---- */

static bool is_whole(int token, const char *name)
{
    struct stat about;
    OWN(saf_buffer) content = { 0 };
    return token_files_read(&content, token, name, TOKEN_OBJECT_MAX, &about) == SAF_OK &&
           object_file_judge_token(saf_buffer_bytes(&content), NULL, NULL, NULL) == OBJECT_FILE_WHOLE;
}

static bool has_objects(int token)
{
    bool found = false;
    OWN(DIR) *stream = token_files_stream(token);
    for (const char *name; !found && (name = token_files_next(stream));)
        found = token_files_is_object(name);
    return found || !stream;
}

/* What has a copy, or an object, was a token once: the copy is put back, or the doctor says what is the matter. */
static bool is_unfinished(int tokens, const char *name)
{
    OWN(own_fd) token = token_files_is_name(name) ? token_files_open(tokens, name) : -1;
    return token >= 0 && !is_whole(token, TOKEN_COPY_OBJECT) && faccessat(token, TOKEN_COPY_NAME, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
           !has_objects(token);
}

void token_begun_sweep(int tokens)
{
    struct stat about;
    if (fstatat(tokens, note_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    OWN(DIR) *stream = token_files_stream(tokens);
    for (const char *name; (name = token_files_next(stream));) {
        saf_status status = is_unfinished(tokens, name) ? token_files_discard(tokens, name, NULL) : SAF_OK;
        (void)status; /* the next one tries again */
    }
}
