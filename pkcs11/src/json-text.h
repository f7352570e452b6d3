/** @file Strings in JSON (RFC 8259, 7). Internal to this room. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <base/buffer.h>

#include <stdbool.h>

/** Append @p text with its quotes; only what must be escaped is. False: it is not UTF-8. */
bool json_text_write(saf_buffer *out, const char *text);

/** Read what stands between the quotes of a string that saf_json_read_object() has accepted. False: too long for @p out_cap bytes with the
 *  terminator, or it has a zero byte. */
bool json_text_read(char *out, size_t out_cap, saf_bytes raw);

#endif
