#include "intent.h"

#include "audit.h"
#include "key.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/grow.h>

void saf_intent_page_free(saf_intent_page *page)
{
    if (!page)
        return;
    free(page->intents);
    *page = (saf_intent_page) { 0 };
}

OWN_VALUE(saf_intent_page, saf_intent_page_free)

static const char *kind_name(saf_intent_kind kind)
{
    switch (kind) {
    case SAF_INTENT_MAKE_KEY:
        return "make-key";
    case SAF_INTENT_DESTROY_KEY:
        return "destroy-key";
    }
    return NULL;
}

/* ---- noting and ending ---- */

saf_status intent_note(uint64_t *number, saf_change *change, saf_intent_kind kind, const char *uri, saf_error *err)
{
    saf_intent intent = { .kind = kind, .at = saf_clock_now() };
    if (!kind_name(kind))
        return saf_fail(err, SAF_E_USAGE, "there is no intent of kind %d", (int)kind);
    SAF_TRY(key_check_uri(uri, err));
    snprintf(intent.uri, sizeof intent.uri, "%s", uri);
    SAF_TRY(storage_add_intent(change->store->storage, &intent, err));
    *number = intent.number;
    return audit_write(change, "intent-add", uri, NULL, err, "number=%llu kind=%s", (unsigned long long)intent.number,
                       kind_name(kind));
}

saf_status saf_store_add_intent(uint64_t *number, saf_change *change, saf_intent_kind kind, const char *uri, saf_error *err)
{
    uint64_t noted;
    OWN(step) step = { 0 };
    if (!uri)
        return saf_fail(err, SAF_E_USAGE, "an intent needs the URI of a key");
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(intent_note(&noted, change, kind, uri, err));
    SAF_TRY(step_keep(&step, err));
    if (number)
        *number = noted;
    return SAF_OK;
}

static saf_status copy_intent(void *context, const saf_intent *intent, saf_error *err)
{
    (void)err;
    *(saf_intent *)context = *intent;
    return SAF_OK;
}

saf_status saf_store_end_intent(saf_change *change, uint64_t number, saf_error *err)
{
    saf_intent intent = { .number = 0 };
    OWN(step) step = { 0 };
    struct storage *storage = change->store->storage;
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(storage_find_intent(storage, number, copy_intent, &intent, err));
    if (!intent.number)
        return SAF_OK;
    SAF_TRY(storage_delete_intent(storage, number, err));
    SAF_TRY(audit_write(change, "intent-end", intent.uri, NULL, err, "number=%llu kind=%s", (unsigned long long)number,
                        kind_name(intent.kind)));
    return step_keep(&step, err);
}

/* ---- reading ---- */

static saf_status take_intent(void *context, const saf_intent *intent, saf_error *err)
{
    saf_intent_page *page = context;
    saf_intent *intents = saf_grow(page->intents, page->count, sizeof *intents);
    if (!intents)
        return saf_fail_memory(err);
    page->intents = intents;
    page->intents[page->count++] = *intent;
    return SAF_OK;
}

saf_status saf_store_list_intents(saf_intent_page *out, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(saf_intent_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_intents(store->storage, STORE_PAGE_LIMIT, take_intent, &page, err));
    *out = page;
    page = (saf_intent_page) { 0 };
    return SAF_OK;
}

saf_status saf_store_uses_key_uri(bool *out, saf_store *store, const saf_principal *who, const char *uri, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    return storage_has_key_uri(out, store->storage, uri, err);
}
