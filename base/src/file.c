#include <base/fail.h>
#include <base/file.h>
#include <base/random.h>

#include "descriptor.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/file.h>

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

saf_status saf_file_read_open(saf_buffer *out, int fd, const char *path, size_t max, saf_error *err)
{
    size_t start = out->len;
    saf_status status = read_all(out, fd, path, max, err);
    if (status != SAF_OK)
        shorten(out, start);
    return status;
}

saf_status saf_file_read(saf_buffer *out, const char *path, size_t max, saf_error *err)
{
    if (!strcmp(path, "-"))
        return saf_file_read_open(out, STDIN_FILENO, "standard input", max, err);
    OWN(own_fd) file = -1;
    struct stat about;
    SAF_TRY(saf_descriptor_open(&file, &about, path, err));
    return saf_file_read_open(out, file, path, max, err);
}

/* A file on its way: what is written without a name, or under a temporary one, and vanishes with the scope unless
 * published. */
typedef struct draft_file {
    const char *path; /* where it is to go, borrowed */
    const char *base; /* the last component of path */
    int directory;
    int file;
    bool is_named;                             /* it has the temporary name now */
    char name[sizeof ".saf-0123456789abcdef"]; /* temporary, in the directory */
} draft_file;

static void draft_discard(draft_file *draft)
{
    if (draft->file >= 0)
        close(draft->file);
    if (draft->is_named)
        unlinkat(draft->directory, draft->name, 0);
    if (draft->directory >= 0)
        close(draft->directory);
}

OWN_VALUE(draft_file, draft_discard)

