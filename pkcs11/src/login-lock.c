#include "login-lock.h"

#include "token-begun.h"
#include "token-copy.h"

#include <base/buffer.h>
#include <base/file.h>
#include <base/lock.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* A login takes some 10 ms; this outlasts a long queue of servers that start together. */
enum { LOCK_TIMEOUT_MS = 60000 };

static const char lock_name[] = ".safring.lock";

/* Who may write in the directory may lock, also when root was there first. */
static mode_t mode_of_lock(mode_t directory)
{
    mode_t mode = S_IRUSR | S_IWUSR;
    if (directory & S_IWGRP)
        mode |= S_IRGRP | S_IWGRP;
    if (directory & S_IWOTH)
        mode |= S_IROTH | S_IWOTH;
    return mode;
}

/* Has its owner and mode from the moment it has its name: nobody finds a lock that he could take but for the moment. */
static saf_status make_lock_file(int directory, saf_error *err)
{
    struct stat about;
    if (fstat(directory, &about) != 0)
        return saf_fail_errno(err, "cannot examine the directory of %s", lock_name);
    const saf_file_owner owner = { geteuid() == 0 ? about.st_uid : (uid_t)-1, about.st_gid };
    saf_file_spec spec = { .mode = mode_of_lock(about.st_mode), .if_exists = SAF_IF_EXISTS_KEEP, .owner = &owner };
    saf_status status = saf_file_write_at(directory, lock_name, saf_bytes_of(NULL, 0), &spec, err);
    if (status != SAF_E_DENIED)
        return status;
    spec.owner = NULL; /* the directory's owner need not be in its group */
    return saf_file_write_at(directory, lock_name, saf_bytes_of(NULL, 0), &spec, err);
}

static saf_status take_lock_file(int *lock, int directory, const char *path, saf_error *err)
{
    OWN(saf_buffer) name = { 0 };
    saf_buffer_printf(&name, "%s/%s", path, lock_name);
    SAF_TRY(saf_buffer_check(&name, err));
    SAF_TRY(make_lock_file(directory, err));
    return saf_lock_take(lock, saf_buffer_text(&name), SAF_LOCK_EXCLUSIVE, LOCK_TIMEOUT_MS, err);
}

/* Whether we can damage a token, or be in the way of who does. */
static bool can_write(int directory)
{
    return faccessat(directory, ".", W_OK, AT_EACCESS) == 0 || token_copies_can_write(directory);
}

saf_status p11_lock_directory(int *lock, int directory, const char *path, saf_error *err)
{
    saf_error why = { 0 };
    saf_status status = take_lock_file(lock, directory, path, &why);
    if (status == SAF_OK || (status != SAF_E_BUSY && status != SAF_E_MEMORY && !can_write(directory)))
        return SAF_OK;
    status = saf_fail(err, status, "%s", why.text);
    if (status == SAF_E_DENIED)
        saf_hint(err, "whoever may write the tokens in %s must also be able to write %s there", path, lock_name);
    return status;
}

/* A directory that we may not read, or that is not there, SoftHSM cannot read either: there is nothing to lock. */
static saf_status lock_tokens(int *lock, const char *path, saf_error *err)
{
    OWN(own_fd) directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 && (errno == EACCES || errno == ENOENT || errno == ENOTDIR))
        return SAF_OK;
    if (directory < 0)
        return saf_fail_errno(err, "cannot open the directory %s", path);
    SAF_TRY(p11_lock_directory(lock, directory, path, err));
    if (*lock >= 0) { /* who held the lock before us may have been killed */
        token_copies_restore(directory);
        token_begun_sweep(directory);
    }
    return SAF_OK;
}

void p11_guard_take_mutex(p11_guard *guard, saf_p11 *p11)
{
    pthread_mutex_lock(&p11->mutex);
    *guard = (p11_guard) { .p11 = p11, .lock = -1 };
}

saf_status p11_guard_add_lock(p11_guard *guard, saf_error *err)
{
    const char *directory = guard->p11->token_directory;
    return directory ? lock_tokens(&guard->lock, directory, err) : SAF_OK;
}

saf_status p11_guard_take(p11_guard *guard, saf_p11 *p11, saf_error *err)
{
    p11_guard_take_mutex(guard, p11);
    saf_status status = p11_guard_add_lock(guard, err);
    if (status == SAF_OK)
        status = p11_revive(p11, err);
    if (status != SAF_OK)
        p11_guard_release(guard);
    return status;
}

void p11_guard_release(p11_guard *guard)
{
    if (!guard->p11)
        return;
    if (guard->lock >= 0)
        close(guard->lock);
    pthread_mutex_unlock(&guard->p11->mutex);
    guard->p11 = NULL;
}
