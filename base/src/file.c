#include <base/fail.h>
#include <base/file.h>
#include <base/random.h>

#include "descriptor.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

/* O_NONBLOCK: opening a pipe that nobody writes to must be refused, not waited for. */
saf_status saf_descriptor_open(int *fd, struct stat *about, const char *path, saf_error *err)
{
    OWN(own_fd) file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || fstat(file, about) != 0)
        return saf_fail_errno(err, "cannot open %s", path);
    if (!S_ISREG(about->st_mode))
        return saf_fail(err, SAF_E_MALFORMED, "%s is not a regular file", path);
    *fd = file;
    file = -1;
    return SAF_OK;
}

static void shorten(saf_buffer *buffer, size_t len)
{
    if (!buffer->data)
        return;
    OPENSSL_cleanse(buffer->data + len, buffer->len - len);
    buffer->len = len;
}

static saf_status read_some(size_t *got, saf_buffer *out, int fd, const char *path, saf_error *err)
{
    enum { CHUNK = 16384 };
    unsigned char *room = saf_buffer_extend(out, CHUNK);
    SAF_TRY(saf_buffer_check(out, err));
    ssize_t len = TEMP_FAILURE_RETRY(read(fd, room, CHUNK));
    if (len < 0)
        return saf_fail_errno(err, "cannot read %s", path);
    *got = (size_t)len;
    shorten(out, out->len - (CHUNK - *got));
    return SAF_OK;
}

static saf_status read_all(saf_buffer *out, int fd, const char *path, size_t max, saf_error *err)
{
    size_t start = out->len;
    size_t got;
    do {
        SAF_TRY(read_some(&got, out, fd, path, err));
        if (out->len - start > max)
            return saf_fail(err, SAF_E_MALFORMED, "%s is larger than %zu bytes", path, max);
    } while (got > 0);
    return SAF_OK;
}

saf_status saf_file_read(saf_buffer *out, const char *path, size_t max, saf_error *err)
{
    OWN(own_fd) file = -1;
    struct stat about;
    int is_input = !strcmp(path, "-");
    if (!is_input)
        SAF_TRY(saf_descriptor_open(&file, &about, path, err));
    size_t start = out->len;
    saf_status status =
        is_input ? read_all(out, STDIN_FILENO, "standard input", max, err) : read_all(out, file, path, max, err);
    if (status != SAF_OK)
        shorten(out, start);
    return status;
}

/* A file on its way: what is written under a temporary name and vanishes with the scope unless published. */
typedef struct draft_file {
    const char *path; /* where it is to go, borrowed */
    const char *base; /* the last component of path */
    int directory;
    int file;
    char name[sizeof ".saf-0123456789abcdef"]; /* in the directory; empty when there is none */
} draft_file;

static void draft_discard(draft_file *draft)
{
    if (draft->file >= 0)
        close(draft->file);
    if (*draft->name)
        unlinkat(draft->directory, draft->name, 0);
    if (draft->directory >= 0)
        close(draft->directory);
}

OWN_VALUE(draft_file, draft_discard)

/* Kept open, so that all steps happen in the same directory even if somebody renames it meanwhile. */
static saf_status open_directory(draft_file *draft, saf_error *err)
{
    const char *slash = strrchr(draft->path, '/');
    draft->base = slash ? slash + 1 : draft->path;
    if (!*draft->base)
        return saf_fail(err, SAF_E_USAGE, "\"%s\" does not name a file", draft->path);
    size_t len = (size_t)(draft->base - draft->path);
    OWN(own_text) directory = len ? strndup(draft->path, len) : strdup(".");
    if (!directory)
        return saf_fail_memory(err);
    draft->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (draft->directory < 0)
        return saf_fail_errno(err, "cannot write %s: its directory", draft->path);
    return SAF_OK;
}

