/** @file Labels that are made of other texts, for the floors above. */
#ifndef KEYRING_LABEL_H
#define KEYRING_LABEL_H

#include <base/utf8.h>

/** How many of the @p len bytes of @p text a label takes that has room for @p most: whole characters, and no blank at the end. */
static inline size_t label_fit(const char *text, size_t len, size_t most)
{
    if (len > most)
        for (len = most; len && utf8_is_tail((unsigned char)text[len]);)
            len--;
    while (len && text[len - 1] == ' ')
        len--;
    return len;
}

#endif
