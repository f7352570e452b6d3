/**
 * @file
 * base64url without padding (RFC 4648 section 5, RFC 7515 section 2), strict: only the alphabet, no padding, no white
 * space, and unused bits of the last character zero, so that every value has exactly one spelling.
 */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include <safring/bytes.h>

/** Characters that @p len bytes take. */
static inline size_t saf_base64url_encoded_len(size_t len)
{
    return len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0);
}

/** Bytes that @p len characters hold, at most. */
static inline size_t saf_base64url_decoded_max(size_t len)
{
    return len / 4 * 3 + 2;
}

/** Encode into @p out, which has room for saf_base64url_encoded_len(bytes.len); no terminator. Returns the length. */
size_t saf_base64url_encode(char *out, saf_bytes bytes);

/** Decode into @p out, which has room for saf_base64url_decoded_max(text.len). 1 and *out_len, or 0: not canonical. */
int saf_base64url_decode(unsigned char *out, size_t *out_len, saf_bytes text);

#endif
