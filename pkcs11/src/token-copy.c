#include "token-copy.h"

#include <base/fail.h>
#include <base/file.h>

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { TOKEN_OBJECT_MAX = 65536 };

static const char object_name[] = "token.object";
static const char copy_name[] = "token.object.safring";

/* ---- one token -------------------------------------------------------------------------------------------- */

static int open_directory(int tokens, const char *name)
{
    return openat(tokens, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* -1 unless it is a file of that directory alone: through a link of either kind, root would hand out somebody else's. */
static int open_file(int token, const char *name, struct stat *about)
{
    OWN(own_fd) file = openat(token, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0 || fstat(file, about) != 0 || !S_ISREG(about->st_mode) || about->st_nlink != 1)
        return -1;
    int opened = file;
    file = -1;
    return opened;
}

/* Mode and owner are those of token.object: its user must be able to read the file that root wrote for it. */
static void write_like(int token, const char *name, saf_bytes content, const struct stat *model)
{
    const saf_file_owner owner = { model->st_uid, model->st_gid };
    const saf_file_spec spec = { .mode = model->st_mode & 0777,
                                 .if_exists = SAF_IF_EXISTS_REPLACE,
                                 .owner = geteuid() == 0 ? &owner : NULL };
    saf_status status = saf_file_write_at(token, name, content, &spec, NULL);
    (void)status; /* the token is no worse off than before, and the next login tries again */
}

static void restore(int token)
{
    struct stat about_object, about_copy;
    OWN(own_fd) object = open_file(token, object_name, &about_object);
    OWN(own_fd) copy = open_file(token, copy_name, &about_copy);
    if (object < 0 || copy < 0 || about_object.st_size != 0)
        return;
    OWN(saf_buffer) content = { 0 };
    if (saf_file_read_open(&content, copy, copy_name, TOKEN_OBJECT_MAX, NULL) == SAF_OK && content.len > 0)
        write_like(token, object_name, saf_buffer_bytes(&content), &about_object);
}

static bool has_content(int file, const saf_buffer *wanted)
{
    OWN(saf_buffer) content = { 0 };
    return file >= 0 && saf_file_read_open(&content, file, copy_name, TOKEN_OBJECT_MAX, NULL) == SAF_OK &&
           content.len == wanted->len && !memcmp(content.data, wanted->data, wanted->len);
}

static void keep(int token)
{
    struct stat about_object, about_copy;
    OWN(own_fd) object = open_file(token, object_name, &about_object);
    OWN(own_fd) copy = open_file(token, copy_name, &about_copy);
    OWN(saf_buffer) now = { 0 };
    if (object < 0 || saf_file_read_open(&now, object, object_name, TOKEN_OBJECT_MAX, NULL) != SAF_OK || now.len == 0)
        return;
    if (!has_content(copy, &now))
        write_like(token, copy_name, saf_buffer_bytes(&now), &about_object);
}

/* ---- all tokens ------------------------------------------------------------------------------------------- */

/* A stream of its own, because reading moves the descriptor's place in the directory. */
static DIR *open_stream(int tokens)
{
    OWN(own_fd) again = openat(tokens, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    if (stream)
        again = -1;
    return stream;
}

/* The next token's name, or NULL. */
static const char *next_token(DIR *stream)
{
    struct dirent *entry = stream ? readdir(stream) : NULL;
    while (entry && *entry->d_name == '.')
        entry = readdir(stream);
    return entry ? entry->d_name : NULL;
}

void token_copies_restore(int tokens)
{
    OWN(DIR) *stream = open_stream(tokens);
    for (const char *name; (name = next_token(stream));) {
        OWN(own_fd) token = open_directory(tokens, name);
        if (token >= 0)
            restore(token);
    }
}

/* SoftHSM names a token's directory by a UUID whose last 16 hexadecimal digits are the serial. */
static bool has_serial(const char *token, const char *serial)
{
    size_t i = strlen(token);
    size_t left = strlen(serial);
    while (i > 0 && left > 0) {
        if (token[--i] == '-')
            continue;
        if (tolower((unsigned char)token[i]) != tolower((unsigned char)serial[--left]))
            return false;
    }
    return left == 0;
}

void token_copy_keep(const char *directory, const char *serial)
{
    OWN(DIR) *stream = directory && *serial ? opendir(directory) : NULL;
    for (const char *name; (name = next_token(stream));) {
        OWN(own_fd) token = has_serial(name, serial) ? open_directory(dirfd(stream), name) : -1;
        if (token >= 0)
            keep(token);
    }
}

/* ---- a token that is being made --------------------------------------------------------------------------- */

static const char begun_name[] = "safring.begun";

saf_status token_begun_note(const char *directory, const char *name, saf_error *err)
{
    const saf_file_spec spec = { .mode = 0600, .if_exists = SAF_IF_EXISTS_REPLACE };
    if (!directory)
        return SAF_OK;
    OWN(own_fd) tokens = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tokens < 0)
        return saf_fail_errno(err, "cannot open the directory %s", directory);
    return saf_file_write_at(tokens, begun_name, saf_bytes_of_text(name), &spec, err);
}

void token_begun_forget(const char *directory)
{
    OWN(own_fd) tokens = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (tokens >= 0)
        unlinkat(tokens, begun_name, 0);
}

static bool is_begun(int tokens, const char *name)
{
    struct stat about;
    OWN(saf_buffer) noted = { 0 };
    OWN(own_fd) note = open_file(tokens, begun_name, &about);
    return note >= 0 && saf_file_read_open(&noted, note, begun_name, TOKEN_OBJECT_MAX, NULL) == SAF_OK && noted.len == strlen(name) &&
           !memcmp(noted.data, name, noted.len);
}

static void remove_files(int token)
{
    OWN(DIR) *stream = open_stream(token);
    for (const char *name; (name = next_token(stream));)
        unlinkat(token, name, 0);
}

bool token_begun_remove(const char *directory, const char *name, const char *serial)
{
    bool is_removed = false;
    OWN(DIR) *stream = directory && *serial ? opendir(directory) : NULL;
    if (!stream || !is_begun(dirfd(stream), name))
        return false;
    for (const char *entry; (entry = next_token(stream));) {
        OWN(own_fd) token = has_serial(entry, serial) ? open_directory(dirfd(stream), entry) : -1;
        if (token < 0)
            continue;
        remove_files(token);
        is_removed |= unlinkat(dirfd(stream), entry, AT_REMOVEDIR) == 0;
    }
    return is_removed;
}

bool token_copies_can_write(int tokens)
{
    OWN(DIR) *stream = open_stream(tokens);
    for (const char *name; (name = next_token(stream));) {
        OWN(own_fd) token = open_directory(tokens, name);
        if (token >= 0 && faccessat(token, object_name, W_OK, AT_EACCESS) == 0)
            return true;
    }
    return false;
}
