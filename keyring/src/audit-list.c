#include "store.h"

#include <base/fail.h>
#include <base/grow.h>

/* Each record's texts lie in one block, the one that `who` points to. */

void saf_audit_page_free(saf_audit_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        free((void *)page->records[i].who);
    free(page->records);
    *page = (saf_audit_page) { 0 };
}

OWN_VALUE(saf_audit_page, saf_audit_page_free)

static const char *put_text(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *put = memcpy(*at, text, size);
    *at += size;
    return put;
}

static saf_status copy_record(saf_audit_record *out, const struct storage_audit *record, saf_error *err)
{
    size_t size = strlen(record->who) + strlen(record->action) + strlen(record->object) + strlen(record->details) + 4;
    char *texts = malloc(size);
    if (!texts)
        return saf_fail_memory(err);
    out->who = put_text(&texts, record->who);
    out->action = put_text(&texts, record->action);
    out->object = put_text(&texts, record->object);
    out->details = put_text(&texts, record->details);
    out->number = record->number;
    out->at = record->at;
    out->has_fingerprint = record->fingerprint.len == sizeof out->fingerprint;
    if (out->has_fingerprint)
        memcpy(out->fingerprint, record->fingerprint.data, sizeof out->fingerprint);
    if (record->mac.len == sizeof out->mac) /* one that is not stays zero, and the chain does not hold */
        memcpy(out->mac, record->mac.data, sizeof out->mac);
    return SAF_OK;
}

static saf_status take_record(void *context, const struct storage_audit *record, saf_error *err)
{
    saf_audit_page *page = context;
    saf_audit_record taken = { .number = 0 };
    saf_audit_record *records = saf_grow(page->records, page->count, sizeof *records);
    if (!records)
        return saf_fail_memory(err);
    page->records = records;
    SAF_TRY(copy_record(&taken, record, err));
    page->records[page->count++] = taken;
    return SAF_OK;
}

saf_status saf_store_list_audit(saf_audit_page *out, saf_store *store, const saf_principal *who, uint64_t after, size_t limit,
                                saf_error *err)
{
    OWN(saf_audit_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_audit(store->storage, after > INT64_MAX ? INT64_MAX : after, limit ? limit : STORE_PAGE_LIMIT, take_record,
                                &page, err));
    *out = page;
    page = (saf_audit_page) { 0 };
    return SAF_OK;
}
