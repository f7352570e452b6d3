#include "token-files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

bool token_files_is_name(const char *name)
{
    size_t i = 0;
    for (; name[i] && i < TOKEN_NAME_SIZE; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? name[i] != '-' : !isxdigit((unsigned char)name[i]))
            return false;
    return i == TOKEN_NAME_SIZE - 1;
}

bool token_files_has_end(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len > end_len && !strcmp(name + len - end_len, end);
}

bool token_files_is_object(const char *name)
{
    return token_files_has_end(name, ".object") && strcmp(name, "token.object") != 0;
}

int token_files_open(int tokens, const char *name)
{
    return openat(tokens, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int token_files_open_file(int token, const char *name, struct stat *about)
{
    OWN(own_fd) file = openat(token, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0 || fstat(file, about) != 0 || !S_ISREG(about->st_mode) || about->st_nlink != 1)
        return -1;
    int opened = file;
    file = -1;
    return opened;
}

saf_status token_files_read(saf_buffer *out, int token, const char *name, size_t max, struct stat *about)
{
    OWN(own_fd) file = token_files_open_file(token, name, about);
    return file < 0 ? SAF_E_NOT_FOUND : saf_file_read_open(out, file, name, max, NULL);
}

saf_status token_files_write(int token, const char *name, saf_bytes content, const struct stat *model, saf_error *err)
{
    const saf_file_owner owner = { model->st_uid, model->st_gid };
    const saf_file_spec spec = { .mode = model->st_mode & 0777,
                                 .if_exists = SAF_IF_EXISTS_REPLACE,
                                 .owner = geteuid() == 0 ? &owner : NULL };
    return saf_file_write_at(token, name, content, &spec, err);
}

saf_status token_files_write_object(int token, const char *name, saf_bytes content, const struct stat *model, saf_error *err)
{
    char lock[NAME_MAX + 1];
    snprintf(lock, sizeof lock, "%.*s.lock", (int)(strlen(name) - strlen(".object")), name);
    SAF_TRY(token_files_write(token, lock, saf_bytes_of(NULL, 0), model, err));
    return token_files_write(token, name, content, model, err);
}

/* ---- walking ---------------------------------------------------------------------------------------------- */

DIR *token_files_stream(int directory)
{
    OWN(own_fd) again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    if (stream)
        again = -1;
    return stream;
}

const char *token_files_next(DIR *stream)
{
    struct dirent *entry = stream ? readdir(stream) : NULL;
    while (entry && *entry->d_name == '.')
        entry = readdir(stream);
    return entry ? entry->d_name : NULL;
}

bool token_files_has_serial(const char *name, const char *serial)
{
    size_t i = strlen(name), left = strlen(serial);
    while (i > 0 && left > 0) {
        if (name[--i] == '-')
            continue;
        if (tolower((unsigned char)name[i]) != tolower((unsigned char)serial[--left]))
            return false;
    }
    return left == 0;
}

bool token_files_find(char out[TOKEN_NAME_SIZE], int tokens, const char *serial)
{
    OWN(DIR) *stream = *serial ? token_files_stream(tokens) : NULL;
    for (const char *name; (name = token_files_next(stream));)
        if (token_files_is_name(name) && token_files_has_serial(name, serial)) {
            memcpy(out, name, TOKEN_NAME_SIZE);
            return true;
        }
    return false;
}

/* ---- removing --------------------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 3 }; /* trash, token, quarantine */

static saf_status remove_entries(int directory, int depth, saf_error *err);

static saf_status remove_tree(int parent, const char *name, int depth, saf_error *err)
{
    OWN(own_fd) directory = token_files_open(parent, name);
    if (directory < 0 && errno == ENOENT)
        return SAF_OK;
    if (directory < 0 && (errno == ENOTDIR || errno == ELOOP))
        return saf_fail(err, SAF_E_CONFLICT, "%s is not a directory: somebody put something else there", name);
    if (directory < 0)
        return saf_fail_errno(err, "cannot open the directory %s to remove it", name);
    SAF_TRY(remove_entries(directory, depth, err));
    if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return saf_fail_errno(err, "cannot remove the directory %s", name);
    return SAF_OK;
}

/* Unlinks what is no directory, whatever it is: nothing is opened or followed. */
static saf_status remove_entries(int directory, int depth, saf_error *err)
{
    OWN(DIR) *stream = token_files_stream(directory);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") || unlinkat(directory, name, 0) == 0 || errno == ENOENT)
            continue;
        if ((errno != EISDIR && errno != EPERM) || depth == DEPTH_MAX)
            return saf_fail_errno(err, "cannot remove %s", name);
        SAF_TRY(remove_tree(directory, name, depth + 1, err));
    }
    return SAF_OK;
}

saf_status token_files_remove(int parent, const char *name, saf_error *err)
{
    return remove_tree(parent, name, 1, err);
}

saf_status token_files_discard(int tokens, const char *name, saf_error *err)
{
    SAF_TRY(token_files_remove(tokens, TOKEN_FILES_TRASH, err));
    if (mkdirat(tokens, TOKEN_FILES_TRASH, 0700) != 0)
        return saf_fail_errno(err, "cannot make %s beside the tokens", TOKEN_FILES_TRASH);
    OWN(own_fd) trash = token_files_open(tokens, TOKEN_FILES_TRASH);
    if (trash < 0 || renameat(tokens, name, trash, name) != 0 || fsync(tokens) != 0)
        return saf_fail_errno(err, "cannot take away %s", name);
    return token_files_remove(tokens, TOKEN_FILES_TRASH, err);
}
