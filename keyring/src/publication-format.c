#include "publication-format.h"

#include "facts.h"

#include <base/fail.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

enum { VERSION = 1, MAC_LEN = 32 };
enum { MAGIC_LEN = 8, LEN_AT = 12, COUNT_AT = 40, NAMES_AT = 44 };
enum { KEY_NONE = 0, KEY_SEALED = 1, KEY_URI = 2 };

/* The line end shows when a file was sent as text. */
static const unsigned char MAGIC[MAGIC_LEN] = { 'S', 'A', 'F', 'P', 'U', 'B', '\r', '\n' };

/* ---- writing ---- */

static void put_number(unsigned char *out, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
}

static void add_number(saf_buffer *out, size_t size, uint64_t value)
{
    unsigned char *room = saf_buffer_extend(out, size);
    if (room)
        put_number(room, size, value);
}

/* Lengths were checked where the bytes came from; they all fit. */
static void add_counted(saf_buffer *out, size_t size, saf_bytes bytes)
{
    add_number(out, size, bytes.len);
    saf_buffer_append(out, bytes);
}

void publication_begin(saf_buffer *out, const publication_head *head)
{
    saf_buffer_append(out, saf_bytes_of(MAGIC, sizeof MAGIC));
    add_number(out, 4, VERSION);
    add_number(out, 4, 0);
    add_number(out, 8, head->generation);
    saf_buffer_append(out, saf_bytes_of(head->id, sizeof head->id));
    add_number(out, 4, 0);
    add_counted(out, 1, saf_bytes_of_text(head->owner));
    add_counted(out, 1, saf_bytes_of_text(head->name));
}

void publication_add(saf_buffer *out, const struct storage_cert *row, saf_bytes sealed)
{
    add_number(out, 1, row->usage);
    add_number(out, 1, row->is_default == SAF_DEFAULT);
    add_number(out, 4, (uint32_t)row->trust);
    add_number(out, 8, (uint64_t)row->revoked_at);
    add_number(out, 1, row->reason);
    add_counted(out, 1, saf_bytes_of_text(row->owner));
    add_counted(out, 1, saf_bytes_of_text(row->label));
    add_counted(out, 4, row->der);
    add_number(out, 1, sealed.len ? KEY_SEALED : row->key_uri ? KEY_URI : KEY_NONE);
    if (sealed.len)
        add_counted(out, 4, sealed);
    else if (row->key_uri)
        add_counted(out, 4, saf_bytes_of_text(row->key_uri));
}

/* ring.key seals private keys too, so the MAC has a key of its own. */
static int compute_mac(unsigned char out[MAC_LEN], const saf_secret *key, saf_bytes content)
{
    static const char purpose[] = "safring publication mac";
    unsigned char mac_key[MAC_LEN];
    int ok = key->len == PUBLICATION_KEY_LEN &&
             HMAC(EVP_sha256(), key->data, (int)key->len, (const unsigned char *)purpose, strlen(purpose), mac_key, NULL) &&
             HMAC(EVP_sha256(), mac_key, sizeof mac_key, content.data, content.len, out, NULL);
    OPENSSL_cleanse(mac_key, sizeof mac_key);
    return ok;
}

saf_status publication_finish(saf_buffer *out, uint32_t count, const saf_secret *key, saf_error *err)
{
    unsigned char mac[MAC_LEN];
    SAF_TRY(saf_buffer_check(out, err));
    if (out->len > PUBLICATION_MAX - MAC_LEN)
        return saf_fail(err, SAF_E_UNSUPPORTED, "a publication is limited to %d bytes", PUBLICATION_MAX);
    put_number(out->data + LEN_AT, 4, out->len + MAC_LEN);
    put_number(out->data + COUNT_AT, 4, count);
    if (!compute_mac(mac, key, saf_buffer_bytes(out)))
        return saf_fail_openssl(err, "cannot protect the publication");
    saf_buffer_append(out, saf_bytes_of(mac, sizeof mac));
    return saf_buffer_check(out, err);
}

