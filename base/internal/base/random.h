/** @file Random bytes and passwords from the operating system's generator through OpenSSL. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <safring/secret.h>

/** Fill @p out. SAF_E_FAILED when no randomness can be had. */
saf_status saf_random_bytes(unsigned char *out, size_t len, saf_error *err);

/** A random password of 24 letters and digits (142 bits), safe to type and in YAML. */
saf_status saf_random_password(saf_secret *out, saf_error *err);

#endif
