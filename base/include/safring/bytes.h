/**
 * @file
 * Bytes that somebody else owns: a pointer and a length, always passed together.
 *
 * A saf_bytes borrows: it neither frees nor copies, and is valid as long as its owner says.
 */
#ifndef SAFRING_BYTES_H
#define SAFRING_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct saf_bytes {
    const unsigned char *data; /**< may be NULL when len is 0 */
    size_t len;                /**< in bytes */
} saf_bytes;

/** Borrow @p len bytes at @p data. */
static inline saf_bytes saf_bytes_of(const void *data, size_t len)
{
    saf_bytes bytes = { (const unsigned char *)data, len };
    return bytes;
}

/** Borrow a string's characters, without its terminator. */
static inline saf_bytes saf_bytes_of_text(const char *text)
{
    return saf_bytes_of(text, strlen(text));
}

#endif
