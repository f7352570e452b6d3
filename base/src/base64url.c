#include <base/base64url.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* One more than each character's value, so that what is not listed is 0. */
static const signed char values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

static char *encode_three(char *out, const unsigned char in[3])
{
    out[0] = alphabet[in[0] >> 2];
    out[1] = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
    out[2] = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
    out[3] = alphabet[in[2] & 63];
    return out + 4;
}

size_t saf_base64url_encode(char *out, saf_bytes bytes)
{
    char *start = out;
    size_t i = 0;
    for (; bytes.len - i >= 3; i += 3)
        out = encode_three(out, bytes.data + i);
    size_t rest = bytes.len - i;
    if (rest) {
        unsigned char last[3] = { bytes.data[i], rest == 2 ? bytes.data[i + 1] : 0, 0 };
        char quad[4];
        encode_three(quad, last);
        memcpy(out, quad, rest + 1);
        out += rest + 1;
    }
    return (size_t)(out - start);
}

/* 1, or 0 when one of the characters is not in the alphabet. */
static int decode_four(unsigned char out[3], const unsigned char in[4])
{
    int a = values[in[0]] - 1, b = values[in[1]] - 1, c = values[in[2]] - 1, d = values[in[3]] - 1;
    if ((a | b | c | d) < 0)
        return 0;
    out[0] = (unsigned char)(a << 2 | b >> 4);
    out[1] = (unsigned char)(b << 4 | c >> 2);
    out[2] = (unsigned char)(c << 6 | d);
    return 1;
}

/* RFC 4648 3.5: pad bits that are not zero would give a value a second spelling. */
static int decode_rest(unsigned char *out, const unsigned char *in, size_t len)
{
    unsigned char quad[4] = { 'A', 'A', 'A', 'A' };
    unsigned char bytes[3];
    memcpy(quad, in, len);
    if (!decode_four(bytes, quad) || bytes[len - 1] != 0)
        return 0;
    memcpy(out, bytes, len - 1);
    return 1;
}

int saf_base64url_decode(unsigned char *out, size_t *out_len, saf_bytes text)
{
    size_t rest = text.len % 4;
    size_t whole = text.len - rest;
    if (rest == 1)
        return 0;
    unsigned char *at = out;
    for (size_t i = 0; i < whole; i += 4, at += 3)
        if (!decode_four(at, text.data + i))
            return 0;
    if (rest && !decode_rest(at, text.data + whole, rest))
        return 0;
    *out_len = (size_t)(at - out) + (rest ? rest - 1 : 0);
    return 1;
}