saf_status publication_key_context(saf_buffer *out, const publication_head *head, const unsigned char fingerprint[SAF_FINGERPRINT_LEN],
                                   saf_error *err)
{
    saf_buffer_append_text(out, "safring published key ");
    saf_buffer_append(out, saf_bytes_of(head->id, sizeof head->id));
    add_counted(out, 1, saf_bytes_of_text(head->owner));
    add_counted(out, 1, saf_bytes_of_text(head->name));
    saf_buffer_append(out, saf_bytes_of(fingerprint, SAF_FINGERPRINT_LEN));
    return saf_buffer_check(out, err);
}

/* ---- reading ---- */

/* Where the reader is. What cannot be read any more reads as nothing, and is found once, at the end. */
struct cursor {
    const unsigned char *at, *end;
    bool failed;
};

static saf_bytes take_bytes(struct cursor *cursor, size_t len)
{
    cursor->failed |= len > (size_t)(cursor->end - cursor->at);
    if (cursor->failed)
        return saf_bytes_of(cursor->end, 0);
    cursor->at += len;
    return saf_bytes_of(cursor->at - len, len);
}

static uint64_t take_number(struct cursor *cursor, size_t size)
{
    uint64_t value = 0;
    saf_bytes bytes = take_bytes(cursor, size);
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

static saf_bytes take_counted(struct cursor *cursor, size_t size, size_t least, size_t max)
{
    uint64_t len = take_number(cursor, size);
    cursor->failed |= len < least || len > max;
    return take_bytes(cursor, cursor->failed ? 0 : (size_t)len);
}

/* @p out has room for max + 1. */
static void take_text(char *out, struct cursor *cursor, size_t size, size_t max)
{
    saf_bytes text = take_counted(cursor, size, 1, max);
    cursor->failed |= text.len && memchr(text.data, 0, text.len);
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
}

static saf_status fail_damaged(const char *path, saf_error *err)
{
    return saf_fail(err, SAF_E_FAILED, "%s is damaged: it is not what safring published", path);
}

static bool has_ring_name(const publication_head *head)
{
    char folded[SAF_OWNER_MAX + 1];
    bool is_virtual = !strcmp(head->name, "*");
    if (is_virtual && (!strcmp(head->owner, "*AUTH*") || !strcmp(head->owner, "*SITE*")))
        return true;
    if (saf_owner_fold(folded, head->owner, NULL) != SAF_OK || strcmp(folded, head->owner) != 0)
        return false;
    return is_virtual || saf_ring_name_check(head->name, NULL) == SAF_OK;
}

static bool take_head(publication_head *out, struct cursor *cursor)
{
    out->len = (uint32_t)take_number(cursor, 4);
    out->generation = take_number(cursor, 8);
    saf_bytes id = take_bytes(cursor, sizeof out->id);
    memcpy(out->id, id.data, id.len);
    out->count = (uint32_t)take_number(cursor, 4);
    take_text(out->owner, cursor, 1, SAF_OWNER_MAX);
    take_text(out->name, cursor, 1, SAF_RING_NAME_MAX);
    return !cursor->failed && has_ring_name(out);
}

static saf_status check_version(struct cursor *cursor, const char *path, saf_error *err)
{
    saf_bytes magic = take_bytes(cursor, MAGIC_LEN);
    uint64_t version = take_number(cursor, 4);
    if (cursor->failed || memcmp(magic.data, MAGIC, MAGIC_LEN) != 0 || version == 0)
        return fail_damaged(path, err);
    if (version == VERSION)
        return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "%s was published by a newer release (format %llu)", path, (unsigned long long)version);
}

static saf_status read_head(publication_head *out, struct cursor *cursor, const char *path, saf_error *err)
{
    publication_head head = { 0 };
    SAF_TRY(check_version(cursor, path, err));
    if (!take_head(&head, cursor))
        return fail_damaged(path, err);
    *out = head;
    return SAF_OK;
}

saf_status publication_read_head(publication_head *out, saf_bytes start, const char *path, saf_error *err)
{
    struct cursor cursor = { .at = start.data, .end = start.data + start.len };
    return read_head(out, &cursor, path, err);
}

saf_status publication_check(saf_bytes content, const saf_secret *key, const char *path, saf_error *err)
{
    unsigned char mac[MAC_LEN];
    if (content.len <= NAMES_AT + MAC_LEN)
        return fail_damaged(path, err);
    saf_bytes body = saf_bytes_of(content.data, content.len - MAC_LEN);
    if (!compute_mac(mac, key, body))
        return saf_fail_openssl(err, "cannot check %s", path);
    if (CRYPTO_memcmp(mac, body.data + body.len, MAC_LEN) == 0)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_FAILED, "%s is damaged or was altered, or ring.key beside it is another one's", path);
    saf_hint(err, "publish it again: safring ring publish");
    return status;
}

