#include "facts.h"
#include "issued.h"

#include <base/fail.h>
#include <base/grow.h>
#include <base/own-openssl.h>

#include <ctype.h>
#include <strings.h>

/* ---- records ---- */

void saf_issued_free(saf_issued **issued)
{
    if (!issued || !*issued)
        return;
    saf_cert_free(&(*issued)->cert);
    free(*issued);
    *issued = NULL;
}

void saf_issued_page_free(saf_issued_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        saf_issued_free(&page->items[i]);
    free(page->items);
    *page = (saf_issued_page) { 0 };
}

static saf_status fail_damaged(const struct storage_issued *row, const char *what, saf_error *err)
{
    return saf_fail(err, SAF_E_FAILED, "the database is damaged: issued certificate %lld %s", (long long)row->id, what);
}

static saf_status copy_recipient(saf_issued *out, const struct storage_issued *row, saf_error *err)
{
    const char *owner = row->owner ? row->owner : "";
    const char *label = row->label ? row->label : "";
    if (strlen(owner) > SAF_OWNER_MAX || strlen(label) > SAF_LABEL_MAX)
        return fail_damaged(row, "has too long a name", err);
    snprintf(out->owner, sizeof out->owner, "%s", owner);
    snprintf(out->label, sizeof out->label, "%s", label);
    return SAF_OK;
}

static saf_status from_row(saf_issued **out, const struct storage_issued *row, saf_error *err)
{
    OWN(saf_issued) *issued = calloc(1, sizeof *issued);
    if (!issued)
        return saf_fail_memory(err);
    issued->number = (uint64_t)row->id;
    issued->is_current = row->is_current;
    issued->issued_at = row->at;
    issued->revoked_at = row->revoked_at;
    issued->reason = row->reason;
    SAF_TRY(copy_recipient(issued, row, err));
    saf_status status = saf_cert_read(&issued->cert, row->der, err);
    if (status == SAF_E_MALFORMED)
        return fail_damaged(row, "cannot be read", err);
    SAF_TRY(status);
    issued->cert->revoked_at = row->revoked_at;
    issued->cert->reason = row->reason;
    *out = GIVE(&issued);
    return SAF_OK;
}

static saf_status take_row(void *context, const struct storage_issued *row, saf_error *err)
{
    saf_issued_page *page = context;
    size_t count = page->count;
    saf_issued **items = saf_grow(page->items, count, sizeof *items);
    if (!items)
        return saf_fail_memory(err);
    page->items = items;
    SAF_TRY(from_row(&page->items[count], row, err));
    page->count++;
    return SAF_OK;
}

/* ---- whose ---- */

void issuer_free(issuer *issuer)
{
    found_cert_free(&issuer->cert);
}

saf_status issuer_find(issuer *out, saf_store *store, const saf_cert *ca, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    SAF_TRY(cert_find_same_key(&out->cert, store->storage, ca, err));
    SAF_TRY(facts_parse_once(&x509, &store->memo, out->cert.cert->der, err));
    return facts_name_canonical_digest(out->name_digest, X509_get_subject_name(x509), err);
}

struct storage_ca issuer_row(const issuer *issuer)
{
    return (struct storage_ca) {
        .key_id = saf_bytes_of(issuer->cert.cert->key_id, sizeof issuer->cert.cert->key_id),
        .name_digest = saf_bytes_of(issuer->name_digest, sizeof issuer->name_digest),
    };
}

/* ---- listing ---- */

saf_status saf_store_list_issued(saf_issued_page *out, saf_store *store, const saf_principal *who, const saf_cert *ca,
                                 const saf_issued_query *query, saf_error *err)
{
    saf_issued_query prepared = query ? *query : (saf_issued_query) { 0 };
    OWN(issuer) issuer = { 0 };
    OWN(saf_issued_page) page = { 0 };
    OWN(reading) read = { 0 };
    if (prepared.limit == 0)
        prepared.limit = STORE_PAGE_LIMIT;
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, ca->owner, ca->label, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(issuer_find(&issuer, store, ca, err));
    struct storage_ca row = issuer_row(&issuer);
    SAF_TRY(storage_visit_issued(store->storage, &row, &prepared, take_row, &page, err));
    *out = page;
    page = (saf_issued_page) { 0 };
    return SAF_OK;
}

/* ---- finding one ---- */

/* As the store writes serials: upper case, no leading zeros. As other programs write them: "0x1f", "1F:2A:…". */
static char *digits_of(const char *serial)
{
    char *text = strdup(serial), *to = text;
    const char *from = strncasecmp(serial, "0x", 2) ? serial : serial + 2;
    for (; text && *from; from++)
        if (*from != ':' || to == text || !isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[-1]))
            *to++ = (char)toupper((unsigned char)*from);
    if (text)
        *to = 0;
    return text;
}

static saf_status normalize_serial(char **out, const char *serial, saf_error *err)
{
    OWN(own_text) digits = digits_of(serial ? serial : "");
    if (!digits)
        return saf_fail_memory(err);
    if (!*digits || digits[strspn(digits, "0123456789ABCDEF")])
        return saf_fail(err, SAF_E_USAGE, "\"%.80s\" is not a serial number in hexadecimal", serial ? serial : "");
    const char *first = digits + strspn(digits, "0");
    *out = strdup(*first ? first : "0");
    return *out ? SAF_OK : saf_fail_memory(err);
}

saf_status issued_find(saf_issued **out, saf_store *store, const issuer *issuer, const char *serial, saf_error *err)
{
    OWN(own_text) text = NULL;
    OWN(saf_issued_page) found = { 0 };
    const saf_cert *ca = issuer->cert.cert;
    struct storage_ca row = issuer_row(issuer);
    SAF_TRY(normalize_serial(&text, serial, err));
    SAF_TRY(storage_find_issued(store->storage, &row, text, take_row, &found, err));
    if (found.count == 0)
        return saf_fail(err, SAF_E_NOT_FOUND, "%s/%s has issued no certificate with serial %s", ca->owner, ca->label, text);
    *out = GIVE(&found.items[0]);
    return SAF_OK;
}

saf_status saf_store_find_issued(saf_issued **out, saf_store *store, const saf_principal *who, const saf_cert *ca,
                                 const char *serial, saf_error *err)
{
    OWN(issuer) issuer = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, ca->owner, ca->label, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(issuer_find(&issuer, store, ca, err));
    return issued_find(out, store, &issuer, serial, err);
}
