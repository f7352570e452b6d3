#include <base/fail.h>
#include <base/lock.h>
#include <base/own.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec now = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
}

static saf_status refuse(int number, const char *path, saf_error *err)
{
    if (number == EWOULDBLOCK)
        return saf_fail(err, SAF_E_BUSY, "%s is locked by another process", path);
    errno = number;
    return saf_fail_errno(err, "cannot lock %s", path);
}

/* flock() has no timeout and a signal to end it would be the program's, so we ask again, ever less often. */
static int wait_for(int fd, int operation, unsigned timeout_ms)
{
    enum { LONGEST_PAUSE_MS = 32 };
    int64_t deadline = monotonic_ms() + timeout_ms;
    for (int64_t pause = 1;; pause = pause < LONGEST_PAUSE_MS ? pause * 2 : pause) {
        if (TEMP_FAILURE_RETRY(flock(fd, operation | LOCK_NB)) == 0)
            return 0;
        int64_t left = deadline - monotonic_ms();
        if (errno != EWOULDBLOCK || left <= 0)
            return errno;
        sleep_ms(pause < left ? pause : left);
    }
}

/* Not with O_CREAT at once: in a sticky directory the kernel refuses that for a file of somebody else's (fs.protected_regular). */
static int open_lock(int directory, const char *path)
{
    enum { FLAGS = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY };
    int fd = openat(directory, path, FLAGS);
    return fd >= 0 || errno != ENOENT ? fd : openat(directory, path, FLAGS | O_CREAT, 0600);
}

saf_status saf_lock_take(int *fd, const char *path, saf_lock_kind kind, unsigned timeout_ms, saf_error *err)
{
    return saf_lock_take_at(fd, AT_FDCWD, path, kind, timeout_ms, err);
}

saf_status saf_lock_take_at(int *fd, int directory, const char *path, saf_lock_kind kind, unsigned timeout_ms, saf_error *err)
{
    OWN(own_fd) file = open_lock(directory, path);
    if (file < 0)
        return saf_fail_errno(err, "cannot open the lock %s", path);
    int number = wait_for(file, kind == SAF_LOCK_SHARED ? LOCK_SH : LOCK_EX, timeout_ms);
    if (number)
        return refuse(number, path, err);
    *fd = file;
    file = -1;
    return SAF_OK;
}
