/* base64url in vectors of 48 bytes and 64 characters (AVX-512 with VBMI). Accepts and refuses what base/base64url.c does. */
#include "path.h"

#include <immintrin.h>

enum { BYTES = 48, CHARACTERS = 64 };

/* The first n of 64. */
static inline __mmask64 first(size_t n)
{
    return n < 64 ? ((__mmask64)1 << n) - 1 : ~(__mmask64)0;
}

/* ---- encode ---- */

/* Each three bytes a, b, c become b, a, c, b: then every six bits of a character lie together within one word. */
static inline __m512i spread(__m512i bytes)
{
    const __m512i order = _mm512_set_epi32(0x2e2f2d2e, 0x2b2c2a2b, 0x28292728, 0x25262425, 0x22232122, 0x1f201e1f, 0x1c1d1b1c, 0x191a1819,
                                           0x16171516, 0x13141213, 0x10110f10, 0x0d0e0c0d, 0x0a0b090a, 0x07080607, 0x04050304, 0x01020001);
    return _mm512_permutexvar_epi8(order, bytes);
}

static inline __m512i characters_of(__m512i bytes)
{
    const __m512i alphabet = _mm512_loadu_si512("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a); /* where each character's bits begin, in eight bytes */
    return _mm512_permutexvar_epi8(_mm512_multishift_epi64_epi8(shifts, spread(bytes)), alphabet);
}

size_t idt_base64url_encode_x64(char *out, saf_bytes bytes)
{
    char *start = out;
    for (; bytes.len >= BYTES; bytes = saf_bytes_of(bytes.data + BYTES, bytes.len - BYTES), out += CHARACTERS)
        _mm512_storeu_si512(out, characters_of(_mm512_maskz_loadu_epi8(first(BYTES), bytes.data)));
    size_t rest = (bytes.len * 4 + 2) / 3;
    if (rest)
        _mm512_mask_storeu_epi8(out, first(rest), characters_of(_mm512_maskz_loadu_epi8(first(bytes.len), bytes.data)));
    return (size_t)(out - start) + rest;
}

/* ---- decode ---- */

/* Values of the 128 ASCII characters; NO for those that are not in the alphabet. */
#define NO 0x80
#define SIXTEEN_CONTROLS NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO

_Alignas(64) static const unsigned char values[128] = {
    SIXTEEN_CONTROLS, SIXTEEN_CONTROLS,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
};

/* What the characters stand for, 48 bytes at the front; *bad when one of them stands for nothing. */
static inline __m512i bytes_of(__m512i characters, __mmask64 *bad)
{
    const __m512i order = _mm512_set_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 61, 62, 56, 57, 58, 52, 53, 54, 48, 49, 50, 44, 45,
                                          46, 40, 41, 42, 36, 37, 38, 32, 33, 34, 28, 29, 30, 24, 25, 26, 20, 21, 22, 16, 17, 18, 12, 13, 14,
                                          8, 9, 10, 4, 5, 6, 0, 1, 2);
    __m512i six_bits = _mm512_permutex2var_epi8(_mm512_load_si512(values), characters, _mm512_load_si512(values + 64));
    *bad |= _mm512_movepi8_mask(_mm512_or_si512(characters, six_bits));
    __m512i twelve_bits = _mm512_maddubs_epi16(six_bits, _mm512_set1_epi32(0x01400140));
    __m512i three_bytes = _mm512_madd_epi16(twelve_bits, _mm512_set1_epi32(0x00011000));
    return _mm512_permutexvar_epi8(order, three_bytes);
}

/* The last 2 to 63 characters. 'A' stands for zero bits, so those that are left over show in the byte after the last.
 * RFC 4648 3.5: pad bits that are not zero would give a value a second spelling. */
static inline size_t decode_rest(unsigned char *out, saf_bytes text, __mmask64 *bad)
{
    size_t len = text.len * 3 / 4;
    __m512i bytes = bytes_of(_mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), first(text.len), text.data), bad);
    _mm512_mask_storeu_epi8(out, first(len), bytes);
    *bad |= _mm512_mask_test_epi8_mask(first(BYTES) & ~first(len), bytes, bytes);
    return len;
}

int idt_base64url_decode_x64(unsigned char *out, size_t *out_len, saf_bytes text)
{
    unsigned char *at = out;
    __mmask64 bad = 0;
    if (text.len % 4 == 1)
        return 0;
    for (; text.len >= CHARACTERS; text = saf_bytes_of(text.data + CHARACTERS, text.len - CHARACTERS), at += BYTES)
        _mm512_mask_storeu_epi8(at, first(BYTES), bytes_of(_mm512_loadu_si512(text.data), &bad));
    if (text.len)
        at += decode_rest(at, text, &bad);
    if (bad)
        return 0;
    *out_len = (size_t)(at - out);
    return 1;
}