static saf_status create(draft_file *draft, saf_error *err)
{
    uint64_t number;
    SAF_TRY(saf_random_bytes((unsigned char *)&number, sizeof number, err));
    char name[sizeof draft->name];
    snprintf(name, sizeof name, ".saf-%016" PRIx64, number);
    draft->file = openat(draft->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (draft->file < 0)
        return saf_fail_errno(err, "cannot write %s", draft->path);
    memcpy(draft->name, name, sizeof name);
    return SAF_OK;
}

static int write_all(int fd, saf_bytes content)
{
    while (content.len > 0) {
        ssize_t len = TEMP_FAILURE_RETRY(write(fd, content.data, content.len));
        if (len < 0)
            return -1;
        content.data += len;
        content.len -= (size_t)len;
    }
    return 0;
}

/* Flushed before it gets its name: a power cut must not leave the name on an empty file. Some file systems tell
 * of a full disk only when the file is closed. */
static saf_status fill(draft_file *draft, saf_bytes content, mode_t mode, saf_error *err)
{
    if (write_all(draft->file, content) != 0 || fchmod(draft->file, mode) != 0 || fsync(draft->file) != 0)
        return saf_fail_errno(err, "cannot write %s", draft->path);
    int file = draft->file;
    draft->file = -1;
    if (close(file) != 0 && errno != EINTR)
        return saf_fail_errno(err, "cannot write %s", draft->path);
    return SAF_OK;
}

/* 0, or -1 and errno, EEXIST when the name is taken; never replaces. Some file systems (NFS) know only links. */
static int rename_to_new(draft_file *draft)
{
    int answer = renameat2(draft->directory, draft->name, draft->directory, draft->base, RENAME_NOREPLACE);
    if (answer == 0 || (errno != EINVAL && errno != ENOSYS))
        return answer;
    if (linkat(draft->directory, draft->name, draft->directory, draft->base, 0) != 0)
        return -1;
    return unlinkat(draft->directory, draft->name, 0);
}

static saf_status refuse_existing(const char *path, saf_error *err)
{
    return saf_fail(err, SAF_E_EXISTS, "%s exists already", path);
}

static saf_status publish(draft_file *draft, saf_if_exists if_exists, saf_error *err)
{
    int answer = if_exists == SAF_IF_EXISTS_REPLACE
                     ? renameat(draft->directory, draft->name, draft->directory, draft->base)
                     : rename_to_new(draft);
    if (answer != 0 && errno == EEXIST && if_exists == SAF_IF_EXISTS_KEEP)
        return SAF_OK;
    if (answer != 0 && errno == EEXIST)
        return refuse_existing(draft->path, err);
    if (answer != 0)
        return saf_fail_errno(err, "cannot write %s", draft->path);
    *draft->name = '\0';
    if (fsync(draft->directory) != 0 && errno != EINVAL)
        return saf_fail_errno(err, "cannot flush the directory of %s", draft->path);
    return SAF_OK;
}

static saf_status write_new(const char *path, saf_bytes content, mode_t mode, saf_if_exists if_exists,
                            saf_error *err)
{
    OWN(draft_file) draft = { .path = path, .directory = -1, .file = -1 };
    SAF_TRY(open_directory(&draft, err));
    SAF_TRY(create(&draft, err));
    SAF_TRY(fill(&draft, content, mode, err));
    return publish(&draft, if_exists, err);
}

saf_status saf_file_write(const char *path, saf_bytes content, mode_t mode, saf_if_exists if_exists,
                          saf_error *err)
{
    struct stat about;
    if (lstat(path, &about) != 0)
        return write_new(path, content, mode, if_exists, err);
    if (if_exists == SAF_IF_EXISTS_KEEP)
        return SAF_OK;
    if (if_exists == SAF_IF_EXISTS_FAIL)
        return refuse_existing(path, err);
    /* rename() would put a file in the place of a link or, for root, of /dev/null */
    if (!S_ISREG(about.st_mode))
        return saf_fail(err, SAF_E_EXISTS, "%s is not a regular file and cannot be replaced", path);
    return write_new(path, content, mode, if_exists, err);
}

int saf_file_exists(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}
