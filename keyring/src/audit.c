#include "audit.h"

#include <base/clock.h>
#include <base/fail.h>

#include <keyring/release.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* ---- the MAC ---- */

static void append_number(saf_buffer *out, uint64_t number)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (56 - 8 * i));
    saf_buffer_append(out, saf_bytes_of(bytes, sizeof bytes));
}

/* With its length before it, so that no two records have the same encoding. */
static void append_field(saf_buffer *out, saf_bytes field)
{
    append_number(out, field.len);
    saf_buffer_append(out, field);
}

saf_status audit_compute_mac(unsigned char out[STORAGE_MAC_LEN], const saf_secret *key, const unsigned char previous[STORAGE_MAC_LEN],
                             const struct storage_audit *record, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_append(&text, saf_bytes_of(previous, STORAGE_MAC_LEN));
    append_number(&text, record->number);
    append_number(&text, (uint64_t)record->at);
    append_field(&text, saf_bytes_of_text(record->who));
    append_field(&text, saf_bytes_of_text(record->action));
    append_field(&text, saf_bytes_of_text(record->object));
    append_field(&text, saf_bytes_of_text(record->details));
    append_field(&text, record->fingerprint);
    SAF_TRY(saf_buffer_check(&text, err));
    if (!HMAC(EVP_sha256(), key->data, (int)key->len, text.data, text.len, out, NULL))
        return saf_fail_openssl(err, "cannot compute the MAC of an audit record");
    return SAF_OK;
}

/* ---- writing ---- */

struct last_record {
    uint64_t number;
    unsigned char mac[STORAGE_MAC_LEN]; /* zeros before the first */
};

static saf_status take_last(void *context, const struct storage_audit *record, saf_error *err)
{
    struct last_record *last = context;
    if (record->mac.len != STORAGE_MAC_LEN)
        return saf_fail(err, SAF_E_FAILED, "the audit trail is damaged at record %llu",
                        (unsigned long long)record->number);
    last->number = record->number;
    memcpy(last->mac, record->mac.data, STORAGE_MAC_LEN);
    return SAF_OK;
}

static saf_status append(saf_change *change, struct storage_audit *record, saf_error *err)
{
    struct last_record last = { 0 };
    unsigned char mac[STORAGE_MAC_LEN];
    saf_store *store = change->store;
    SAF_TRY(storage_last_audit(store->storage, take_last, &last, err));
    record->number = last.number + 1;
    record->at = saf_clock_now();
    record->who = change->who;
    SAF_TRY(audit_compute_mac(mac, &store->audit_key, last.mac, record, err));
    record->mac = saf_bytes_of(mac, sizeof mac);
    return storage_add_audit(store->storage, record, err);
}

/* What stands between quotes is somebody's text: it ends where its quotes do, and cannot forge another name="value". */
static void append_quoted(saf_buffer *out, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7F)
            saf_buffer_printf(out, "\\x%02X", byte);
        else
            saf_buffer_printf(out, byte == '"' || byte == '\\' ? "\\%c" : "%c", byte);
    }
}

/* One conversion; the few kinds that details need. Returns what follows it. */
static const char *append_value(saf_buffer *out, const char *at, bool is_quoted, va_list *arguments)
{
    if (at[1] == 's') {
        const char *value = va_arg(*arguments, const char *), *text = value ? value : "";
        if (is_quoted)
            append_quoted(out, text);
        else
            saf_buffer_append_text(out, text);
        return at + 2;
    }
    size_t longs = strspn(at + 1, "l");
    if (at[1 + longs] == 'd')
        saf_buffer_printf(out, "%lld", longs == 2 ? va_arg(*arguments, long long) : longs ? va_arg(*arguments, long) : va_arg(*arguments, int));
    else
        saf_buffer_printf(out, "%llu", longs == 2 ? va_arg(*arguments, unsigned long long)
                                       : longs    ? va_arg(*arguments, unsigned long)
                                                  : va_arg(*arguments, unsigned));
    return at + longs + 2;
}

