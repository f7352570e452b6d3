#include <base/fail.h>
#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Looked at before it is made: on read-only and automatically mounted systems mkdir() of what is there may say
 * anything. Looked at again afterwards: another process may have been faster. */
static saf_status make_one(const char *path, mode_t mode, int *made, saf_error *err)
{
    *made = 0;
    if (is_directory(path))
        return SAF_OK;
    *made = mkdir(path, mode) == 0;
    int why = errno; /* looking again changes it */
    if (*made || (why == EEXIST && is_directory(path)))
        return SAF_OK;
    if (why == EEXIST || why == ENOTDIR)
        return saf_fail(err, SAF_E_EXISTS, "cannot make the directory %s: a file is in its place", path);
    errno = why;
    return saf_fail_errno(err, "cannot make the directory %s", path);
}

static saf_status make_parents(char *path, saf_error *err)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int made;
        *slash = '\0';
        saf_status status = make_one(path, 0755, &made, err);
        *slash = '/';
        SAF_TRY(status);
    }
    return SAF_OK;
}

static void drop_trailing_slashes(char *path)
{
    for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
        path[len - 1] = '\0';
}

saf_status saf_directory_make(const char *path, mode_t mode, saf_error *err)
{
    if (!*path)
        return saf_fail(err, SAF_E_USAGE, "cannot make a directory without a name");
    OWN(own_text) copy = strdup(path);
    if (!copy)
        return saf_fail_memory(err);
    drop_trailing_slashes(copy);
    SAF_TRY(make_parents(copy, err));
    int made;
    SAF_TRY(make_one(copy, mode & S_IRWXU, &made, err));
    if (made && chmod(copy, mode) != 0) /* mkdir() obeys the umask */
        return saf_fail_errno(err, "cannot set the mode of %s", path);
    return SAF_OK;
}

saf_status saf_directory_sync(const char *path, saf_error *err)
{
    OWN(own_fd) fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return saf_fail_errno(err, "cannot open the directory %s", path);
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: this file system has nothing to flush */
        return saf_fail_errno(err, "cannot flush the directory %s", path);
    return SAF_OK;
}
