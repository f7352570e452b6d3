/** @file What the user wrote, in messages: its beginning is enough to recognise it by, and leaves room for the reason. */
#ifndef CERTTOOL_QUOTE_H
#define CERTTOOL_QUOTE_H

#include <base/utf8.h>

#include <string.h>

enum { QUOTE_MAX = 80 }; /* bytes */

typedef struct quotation {
    char text[QUOTE_MAX + sizeof "..."];
} quotation;

/** The first @p len bytes of @p text, or as many of them as a message has room for, cut between characters. */
static inline quotation quote(const char *text, size_t len)
{
    quotation out = { "" };
    size_t cut = len < QUOTE_MAX ? len : QUOTE_MAX;
    while (cut && cut < len && utf8_is_tail((unsigned char)text[cut]))
        cut--;
    memcpy(out.text, text, cut);
    memcpy(out.text + cut, cut < len ? "..." : "", cut < len ? sizeof "..." : 1);
    return out;
}

static inline quotation quote_text(const char *text)
{
    return quote(text, strlen(text));
}

#endif
