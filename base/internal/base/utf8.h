/** @file Well-formed UTF-8 (Unicode 15, table 3-7). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

static inline int utf8_is_tail(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The first two bytes alone decide about overlong forms, surrogates, and values above U+10FFFF. */
static inline int utf8_is_start(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return utf8_is_tail(second);
    }
}

/** Bytes that the character at @p at takes, or 0: not UTF-8. @p at is before @p end. */
static inline size_t utf8_len(const unsigned char *at, const unsigned char *end)
{
    if (*at < 0x80)
        return 1;
    if (*at < 0xC2 || *at > 0xF4)
        return 0;
    size_t len = *at < 0xE0 ? 2 : *at < 0xF0 ? 3 : 4;
    if ((size_t)(end - at) < len || !utf8_is_start(at[0], at[1]))
        return 0;
    for (size_t i = 2; i < len; i++)
        if (!utf8_is_tail(at[i]))
            return 0;
    return len;
}

#endif
