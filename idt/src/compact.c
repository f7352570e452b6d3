#include "compact.h"

typedef struct parts {
    saf_bytes header, payload, signature;
} parts;

/* What stands before the first dot; *rest is what comes after it. 0: there is no dot. */
static bool cut(saf_bytes *part, saf_bytes *rest)
{
    const unsigned char *dot = rest->len ? memchr(rest->data, '.', rest->len) : NULL;
    if (!dot)
        return false;
    *part = saf_bytes_of(rest->data, (size_t)(dot - rest->data));
    *rest = saf_bytes_of(dot + 1, rest->len - part->len - 1);
    return true;
}

/* RFC 7515 3.1: three parts; only the signature may be empty, and a fourth part would be somebody else's format. */
static bool split(saf_bytes token, parts *out)
{
    saf_bytes rest = token;
    if (!cut(&out->header, &rest) || !cut(&out->payload, &rest))
        return false;
    out->signature = rest;
    return out->header.len && out->payload.len && !(rest.len && memchr(rest.data, '.', rest.len));
}

static bool decode(const idt_path *path, unsigned char **at, saf_bytes *out, saf_bytes text)
{
    size_t len = 0;
    if (!path->decode(*at, &len, text))
        return false;
    *out = saf_bytes_of(*at, len);
    *at += len;
    return true;
}

saf_idt_verdict idt_compact_read(saf_idt_lane *lane, saf_bytes token, idt_compact *out)
{
    parts encoded;
    unsigned char *at = lane->decoded;
    /* Refused before anything is looked at, so that size costs the sender and not us. */
    if (token.len > SAF_IDT_TOKEN_MAX)
        return SAF_IDT_TOO_LARGE;
    if (!split(token, &encoded))
        return SAF_IDT_BAD_STRUCTURE;
    out->input = saf_bytes_of(token.data, encoded.header.len + 1 + encoded.payload.len);
    if (!decode(lane->path, &at, &out->header, encoded.header) || !decode(lane->path, &at, &out->payload, encoded.payload) ||
        !decode(lane->path, &at, &out->signature, encoded.signature))
        return SAF_IDT_BAD_ENCODING;
    if (!saf_json_read_object(&lane->header_json, out->header) || !saf_json_read_object(&lane->payload_json, out->payload))
        return SAF_IDT_BAD_JSON;
    return SAF_IDT_GOOD;
}
