/**
 * @file
 * Writing JSON by hand: each function writes at @p at and returns where the next one goes. Rooms are counted, not
 * checked.
 */
#ifndef IDT_TEXT_H
#define IDT_TEXT_H

#include <safring/bytes.h>

static inline char *idt_put(char *at, saf_bytes bytes)
{
    memcpy(at, bytes.data, bytes.len);
    return at + bytes.len;
}

static inline char *idt_put_text(char *at, const char *text)
{
    return idt_put(at, saf_bytes_of_text(text));
}

/** @p number is not negative. */
static inline char *idt_put_number(char *at, int64_t number)
{
    char digits[20];
    size_t len = 0;
    do
        digits[sizeof digits - ++len] = (char)('0' + number % 10);
    while (number /= 10);
    return idt_put(at, saf_bytes_of(digits + sizeof digits - len, len));
}

#endif
