#include "publication.h"

#include "certificate.h"
#include "envelope.h"
#include "key.h"
#include "publication-dir.h"

#include <base/fail.h>
#include <base/grow.h>
#include <base/shell.h>

/* ---- which ---- */

/* A row of a publication, kept. */
struct kept_publication {
    struct storage_publication row; /* points into this */
    unsigned char id[STORAGE_RECORD_ID_LEN];
    char owner[SAF_OWNER_MAX + 1], name[SAF_RING_NAME_MAX + 1];
    bool found;
};

static saf_status keep(void *context, const struct storage_publication *row, saf_error *err)
{
    struct kept_publication *kept = context;
    (void)err;
    const char *dir = kept->row.dir;
    kept->row = *row;
    kept->row.dir = dir;
    memcpy(kept->id, row->id.data, sizeof kept->id);
    kept->row.id = saf_bytes_of(kept->id, sizeof kept->id);
    snprintf(kept->owner, sizeof kept->owner, "%s", row->owner);
    snprintf(kept->name, sizeof kept->name, "%s", row->name);
    kept->row.owner = kept->owner;
    kept->row.name = kept->name;
    kept->found = true;
    return SAF_OK;
}

struct due_list {
    char **dirs;
    size_t count;
};

static void due_list_free(struct due_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->dirs[i]);
    free(list->dirs);
}

static saf_status note_due(void *context, const char *dir, saf_error *err)
{
    struct due_list *list = context;
    char **dirs = saf_grow(list->dirs, list->count, sizeof *dirs);
    if (!dirs)
        return saf_fail_memory(err);
    list->dirs = dirs;
    dirs[list->count] = strdup(dir);
    return dirs[list->count++] ? SAF_OK : saf_fail_memory(err);
}

/* ---- content ---- */

struct content {
    saf_store *store;
    const struct kept_publication *kept;
    const saf_secret *key;
    publication_head head;
    publication_mark mark; /* this store as it is now */
    saf_buffer bytes;
    uint32_t count;
};

static void content_free(struct content *content)
{
    saf_buffer_free(&content->bytes);
}

typedef struct content content;
OWN_VALUE(content, content_free)

static saf_status seal_key(saf_buffer *out, const struct content *content, const struct storage_cert *row, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    OWN(saf_secret) plain = { 0 };
    OWN(saf_buffer) binding = { 0 };
    SAF_TRY(cert_from_row(&cert, row, err));
    SAF_TRY(key_load_encoded(&plain, content->store, cert, err));
    SAF_TRY(publication_key_context(&binding, &content->head, cert->fingerprint, err));
    return saf_envelope_seal(out, content->key, saf_buffer_bytes(&binding), saf_secret_bytes(&plain), err);
}

/* A private key leaves a ring only through a PERSONAL connection. */
static saf_status add_row(void *context, const struct storage_cert *row, saf_error *err)
{
    struct content *content = context;
    OWN(saf_buffer) sealed = { 0 };
    if (content->kept->row.with_keys && row->key_place == SAF_KEY_STORED && row->usage == SAF_USAGE_PERSONAL)
        SAF_TRY(seal_key(&sealed, content, row, err));
    publication_add(&content->bytes, row, saf_buffer_bytes(&sealed));
    content->count++;
    return SAF_OK;
}

static saf_status take_audit_head(void *context, const struct storage_audit *record, saf_error *err)
{
    saf_audit_head *head = context;
    if (record->mac.len != sizeof head->mac)
        return saf_fail(err, SAF_E_FAILED, "the audit trail is damaged at record %llu", (unsigned long long)record->number);
    head->number = record->number;
    memcpy(head->mac, record->mac.data, sizeof head->mac);
    return SAF_OK;
}

static saf_status fill_mark(struct content *content, saf_error *err)
{
    memcpy(content->mark.store, content->store->id, sizeof content->mark.store);
    return storage_last_audit(content->store->storage, take_audit_head, &content->mark.head, err);
}

