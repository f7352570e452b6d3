#include "store.h"

#include <base/fail.h>
#include <base/grow.h>

OWN_VALUE(saf_ring_page, saf_ring_page_free)

void saf_ring_page_free(saf_ring_page *page)
{
    if (!page)
        return;
    free(page->rings);
    *page = (saf_ring_page) { 0 };
}

static saf_status take_row(void *context, const struct storage_ring *row, saf_error *err)
{
    saf_ring_page *page = context;
    saf_ring_entry *rings = saf_grow(page->rings, page->count, sizeof *rings);
    if (!rings)
        return saf_fail_memory(err);
    page->rings = rings;
    saf_ring_entry *entry = &page->rings[page->count++];
    snprintf(entry->owner, sizeof entry->owner, "%s", row->owner);
    snprintf(entry->name, sizeof entry->name, "%s", row->name);
    entry->generation = row->generation;
    entry->size = row->size;
    return SAF_OK;
}

static saf_status fold_if_given(const char **name, char folded[SAF_OWNER_MAX + 1], saf_error *err)
{
    if (!*name)
        return SAF_OK;
    SAF_TRY(saf_owner_fold(folded, *name, err));
    *name = folded;
    return SAF_OK;
}

saf_status saf_store_list_rings(saf_ring_page *out, saf_store *store, const saf_principal *who,
                                const saf_ring_query *query, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    char cert_owner[SAF_OWNER_MAX + 1];
    saf_ring_query prepared = query ? *query : (saf_ring_query) { 0 };
    if (!prepared.cert_owner != !prepared.cert_label)
        return saf_fail(err, SAF_E_USAGE, "a certificate is named by its owner and its label");
    if (prepared.limit == 0)
        prepared.limit = STORE_PAGE_LIMIT;
    SAF_TRY(fold_if_given(&prepared.owner, owner, err));
    SAF_TRY(fold_if_given(&prepared.cert_owner, cert_owner, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, prepared.owner ? prepared.owner : "", "", err));
    OWN(saf_ring_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_rings(store->storage, &prepared, take_row, &page, err));
    *out = page;
    page = (saf_ring_page) { 0 };
    return SAF_OK;
}