/* printf's, as far as it is used: %s, %d, %u with l or ll. */
static void append_details(saf_buffer *out, const char *format, va_list *arguments)
{
    bool is_quoted = false;
    for (const char *at = format; *at;) {
        is_quoted ^= *at == '"';
        if (*at == '%') {
            at = append_value(out, at, is_quoted, arguments);
            continue;
        }
        saf_buffer_append(out, saf_bytes_of(at++, 1));
    }
}

__attribute__((format(printf, 6, 0)))
static saf_status write_record(saf_change *change, const char *action, const char *object,
                               const unsigned char *fingerprint, saf_error *err, const char *format,
                               va_list arguments)
{
    OWN(saf_buffer) details = { 0 };
    va_list values;
    va_copy(values, arguments);
    append_details(&details, format, &values);
    va_end(values);
    SAF_TRY(saf_buffer_check(&details, err));
    struct storage_audit record = {
        .action = action,
        .object = object,
        .details = saf_buffer_text(&details),
        .fingerprint = saf_bytes_of(fingerprint, fingerprint ? SAF_FINGERPRINT_LEN : 0),
    };
    return append(change, &record, err);
}

saf_status audit_write(saf_change *change, const char *action, const char *object, const unsigned char *fingerprint,
                       saf_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    saf_status status = write_record(change, action, object, fingerprint, err, format, arguments);
    va_end(arguments);
    return status;
}

saf_status audit_write_object(saf_change *change, const char *action, const char *owner, const char *name,
                              const unsigned char *fingerprint, saf_error *err, const char *format, ...)
{
    OWN(saf_buffer) object = { 0 };
    saf_buffer_printf(&object, "%s/%s", owner, name);
    SAF_TRY(saf_buffer_check(&object, err));
    va_list arguments;
    va_start(arguments, format);
    saf_status status =
        write_record(change, action, saf_buffer_text(&object), fingerprint, err, format, arguments);
    va_end(arguments);
    return status;
}

/* Nobody is asked: whoever may do what is recorded was asked when it was done, and a refusal here would only lose
 * the evidence. */
saf_status saf_store_audit(saf_change *change, const char *action, const char *object, const char *details,
                           saf_error *err)
{
    OWN(step) step = { 0 };
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(audit_write(change, action, object, NULL, err, "%s", details ? details : ""));
    return step_keep(&step, err);
}

/* ---- keys that leave ---- */

static saf_status write_key_export(saf_change *change, const saf_cert *cert, const char *ring, const char *format, saf_error *err)
{
    if (ring)
        return audit_write_object(change, "key-export", cert->owner, cert->label, cert->fingerprint, err, "format=%s ring=\"%s\"", format, ring);
    return audit_write_object(change, "key-export", cert->owner, cert->label, cert->fingerprint, err, "format=%s", format);
}

static saf_status fail_unrecorded(const saf_cert *cert, const saf_error *why, saf_error *err)
{
    saf_status status = saf_fail(err, why->status, "the private key of %s/%s is not given out, because that cannot be recorded: %s", cert->owner, cert->label, why->text);
    if (why->hint[0])
        saf_hint(err, "%s", why->hint);
    return status;
}

saf_status saf_store_record_key_export(saf_store *store, const saf_principal *who, const saf_cert *cert, const char *ring, const char *format, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    saf_error why = { 0 };
    if (store->published)
        return SAF_OK;
    if (store->change && store->process == getpid())
        return write_key_export(store->change, cert, ring, format, err);
    saf_status status = saf_change_begin(&change, store, who, &why);
    if (status == SAF_OK)
        status = write_key_export(change, cert, ring, format, &why);
    if (status == SAF_OK)
        status = saf_change_commit(&change, &why);
    return status == SAF_OK ? SAF_OK : fail_unrecorded(cert, &why, err);
}
