#include <base/buffer.h>
#include <base/fail.h>

#include <openssl/crypto.h>

#include <stdio.h>

enum { SMALLEST = 64 };

static void release(saf_buffer *buffer)
{
    if (buffer->data)
        OPENSSL_cleanse(buffer->data, buffer->cap);
    free(buffer->data);
}

/* Not realloc(): it would leave an unwiped copy behind when it moves. */
static int move_to(saf_buffer *buffer, size_t cap)
{
    unsigned char *data = malloc(cap);
    if (!data)
        return 0;
    if (buffer->len)
        memcpy(data, buffer->data, buffer->len);
    release(buffer);
    buffer->data = data;
    buffer->cap = cap;
    return 1;
}

/* Room for len more bytes and the terminator. */
static int reserve(saf_buffer *buffer, size_t len)
{
    if (len >= SIZE_MAX - buffer->len)
        return 0;
    size_t needed = buffer->len + len + 1;
    if (needed <= buffer->cap)
        return 1;
    size_t cap = buffer->cap > SIZE_MAX / 2 ? needed : buffer->cap * 2;
    if (cap < needed)
        cap = needed;
    return move_to(buffer, cap < SMALLEST ? SMALLEST : cap);
}

unsigned char *saf_buffer_extend(saf_buffer *buffer, size_t len)
{
    if (buffer->failed || !reserve(buffer, len)) {
        buffer->failed = 1;
        return NULL;
    }
    unsigned char *room = buffer->data + buffer->len;
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
    return room;
}

void saf_buffer_append(saf_buffer *buffer, saf_bytes bytes)
{
    if (!bytes.len)
        return;
    unsigned char *room = saf_buffer_extend(buffer, bytes.len);
    if (room)
        memcpy(room, bytes.data, bytes.len);
}

void saf_buffer_append_text(saf_buffer *buffer, const char *text)
{
    saf_buffer_append(buffer, saf_bytes_of_text(text));
}

void saf_buffer_vprintf(saf_buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) {
        buffer->failed = 1;
        return;
    }
    char *room = (char *)saf_buffer_extend(buffer, (size_t)len);
    if (room)
        vsnprintf(room, (size_t)len + 1, format, arguments);
}

void saf_buffer_printf(saf_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    saf_buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
}

saf_status saf_buffer_check(const saf_buffer *buffer, saf_error *err)
{
    return buffer->failed ? saf_fail_memory(err) : SAF_OK;
}

const char *saf_buffer_text(const saf_buffer *buffer)
{
    return buffer->data ? (const char *)buffer->data : "";
}

void saf_buffer_free(saf_buffer *buffer)
{
    if (!buffer)
        return;
    release(buffer);
    *buffer = (saf_buffer) { 0 };
}
