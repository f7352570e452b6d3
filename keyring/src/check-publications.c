#include "check.h"
#include "publication-dir.h"
#include "publication.h"

#include <base/fail.h>

static saf_status report_ended(check *check, const saf_publication *item, saf_error *err)
{
    return check_report(check, err, "the publication of %s/%s in %s has ended, but its files could not be removed: uid %lu may still have %s", item->owner,
                        item->ring, item->dir, (unsigned long)item->user, item->with_keys ? "these keys" : "them");
}

static saf_status report_older(check *check, const char *dir, saf_error *err)
{
    return check_report(check, err, "%s was written by a later state of this store: store.db is an older copy", dir);
}

struct look {
    check *check;
    const publication_head *there;
    uint64_t generation; /* of the ring, now */
    bool is_it;
};

static saf_status compare_row(void *context, const struct storage_publication *row, saf_error *err)
{
    struct look *look = context;
    ring_place place;
    look->is_it = row->is_written && !row->is_ended && !memcmp(row->id.data, look->there->id, sizeof look->there->id);
    if (!look->is_it)
        return SAF_OK;
    SAF_TRY(ring_place_of(&place, row->owner, row->name, err));
    saf_status status = ring_get_generation(&look->generation, look->check->store->storage, &place, err);
    if (status != SAF_E_NOT_FOUND)
        return status;
    look->is_it = false; /* that the ring is not there is reported elsewhere */
    return SAF_OK;
}

/* The file is read before the row: whatever is written meanwhile, the ring's generation was at least what the file says. */
static saf_status check_one(check *check, const char *dir, saf_error *err)
{
    publication_head there;
    publication_mark mark;
    struct look look = { .check = check, .there = &there };
    bool is_known = true, has_mark = publication_dir_peek_mark(&mark, dir);
    OWN(reading) read = { 0 };
    if (!publication_dir_peek(&there, dir))
        return SAF_OK;
    if (has_mark)
        SAF_TRY(publication_knows_mark(&is_known, check->store, &mark, err));
    SAF_TRY(reading_begin(&read, check->store, err));
    SAF_TRY(storage_find_publication(check->store->storage, dir, compare_row, &look, err));
    if (!look.is_it || there.generation <= look.generation)
        return look.is_it && !is_known ? report_older(check, dir, err) : SAF_OK;
    return check_report(check, err, "%s holds generation %llu of the ring %s/%s, and the store is at %llu: store.db is an older copy", dir,
                        (unsigned long long)there.generation, there.owner, there.name, (unsigned long long)look.generation);
}

saf_status check_publications(check *check, saf_error *err)
{
    OWN(saf_publication_page) page = { 0 };
    SAF_TRY(saf_store_list_publications(&page, check->store, check->who, err));
    for (size_t i = 0; i < page.count; i++)
        SAF_TRY(page.items[i].is_ended ? report_ended(check, &page.items[i], err) : check_one(check, page.items[i].dir, err));
    return SAF_OK;
}
