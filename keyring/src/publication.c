#include "publication.h"

#include "audit.h"
#include "names.h"
#include "publication-dir.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/grow.h>
#include <base/random.h>
#include <base/shell.h>

#include <errno.h>
#include <limits.h>

/* ---- which directory ---- */

/* @p path names what is not there yet; the part above it may be there. */
static saf_status resolve_parent(char out[PATH_MAX], const char *path, saf_error *err)
{
    char above[PATH_MAX], parent[PATH_MAX];
    snprintf(above, sizeof above, "%s", path);
    char *slash = strrchr(above, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return saf_fail(err, SAF_E_USAGE, "\"%.200s\" does not name a directory", path);
    if (slash)
        *slash = 0;
    const char *where = !slash ? "." : !*above ? "/" : above;
    if (!realpath(where, parent)) {
        if (errno != ENOENT)
            return saf_fail_errno(err, "cannot find %s", where);
        SAF_TRY(resolve_parent(parent, where, err));
    }
    if ((size_t)snprintf(out, PATH_MAX, "%s/%s", strcmp(parent, "/") ? parent : "", name) >= STORAGE_DIR_MAX)
        return saf_fail(err, SAF_E_USAGE, "the directory %.200s… has too long a name", path);
    return SAF_OK;
}

/* One directory has one name, or two publications could be one. The last component is taken as it is: a link there is refused later. */
static saf_status resolve(char out[PATH_MAX], const char *dir, saf_error *err)
{
    char path[PATH_MAX];
    size_t len = dir ? strlen(dir) : 0;
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len >= STORAGE_DIR_MAX)
        return saf_fail(err, SAF_E_USAGE, "a publication's directory has 1 to %d bytes", STORAGE_DIR_MAX);
    snprintf(path, sizeof path, "%.*s", (int)len, dir);
    if (!name_is_printable(path))
        return saf_fail(err, SAF_E_USAGE, "a publication's directory is named in printable UTF-8");
    return resolve_parent(out, path, err);
}

saf_status saf_publication_dir(char out[SAF_PUBLICATION_DIR_SIZE], const char *dir, saf_error *err)
{
    char path[PATH_MAX];
    SAF_TRY(resolve(path, dir, err));
    snprintf(out, SAF_PUBLICATION_DIR_SIZE, "%s", path);
    return SAF_OK;
}

static bool holds(const char *dir, const char *name)
{
    OWN(own_text) path = NULL;
    return asprintf(&path, "%s/%s", dir, name) > 0 && saf_file_exists(path);
}

saf_status publication_refuse_remains(const char *dir, saf_error *err)
{
    if (holds(dir, "store.db") || holds(dir, PUBLICATION_FILE) || (!holds(dir, PUBLICATION_KEY) && !holds(dir, PUBLICATION_LOCK)))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_FAILED, "%s is a publication that has lost its snapshot, " PUBLICATION_FILE, dir);
    saf_hint(err, "whoever has the store publishes the ring there again: safring ring publish");
    return status;
}

/* ---- publishing ---- */

struct publishing {
    saf_change *change;
    ring_place place;
    char dir[PATH_MAX];
    uint32_t user;
    bool with_keys;
    bool is_used;   /* the directory holds a publication's files... */
    bool is_ours;   /* ...which this store wrote, of this ring */
    bool is_known;  /* the store has a publication there... */
    bool is_same;   /* ...of this ring, for this reader, that goes on */
    bool is_taken;  /* ...of another ring, that goes on */
    unsigned char id[STORAGE_RECORD_ID_LEN];
};

static saf_status look_at_row(void *context, const struct storage_publication *row, saf_error *err)
{
    struct publishing *new = context;
    bool is_ring = !strcmp(row->owner, new->place.shown) && !strcmp(row->name, new->place.name);
    (void)err;
    new->is_known = true;
    new->is_taken = !row->is_ended && !is_ring;
    new->is_same = !row->is_ended && is_ring && row->user == new->user;
    memcpy(new->id, row->id.data, sizeof new->id);
    return SAF_OK;
}

/* The reader's file says which ring, but the mark is the store's own. */
static void look_at_files(struct publishing *new)
{
    publication_head head;
    publication_mark mark;
    new->is_ours = publication_dir_peek_mark(&mark, new->dir) && !strcmp(mark.store, new->change->store->id) &&
                   (!publication_dir_peek(&head, new->dir) || (!strcmp(head.owner, new->place.shown) && !strcmp(head.name, new->place.name)));
}

