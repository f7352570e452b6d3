#include "publication-dir.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/lock.h>
#include <base/random.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0400, LOCK_TIMEOUT_MS = 10000, LOCK_TRIES = 100 };

void publication_dir_close(publication_dir *dir)
{
    if (dir->lock >= 0)
        close(dir->lock);
    if (dir->fd >= 0)
        close(dir->fd);
    if (dir->parent >= 0)
        close(dir->parent);
    dir->fd = dir->lock = dir->parent = -1;
}

/* ---- whose it is ---- */

/* Not this process's user: root may work on everybody's store, and does there only what its owner could have done. */
static saf_status find_store_owner(uid_t *out, const saf_store *store, saf_error *err)
{
    char path[PATH_MAX];
    struct stat about;
    if ((size_t)snprintf(path, sizeof path, "%s/store.db", store->dir) >= sizeof path)
        return saf_fail(err, SAF_E_SPACE, "the store's directory has too long a name");
    if (stat(path, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", path);
    *out = about.st_uid;
    return SAF_OK;
}

saf_status publication_check_user(const saf_store *store, uint32_t user, saf_error *err)
{
    uid_t owner;
    SAF_TRY(find_store_owner(&owner, store, err));
    if (owner == 0 || owner == user)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "the store %s is the user's with uid %lu, who cannot give files to uid %lu", store->dir,
                                 (unsigned long)owner, (unsigned long)user);
    saf_hint(err, "only a store of root's can be published for other users");
    return status;
}

static saf_status check_owner(const char *path, uid_t owner, const struct stat *about, saf_error *err)
{
    if (!S_ISDIR(about->st_mode))
        return saf_fail(err, SAF_E_CONFLICT, "%s is not a directory (a symbolic link is none)", path);
    return about->st_uid == owner ? SAF_OK : store_fail_foreign(path, about->st_uid, err);
}

static saf_status check_private(const char *path, const struct stat *about, saf_error *err)
{
    if (!(about->st_mode & (S_IWGRP | S_IWOTH)))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "others may write %s (mode %04o)", path, (unsigned)about->st_mode & 07777);
    saf_hint(err, "publish into a directory that is not there yet");
    return status;
}

/* ---- what is in it ---- */

enum file_kind { FOREIGN, OURS, DRAFT, LOCK };

static enum file_kind kind_of(const char *name)
{
    if (!strcmp(name, PUBLICATION_FILE) || !strcmp(name, PUBLICATION_KEY))
        return OURS;
    if (!strcmp(name, PUBLICATION_LOCK))
        return LOCK;
    return !strncmp(name, ".saf-", 5) ? DRAFT : FOREIGN;
}

static saf_status open_listing(DIR **out, int fd, const char *path, saf_error *err)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *out = again >= 0 ? fdopendir(again) : NULL;
    if (*out)
        return SAF_OK;
    saf_status status = saf_fail_errno(err, "cannot list %s", path);
    if (again >= 0)
        close(again);
    return status;
}

typedef enum look_mode { LOOK_ONLY, LOOK_AND_SWEEP, LOOK_TO_END } look_mode;

/* Drafts are what a killed writer left: with the lock held they are nobody's. What somebody else put there keeps a publication from being
 * written, but not from ending. */
static saf_status look_through(bool *is_used, int fd, const char *path, look_mode mode, saf_error *err)
{
    OWN(DIR) *listing = NULL;
    SAF_TRY(open_listing(&listing, fd, path, err));
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        enum file_kind kind = kind_of(entry->d_name);
        if (kind == FOREIGN && mode != LOOK_TO_END)
            return saf_fail(err, SAF_E_CONFLICT, "%s holds %.100s, which is no part of a publication", path, entry->d_name);
        *is_used |= kind == OURS;
        if (kind == DRAFT && mode != LOOK_ONLY)
            unlinkat(fd, entry->d_name, 0);
    }
    return SAF_OK;
}

/* ---- the way to it ---- */

static saf_status fail_way(const char *path, saf_error *err)
{
    if (errno == ENOTDIR || errno == ELOOP)
        return saf_fail(err, SAF_E_CONFLICT, "%s is not a directory, or not reached through directories alone (a symbolic link is none)", path);
    return saf_fail_errno(err, "cannot open the directory %s", path);
}

