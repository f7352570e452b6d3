#include <support/cm.h>
#include <support/scratch.h>

#include <base/lock.h>
#include <base/own.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

TEST(take_makes_the_file_for_its_owner_alone)
{
    OWN(own_fd) fd = -1;
    struct stat about;
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL), SAF_OK);
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(take_is_busy_while_another_holds_it)
{
    OWN(own_fd) held = -1;
    int fd = 42;
    saf_error err = { 0 };
    assert_int_equal(saf_lock_take(&held, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL), SAF_OK);
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, &err), SAF_E_BUSY);
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_SHARED, 10, &err), SAF_E_BUSY);
    assert_int_equal(fd, 42);
    assert_string_equal(err.text, "lock is locked by another process");
}

TEST(shared_locks_share_and_keep_the_exclusive_out)
{
    OWN(own_fd) first = -1;
    OWN(own_fd) second = -1;
    int fd;
    assert_int_equal(saf_lock_take(&first, "lock", SAF_LOCK_SHARED, 0, NULL), SAF_OK);
    assert_int_equal(saf_lock_take(&second, "lock", SAF_LOCK_SHARED, 0, NULL), SAF_OK);
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL), SAF_E_BUSY);
}

TEST(closing_the_descriptor_releases)
{
    int fd;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL), SAF_OK);
        close(fd);
    }
}

/* In a child: hold the lock, tell the parent, and stay until something happens to the pipe or the process. */
static void hold(int tell, int until)
{
    int fd;
    char byte = 'x';
    if (saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL) != SAF_OK || write(tell, &byte, 1) != 1)
        _exit(1);
    _exit(read(until, &byte, 1) < 0);
}

static pid_t start_holder(int *until)
{
    int told[2], end[2];
    char byte;
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    assert_int_equal(pipe2(end, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        close(end[1]);
        hold(told[1], end[0]);
    }
    assert_true(child > 0);
    close(told[1]);
    close(end[0]);
    assert_int_equal(read(told[0], &byte, 1), 1);
    close(told[0]);
    *until = end[1];
    return child;
}

TEST(a_killed_process_leaves_no_lock)
{
    OWN(own_fd) until = -1;
    OWN(own_fd) fd = -1;
    pid_t child = start_holder(&until);
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL), SAF_E_BUSY);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 0, NULL), SAF_OK);
}

TEST(take_waits_for_the_release)
{
    int until;
    OWN(own_fd) fd = -1;
    pid_t child = start_holder(&until);
    close(until); /* the child reads the end of the pipe and goes, now or in a moment */
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_EXCLUSIVE, 60000, NULL), SAF_OK);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

TEST(take_names_the_lock_that_it_cannot_open)
{
    int fd;
    saf_error err = { 0 };
    assert_int_equal(saf_lock_take(&fd, "nowhere/lock", SAF_LOCK_SHARED, 0, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "cannot open the lock nowhere/lock: No such file or directory");
}

TEST(take_does_not_follow_a_link)
{
    int fd;
    assert_int_equal(symlink("elsewhere", "lock"), 0);
    assert_int_equal(saf_lock_take(&fd, "lock", SAF_LOCK_SHARED, 0, NULL), SAF_E_IO);
    assert_int_equal(scratch_count(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(take_makes_the_file_for_its_owner_alone),
        IN_SCRATCH(take_is_busy_while_another_holds_it),
        IN_SCRATCH(shared_locks_share_and_keep_the_exclusive_out),
        IN_SCRATCH(closing_the_descriptor_releases),
        IN_SCRATCH(a_killed_process_leaves_no_lock),
        IN_SCRATCH(take_waits_for_the_release),
        IN_SCRATCH(take_names_the_lock_that_it_cannot_open),
        IN_SCRATCH(take_does_not_follow_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
