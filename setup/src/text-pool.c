#include "text-pool.h"

#include <base/fail.h>

#include <stdarg.h>

struct text_pool_entry {
    struct text_pool_entry *older;
    char text[];
};

static char *room_for(text_pool *pool, size_t len)
{
    struct text_pool_entry *entry = malloc(sizeof *entry + len + 1);
    if (!entry) {
        pool->failed = 1;
        return NULL;
    }
    entry->older = pool->youngest;
    pool->youngest = entry;
    return entry->text;
}

const char *text_pool_copy(text_pool *pool, const char *text)
{
    size_t len = strlen(text);
    char *copy = room_for(pool, len);
    return copy ? memcpy(copy, text, len + 1) : "";
}

const char *text_pool_printf(text_pool *pool, const char *format, ...)
{
    OWN(own_text) text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len >= 0)
        return text_pool_copy(pool, text);
    text = NULL; /* vasprintf() leaves it undefined */
    pool->failed = 1;
    return "";
}

saf_status text_pool_check(const text_pool *pool, saf_error *err)
{
    return pool->failed ? saf_fail_memory(err) : SAF_OK;
}

void text_pool_free(text_pool *pool)
{
    while (pool->youngest) {
        struct text_pool_entry *entry = pool->youngest;
        pool->youngest = entry->older;
        free(entry);
    }
    *pool = (text_pool){ 0 };
}
