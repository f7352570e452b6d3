/**
 * @file
 * A walk through DER that believes nothing: definite, shortest lengths (X.690 10.1) and low tag numbers only. It remembers its first failure, so
 * that a sequence of steps is checked once, at the end; what cannot be read any more reads as nothing.
 *
 *     der_walk walk = der_begin(bytes);
 *     der_walk name = der_enter(&walk, DER_SEQUENCE);
 *     …
 *     bool good = der_is_done(&name) && der_is_done(&walk);
 */
#ifndef KEYRING_DER_H
#define KEYRING_DER_H

#include <safring/bytes.h>

#include <stdbool.h>

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0C,
    DER_PRINTABLE_STRING = 0x13,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,            /* plus the number: [n] IMPLICIT of something primitive */
    DER_CONTEXT_CONSTRUCTED = 0xA0 /* plus the number: [n] EXPLICIT */
};

typedef struct der_walk {
    const unsigned char *at, *end;
    bool failed;
} der_walk;

typedef struct der_item {
    unsigned tag;      /* 0: nothing could be read */
    saf_bytes whole;   /* with tag and length */
    saf_bytes content;
} der_item;

static inline der_walk der_begin(saf_bytes bytes)
{
    return (der_walk) { .at = bytes.data, .end = bytes.data + bytes.len };
}

/** Whether the next item has this tag. */
static inline bool der_is_next(const der_walk *walk, unsigned tag)
{
    return !walk->failed && walk->at < walk->end && *walk->at == tag;
}

/** All was read, and nothing failed. */
static inline bool der_is_done(const der_walk *walk)
{
    return !walk->failed && walk->at == walk->end;
}

/** The next item, whatever it is. */
der_item der_take_any(der_walk *walk);

/** The next item, which has this tag. */
der_item der_take(der_walk *walk, unsigned tag);

/** A walk through the content of the next item, which has this tag. It has failed if @p walk has. */
der_walk der_enter(der_walk *walk, unsigned tag);

/** The content of an OBJECT IDENTIFIER (X.690 8.19). */
saf_bytes der_take_oid(der_walk *walk);

/** The content of an OBJECT IDENTIFIER that is known, which may have zeros in it: `static const der_oid ids[] = { DER_OID_OF("\x55\x04\x03") }`. */
typedef struct der_oid {
    const char *content;
    size_t len;
} der_oid;

#define DER_OID_OF(text) { text, sizeof text - 1 }

static inline bool der_is_oid(saf_bytes oid, der_oid known)
{
    return oid.len == known.len && !memcmp(oid.data, known.content, known.len);
}

/** The content of an INTEGER: at least one byte, and no more than needed (X.690 8.3). */
saf_bytes der_take_integer(der_walk *walk);

/** The magnitude of an INTEGER that is not negative: without a leading zero byte, empty for 0. */
saf_bytes der_take_unsigned(der_walk *walk);

/** The bytes of a BIT STRING without unused bits. */
saf_bytes der_take_octets_of_bits(der_walk *walk);

/** TRUE is 0xFF (X.690 11.1); a FALSE that is written although it is the default is taken. */
bool der_take_boolean(der_walk *walk);

#endif
