/** @file What the programs that measure tokens share: a directory for SoftHSM, and its end. */
#ifndef BENCH_DIRECTORY_H
#define BENCH_DIRECTORY_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

/** Let SoftHSM keep its tokens in @p dir, which is the current directory. */
static inline void bench_configure_softhsm(const char *dir)
{
    char path[512];
    FILE *file = fopen("softhsm2.conf", "we");
    snprintf(path, sizeof path, "%s/softhsm2.conf", dir);
    if (!file || setenv("SOFTHSM2_CONF", path, 1) != 0)
        exit(1);
    fprintf(file, "directories.tokendir = %s\nlog.level = ERROR\n", dir);
    fclose(file);
}

static inline int bench_remove_entry(const char *path, __attribute__((unused)) const struct stat *status, __attribute__((unused)) int kind,
                                     __attribute__((unused)) struct FTW *walk)
{
    return remove(path);
}

static inline void bench_remove_directory(const char *dir)
{
    nftw(dir, bench_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