/* The ring as it is now, in the reader's transaction. */
static saf_status fill(struct content *content, saf_error *err)
{
    const struct kept_publication *kept = content->kept;
    struct storage *storage = content->store->storage;
    publication_head *head = &content->head;
    ring_place place;
    SAF_TRY(ring_place_of(&place, kept->owner, kept->name, err));
    SAF_TRY(ring_get_generation(&head->generation, storage, &place, err));
    memcpy(head->id, kept->id, sizeof head->id);
    memcpy(head->owner, kept->owner, sizeof head->owner);
    memcpy(head->name, kept->name, sizeof head->name);
    publication_begin(&content->bytes, head);
    SAF_TRY(ring_visit(storage, &place, add_row, content, err));
    return publication_finish(&content->bytes, content->count, content->key, err);
}

/* ---- whose it is ---- */

struct record_search {
    const saf_audit_head *wanted;
    bool found;
};

static saf_status compare_record(void *context, const struct storage_audit *record, saf_error *err)
{
    struct record_search *search = context;
    (void)err;
    search->found = record->number == search->wanted->number && record->mac.len == sizeof search->wanted->mac &&
                    !memcmp(record->mac.data, search->wanted->mac, sizeof search->wanted->mac);
    return SAF_OK;
}

saf_status publication_knows_mark(bool *out, saf_store *store, const publication_mark *mark, saf_error *err)
{
    OWN(reading) read = { 0 };
    struct record_search search = { .wanted = &mark->head };
    *out = true;
    if (strcmp(mark->store, store->id) != 0 || mark->head.number == 0)
        return SAF_OK;
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_audit(store->storage, mark->head.number - 1, 1, compare_record, &search, err));
    *out = search.found;
    return SAF_OK;
}

/* ---- one of them ---- */

static saf_status fail_newer(const struct kept_publication *kept, const char *dir, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s holds the ring %s/%s as a later state of this store wrote it: store.db is an older copy", dir, kept->owner,
                                 kept->name);
    saf_hint(err, "to go back to it, publish again: safring ring publish %s --for %lu --to %s%s", saf_shell_quote_name(kept->owner, kept->name).text,
             (unsigned long)kept->row.user, saf_shell_quote(dir).text, kept->row.with_keys ? " --with-keys" : "");
    return status;
}

typedef saf_status (*note_fn)(struct storage *storage, const struct kept_publication *kept, saf_error *err);

static saf_status note_written(struct storage *storage, const struct kept_publication *kept, saf_error *err)
{
    return storage_set_published(storage, &kept->row, err);
}

static saf_status note_gone(struct storage *storage, const struct kept_publication *kept, saf_error *err)
{
    return storage_drop_ended_publication(storage, kept->row.dir, err);
}

/* A transaction of its own: the change that made it due is committed. */
static saf_status note(saf_store *store, const struct kept_publication *kept, note_fn how, saf_error *err)
{
    SAF_TRY(storage_begin_write(store->storage, err));
    saf_status status = how(store->storage, kept, err);
    if (status == SAF_OK)
        return storage_commit(store->storage, err);
    storage_rollback(store->storage);
    return status;
}

static saf_status read_row(struct kept_publication *kept, saf_store *store, saf_error *err)
{
    OWN(reading) read = { 0 };
    kept->found = false;
    SAF_TRY(reading_begin(&read, store, err));
    return storage_find_publication(store->storage, kept->row.dir, keep, kept, err);
}

static saf_status end(saf_store *store, publication_dir *dir, const struct kept_publication *kept, saf_error *err)
{
    SAF_TRY(publication_dir_erase(dir, err));
    return note(store, kept, note_gone, err);
}

/* What is read under the lock is never older than what the process before us read under it. */
static saf_status fill_current(struct content *content, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, content->store, err));
    SAF_TRY(fill_mark(content, err));
    return fill(content, err);
}

static bool is_higher(const publication_dir *dir, const struct kept_publication *kept, uint64_t generation)
{
    publication_head there;
    return publication_dir_get_head(&there, dir) && !memcmp(there.id, kept->id, sizeof there.id) && there.generation > generation;
}