static int open_part(int at, const char *name, publication_entry_mode mode)
{
    enum { FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
    int fd = openat(at, name, FLAGS);
    if (fd >= 0 || errno != ENOENT || mode != PUBLICATION_MAKE)
        return fd;
    bool is_new = mkdirat(at, name, S_IRWXU) == 0;
    if (!is_new && errno != EEXIST)
        return -1;
    fd = openat(at, name, FLAGS);
    /* Whatever the umask: the reader is another user, who has to get through. */
    if (fd >= 0 && is_new && fchmodat(at, name, DIRECTORY_MODE, 0) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The path had no link in it when the ring was published. Whose one of the directories above is could put one there later, and lead a process of
 * root's elsewhere: so none is followed. */
static saf_status open_parent(int *out, const char **base, const char *path, publication_entry_mode mode, saf_error *err)
{
    OWN(own_text) way = strdup(path);
    OWN(own_fd) at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!way)
        return saf_fail_memory(err);
    char *name = way + strspn(way, "/");
    for (char *slash = strchr(name, '/'); slash; slash = strchr(name, '/')) {
        *slash = 0;
        int next = open_part(at, name, mode);
        if (next < 0)
            return fail_way(path, err);
        close(at);
        at = next;
        name = slash + 1;
    }
    *base = path + (name - way);
    *out = at;
    at = -1;
    return SAF_OK;
}

static saf_status open_last(int *out, int parent, const char *base, const char *path, saf_error *err)
{
    *out = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *out >= 0 ? SAF_OK : fail_way(path, err);
}

static saf_status check_opened(int fd, const char *path, uid_t owner, publication_entry_mode mode, saf_error *err)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", path);
    SAF_TRY(check_owner(path, owner, &about, err));
    return mode == PUBLICATION_MAKE ? check_private(path, &about, err) : SAF_OK;
}

saf_status publication_dir_check(bool *is_used, const saf_store *store, const char *path, saf_error *err)
{
    OWN(publication_dir) dir = { .parent = -1, .fd = -1, .lock = -1 };
    *is_used = false;
    SAF_TRY(find_store_owner(&dir.owner, store, err));
    saf_status status = open_parent(&dir.parent, &dir.base, path, PUBLICATION_FIND, err);
    if (status == SAF_OK)
        status = open_last(&dir.fd, dir.parent, dir.base, path, err);
    if (status == SAF_E_NOT_FOUND)
        return SAF_OK;
    SAF_TRY(status);
    SAF_TRY(check_opened(dir.fd, path, dir.owner, PUBLICATION_MAKE, err));
    return look_through(is_used, dir.fd, path, LOOK_ONLY, err);
}

/* ---- entering ---- */

/* Root makes nothing for another user's store: that user could exchange what is made. */
static saf_status make(publication_dir *dir, saf_error *err)
{
    if (dir->owner != geteuid())
        return store_fail_foreign("the store", dir->owner, err);
    SAF_TRY(open_parent(&dir->parent, &dir->base, dir->path, PUBLICATION_MAKE, err));
    bool is_new = mkdirat(dir->parent, dir->base, DIRECTORY_MODE & S_IRWXU) == 0;
    if (!is_new && errno != EEXIST)
        return saf_fail_errno(err, "cannot make the directory %s", dir->path);
    SAF_TRY(open_last(&dir->fd, dir->parent, dir->base, dir->path, err));
    SAF_TRY(check_opened(dir->fd, dir->path, dir->owner, PUBLICATION_MAKE, err));
    if (is_new && fchmod(dir->fd, DIRECTORY_MODE) != 0)
        return saf_fail_errno(err, "cannot set the mode of %s", dir->path);
    return SAF_OK;
}

static saf_status find(publication_dir *dir, saf_error *err)
{
    SAF_TRY(open_parent(&dir->parent, &dir->base, dir->path, PUBLICATION_FIND, err));
    return open_last(&dir->fd, dir->parent, dir->base, dir->path, err);
}

/* Root made it for the store's owner, who has to lock it too. Nothing else is given away: in the directory of another user's it may be a link to
 * any file. */
static saf_status check_lock(const publication_dir *dir, const struct stat *about, saf_error *err)
{
    if (!S_ISREG(about->st_mode))
        return saf_fail(err, SAF_E_CONFLICT, "%s/" PUBLICATION_LOCK " is not a regular file", dir->path);
    if (about->st_uid == dir->owner)
        return SAF_OK;
    bool is_made_now = about->st_uid == geteuid() && about->st_size == 0 && about->st_nlink == 1;
    return is_made_now && fchown(dir->lock, dir->owner, (gid_t)-1) == 0 ? SAF_OK : store_fail_foreign(dir->path, about->st_uid, err);
}

/* Who ended a publication removed the lock: one without a name keeps nobody out. */
static saf_status lock(publication_dir *dir, saf_error *err)
{
    struct stat about;
    for (int i = 0; i < LOCK_TRIES; i++) {
        saf_error why = { 0 };
        saf_status status = saf_lock_take_at(&dir->lock, dir->fd, PUBLICATION_LOCK, SAF_LOCK_EXCLUSIVE, LOCK_TIMEOUT_MS, &why);
        if (status != SAF_OK) /* the text names the file relative to the directory */
            return saf_fail(err, status, "cannot publish in %s: %s", dir->path, why.text);
        if (fstat(dir->lock, &about) == 0 && about.st_nlink > 0)
            return check_lock(dir, &about, err);
        close(dir->lock);
        dir->lock = -1;
    }
    return saf_fail(err, SAF_E_BUSY, "%s/" PUBLICATION_LOCK " is made and removed again and again", dir->path);
}

saf_status publication_dir_enter(publication_dir *out, const saf_store *store, const char *path, publication_entry_mode mode,
                                 saf_error *err)
{
    bool is_used = false;
    out->path = path;
    SAF_TRY(find_store_owner(&out->owner, store, err));
    saf_status status = find(out, err);
    if (status == SAF_E_NOT_FOUND && mode == PUBLICATION_FIND)
        return SAF_OK;
    if (status == SAF_E_NOT_FOUND) {
        publication_dir_close(out);
        status = make(out, err);
    }
    SAF_TRY(status);
    SAF_TRY(check_opened(out->fd, path, out->owner, mode, err));
    SAF_TRY(lock(out, err));
    return look_through(&is_used, out->fd, path, mode == PUBLICATION_FIND ? LOOK_TO_END : LOOK_AND_SWEEP, err);
}

/* ---- who wrote there ---- */

enum { MARK_MAX = 160 };

static bool parse_mark(publication_mark *out, char *text)
{
    char *blank = strchr(text, ' '), *end = strchr(text, '\n');
    if (!blank || !end || blank > end || (size_t)(blank - text) != sizeof out->store - 1)
        return false;
    *blank = *end = '\0';
    memcpy(out->store, text, sizeof out->store);
    return saf_audit_head_parse(&out->head, blank + 1, NULL) == SAF_OK;
}

static bool read_mark(publication_mark *out, int file)
{
    char text[MARK_MAX];
    ssize_t len = TEMP_FAILURE_RETRY(pread(file, text, sizeof text - 1, 0));
    if (len <= 0)
        return false;
    text[len] = '\0';
    return parse_mark(out, text);
}

bool publication_dir_get_mark(publication_mark *out, const publication_dir *dir)
{
    return read_mark(out, dir->lock);
}

bool publication_dir_peek_mark(publication_mark *out, const char *path)
{
    OWN(publication_dir) dir = { .path = path, .parent = -1, .fd = -1, .lock = -1 };
    struct stat there, about;
    if (find(&dir, NULL) != SAF_OK || fstat(dir.fd, &there) != 0)
        return false;
    OWN(own_fd) file = openat(dir.fd, PUBLICATION_LOCK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == there.st_uid && read_mark(out, file);
}

/* In place: half a mark, after a power cut, is none. */
saf_status publication_dir_put_mark(const publication_dir *dir, const publication_mark *mark, saf_error *err)
{
    char text[MARK_MAX], head[MARK_MAX / 2 + 32];
    SAF_TRY(saf_audit_head_format(head, sizeof head, &mark->head, err));
    int len = snprintf(text, sizeof text, "%s %s\n", mark->store, head);
    if (ftruncate(dir->lock, 0) != 0 || TEMP_FAILURE_RETRY(pwrite(dir->lock, text, (size_t)len, 0)) != len || fdatasync(dir->lock) != 0)
        return saf_fail_errno(err, "cannot write %s/" PUBLICATION_LOCK, dir->path);
    return SAF_OK;
}

/* ---- files ---- */

static saf_status write_file(const publication_dir *dir, const char *name, uint32_t user, saf_bytes content, saf_error *err)
{
    const saf_file_owner reader = { .user = user, .group = (gid_t)-1 };
    const saf_file_spec spec = { .mode = FILE_MODE, .if_exists = SAF_IF_EXISTS_REPLACE, .owner = &reader };
    saf_error why = { 0 };
    saf_status status = saf_file_write_at(dir->fd, name, content, &spec, &why);
    if (status != SAF_OK) /* the text names the file relative to the directory */
        return saf_fail(err, status, "cannot publish in %s: %s", dir->path, why.text);
    return SAF_OK;
}

static bool has_key(saf_secret *out, const publication_dir *dir, uint32_t user)
{
    unsigned char bytes[PUBLICATION_KEY_LEN];
    struct stat about;
    OWN(own_fd) fd = openat(dir->fd, PUBLICATION_KEY, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == user && !(about.st_mode & 077) &&
              about.st_size == PUBLICATION_KEY_LEN && read(fd, bytes, sizeof bytes) == PUBLICATION_KEY_LEN &&
              saf_secret_set(out, saf_bytes_of(bytes, sizeof bytes), NULL) == SAF_OK;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok;
}

saf_status publication_dir_key(saf_secret *out, const publication_dir *dir, uint32_t user, saf_error *err)
{
    unsigned char bytes[PUBLICATION_KEY_LEN];
    if (has_key(out, dir, user))
        return SAF_OK;
    saf_status status = saf_random_bytes(bytes, sizeof bytes, err);
    if (status == SAF_OK)
        status = saf_secret_set(out, saf_bytes_of(bytes, sizeof bytes), err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return status == SAF_OK ? write_file(dir, PUBLICATION_KEY, user, saf_secret_bytes(out), err) : status;
}

bool publication_dir_get_head(publication_head *out, const publication_dir *dir)
{
    unsigned char start[PUBLICATION_HEAD_MAX];
    struct stat about;
    OWN(own_fd) fd = dir->fd >= 0 ? openat(dir->fd, PUBLICATION_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    ssize_t len = TEMP_FAILURE_RETRY(read(fd, start, sizeof start));
    return len > 0 && publication_read_head(out, saf_bytes_of(start, (size_t)len), dir->path, NULL) == SAF_OK;
}

bool publication_dir_peek(publication_head *out, const char *path)
{
    OWN(publication_dir) dir = { .path = path, .parent = -1, .fd = -1, .lock = -1 };
    return find(&dir, NULL) == SAF_OK && publication_dir_get_head(out, &dir);
}

saf_status publication_dir_write(const publication_dir *dir, uint32_t user, saf_bytes content, saf_error *err)
{
    return write_file(dir, PUBLICATION_FILE, user, content, err);
}

static saf_status erase_file(const publication_dir *dir, const char *name, saf_error *err)
{
    if (unlinkat(dir->fd, name, 0) == 0 || errno == ENOENT)
        return SAF_OK;
    return saf_fail_errno(err, "cannot remove %s/%s", dir->path, name);
}

/* The key first, and the snapshot even when that stays: each is worth nothing without the other. A directory that somebody's files keep alive may
 * stay: the publication is gone. */
saf_status publication_dir_erase(publication_dir *dir, saf_error *err)
{
    if (dir->fd < 0)
        return SAF_OK;
    saf_status key = erase_file(dir, PUBLICATION_KEY, err);
    saf_status snapshot = erase_file(dir, PUBLICATION_FILE, key == SAF_OK ? err : NULL);
    SAF_TRY(key);
    SAF_TRY(snapshot);
    SAF_TRY(erase_file(dir, PUBLICATION_LOCK, err));
    if (fsync(dir->fd) != 0 && errno != EINVAL)
        return saf_fail_errno(err, "cannot flush the directory %s", dir->path);
    (void)!unlinkat(dir->parent, dir->base, AT_REMOVEDIR);
    return SAF_OK;
}