/* Kept open, so that all steps happen in the same directory even if somebody renames it meanwhile. */
static saf_status open_directory(draft_file *draft, int at, saf_error *err)
{
    const char *slash = strrchr(draft->path, '/');
    draft->base = slash ? slash + 1 : draft->path;
    if (!*draft->base)
        return saf_fail(err, SAF_E_USAGE, "\"%s\" does not name a file", draft->path);
    size_t len = (size_t)(draft->base - draft->path);
    OWN(own_text) directory = len ? strndup(draft->path, len) : strdup(".");
    if (!directory)
        return saf_fail_memory(err);
    draft->directory = openat(at, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (draft->directory < 0)
        return saf_fail_errno(err, "cannot write %s: its directory", draft->path);
    return SAF_OK;
}

/* ---- the temporary name ---- */

/* Of the file's name (FNV-1a), so that the next who writes that file finds what a killed one left. */
static void name_draft(draft_file *draft)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (const char *at = draft->base; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001B3;
    snprintf(draft->name, sizeof draft->name, ".saf-%016" PRIx64, hash);
}

static saf_status rename_draft(draft_file *draft, saf_error *err)
{
    uint64_t number;
    SAF_TRY(saf_random_bytes((unsigned char *)&number, sizeof number, err));
    snprintf(draft->name, sizeof draft->name, ".saf-%016" PRIx64, number);
    return SAF_OK;
}

static bool has_name(int file, const draft_file *draft)
{
    struct stat opened, named;
    return fstat(file, &opened) == 0 && fstatat(draft->directory, draft->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Whoever lives holds the lock of its draft for as long as that has the temporary name. */
static bool lock_draft(int file)
{
    return flock(file, LOCK_EX | LOCK_NB) == 0;
}

static void sweep_dead_draft(const draft_file *draft)
{
    OWN(own_fd) old = openat(draft->directory, draft->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (old >= 0 && lock_draft(old) && has_name(old, draft))
        unlinkat(draft->directory, draft->name, 0);
}

/* A file without a name vanishes with its process, however that ends. Not every file system has them, and they get
 * their name through /proc. */
static int create_nameless(draft_file *draft)
{
    if (access("/proc/self/fd", X_OK) == 0)
        draft->file = openat(draft->directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    return draft->file;
}

static int create_named(draft_file *draft)
{
    draft->file = openat(draft->directory, draft->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    draft->is_named = draft->file >= 0;
    return draft->file;
}

/* Another writer of the same file may take ours for dead as long as it is not locked. */
static bool is_swept(draft_file *draft)
{
    bool is_ours = lock_draft(draft->file) || errno != EWOULDBLOCK; /* not all file systems have locks */
    if (is_ours && has_name(draft->file, draft))
        return false;
    close(draft->file);
    draft->file = -1;
    draft->is_named = false;
    return true;
}

static saf_status create(draft_file *draft, saf_error *err)
{
    name_draft(draft);
    if (create_nameless(draft) >= 0)
        return SAF_OK;
    sweep_dead_draft(draft);
    while ((create_named(draft) < 0 && errno == EEXIST) || (draft->file >= 0 && is_swept(draft)))
        SAF_TRY(rename_draft(draft, err)); /* somebody else writes the same file */
    return draft->file >= 0 ? SAF_OK : saf_fail_errno(err, "cannot write %s", draft->path);
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

/* The mode comes last: a change of owner may take bits of it away. */
static int set_owner_and_mode(int fd, const saf_file_spec *spec)
{
    if (spec->owner && fchown(fd, spec->owner->user, spec->owner->group) != 0)
        return -1;
    return fchmod(fd, spec->mode);
}

/* Some file systems tell of a full disk only when a descriptor of the file is closed; none of those that have nameless
 * files. The file itself stays open, and locked, until it has its name. */
static int close_named(const draft_file *draft)
{
    if (!draft->is_named)
        return 0;
    int again = fcntl(draft->file, F_DUPFD_CLOEXEC, 0);
    return again >= 0 && (close(again) == 0 || errno == EINTR) ? 0 : -1;
}

/* Flushed before it gets its name: a power cut must not leave the name on an empty file. */
static saf_status fill(draft_file *draft, saf_bytes content, const saf_file_spec *spec, saf_error *err)
{
    if (write_all(draft->file, content) != 0 || set_owner_and_mode(draft->file, spec) != 0 || fsync(draft->file) != 0 ||
        close_named(draft) != 0)
        return saf_fail_errno(err, "cannot write %s", draft->path);
    return SAF_OK;
}

/* Those that follow answer 0, or -1 and errno. */
static int give_name(const draft_file *draft, const char *name)
{
    char self[sizeof "/proc/self/fd/" + 3 * sizeof draft->file];
    snprintf(self, sizeof self, "/proc/self/fd/%d", draft->file);
    return linkat(AT_FDCWD, self, draft->directory, name, AT_SYMLINK_FOLLOW);
}

/* EEXIST when the name is taken; never replaces. Some file systems (NFS) know only links. */
static int publish_new(draft_file *draft)
{
    if (!draft->is_named)
        return give_name(draft, draft->base);
    int answer = renameat2(draft->directory, draft->name, draft->directory, draft->base, RENAME_NOREPLACE);
    if (answer == 0 || (errno != EINVAL && errno != ENOSYS))
        return answer;
    if (linkat(draft->directory, draft->name, draft->directory, draft->base, 0) != 0)
        return -1;
    return unlinkat(draft->directory, draft->name, 0);
}

/* Locked before it has a name, so nobody takes it for dead. */
static int give_temporary_name(draft_file *draft)
{
    lock_draft(draft->file);
    sweep_dead_draft(draft);
    int answer = give_name(draft, draft->name);
    if (answer != 0 && errno == EEXIST && rename_draft(draft, NULL) == SAF_OK) /* somebody else writes the same file */
        answer = give_name(draft, draft->name);
    draft->is_named = answer == 0;
    return answer;
}

/* A link cannot replace, so a file without a name gets its temporary one for the moment between these two calls. */
static int publish_over(draft_file *draft)
{
    if (!draft->is_named && give_temporary_name(draft) != 0)
        return -1;
    return renameat(draft->directory, draft->name, draft->directory, draft->base);
}

static saf_status refuse_existing(const char *path, saf_error *err)
{
    return saf_fail(err, SAF_E_EXISTS, "%s exists already", path);
}

static saf_status publish(draft_file *draft, saf_if_exists if_exists, saf_error *err)
{
    int answer = if_exists == SAF_IF_EXISTS_REPLACE ? publish_over(draft) : publish_new(draft);
    if (answer != 0 && errno == EEXIST && if_exists == SAF_IF_EXISTS_KEEP)
        return SAF_OK;
    if (answer != 0 && errno == EEXIST)
        return refuse_existing(draft->path, err);
    if (answer != 0)
        return saf_fail_errno(err, "cannot write %s", draft->path);
    draft->is_named = false;
    if (fsync(draft->directory) != 0 && errno != EINVAL)
        return saf_fail_errno(err, "cannot flush the directory of %s", draft->path);
    return SAF_OK;
}

static saf_status write_new(int at, const char *path, saf_bytes content, const saf_file_spec *spec, saf_error *err)
{
    OWN(draft_file) draft = { .path = path, .directory = -1, .file = -1 };
    SAF_TRY(open_directory(&draft, at, err));
    SAF_TRY(create(&draft, err));
    SAF_TRY(fill(&draft, content, spec, err));
    return publish(&draft, spec->if_exists, err);
}

saf_status saf_file_write_at(int directory, const char *path, saf_bytes content, const saf_file_spec *spec, saf_error *err)
{
    struct stat about;
    if (fstatat(directory, path, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return write_new(directory, path, content, spec, err);
    if (spec->if_exists == SAF_IF_EXISTS_KEEP)
        return SAF_OK;
    if (spec->if_exists == SAF_IF_EXISTS_FAIL)
        return refuse_existing(path, err);
    /* rename() would put a file in the place of a link or, for root, of /dev/null */
    if (!S_ISREG(about.st_mode))
        return saf_fail(err, SAF_E_EXISTS, "%s is not a regular file and cannot be replaced", path);
    return write_new(directory, path, content, spec, err);
}

saf_status saf_file_write(const char *path, saf_bytes content, mode_t mode, saf_if_exists if_exists,
                          saf_error *err)
{
    const saf_file_spec spec = { .mode = mode, .if_exists = if_exists };
    return saf_file_write_at(AT_FDCWD, path, content, &spec, err);
}

int saf_file_exists(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}