/* An older store.db was put in the place of the one that wrote what is there: what it does not know, revocations perhaps, would be undone. An older one
 * that has gone on has higher numbers by now, but not that store's audit records. Who publishes again says that it is to be so; nothing is noted as
 * written then. */
static saf_status refuse_newer(const publication_dir *dir, const struct kept_publication *kept, const struct content *content, saf_error *err)
{
    publication_mark mark;
    bool is_known = true;
    if (!kept->row.is_written)
        return SAF_OK;
    if (publication_dir_get_mark(&mark, dir))
        SAF_TRY(publication_knows_mark(&is_known, content->store, &mark, err));
    return !is_known || is_higher(dir, kept, content->head.generation) ? fail_newer(kept, dir->path, err) : SAF_OK;
}

static saf_status write_one(saf_store *store, const publication_dir *dir, struct kept_publication *kept, saf_error *err)
{
    OWN(saf_secret) key = { 0 };
    OWN(content) content = { .store = store, .kept = kept, .key = &key };
    SAF_TRY(publication_check_user(store, kept->row.user, err));
    SAF_TRY(publication_dir_key(&key, dir, kept->row.user, err));
    SAF_TRY(fill_current(&content, err));
    SAF_TRY(refuse_newer(dir, kept, &content, err));
    SAF_TRY(publication_dir_put_mark(dir, &content.mark, err)); /* before what it is of: a later mark than the snapshot keeps older stores out, too */
    SAF_TRY(publication_dir_write(dir, kept->row.user, saf_buffer_bytes(&content.bytes), err));
    kept->row.generation = content.head.generation;
    return note(store, kept, note_written, err);
}

/* Looked at again with the directory locked: meanwhile it may have been ended, or published anew. */
static saf_status renew_one(saf_store *store, const char *path, saf_error *err)
{
    struct kept_publication kept = { .row.dir = path };
    OWN(publication_dir) dir = { .parent = -1, .fd = -1, .lock = -1 };
    SAF_TRY(read_row(&kept, store, err));
    if (!kept.found || !kept.row.is_due) /* another process was faster */
        return SAF_OK;
    bool was_ended = kept.row.is_ended;
    SAF_TRY(publication_dir_enter(&dir, store, path, was_ended ? PUBLICATION_FIND : PUBLICATION_MAKE, err));
    SAF_TRY(read_row(&kept, store, err));
    if (!kept.found)
        return publication_dir_erase(&dir, err);
    if (kept.row.is_ended)
        return end(store, &dir, &kept, err);
    return !was_ended ? write_one(store, &dir, &kept, err) : SAF_OK; /* who published it anew writes it */
}

/* ---- all that are due ---- */

static saf_status list_due(struct due_list *out, saf_store *store, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    return storage_visit_due_dirs(store->storage, note_due, out, err); /* one that was altered does not keep the others from being written */
}

void publication_renew(saf_store *store)
{
    struct due_list due = { 0 };
    saf_error why = { 0 };
    store->unpublished = 0;
    if (list_due(&due, store, &store->unpublished_why) != SAF_OK)
        store->unpublished = 1;
    for (size_t i = 0; i < due.count; i++)
        if (renew_one(store, due.dirs[i], &why) != SAF_OK && store->unpublished++ == 0)
            store->unpublished_why = why;
    due_list_free(&due);
}

static void give_why(saf_error *err, const saf_store *store)
{
    if (err && store->unpublished)
        *err = store->unpublished_why;
}

saf_status saf_store_publish_due(unsigned *failed, saf_store *store, const saf_principal *who, saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    SAF_TRY(publication_refuse(store, err));
    if (store->is_changing)
        return saf_fail(err, SAF_E_USAGE, "a change of the store %s is open: what it publishes is written when it commits", store->dir);
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err)); /* whether it can be read at all */
    reading_end(&read);
    publication_renew(store);
    *failed = store->unpublished;
    give_why(err, store);
    return SAF_OK;
}

unsigned saf_store_unpublished(const saf_store *store, saf_error *err)
{
    give_why(err, store);
    return store->unpublished;
}
