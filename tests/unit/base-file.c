#include <support/cm.h>
#include <support/scratch.h>

#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* These stand before the C library's, so that tests can have a file system that is old or broken, and a kill. */
static int rename_has_no_flags;
static int has_no_nameless_files;
static int fsync_fails;
static int fsync_kills;
static int fchown_fails;

int open_in(int directory, const char *path, int flags, ...) __asm__("openat");
int open_in(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    bool is_nameless = (flags & O_TMPFILE) == O_TMPFILE;
    mode_t mode = is_nameless || flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (has_no_nameless_files && is_nameless) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

int fchown(int fd, uid_t user, gid_t group)
{
    if (fchown_fails) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_fchown, fd, user, group);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    if (rename_has_no_flags && flags) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int fsync(int fd)
{
    if (fsync_kills)
        raise(SIGKILL);
    if (fsync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static int old_enter(void **state)
{
    has_no_nameless_files = 1;
    return scratch_enter(state);
}

static int old_leave(void **state)
{
    has_no_nameless_files = 0;
    return scratch_leave(state);
}

/* The same where every file has a name. */
#define IN_OLD_SCRATCH(test) { #test "_without_nameless_files", test, old_enter, old_leave, NULL }

static saf_status write_text(const char *path, const char *text, saf_if_exists if_exists, saf_error *err)
{
    return saf_file_write(path, saf_bytes_of_text(text), 0640, if_exists, err);
}

static void assert_content(const char *path, const char *text)
{
    OWN(saf_buffer) content = { 0 };
    assert_int_equal(saf_file_read(&content, path, 1 << 20, NULL), SAF_OK);
    assert_string_equal(saf_buffer_text(&content), text);
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    return about.st_mode & 07777;
}

static void assert_read_fails(const char *path, size_t max, saf_status status, const char *text)
{
    OWN(saf_buffer) out = { 0 };
    saf_error err = { 0 };
    saf_buffer_append_text(&out, "before");
    assert_int_equal(saf_file_read(&out, path, max, &err), status);
    assert_string_equal(err.text, text);
    assert_string_equal(saf_buffer_text(&out), "before");
    assert_int_equal(out.len, 6);
}

TEST(read_appends_the_whole_file)
{
    OWN(saf_buffer) out = { 0 };
    saf_buffer_append_text(&out, "[");
    assert_int_equal(scratch_write("file", "content", 0600), 0);
    assert_int_equal(saf_file_read(&out, "file", 7, NULL), SAF_OK);
    saf_buffer_append_text(&out, "]");
    assert_string_equal(saf_buffer_text(&out), "[content]");
}

TEST(read_gives_large_files_byte_for_byte)
{
    OWN(saf_buffer) wanted = { 0 };
    OWN(saf_buffer) out = { 0 };
    unsigned char *bytes = saf_buffer_extend(&wanted, 100000);
    for (size_t i = 0; i < 100000; i++)
        bytes[i] = (unsigned char)(i * i >> 3);
    assert_int_equal(saf_file_write("file", saf_buffer_bytes(&wanted), 0600, SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    assert_int_equal(saf_file_read(&out, "file", 100000, NULL), SAF_OK);
    assert_int_equal(out.len, 100000);
    assert_memory_equal(out.data, wanted.data, 100000);
}

TEST(read_of_an_empty_file_gives_nothing)
{
    OWN(saf_buffer) out = { 0 };
    assert_int_equal(scratch_write("file", "", 0600), 0);
    assert_int_equal(saf_file_read(&out, "file", 0, NULL), SAF_OK);
    assert_int_equal(out.len, 0);
}

TEST(read_refuses_a_file_over_the_limit)
{
    assert_int_equal(scratch_write("file", "content", 0600), 0);
    assert_read_fails("file", 6, SAF_E_MALFORMED, "file is larger than 6 bytes");
}

TEST(read_without_a_limit_is_possible)
{
    OWN(saf_buffer) out = { 0 };
    assert_int_equal(scratch_write("file", "content", 0600), 0);
    assert_int_equal(saf_file_read(&out, "file", SIZE_MAX, NULL), SAF_OK);
    assert_int_equal(out.len, 7);
}

TEST(read_follows_links)
{
    assert_int_equal(scratch_write("file", "content", 0600), 0);
    assert_int_equal(symlink("file", "link"), 0);
    assert_content("link", "content");
}

TEST(read_names_the_file_that_is_not_there)
{
    assert_read_fails("file", 9, SAF_E_NOT_FOUND, "cannot open file: No such file or directory");
    assert_int_equal(scratch_write("file", "", 0600), 0);
    assert_read_fails("file/below", 9, SAF_E_NOT_FOUND, "cannot open file/below: Not a directory");
}

TEST(read_of_a_protected_file_is_denied)
{
    if (geteuid() == 0)
        skip();
    assert_int_equal(scratch_write("file", "content", 0), 0);
    assert_read_fails("file", 9, SAF_E_DENIED, "cannot open file: Permission denied");
}

TEST(read_refuses_what_is_not_a_regular_file)
{
    assert_read_fails(".", 9, SAF_E_MALFORMED, ". is not a regular file");
    assert_read_fails("/dev/zero", 9, SAF_E_MALFORMED, "/dev/zero is not a regular file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_read_fails("pipe", 9, SAF_E_MALFORMED, "pipe is not a regular file");
}

/* Standard input becomes a pipe that holds the text. */
static void feed(const char *text)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
}

TEST(read_of_a_dash_is_standard_input)
{
    feed("from a pipe");
    assert_content("-", "from a pipe");
    feed("too much");
    assert_read_fails("-", 3, SAF_E_MALFORMED, "standard input is larger than 3 bytes");
}

TEST(write_makes_a_file_of_exactly_the_mode)
{
    mode_t old = umask(0077);
    assert_int_equal(saf_file_write("open", saf_bytes_of_text("a"), 0664, SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    umask(0);
    assert_int_equal(saf_file_write("shut", saf_bytes_of_text("b"), 0400, SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    umask(old);
    assert_int_equal(mode_of("open"), 0664);
    assert_int_equal(mode_of("shut"), 0400);
    assert_content("open", "a");
    assert_content("shut", "b");
    assert_int_equal(scratch_count(), 2);
}

TEST(write_of_nothing_makes_an_empty_file)
{
    assert_int_equal(saf_file_write("file", saf_bytes_of(NULL, 0), 0600, SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    assert_content("file", "");
}

TEST(write_goes_to_other_directories)
{
    char *here = getcwd(NULL, 0);
    char path[4200];
    assert_non_null(here);
    assert_int_equal(mkdir("below", 0700), 0);
    assert_int_equal(write_text("below/relative", "r", SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    snprintf(path, sizeof path, "%s/below/absolute", here);
    assert_int_equal(write_text(path, "a", SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    assert_content("below/relative", "r");
    assert_content("below/absolute", "a");
    free(here);
}

TEST(write_fails_when_the_file_is_there)
{
    saf_error err = { 0 };
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    assert_int_equal(write_text("file", "new", SAF_IF_EXISTS_FAIL, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "file exists already");
    assert_content("file", "old");
    assert_int_equal(scratch_count(), 1);
}

TEST(write_keeps_the_file_that_is_there)
{
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    assert_int_equal(write_text("file", "new", SAF_IF_EXISTS_KEEP, NULL), SAF_OK);
    assert_content("file", "old");
    assert_int_equal(mode_of("file"), 0600);
    assert_int_equal(write_text("fresh", "new", SAF_IF_EXISTS_KEEP, NULL), SAF_OK);
    assert_content("fresh", "new");
}

TEST(write_replaces_content_and_mode)
{
    assert_int_equal(scratch_write("file", "a much longer old content", 0666), 0);
    assert_int_equal(write_text("file", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_OK);
    assert_content("file", "new");
    assert_int_equal(mode_of("file"), 0640);
    assert_int_equal(scratch_count(), 1);
}

TEST(write_leaves_readers_of_the_old_file_their_content)
{
    char byte = 0;
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    OWN(own_fd) reader = open("file", O_RDONLY | O_CLOEXEC);
    assert_int_equal(write_text("file", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_OK);
    assert_int_equal(read(reader, &byte, 1), 1);
    assert_int_equal(byte, 'o');
}

TEST(write_does_not_follow_a_link)
{
    saf_error err = { 0 };
    assert_int_equal(scratch_write("target", "old", 0600), 0);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(write_text("link", "new", SAF_IF_EXISTS_REPLACE, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "link is not a regular file and cannot be replaced");
    assert_int_equal(write_text("link", "new", SAF_IF_EXISTS_FAIL, &err), SAF_E_EXISTS);
    assert_int_equal(write_text("dangling", "new", SAF_IF_EXISTS_FAIL, &err), SAF_E_EXISTS);
    assert_content("target", "old");
    assert_int_equal(scratch_count(), 3);
}

TEST(write_does_not_replace_directories_and_devices)
{
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(write_text("directory", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_E_EXISTS);
    assert_int_equal(write_text("/dev/null", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_E_EXISTS);
    struct stat about;
    assert_int_equal(lstat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
}

TEST(write_names_the_file_whose_directory_is_missing)
{
    saf_error err = { 0 };
    assert_int_equal(write_text("no/file", "new", SAF_IF_EXISTS_REPLACE, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "cannot write no/file: its directory: No such file or directory");
}

TEST(write_needs_the_name_of_a_file)
{
    assert_int_equal(write_text("", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_E_USAGE);
    assert_int_equal(write_text("below/", "new", SAF_IF_EXISTS_FAIL, NULL), SAF_E_USAGE);
}

TEST(write_into_a_protected_directory_is_denied)
{
    if (geteuid() == 0)
        skip();
    assert_int_equal(mkdir("below", 0500), 0);
    assert_int_equal(write_text("below/file", "new", SAF_IF_EXISTS_FAIL, NULL), SAF_E_DENIED);
}

/* A limit on the size of files answers write() as a full disk does: part of the bytes, then an error. */
static saf_status write_with_room_for(rlim_t room, const char *path, size_t len, saf_error *err)
{
    OWN(saf_buffer) content = { 0 };
    unsigned char *bytes = saf_buffer_extend(&content, len);
    assert_non_null(bytes);
    memset(bytes, 'n', len);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit low = { room, old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    saf_status status = saf_file_write(path, saf_buffer_bytes(&content), 0600, SAF_IF_EXISTS_REPLACE, err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    return status;
}

TEST(write_leaves_the_old_file_when_the_disk_is_full)
{
    saf_error err = { 0 };
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    assert_int_equal(write_with_room_for(5000, "file", 10000, &err), SAF_E_IO);
    assert_string_equal(err.text, "cannot write file: File too large");
    assert_content("file", "old");
    assert_int_equal(scratch_count(), 1);
}

TEST(write_leaves_nothing_when_the_disk_is_full)
{
    assert_int_equal(write_with_room_for(5000, "file", 10000, NULL), SAF_E_IO);
    assert_int_equal(scratch_count(), 0);
}

TEST(write_leaves_the_old_file_when_the_flush_fails)
{
    saf_error err = { 0 };
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    fsync_fails = 1;
    saf_status status = write_text("file", "new", SAF_IF_EXISTS_REPLACE, &err);
    fsync_fails = 0;
    assert_int_equal(status, SAF_E_IO);
    assert_string_equal(err.text, "cannot write file: Input/output error");
    assert_content("file", "old");
    assert_int_equal(scratch_count(), 1);
}

static void write_and_be_killed(saf_if_exists if_exists)
{
    pid_t child = fork();
    if (child == 0) {
        fsync_kills = 1;
        _exit((int)write_text("file", "new", if_exists, NULL));
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
}

TEST(a_writer_that_is_killed_leaves_nothing_behind)
{
    OWN(own_fd) nameless = open(".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (nameless < 0)
        skip();
    write_and_be_killed(SAF_IF_EXISTS_FAIL);
    write_and_be_killed(SAF_IF_EXISTS_KEEP);
    write_and_be_killed(SAF_IF_EXISTS_REPLACE);
    assert_int_equal(scratch_count(), 0);
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    write_and_be_killed(SAF_IF_EXISTS_REPLACE);
    assert_content("file", "old");
    assert_int_equal(scratch_count(), 1);
}

/* As the file system has it: a name from the beginning, or when the file is put in the place of another. */
static int rename_kills;

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    if (rename_kills)
        raise(SIGKILL);
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

static void replace_and_be_killed(void)
{
    pid_t child = fork();
    if (child == 0) {
        rename_kills = 1;
        _exit((int)write_text("file", "killed", SAF_IF_EXISTS_REPLACE, NULL));
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
}

TEST(what_a_killed_writer_left_is_removed_by_the_next_of_that_file)
{
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    replace_and_be_killed();
    assert_content("file", "old");
    assert_int_equal(scratch_count(), 2);
    replace_and_be_killed();
    assert_int_equal(scratch_count(), 2);
    assert_int_equal(write_text("other", "new", SAF_IF_EXISTS_FAIL, NULL), SAF_OK);
    assert_int_equal(scratch_count(), 3);
    assert_int_equal(write_text("file", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_OK);
    assert_content("file", "new");
    assert_int_equal(scratch_count(), 2);
}

static void find_draft(char *out, size_t out_cap)
{
    OWN(DIR) *entries = opendir(".");
    *out = 0;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (!strncmp(entry->d_name, ".saf-", 5))
            snprintf(out, out_cap, "%s", entry->d_name);
}

TEST(what_a_living_writer_has_is_left_alone)
{
    char draft[256];
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    replace_and_be_killed();
    find_draft(draft, sizeof draft);
    OWN(own_fd) living = open(draft, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(living, LOCK_EX), 0);
    assert_int_equal(write_text("file", "new", SAF_IF_EXISTS_REPLACE, NULL), SAF_OK);
    assert_content("file", "new");
    assert_content(draft, "killed");
    assert_int_equal(scratch_count(), 2);
}

/* All say that they replaced it, and the last one's content is there, whole. */
TEST(many_writers_replace_a_file)
{
    enum { PROCESSES = 8, ROUNDS = 50 };
    pid_t children[PROCESSES];
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            int status = SAF_OK;
            for (int round = 0; round < ROUNDS && status == SAF_OK; round++)
                status = write_text("file", "new", SAF_IF_EXISTS_REPLACE, NULL);
            _exit(status);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_content("file", "new");
    assert_int_equal(scratch_count(), 1);
}

/* How many of eight processes, all started at once, were the one that made the file. */
static int race(void)
{
    enum { PROCESSES = 8 };
    int made = 0;
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit((int)write_text("file", "new", SAF_IF_EXISTS_FAIL, NULL));
        assert_true(children[i] > 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == SAF_OK || WEXITSTATUS(status) == SAF_E_EXISTS);
        made += WEXITSTATUS(status) == SAF_OK;
    }
    return made;
}

TEST(one_of_many_writers_makes_the_file)
{
    for (int i = 0; i < 20; i++) {
        assert_int_equal(race(), 1);
        assert_int_equal(scratch_count(), 1);
        assert_int_equal(unlink("file"), 0);
    }
}

TEST(one_of_many_writers_makes_the_file_where_rename_always_replaces)
{
    rename_has_no_flags = 1;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(race(), 1);
        assert_int_equal(scratch_count(), 1);
        assert_int_equal(unlink("file"), 0);
    }
    rename_has_no_flags = 0;
}

TEST(write_at_stays_in_its_directory)
{
    assert_int_equal(mkdir("one", 0700), 0);
    OWN(own_fd) directory = open("one", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(rename("one", "two"), 0);
    assert_int_equal(symlink(".", "one"), 0);
    const saf_file_spec spec = { .mode = 0640, .if_exists = SAF_IF_EXISTS_FAIL };
    assert_int_equal(saf_file_write_at(directory, "file", saf_bytes_of_text("new"), &spec, NULL), SAF_OK);
    assert_int_equal(saf_file_write_at(directory, "file", saf_bytes_of_text("new"), &spec, NULL), SAF_E_EXISTS);
    assert_content("two/file", "new");
    assert_int_equal(scratch_count(), 2);
}

TEST(write_at_gives_the_owner)
{
    bool is_root = geteuid() == 0;
    const saf_file_owner owner = { is_root ? 65534 : (uid_t)-1, is_root ? 65533 : getegid() };
    const saf_file_spec spec = { .mode = 0604, .if_exists = SAF_IF_EXISTS_REPLACE, .owner = &owner };
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    assert_int_equal(saf_file_write_at(AT_FDCWD, "file", saf_bytes_of_text("new"), &spec, NULL), SAF_OK);
    struct stat about;
    assert_int_equal(stat("file", &about), 0);
    assert_int_equal(about.st_uid, is_root ? 65534 : geteuid());
    assert_int_equal(about.st_gid, owner.group);
    assert_int_equal(mode_of("file"), 0604);
    assert_content("file", "new");
    assert_int_equal(scratch_count(), 1);
}

TEST(write_at_writes_nothing_without_the_owner)
{
    saf_error err = { 0 };
    const saf_file_owner owner = { geteuid(), getegid() };
    const saf_file_spec spec = { .mode = 0600, .if_exists = SAF_IF_EXISTS_REPLACE, .owner = &owner };
    assert_int_equal(scratch_write("file", "old", 0600), 0);
    fchown_fails = 1;
    saf_status status = saf_file_write_at(AT_FDCWD, "file", saf_bytes_of_text("new"), &spec, &err);
    fchown_fails = 0;
    assert_int_equal(status, SAF_E_DENIED);
    assert_string_equal(err.text, "cannot write file: Operation not permitted");
    assert_content("file", "old");
    assert_int_equal(scratch_count(), 1);
}

TEST(read_open_reads_from_where_the_descriptor_is)
{
    OWN(saf_buffer) out = { 0 };
    saf_error err = { 0 };
    assert_int_equal(scratch_write("file", "content", 0600), 0);
    OWN(own_fd) fd = open("file", O_RDONLY | O_CLOEXEC);
    assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
    assert_int_equal(saf_file_read_open(&out, fd, "that file", 3, &err), SAF_E_MALFORMED);
    assert_string_equal(err.text, "that file is larger than 3 bytes");
    assert_int_equal(out.len, 0);
    assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
    assert_int_equal(saf_file_read_open(&out, fd, "that file", 4, NULL), SAF_OK);
    assert_string_equal(saf_buffer_text(&out), "tent");
}

TEST(exists_says_yes_to_whatever_has_the_name)
{
    assert_false(saf_file_exists("file"));
    assert_int_equal(scratch_write("file", "", 0), 0);
    assert_true(saf_file_exists("file"));
    assert_true(saf_file_exists("."));
    assert_int_equal(symlink("nowhere", "link"), 0);
    assert_true(saf_file_exists("link"));
    assert_false(saf_file_exists("file/below"));
}

TEST(directory_make_gives_the_mode_to_the_last_only)
{
    mode_t old = umask(0022);
    assert_int_equal(saf_directory_make("a/b/c", 0700, NULL), SAF_OK);
    assert_int_equal(saf_directory_make("open", 0777, NULL), SAF_OK);
    umask(old);
    assert_int_equal(mode_of("a"), 0755);
    assert_int_equal(mode_of("a/b"), 0755);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(mode_of("open"), 0777);
}

TEST(directory_make_leaves_what_is_there)
{
    assert_int_equal(mkdir("a", 0750), 0);
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(saf_directory_make("a", 0700, NULL), SAF_OK);
    assert_int_equal(mode_of("a"), 0750);
    assert_int_equal(saf_directory_make("link/b", 0700, NULL), SAF_OK);
    assert_int_equal(mode_of("a/b"), 0700);
    assert_int_equal(saf_directory_make("/", 0700, NULL), SAF_OK);
    assert_int_equal(saf_directory_make(".", 0700, NULL), SAF_OK);
}

TEST(directory_make_accepts_needless_slashes)
{
    assert_int_equal(saf_directory_make("a//b///", 0700, NULL), SAF_OK);
    assert_int_equal(mode_of("a/b"), 0700);
}

TEST(directory_make_names_the_file_in_its_way)
{
    saf_error err = { 0 };
    assert_int_equal(scratch_write("file", "", 0600), 0);
    assert_int_equal(saf_directory_make("file", 0700, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "cannot make the directory file: a file is in its place");
    assert_int_equal(saf_directory_make("file/below/more", 0700, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "cannot make the directory file: a file is in its place");
    assert_int_equal(saf_directory_make("", 0700, &err), SAF_E_USAGE);
}

TEST(directory_make_names_the_dangling_link_in_its_way)
{
    saf_error err = { 0 };
    assert_int_equal(symlink("nowhere", "link"), 0);
    assert_int_equal(saf_directory_make("link", 0700, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "cannot make the directory link: a file is in its place");
    assert_int_equal(saf_directory_make("link/below", 0700, &err), SAF_E_EXISTS);
}

TEST(directory_sync_needs_a_directory)
{
    assert_int_equal(saf_directory_sync(".", NULL), SAF_OK);
    assert_int_equal(saf_directory_sync("nowhere", NULL), SAF_E_NOT_FOUND);
}

TEST(directory_sync_reports_a_flush_that_failed)
{
    saf_error err = { 0 };
    fsync_fails = 1;
    saf_status status = saf_directory_sync(".", &err);
    fsync_fails = 0;
    assert_int_equal(status, SAF_E_IO);
    assert_string_equal(err.text, "cannot flush the directory .: Input/output error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(read_appends_the_whole_file),
        IN_SCRATCH(read_gives_large_files_byte_for_byte),
        IN_SCRATCH(read_of_an_empty_file_gives_nothing),
        IN_SCRATCH(read_refuses_a_file_over_the_limit),
        IN_SCRATCH(read_without_a_limit_is_possible),
        IN_SCRATCH(read_follows_links),
        IN_SCRATCH(read_names_the_file_that_is_not_there),
        IN_SCRATCH(read_of_a_protected_file_is_denied),
        IN_SCRATCH(read_refuses_what_is_not_a_regular_file),
        IN_SCRATCH(read_of_a_dash_is_standard_input),
        IN_SCRATCH(write_makes_a_file_of_exactly_the_mode),
        IN_SCRATCH(write_of_nothing_makes_an_empty_file),
        IN_SCRATCH(write_goes_to_other_directories),
        IN_SCRATCH(write_fails_when_the_file_is_there),
        IN_SCRATCH(write_keeps_the_file_that_is_there),
        IN_SCRATCH(write_replaces_content_and_mode),
        IN_SCRATCH(write_leaves_readers_of_the_old_file_their_content),
        IN_SCRATCH(write_does_not_follow_a_link),
        IN_SCRATCH(write_does_not_replace_directories_and_devices),
        IN_SCRATCH(write_names_the_file_whose_directory_is_missing),
        IN_SCRATCH(write_needs_the_name_of_a_file),
        IN_SCRATCH(write_into_a_protected_directory_is_denied),
        IN_SCRATCH(write_leaves_the_old_file_when_the_disk_is_full),
        IN_SCRATCH(write_leaves_nothing_when_the_disk_is_full),
        IN_SCRATCH(write_leaves_the_old_file_when_the_flush_fails),
        IN_SCRATCH(one_of_many_writers_makes_the_file),
        IN_SCRATCH(a_writer_that_is_killed_leaves_nothing_behind),
        IN_SCRATCH(what_a_killed_writer_left_is_removed_by_the_next_of_that_file),
        IN_SCRATCH(what_a_living_writer_has_is_left_alone),
        IN_SCRATCH(many_writers_replace_a_file),
        IN_OLD_SCRATCH(what_a_killed_writer_left_is_removed_by_the_next_of_that_file),
        IN_OLD_SCRATCH(what_a_living_writer_has_is_left_alone),
        IN_OLD_SCRATCH(many_writers_replace_a_file),
        IN_OLD_SCRATCH(write_makes_a_file_of_exactly_the_mode),
        IN_OLD_SCRATCH(write_goes_to_other_directories),
        IN_OLD_SCRATCH(write_fails_when_the_file_is_there),
        IN_OLD_SCRATCH(write_keeps_the_file_that_is_there),
        IN_OLD_SCRATCH(write_replaces_content_and_mode),
        IN_OLD_SCRATCH(write_does_not_follow_a_link),
        IN_OLD_SCRATCH(write_does_not_replace_directories_and_devices),
        IN_OLD_SCRATCH(write_leaves_the_old_file_when_the_disk_is_full),
        IN_OLD_SCRATCH(write_leaves_nothing_when_the_disk_is_full),
        IN_OLD_SCRATCH(write_leaves_the_old_file_when_the_flush_fails),
        IN_OLD_SCRATCH(one_of_many_writers_makes_the_file),
        IN_OLD_SCRATCH(one_of_many_writers_makes_the_file_where_rename_always_replaces),
        IN_SCRATCH(write_at_stays_in_its_directory),
        IN_SCRATCH(write_at_gives_the_owner),
        IN_OLD_SCRATCH(write_at_gives_the_owner),
        IN_SCRATCH(write_at_writes_nothing_without_the_owner),
        IN_OLD_SCRATCH(write_at_writes_nothing_without_the_owner),
        IN_SCRATCH(read_open_reads_from_where_the_descriptor_is),
        IN_SCRATCH(exists_says_yes_to_whatever_has_the_name),
        IN_SCRATCH(directory_make_gives_the_mode_to_the_last_only),
        IN_SCRATCH(directory_make_leaves_what_is_there),
        IN_SCRATCH(directory_make_accepts_needless_slashes),
        IN_SCRATCH(directory_make_names_the_file_in_its_way),
        IN_SCRATCH(directory_make_names_the_dangling_link_in_its_way),
        IN_SCRATCH(directory_sync_needs_a_directory),
        IN_SCRATCH(directory_sync_reports_a_flush_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
