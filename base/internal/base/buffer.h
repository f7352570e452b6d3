/**
 * @file
 * A growing array of bytes or text. It remembers its first failure, so that a sequence of appends is
 * checked once, at the end; it is always followed by a zero byte that is not counted; it is wiped when freed.
 *
 *     OWN(saf_buffer) text = {0};
 *     saf_buffer_printf(&text, "%s/%s", owner, label);
 *     SAF_TRY(saf_buffer_check(&text, err));
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <base/own.h>

#include <safring/bytes.h>
#include <safring/status.h>

#include <stdarg.h>

typedef struct saf_buffer {
    unsigned char *data; /**< NULL when nothing was ever appended */
    size_t len;          /**< bytes used */
    size_t cap;          /**< bytes allocated */
    int failed;          /**< an append ran out of memory; later ones do nothing */
} saf_buffer;

void saf_buffer_append(saf_buffer *buffer, saf_bytes bytes);
void saf_buffer_append_text(saf_buffer *buffer, const char *text);
void saf_buffer_printf(saf_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void saf_buffer_vprintf(saf_buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/** Make room for @p len more bytes and return where they go (NULL: no memory); len grows by that much. */
unsigned char *saf_buffer_extend(saf_buffer *buffer, size_t len);

/** SAF_OK, or SAF_E_MEMORY when any append failed. */
saf_status saf_buffer_check(const saf_buffer *buffer, saf_error *err);

/** The content as text; "" when empty. Borrowed until the buffer changes. */
const char *saf_buffer_text(const saf_buffer *buffer);

static inline saf_bytes saf_buffer_bytes(const saf_buffer *buffer)
{
    return saf_bytes_of(buffer->data, buffer->len);
}

void saf_buffer_free(saf_buffer *buffer);

OWN_VALUE(saf_buffer, saf_buffer_free)

#endif
