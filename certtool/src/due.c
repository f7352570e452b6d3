#include "chain.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/grow.h>

/* Roots, then the CAs below them, then everybody else: an issuer is renewed before what it signed. CAs deeper than one level are found in the
 * order of their chains' lengths. */
typedef struct due_cert {
    saf_cert *cert;
    size_t depth; /* how many issuers are above it; of what is no CA more than any CA has */
} due_cert;

typedef struct due_list {
    due_cert *items;
    size_t count;
} due_list;

static void due_list_free(due_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        saf_cert_free(&list->items[i].cert);
    free(list->items);
    *list = (due_list) { 0 };
}

OWN_VALUE(due_list, due_list_free)

/* A partner's certificate, or one whose key was taken out of use, nobody can renew here. */
static int is_due(const saf_cert *cert, int64_t until)
{
    return cert->not_after <= until && !cert->revoked_at && chain_trusts(cert) && cert->key_place != SAF_KEY_NONE;
}

static saf_status find_depth(size_t *out, saf_store *store, const saf_principal *who, const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_page) issuers = { 0 };
    OWN(X509) *x509 = NULL;
    int complete = 0;
    SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
    SAF_TRY(chain_find(&issuers, &complete, store, who, cert, x509, err));
    *out = cert->is_ca ? issuers.count : CHAIN_MAX;
    return SAF_OK;
}

static saf_status take(due_list *list, saf_cert **cert, size_t depth, saf_error *err)
{
    due_cert *items = saf_grow(list->items, list->count, sizeof *items);
    if (!items)
        return saf_fail_memory(err);
    list->items = items;
    list->items[list->count++] = (due_cert) { GIVE(cert), depth };
    return SAF_OK;
}

static saf_status take_due(due_list *list, saf_store *store, const saf_principal *who, saf_cert_page *page, int64_t until, saf_error *err)
{
    for (size_t i = 0; i < page->count; i++) {
        size_t depth = 0;
        if (!is_due(page->certs[i], until))
            continue;
        SAF_TRY(find_depth(&depth, store, who, page->certs[i], err));
        SAF_TRY(take(list, &page->certs[i], depth, err));
    }
    return SAF_OK;
}

static saf_status find_all(due_list *list, saf_store *store, const saf_principal *who, const char *owner, int64_t until, saf_error *err)
{
    char last_owner[SAF_OWNER_MAX + 1], last_label[SAF_LABEL_MAX + 1];
    saf_cert_query query = { .owner = owner };
    for (;;) {
        OWN(saf_cert_page) page = { 0 };
        SAF_TRY(saf_store_list_certs(&page, store, who, &query, err));
        if (!page.count)
            return SAF_OK;
        snprintf(last_owner, sizeof last_owner, "%s", page.certs[page.count - 1]->owner);
        snprintf(last_label, sizeof last_label, "%s", page.certs[page.count - 1]->label);
        query.after_owner = last_owner;
        query.after_label = last_label;
        SAF_TRY(take_due(list, store, who, &page, until, err));
    }
}

static saf_status give_in_order(saf_cert_page *out, due_list *list, saf_error *err)
{
    if (!list->count)
        return SAF_OK;
    out->certs = calloc(list->count, sizeof *out->certs);
    if (!out->certs)
        return saf_fail_memory(err);
    for (size_t depth = 0; depth <= CHAIN_MAX; depth++)
        for (size_t i = 0; i < list->count; i++)
            if (list->items[i].cert && list->items[i].depth == depth)
                out->certs[out->count++] = GIVE(&list->items[i].cert);
    return SAF_OK;
}

saf_status saf_cert_find_due(saf_cert_page *out, saf_store *store, const saf_principal *who, const char *owner, int64_t within_sec,
                             saf_error *err)
{
    OWN(due_list) list = { 0 };
    int64_t until = 0;
    if (__builtin_add_overflow(saf_clock_now(), within_sec, &until))
        until = within_sec > 0 ? INT64_MAX : INT64_MIN;
    SAF_TRY(find_all(&list, store, who, owner, until, err));
    return give_in_order(out, &list, err);
}
