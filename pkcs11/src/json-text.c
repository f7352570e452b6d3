#include "json-text.h"

#include <base/utf8.h>

static void write_character(saf_buffer *out, const unsigned char *at, size_t len)
{
    if (*at < 0x20 || *at == 0x7F)
        saf_buffer_printf(out, "\\u%04x", *at);
    else if (*at == '"' || *at == '\\')
        saf_buffer_printf(out, "\\%c", *at);
    else
        saf_buffer_append(out, saf_bytes_of(at, len));
}

bool json_text_write(saf_buffer *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
    saf_buffer_append_text(out, "\"");
    while (at < end) {
        size_t len = utf8_len(at, end);
        if (!len)
            return false;
        write_character(out, at, len);
        at += len;
    }
    saf_buffer_append_text(out, "\"");
    return true;
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

/* The reader has seen that there are four digits. */
static uint32_t read_unit(const unsigned char *digits)
{
    uint32_t unit = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned char c = digits[i];
        unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

/* A pair of surrogates is whole: the reader has seen that, too. *used: of the text after the backslash. */
static uint32_t read_code_point(const unsigned char *escape, size_t *used)
{
    uint32_t first = read_unit(escape + 1);
    *used = 5;
    if (first < 0xD800 || first > 0xDBFF)
        return first;
    *used = 11;
    return 0x10000 + ((first - 0xD800) << 10) + (read_unit(escape + 7) - 0xDC00);
}

static size_t encode_utf8(unsigned char out[4], uint32_t point)
{
    if (point < 0x80) {
        out[0] = (unsigned char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char starts[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = len - 1; i > 0; i--, point >>= 6)
        out[i] = (unsigned char)(0x80 | (point & 0x3F));
    out[0] = (unsigned char)(starts[len] | point);
    return len;
}

static size_t read_escape(unsigned char out[4], const unsigned char *escape, size_t *used)
{
    static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, *escape);
    *used = 1;
    if (*escape == 'u')
        return encode_utf8(out, read_code_point(escape, used));
    out[0] = letter ? (unsigned char)values[letter - letters] : *escape;
    return 1;
}

bool json_text_read(char *out, size_t out_cap, saf_bytes raw)
{
    size_t len = 0, used = 1;
    for (size_t i = 0; i < raw.len; i += used) {
        unsigned char bytes[4] = { raw.data[i] };
        size_t count = 1;
        used = 1;
        if (raw.data[i] == '\\') {
            count = read_escape(bytes, raw.data + i + 1, &used);
            used++;
        }
        if (!bytes[0] || len + count >= out_cap)
            return false;
        memcpy(out + len, bytes, count);
        len += count;
    }
    out[len] = '\0';
    return true;
}