static bool is_usage(uint64_t value)
{
    return value == SAF_USAGE_SITE || value == SAF_USAGE_CERTAUTH || value == SAF_USAGE_PERSONAL;
}

static bool is_trust(uint64_t value)
{
    return value == (uint32_t)SAF_TRUST || value == SAF_HIGHTRUST || value == SAF_NOTRUST;
}

/* RFC 5280 5.3.1 without 7, which is not used, and 8, which is never kept. */
static bool is_reason(uint64_t value, int64_t revoked_at)
{
    return revoked_at ? value <= SAF_REASON_AA_COMPROMISE && value != 7 && value != SAF_REASON_REMOVE_FROM_CRL : value == 0;
}

static void take_state(struct storage_cert *row, struct cursor *cursor)
{
    uint64_t usage = take_number(cursor, 1);
    uint64_t is_default = take_number(cursor, 1);
    uint64_t trust = take_number(cursor, 4);
    row->revoked_at = (int64_t)take_number(cursor, 8);
    uint64_t reason = take_number(cursor, 1);
    cursor->failed |= !is_usage(usage) || is_default > 1 || !is_trust(trust) || row->revoked_at < 0 || !is_reason(reason, row->revoked_at);
    row->usage = (saf_usage)usage;
    row->is_default = is_default ? SAF_DEFAULT : SAF_NOT_DEFAULT;
    row->trust = (saf_trust)(uint32_t)trust;
    row->reason = (saf_reason)reason;
}

static void take_key(publication_entry *out, struct cursor *cursor)
{
    uint64_t kind = take_number(cursor, 1);
    cursor->failed |= kind > KEY_URI;
    if (kind == KEY_SEALED) {
        out->row.key_place = SAF_KEY_STORED;
        out->sealed = take_counted(cursor, 4, 1, PUBLICATION_SEALED_MAX);
    } else if (kind == KEY_URI) {
        out->row.key_place = SAF_KEY_IN_TOKEN;
        take_text(out->uri, cursor, 4, SAF_KEY_URI_MAX);
        out->row.key_uri = out->uri;
    }
}

static bool take_entry(publication_entry *out, struct cursor *cursor)
{
    char folded[SAF_OWNER_MAX + 1];
    *out = (publication_entry) { 0 };
    take_state(&out->row, cursor);
    take_text(out->owner, cursor, 1, SAF_OWNER_MAX);
    take_text(out->label, cursor, 1, SAF_LABEL_MAX);
    out->row.owner = out->owner;
    out->row.label = out->label;
    out->row.der = take_counted(cursor, 4, 1, CERT_DER_MAX);
    take_key(out, cursor);
    return !cursor->failed && saf_owner_fold(folded, out->owner, NULL) == SAF_OK && !strcmp(folded, out->owner) &&
           saf_label_check(out->label, NULL) == SAF_OK;
}

/* A certificate that cannot be read is this file's fault, whatever the visitor says of it. */
static saf_status visit_entry(const publication_entry *entry, const char *path, publication_visitor visit, void *context, saf_error *err)
{
    saf_status status = visit(context, entry, err);
    return status == SAF_E_MALFORMED || status == SAF_E_FAILED ? fail_damaged(path, err) : status;
}

saf_status publication_visit(saf_bytes content, const char *path, publication_visitor visit, void *context, saf_error *err)
{
    struct cursor cursor = { .at = content.data, .end = content.data + content.len - MAC_LEN };
    publication_head head;
    publication_entry entry;
    unsigned defaults = 0;
    SAF_TRY(read_head(&head, &cursor, path, err));
    if (head.len != content.len)
        return fail_damaged(path, err);
    for (uint32_t i = 0; i < head.count; i++) {
        if (!take_entry(&entry, &cursor))
            return fail_damaged(path, err);
        defaults += entry.row.is_default == SAF_DEFAULT;
        SAF_TRY(visit_entry(&entry, path, visit, context, err));
    }
    return cursor.at == cursor.end && defaults <= 1 ? SAF_OK : fail_damaged(path, err);
}
