/** @file Strings that live as long as what they belong to: made one by one, freed all at once. Not for secrets. */
#ifndef TEXT_POOL_H
#define TEXT_POOL_H

#include <base/own.h>

typedef struct text_pool {
    struct text_pool_entry *youngest;
    int failed; /* a string could not be made; the pool gave "" instead */
} text_pool;

/** A copy of @p text, or a formatted text. Never NULL: ask text_pool_check() once, at the end. */
const char *text_pool_copy(text_pool *pool, const char *text);
const char *text_pool_printf(text_pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** SAF_OK, or SAF_E_MEMORY when any string could not be made. */
saf_status text_pool_check(const text_pool *pool, saf_error *err);

void text_pool_free(text_pool *pool);

OWN_VALUE(text_pool, text_pool_free)

#endif
