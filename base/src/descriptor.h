/** @file What reading a file and reading a secret's file have in common. */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <safring/status.h>

#include <sys/stat.h>

/** Open a regular file for reading; the caller owns *fd. SAF_E_MALFORMED when it is anything else. */
saf_status saf_descriptor_open(int *fd, struct stat *about, const char *path, saf_error *err);

#endif
