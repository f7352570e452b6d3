#include "token-begun.h"

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
