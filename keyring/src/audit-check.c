#include "audit.h"

#include <base/fail.h>

#include <openssl/crypto.h>

enum { CHECK_PAGE = 500 };

_Static_assert((int)SAF_AUDIT_MAC_LEN == (int)STORAGE_MAC_LEN, "a head holds a record's MAC");

/* ---- heads ---- */

static bool read_hex(unsigned char *out, size_t len, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 2 * len; i++) {
        const char *digit = text[i] ? strchr(digits, text[i] >= 'A' && text[i] <= 'F' ? text[i] + 32 : text[i]) : NULL;
        if (!digit)
            return false;
        unsigned value = (unsigned)(digit - digits);
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | value : value << 4);
    }
    return text[2 * len] == '\0';
}

saf_status saf_audit_head_parse(saf_audit_head *out, const char *text, saf_error *err)
{
    saf_audit_head head = { .number = 0 };
    size_t len = strspn(text, "0123456789");
    bool ok = len > 0 && len < 20 && text[len] == ':' && read_hex(head.mac, sizeof head.mac, text + len + 1);
    if (!ok) {
        saf_status status = saf_fail(err, SAF_E_USAGE, "\"%.100s\" is not the head of an audit trail", text);
        saf_hint(err, "NUMBER:64 HEX DIGITS, as safring audit head prints it");
        return status;
    }
    head.number = strtoull(text, NULL, 10);
    *out = head;
    return SAF_OK;
}

saf_status saf_audit_head_format(char *out, size_t out_cap, const saf_audit_head *head, saf_error *err)
{
    char text[24 + 2 * SAF_AUDIT_MAC_LEN + 1];
    int len = snprintf(text, sizeof text, "%llu:", (unsigned long long)head->number);
    for (size_t i = 0; i < sizeof head->mac; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%02x", head->mac[i]);
    if ((size_t)len >= out_cap)
        return saf_fail(err, SAF_E_SPACE, "the head of an audit trail needs %d bytes", len + 1);
    memcpy(out, text, (size_t)len + 1);
    return SAF_OK;
}

/* ---- the chain ---- */

struct checking {
    const saf_secret *key;
    const saf_audit_head *anchor; /* NULL: none */
    saf_audit_check result;
    uint64_t seen; /* in this page */
};

static void meet_anchor(struct checking *checking)
{
    const saf_audit_head *anchor = checking->anchor, *head = &checking->result.head;
    if (anchor && anchor->number == head->number)
        checking->result.anchor_is_in_it = !CRYPTO_memcmp(anchor->mac, head->mac, sizeof head->mac);
}

static saf_status check_record(void *context, const struct storage_audit *record, saf_error *err)
{
    struct checking *checking = context;
    saf_audit_check *result = &checking->result;
    unsigned char mac[STORAGE_MAC_LEN];
    checking->seen++;
    if (result->first_bad)
        return SAF_OK;
    SAF_TRY(audit_compute_mac(mac, checking->key, result->head.mac, record, err));
    if (record->number != result->records + 1 || record->mac.len != sizeof mac ||
        CRYPTO_memcmp(mac, record->mac.data, sizeof mac) != 0) {
        result->first_bad = result->records + 1;
        return SAF_OK;
    }
    result->head.number = ++result->records;
    memcpy(result->head.mac, mac, sizeof mac);
    meet_anchor(checking);
    return SAF_OK;
}

static saf_status check_page(struct checking *checking, saf_store *store, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    checking->seen = 0;
    return storage_visit_audit(store->storage, checking->result.records, CHECK_PAGE, check_record, checking, err);
}

saf_status saf_store_check_audit(saf_audit_check *out, saf_store *store, const saf_principal *who, const saf_audit_head *anchor,
                                 saf_error *err)
{
    struct checking checking = { .key = &store->audit_key, .anchor = anchor };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    checking.result.anchor_is_in_it = !anchor;
    meet_anchor(&checking); /* that of an empty trail */
    do
        SAF_TRY(check_page(&checking, store, err));
    while (checking.seen == CHECK_PAGE && !checking.result.first_bad);
    if (!checking.result.records) /* that the store was made is always the first */
        checking.result.first_bad = 1;
    *out = checking.result;
    return SAF_OK;
}
