/**
 * @file
 * A fresh directory that a test runs in, so that it can use short relative names:
 *
 *     const struct CMUnitTest tests[] = { IN_SCRATCH(write_makes_a_file) };
 */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_enter, scratch_leave)

static inline int scratch_enter(void **state)
{
    const char *parent = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/safring-test-XXXXXX", parent && *parent ? parent : "/tmp") < 0)
        return -1;
    *state = path;
    return mkdtemp(path) && chdir(path) == 0 ? 0 : -1;
}

static inline int scratch_remove_one(const char *path, __attribute__((unused)) const struct stat *about,
                                     __attribute__((unused)) int type, __attribute__((unused)) struct FTW *where)
{
    return remove(path);
}

/* What a test has locked could not be emptied by anybody but root. */
static inline int scratch_unlock_one(const char *path, __attribute__((unused)) const struct stat *about, int type,
                                     __attribute__((unused)) struct FTW *where)
{
    return type == FTW_D || type == FTW_DNR ? chmod(path, 0700) : 0;
}

static inline int scratch_leave(void **state)
{
    int answer = chdir("/") || nftw(*state, scratch_unlock_one, 16, FTW_PHYS) ||
                 nftw(*state, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return answer;
}

/** Names in the current directory, without "." and "..". */
static inline int scratch_count(void)
{
    int count = 0;
    DIR *directory = opendir(".");
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count - 2;
}

/** Make a file with this text, whatever the code under test can do. 0, or -1. */
static inline int scratch_write(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return -1;
    size_t len = strlen(text);
    int failed = fwrite(text, 1, len, file) != len;
    failed |= fclose(file) != 0;
    return failed || chmod(path, mode) ? -1 : 0;
}

#endif