static saf_status fail_unknown(const struct publishing *new, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s holds a publication that this store knows nothing of", new->dir);
    saf_hint(err, "publish into another directory; if no store publishes there any more, remove it: rm -r %s", saf_shell_quote(new->dir).text);
    return status;
}

static saf_status check_free(struct publishing *new, saf_error *err)
{
    struct storage *storage = new->change->store->storage;
    SAF_TRY(storage_find_publication(storage, new->dir, look_at_row, new, err));
    if (new->is_taken)
        return saf_fail(err, SAF_E_CONFLICT, "another ring is published in %s", new->dir);
    if (new->is_used && !new->is_known)
        look_at_files(new);
    if (new->is_used && !new->is_known && !new->is_ours)
        return fail_unknown(new, err);
    return new->is_same ? SAF_OK : saf_random_bytes(new->id, sizeof new->id, err);
}

/* The keys of others' certificates take what saf_ring_load_key() asks for each of them. */
static saf_status ask_for_row(void *context, const struct storage_cert *row, saf_error *err)
{
    const struct publishing *new = context;
    if (row->usage != SAF_USAGE_PERSONAL || row->key_place != SAF_KEY_STORED)
        return SAF_OK;
    return ring_ask_for_key(new->change->store, &new->change->principal, &new->place, row->owner, row->label, err);
}

/* What is published is read by somebody else from then on, at every change, so it takes more than reading it once. */
static saf_status ask_to_publish(struct publishing *new, saf_error *err)
{
    saf_store *store = new->change->store;
    const saf_principal *who = &new->change->principal;
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_PUBLISH, new->place.owner, new->place.name, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, new->place.owner, new->place.name, err));
    if (!new->with_keys)
        return SAF_OK;
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_KEY, new->place.shown, new->place.name, err));
    return ring_visit(store->storage, &new->place, ask_for_row, new, err);
}

static saf_status put(struct publishing *new, saf_error *err)
{
    const struct storage_publication row = { .dir = new->dir,
                                             .id = saf_bytes_of(new->id, sizeof new->id),
                                             .owner = new->place.shown,
                                             .name = new->place.name,
                                             .user = new->user,
                                             .with_keys = new->with_keys };
    uint64_t generation;
    SAF_TRY(ring_get_generation(&generation, new->change->store->storage, &new->place, err));
    SAF_TRY(check_free(new, err));
    SAF_TRY(storage_put_publication(new->change->store->storage, &row, err));
    return audit_write_object(new->change, "ring-publish", new->place.shown, new->place.name, NULL, err,
                              "directory=\"%s\" uid=%lu keys=%s", new->dir, (unsigned long)new->user, new->with_keys ? "yes" : "no");
}

static saf_status check_outside(const saf_store *store, const char *dir, saf_error *err)
{
    char home[PATH_MAX];
    if (!realpath(store->dir, home))
        return saf_fail_errno(err, "cannot find %s", store->dir);
    size_t len = strlen(home);
    if (strncmp(dir, home, len) != 0 || (dir[len] != '/' && dir[len] != '\0'))
        return SAF_OK;
    return saf_fail(err, SAF_E_CONFLICT, "%s is in the store's own directory, which nobody else may enter", dir);
}

static saf_status check_directory(struct publishing *new, saf_error *err)
{
    saf_store *store = new->change->store;
    SAF_TRY(publication_check_user(store, new->user, err));
    SAF_TRY(check_outside(store, new->dir, err));
    SAF_TRY(publication_dir_check(&new->is_used, store, new->dir, err));
    return publication_way_check(new->dir, new->user, err);
}

