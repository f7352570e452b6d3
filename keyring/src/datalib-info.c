#include "publication.h"

#include <base/fail.h>
#include <base/grow.h>

void saf_ring_info_page_free(saf_ring_info_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        free(page->rings[i].members);
    free(page->rings);
    *page = (saf_ring_info_page) { 0 };
}

/* A search, and what it has found. */
struct ring_search {
    saf_store *store;
    const saf_principal *who;
    saf_ring_search kind;
    const char *owner, *name; /* "": before the first */
    size_t limit;
    size_t seen; /* rings of the page that the storage gave */
    char last_owner[SAF_OWNER_MAX + 1], last_name[SAF_RING_NAME_MAX + 1];
    saf_ring_info_page page;
};

/* ---- collecting ---- */

static saf_status add_ring(struct ring_search *search, const char *owner, const char *name, uint64_t generation, saf_error *err)
{
    saf_ring_info_page *page = &search->page;
    saf_ring_info *rings = saf_grow(page->rings, page->count, sizeof *rings);
    if (!rings)
        return saf_fail_memory(err);
    page->rings = rings;
    saf_ring_info *ring = &page->rings[page->count++];
    *ring = (saf_ring_info) { .generation = generation };
    snprintf(ring->owner, sizeof ring->owner, "%s", owner);
    snprintf(ring->name, sizeof ring->name, "%s", name);
    return SAF_OK;
}

static saf_status add_member(void *context, const struct storage_cert *row, saf_error *err)
{
    const struct ring_search *search = context;
    saf_ring_info *ring = &search->page.rings[search->page.count - 1];
    struct saf_ring_member *members = saf_grow(ring->members, ring->member_count, sizeof *members);
    if (!members)
        return saf_fail_memory(err);
    ring->members = members;
    struct saf_ring_member *member = &ring->members[ring->member_count++];
    snprintf(member->owner, sizeof member->owner, "%s", row->owner);
    snprintf(member->label, sizeof member->label, "%s", row->label);
    return SAF_OK;
}

/* ---- one ring ---- */

static saf_status fail_none(const struct ring_search *search, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no ring %s%s/%s", search->kind == SAF_SEARCH_THIS ? "" : "after ", search->owner,
                                 search->name);
    saf_fail_codes(err, 8, 8, 32);
    return status;
}

static saf_status find_this(struct ring_search *search, saf_error *err)
{
    uint64_t generation;
    ring_place place;
    SAF_TRY(ring_place_of(&place, search->owner, search->name, err));
    SAF_TRY(saf_store_ask(search->store, search->who, SAF_FN_RING_LIST, place.owner, place.name, err));
    saf_status status = ring_get_generation(&generation, search->store->storage, &place, err);
    if (status == SAF_E_NOT_FOUND)
        return fail_none(search, err);
    SAF_TRY(status);
    SAF_TRY(add_ring(search, place.shown, place.name, generation, err));
    return ring_visit(search->store->storage, &place, add_member, search, err);
}

/* ---- those that follow ---- */

static int compare(const char *owner, const char *name, const char *other_owner, const char *other_name)
{
    int order = strcmp(owner, other_owner);
    return order ? order : strcmp(name, other_name);
}

static bool is_wanted(const struct ring_search *search, const char *owner, const char *name)
{
    int order = compare(owner, name, search->owner, search->name);
    switch (search->kind) {
    case SAF_SEARCH_THIS: return order == 0;
    case SAF_SEARCH_AFTER: return order > 0;
    case SAF_SEARCH_SAME_OWNER: return order > 0 && !strcmp(owner, search->owner);
    case SAF_SEARCH_SAME_NAME: return order > 0 && !strcmp(name, search->name);
    }
    return false;
}

/* A ring that the caller may not list is left out, as if it were not there. */
static bool may_list(const struct ring_search *search, const char *owner, const char *name)
{
    return saf_store_ask(search->store, search->who, SAF_FN_RING_LIST, owner, name, NULL) == SAF_OK;
}

