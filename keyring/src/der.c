#include "der.h"

/* Long lengths: 4 bytes are more than any certificate has. */
static size_t take_length(der_walk *walk)
{
    enum { LONG_FORM = 0x80, COUNT_MAX = 4 };
    size_t len = 0;
    unsigned first = walk->at < walk->end ? *walk->at++ : LONG_FORM;
    if (first < LONG_FORM)
        return first;
    size_t count = first - LONG_FORM;
    walk->failed |= count == 0 || count > COUNT_MAX || count > (size_t)(walk->end - walk->at);
    if (walk->failed)
        return 0;
    for (size_t i = 0; i < count; i++)
        len = len << 8 | *walk->at++;
    walk->failed |= len < LONG_FORM || len >> 8 * (count - 1) == 0;
    return len;
}

static der_item fail(der_walk *walk)
{
    const saf_bytes nothing = saf_bytes_of(walk->end, 0);
    walk->failed = true;
    return (der_item) { .whole = nothing, .content = nothing };
}

der_item der_take_any(der_walk *walk)
{
    enum { HIGH_NUMBER = 0x1F };
    const unsigned char *start = walk->at;
    if (walk->failed || walk->at == walk->end || (*walk->at & HIGH_NUMBER) == HIGH_NUMBER)
        return fail(walk);
    unsigned tag = *walk->at++;
    size_t len = take_length(walk);
    walk->failed |= len > (size_t)(walk->end - walk->at);
    if (walk->failed)
        return fail(walk);
    der_item item = { .tag = tag, .content = saf_bytes_of(walk->at, len) };
    walk->at += len;
    item.whole = saf_bytes_of(start, (size_t)(walk->at - start));
    return item;
}

der_item der_take(der_walk *walk, unsigned tag)
{
    walk->failed |= !der_is_next(walk, tag);
    return der_take_any(walk);
}

der_walk der_enter(der_walk *walk, unsigned tag)
{
    der_item item = der_take(walk, tag);
    return (der_walk) { .at = item.content.data, .end = item.content.data + item.content.len, .failed = walk->failed };
}

/* No part begins with zero bits, and the last one ends. */
static bool is_oid(saf_bytes oid)
{
    bool begins = true;
    for (size_t i = 0; i < oid.len; i++) {
        if (begins && oid.data[i] == 0x80)
            return false;
        begins = oid.data[i] < 0x80;
    }
    return oid.len > 0 && begins;
}

saf_bytes der_take_oid(der_walk *walk)
{
    saf_bytes oid = der_take(walk, DER_OID).content;
    walk->failed |= !is_oid(oid);
    return oid;
}

static bool is_integer(saf_bytes value)
{
    if (value.len < 2)
        return value.len == 1;
    bool is_negative = value.data[1] & 0x80;
    return value.data[0] != (is_negative ? 0xFF : 0x00);
}

saf_bytes der_take_integer(der_walk *walk)
{
    saf_bytes value = der_take(walk, DER_INTEGER).content;
    walk->failed |= !is_integer(value);
    return walk->failed ? saf_bytes_of(walk->end, 0) : value;
}

saf_bytes der_take_unsigned(der_walk *walk)
{
    saf_bytes value = der_take_integer(walk);
    walk->failed |= value.len == 0 || value.data[0] & 0x80;
    if (walk->failed || value.data[0])
        return value;
    return saf_bytes_of(value.data + 1, value.len - 1);
}

saf_bytes der_take_octets_of_bits(der_walk *walk)
{
    saf_bytes bits = der_take(walk, DER_BIT_STRING).content;
    walk->failed |= bits.len == 0 || bits.data[0] != 0;
    return walk->failed ? saf_bytes_of(walk->end, 0) : saf_bytes_of(bits.data + 1, bits.len - 1);
}

bool der_take_boolean(der_walk *walk)
{
    saf_bytes value = der_take(walk, DER_BOOLEAN).content;
    walk->failed |= value.len != 1 || (value.data[0] != 0 && value.data[0] != 0xFF);
    return !walk->failed && value.data[0] != 0;
}