saf_status saf_ring_publish(saf_change *change, const char *owner, const char *name, const char *dir, uint32_t user, bool with_keys,
                            saf_error *err)
{
    struct publishing new = { .change = change, .user = user, .with_keys = with_keys };
    OWN(step) step = { 0 };
    SAF_TRY(ring_place_of(&new.place, owner, name, err));
    SAF_TRY(resolve(new.dir, dir, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(ask_to_publish(&new, err));
    SAF_TRY(check_directory(&new, err));
    SAF_TRY(put(&new, err));
    return step_keep(&step, err);
}

/* ---- ending ---- */

static saf_status fail_not_published(const ring_place *place, const char *dir, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s is not published in %s", place->shown, place->name, dir);
    saf_hint(err, "see where it is: safring ring show %s", saf_shell_quote_name(place->shown, place->name).text);
    return status;
}

/* What is to end: a publication as it is in the table. */
struct ending {
    saf_change *change;
    ring_place place;
    char dir[PATH_MAX];
    bool found, was_ended;
};

static saf_status look_at_ending(void *context, const struct storage_publication *row, saf_error *err)
{
    struct ending *ending = context;
    (void)err;
    ending->found = !strcmp(row->owner, ending->place.shown) && !strcmp(row->name, ending->place.name);
    ending->was_ended = row->is_ended;
    return SAF_OK;
}

/* Meanwhile a directory above may have become a link: then its name as it was is what leads to the row. */
static saf_status find_ending(struct ending *ending, const char *dir, saf_error *err)
{
    struct storage *storage = ending->change->store->storage;
    SAF_TRY(resolve(ending->dir, dir, err));
    SAF_TRY(storage_find_publication(storage, ending->dir, look_at_ending, ending, err));
    if (!ending->found && *dir == '/') {
        snprintf(ending->dir, sizeof ending->dir, "%s", dir);
        SAF_TRY(storage_find_publication(storage, dir, look_at_ending, ending, err));
    }
    return ending->found ? SAF_OK : fail_not_published(&ending->place, ending->dir, err);
}

static saf_status begin_ending(struct ending *ending, const char *owner, const char *name, const char *dir, saf_error *err)
{
    saf_change *change = ending->change;
    SAF_TRY(ring_place_of(&ending->place, owner, name, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_RING_PUBLISH, ending->place.owner, name, err));
    return find_ending(ending, dir, err);
}

static saf_status end(const struct ending *ending, const char *files, saf_error *err)
{
    uint64_t count;
    SAF_TRY(storage_end_publications(&count, ending->change->store->storage, ending->place.shown, ending->place.name, ending->dir, err));
    return audit_write_object(ending->change, "ring-unpublish", ending->place.shown, ending->place.name, NULL, err, "directory=\"%s\" files=%s", ending->dir,
                              files);
}

saf_status saf_ring_unpublish(saf_change *change, const char *owner, const char *name, const char *dir, saf_error *err)
{
    struct ending ending = { .change = change };
    OWN(step) step = { 0 };
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(begin_ending(&ending, owner, name, dir, err));
    if (!ending.was_ended)
        SAF_TRY(end(&ending, "removed", err));
    return step_keep(&step, err);
}

saf_status saf_ring_forget_publication(saf_change *change, const char *owner, const char *name, const char *dir, saf_error *err)
{
    struct ending ending = { .change = change };
    OWN(step) step = { 0 };
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(begin_ending(&ending, owner, name, dir, err));
    SAF_TRY(end(&ending, "left", err));
    SAF_TRY(storage_drop_ended_publication(change->store->storage, ending.dir, err));
    return step_keep(&step, err);
}

/* ---- listing ---- */

void saf_publication_page_free(saf_publication_page *page)
{
    if (!page)
        return;
    free(page->items);
    *page = (saf_publication_page) { 0 };
}

static saf_status take_row(void *context, const struct storage_publication *row, saf_error *err)
{
    saf_publication_page *page = context;
    saf_publication *items = saf_grow(page->items, page->count, sizeof *items);
    if (!items)
        return saf_fail_memory(err);
    page->items = items;
    saf_publication *item = &page->items[page->count++];
    *item = (saf_publication) { .user = row->user, .with_keys = row->with_keys, .generation = row->generation, .is_due = row->is_due, .is_ended = row->is_ended };
    snprintf(item->owner, sizeof item->owner, "%s", row->owner);
    snprintf(item->ring, sizeof item->ring, "%s", row->name);
    snprintf(item->dir, sizeof item->dir, "%s", row->dir);
    return SAF_OK;
}

saf_status saf_store_list_publications(saf_publication_page *out, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(saf_publication_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_publications(store->storage, take_row, &page, err));
    *out = page;
    page = (saf_publication_page) { 0 };
    return SAF_OK;
}
