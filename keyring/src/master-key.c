#include "master-key.h"

#include "envelope.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/own.h>
#include <base/random.h>
#include <base/shell.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { KEY_LEN = SAF_ENVELOPE_KEY_LEN };

static saf_status file_path(char **out, const char *dir, const char *name, saf_error *err)
{
    return asprintf(out, "%s/%s", dir, name) < 0 ? saf_fail_memory(err) : SAF_OK;
}

/* It is whose the directory is, also when root makes it. */
static saf_status make_file(const char *dir, const char *path, saf_if_exists if_exists, saf_error *err)
{
    unsigned char key[KEY_LEN];
    struct stat about;
    if (stat(dir, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", dir);
    const saf_file_owner owner = { about.st_uid, about.st_gid };
    const saf_file_spec spec = { .mode = 0400, .if_exists = if_exists, .owner = about.st_uid != geteuid() ? &owner : NULL };
    saf_status status = saf_random_bytes(key, sizeof key, err);
    if (status == SAF_OK)
        status = saf_file_write_at(AT_FDCWD, path, saf_bytes_of(key, sizeof key), &spec, err);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

saf_status master_key_make_file(const char *dir, saf_error *err)
{
    OWN(own_text) path = NULL;
    SAF_TRY(file_path(&path, dir, MASTER_KEY_FILE, err));
    return saf_file_exists(path) ? SAF_OK : make_file(dir, path, SAF_IF_EXISTS_KEEP, err);
}

saf_status master_key_make_next(const char *dir, saf_error *err)
{
    OWN(own_text) path = NULL;
    SAF_TRY(file_path(&path, dir, MASTER_KEY_NEXT, err));
    SAF_TRY(master_key_wipe_file(dir, MASTER_KEY_NEXT, err)); /* replacing it would need a third name for a moment, which a kill leaves behind */
    return make_file(dir, path, SAF_IF_EXISTS_FAIL, err);
}

static saf_status check_file(int file, const char *path, saf_error *err)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", path);
    if (!S_ISREG(about.st_mode) || about.st_size != KEY_LEN)
        return saf_fail(err, SAF_E_FAILED, "%s is not a master key: it must be a file of %d bytes", path, KEY_LEN);
    SAF_TRY(store_check_owner(path, &about, err));
    if (about.st_mode & (S_IRWXG | S_IRWXO)) {
        saf_status status = saf_fail(err, SAF_E_DENIED, "others may read the master key %s (mode %04o)", path,
                                     (unsigned)about.st_mode & 07777);
        saf_hint(err, "chmod 0400 %s", saf_shell_quote(path).text);
        return status;
    }
    return SAF_OK;
}

/* Not SAF_E_NOT_FOUND, which callers take for "there is no store, make one". */
static saf_status fail_to_open(const char *path, saf_error *err)
{
    if (errno != ENOENT)
        return saf_fail_errno(err, "cannot open the master key %s", path);
    saf_status status = saf_fail(err, SAF_E_FAILED, "the master key %s is missing", path);
    saf_hint(err, "put it back from the backup; without it the private keys of this store cannot be read");
    return status;
}

static saf_status read_key(saf_secret *out, int file, const char *path, saf_error *err)
{
    unsigned char key[KEY_LEN];
    ssize_t len = TEMP_FAILURE_RETRY(read(file, key, sizeof key));
    saf_status status = len == KEY_LEN ? saf_secret_set(out, saf_bytes_of(key, sizeof key), err)
                                       : saf_fail(err, SAF_E_IO, "cannot read the master key %s", path);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

saf_status master_key_read_file(saf_secret *out, const char *dir, const char *name, saf_error *err)
{
    OWN(own_text) path = NULL;
    SAF_TRY(file_path(&path, dir, name, err));
    OWN(own_fd) file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return fail_to_open(path, err);
    SAF_TRY(check_file(file, path, err));
    return read_key(out, file, path, err);
}

saf_status master_key_read_copy(saf_secret *out, const char *path, saf_error *err)
{
    struct stat about;
    OWN(own_fd) file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || fstat(file, &about) != 0)
        return saf_fail_errno(err, "cannot open the master key %s", path);
    if (!S_ISREG(about.st_mode) || about.st_size != KEY_LEN)
        return saf_fail(err, SAF_E_MALFORMED, "%s is not a master key: it must be a file of %d bytes", path, KEY_LEN);
    return read_key(out, file, path, err);
}

/* ---- removing ---- */

/* Root tidies others' stores, too: a link there that leads to somebody else's file is no key. */
static bool is_of_store(const struct stat *file, const char *dir)
{
    struct stat about;
    return S_ISREG(file->st_mode) && stat(dir, &about) == 0 && file->st_uid == about.st_uid;
}

/* The open file, as what may write it; it may have been exchanged meanwhile. */
static int reopen(int file, const char *path, const struct stat *about)
{
    struct stat now;
    OWN(own_fd) again = fchmod(file, 0600) == 0 ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK) : -1;
    int answer = again;
    if (again < 0 || fstat(again, &now) != 0)
        return -1;
    if (now.st_dev != about->st_dev || now.st_ino != about->st_ino) {
        errno = ESTALE;
        return -1;
    }
    again = -1;
    return answer;
}

/* In place, so that the blocks are the ones that held the key; what a file system that copies on write keeps is out of our hands. */
static saf_status overwrite(const char *dir, const char *path, saf_error *err)
{
    static const unsigned char zeros[KEY_LEN];
    struct stat about;
    OWN(own_fd) old = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (old < 0 && errno == ELOOP)
        return SAF_OK;
    if (old < 0 || fstat(old, &about) != 0)
        return saf_fail_errno(err, "cannot overwrite %s", path);
    if (!is_of_store(&about, dir))
        return SAF_OK;
    OWN(own_fd) file = reopen(old, path, &about);
    if (file < 0 || TEMP_FAILURE_RETRY(pwrite(file, zeros, sizeof zeros, 0)) != KEY_LEN || fsync(file) != 0)
        return saf_fail_errno(err, "cannot overwrite %s", path);
    return SAF_OK;
}

saf_status master_key_wipe_file(const char *dir, const char *name, saf_error *err)
{
    OWN(own_text) path = NULL;
    SAF_TRY(file_path(&path, dir, name, err));
    if (!saf_file_exists(path))
        return SAF_OK;
    SAF_TRY(overwrite(dir, path, err));
    if (unlink(path) != 0)
        return saf_fail_errno(err, "cannot remove %s", path);
    return saf_directory_sync(dir, err);
}

saf_status master_key_finish_next(const char *dir, saf_error *err)
{
    OWN(own_text) path = NULL;
    OWN(own_text) next = NULL;
    SAF_TRY(file_path(&path, dir, MASTER_KEY_FILE, err));
    SAF_TRY(file_path(&next, dir, MASTER_KEY_NEXT, err));
    if (saf_file_exists(path))
        SAF_TRY(overwrite(dir, path, err));
    if (rename(next, path) != 0)
        return saf_fail_errno(err, "cannot rename %s", next);
    return saf_directory_sync(dir, err);
}