static saf_status take_following(void *context, const struct storage_ring *row, saf_error *err)
{
    struct ring_search *search = context;
    search->seen++;
    snprintf(search->last_owner, sizeof search->last_owner, "%s", row->owner);
    snprintf(search->last_name, sizeof search->last_name, "%s", row->name);
    if (search->page.count >= search->limit || !is_wanted(search, row->owner, row->name) || !may_list(search, row->owner, row->name))
        return SAF_OK;
    SAF_TRY(add_ring(search, row->owner, row->name, row->generation, err));
    return storage_visit_ring(search->store->storage, row->id, 0, add_member, search, err);
}

static saf_status find_following(struct ring_search *search, saf_error *err)
{
    saf_ring_query query = { .limit = STORE_PAGE_LIMIT, .after_owner = search->last_owner, .after_name = search->last_name };
    if (search->kind == SAF_SEARCH_SAME_OWNER)
        query.owner = search->owner;
    snprintf(search->last_owner, sizeof search->last_owner, "%s", search->owner);
    snprintf(search->last_name, sizeof search->last_name, "%s", search->name);
    do {
        search->seen = 0;
        SAF_TRY(storage_visit_rings(search->store->storage, &query, take_following, search, err));
    } while (search->seen == STORE_PAGE_LIMIT && search->page.count < search->limit);
    return SAF_OK;
}

/* ---- published ---- */

static saf_status add_entry(void *context, const publication_entry *entry, saf_error *err)
{
    return add_member(context, &entry->row, err);
}

static saf_status find_published(struct ring_search *search, saf_error *err)
{
    publication_head head;
    ring_place place;
    SAF_TRY(publication_get_head(&head, search->store, err));
    if (!is_wanted(search, head.owner, head.name))
        return SAF_OK;
    SAF_TRY(ring_place_of(&place, head.owner, head.name, err));
    SAF_TRY(saf_store_ask(search->store, search->who, SAF_FN_RING_LIST, place.owner, place.name, err));
    SAF_TRY(add_ring(search, head.owner, head.name, head.generation, err));
    SAF_TRY(publication_read(&head, search->store, &place, add_entry, search, err));
    search->page.rings[0].generation = head.generation; /* it may have been renewed in between */
    return SAF_OK;
}

/* ---- all ---- */

static saf_status find(struct ring_search *search, saf_error *err)
{
    if (search->store->published)
        return find_published(search, err);
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, search->store, err));
    return search->kind == SAF_SEARCH_THIS ? find_this(search, err) : find_following(search, err);
}

static saf_status check_search(struct ring_search *search, char folded[SAF_OWNER_MAX + 1], saf_error *err)
{
    bool needs_owner = search->kind == SAF_SEARCH_THIS || search->kind == SAF_SEARCH_SAME_OWNER;
    bool needs_name = search->kind == SAF_SEARCH_THIS || search->kind == SAF_SEARCH_SAME_NAME;
    if (search->kind < SAF_SEARCH_THIS || search->kind > SAF_SEARCH_SAME_NAME || (needs_owner && !*search->owner) ||
        (needs_name && !*search->name)) {
        saf_status status = saf_fail(err, SAF_E_USAGE, "GetRingInfo: no such search, or the ring to begin with is missing");
        saf_fail_codes(err, 8, 8, 4);
        return status;
    }
    /* *AUTH* and *SITE* are taken as they are: find_this() knows them. */
    if (*search->owner && *search->owner != '*') {
        SAF_TRY(saf_owner_fold(folded, search->owner, err));
        search->owner = folded;
    }
    return SAF_OK;
}

saf_status saf_data_get_ring_info(saf_ring_info_page *out, saf_store *store, const saf_principal *who, const char *owner, const char *name,
                                  saf_ring_search kind, size_t limit, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    struct ring_search search = { .store = store, .who = who, .kind = kind, .owner = owner ? owner : "", .name = name ? name : "",
                                  .limit = limit ? limit : STORE_PAGE_LIMIT };
    SAF_TRY(check_search(&search, folded, err));
    saf_status status = find(&search, err);
    if (status == SAF_OK && !search.page.count)
        status = fail_none(&search, err);
    if (status == SAF_OK) {
        *out = search.page;
        search.page = (saf_ring_info_page) { 0 };
    }
    saf_ring_info_page_free(&search.page);
    return status;
}
