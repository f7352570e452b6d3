/**
 * @file
 * Ownership that ends with the scope.
 *
 *     OWN(EVP_PKEY) *key = make_key();       freed when the scope is left, however it is left
 *     return GIVE(&key);                     …unless it is handed on
 *     OWN(saf_buffer) text = {0};            also for structs that own what they hold
 *
 * OWN_POINTER and OWN_VALUE declare, once per type, how it is freed. There is no goto in this code base.
 */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <safring/secret.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN(type) __attribute__((cleanup(own_##type))) type

/** For `OWN(type) *name`: @p release takes the pointer. */
#define OWN_POINTER(type, release) \
    static inline void own_##type(type **owned) \
    { \
        if (*owned) \
            release(*owned); \
    }

/** For `OWN(type) *name`, where @p release takes the pointer's address (our own free functions). */
#define OWN_HANDLE(type, release) \
    static inline void own_##type(type **owned) \
    { \
        release(owned); \
    }

/** For `OWN(type) name`: @p release takes the struct's address. */
#define OWN_VALUE(type, release) \
    static inline void own_##type(type *owned) \
    { \
        release(owned); \
    }

/** Take the value out of an owning variable, which is left NULL. */
#define GIVE(variable) \
    __extension__({ \
        __typeof__(*(variable)) given_ = *(variable); \
        *(variable) = NULL; \
        given_; \
    })

/** `OWN(own_text) text = strdup(…);` – a heap string. */
typedef char *own_text;
static inline void own_own_text(own_text *text)
{
    free(*text);
}

/** `OWN(own_fd) fd = open(…);` – a file descriptor, -1 when there is none. */
typedef int own_fd;
static inline void own_own_fd(own_fd *fd)
{
    if (*fd >= 0)
        close(*fd);
}

OWN_POINTER(FILE, fclose)
OWN_POINTER(DIR, closedir)
OWN_VALUE(saf_secret, saf_secret_free)

#endif
