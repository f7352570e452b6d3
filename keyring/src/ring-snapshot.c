#include "certificate.h"
#include "key.h"
#include "publication.h"
#include "ring-members.h"

#include <base/fail.h>
#include <base/own-openssl.h>
#include <base/random.h>

/* What generations are counted by: a connection to a database, or a publication. All zeros: nothing that a later one could be compared with. */
typedef struct source {
    unsigned char id[STORE_SOURCE_LEN];
} source;

struct saf_ring {
    ring_place place; /* its name is ours */
    char name[SAF_RING_NAME_MAX + 1];
    source source;
    uint64_t generation;
    ring_members members;
};

/* ---- where it is from ---- */

/* A change that is abandoned gives its generations back, and the next one uses them for something else. Nor does a number mean the same to a store that
 * was restored from a backup meanwhile, for which it is opened again. */
static saf_status source_of_store(source *out, saf_store *store, saf_error *err)
{
    static const source none = { .id = { 0 } };
    *out = none;
    if (store->is_changing)
        return SAF_OK;
    if (!memcmp(store->source, none.id, sizeof none.id))
        SAF_TRY(saf_random_bytes(store->source, sizeof store->source, err));
    memcpy(out->id, store->source, sizeof out->id);
    return SAF_OK;
}

static source source_of_publication(const publication_head *head)
{
    source source;
    memcpy(source.id, head->id, sizeof source.id);
    return source;
}

/* Whether @p old shows what has this generation there. */
static bool is_comparable(const saf_ring *old, const source *source)
{
    static const unsigned char none[STORE_SOURCE_LEN] = { 0 };
    return old && memcmp(source->id, none, sizeof none) != 0 && !memcmp(old->source.id, source->id, sizeof source->id);
}

/* ---- taking ---- */

/* A snapshot while it is taken. */
struct taking {
    saf_ring *ring;
    const saf_ring *old; /* NULL: there is none */
    bool is_same;        /* nothing has changed since the old one: then that is all */
};

static saf_status take_row(void *context, const struct storage_cert *row, saf_error *err)
{
    struct taking *taking = context;
    return ring_members_append(&taking->ring->members, row, taking->old ? &taking->old->members : NULL, err);
}

static saf_status take_entry(void *context, const publication_entry *entry, saf_error *err)
{
    return take_row(context, &entry->row, err);
}

static saf_status take_changed(void *context, const struct storage_cert *row, saf_error *err)
{
    struct taking *taking = context;
    return ring_members_put(&taking->ring->members, row, err);
}

static saf_status take_published(struct taking *taking, const saf_store *store, saf_error *err)
{
    publication_head head;
    saf_ring *ring = taking->ring;
    SAF_TRY(publication_get_head(&head, store, err));
    ring->source = source_of_publication(&head);
    taking->is_same = is_comparable(taking->old, &ring->source) && taking->old->generation == head.generation;
    if (taking->is_same)
        return publication_check_place(&head, &ring->place, err);
    SAF_TRY(publication_read(&head, store, &ring->place, take_entry, taking, err));
    ring->source = source_of_publication(&head);
    ring->generation = head.generation;
    return ring_members_finish(&ring->members, NULL, err);
}

static saf_status take_all(struct taking *taking, struct storage *storage, saf_error *err)
{
    SAF_TRY(ring_visit(storage, &taking->ring->place, take_row, taking, err));
    return ring_members_finish(&taking->ring->members, NULL, err);
}

struct keeping {
    const ring_members *members;
    bool *is_kept;
    size_t next; /* the first member that no number has reached yet */
};

/* Both come in the order of their numbers; what the snapshot does not know is new. */
static saf_status keep_number(void *context, int64_t number, saf_error *err)
{
    struct keeping *keeping = context;
    (void)err;
    const ring_member *member = ring_members_at(keeping->members, keeping->next);
    while (member && member->number < number)
        member = ring_members_at(keeping->members, ++keeping->next);
    if (member && member->number == number)
        keeping->is_kept[keeping->next++] = true;
    return SAF_OK;
}

static saf_status drop_lost(struct taking *taking, int64_t ring_id, struct storage *storage, saf_error *err)
{
    struct keeping keeping = { .members = &taking->old->members };
    keeping.is_kept = calloc(keeping.members->count + 1, sizeof *keeping.is_kept);
    if (!keeping.is_kept)
        return saf_fail_memory(err);
    saf_status status = storage_visit_ring_numbers(storage, ring_id, keep_number, &keeping, err);
    if (status == SAF_OK)
        status = ring_members_keep(&taking->ring->members, keeping.is_kept, err);
    free(keeping.is_kept);
    return status;
}

static saf_status take_changes(struct taking *taking, const struct storage_ring_state *now, struct storage *storage, saf_error *err)
{
    ring_members *members = &taking->ring->members;
    const saf_ring *old = taking->old;
    SAF_TRY(ring_members_share(members, &old->members, err));
    if (now->shrunk > old->generation)
        SAF_TRY(drop_lost(taking, now->id, storage, err));
    SAF_TRY(storage_visit_ring(storage, now->id, old->generation, take_changed, taking, err));
    return ring_members_finish(members, &old->members, err);
}

static saf_status get_state(struct storage_ring_state *out, struct storage *storage, const ring_place *place, saf_error *err)
{
    *out = (struct storage_ring_state) { 0 };
    if (place->is_virtual)
        return storage_get_owner(&out->generation, storage, place->owner, err);
    return ring_get_state(out, storage, place, err);
}

static saf_status take_stored(struct taking *taking, saf_store *store, saf_error *err)
{
    struct storage_ring_state now;
    saf_ring *ring = taking->ring;
    OWN(reading) read = { 0 };
    SAF_TRY(source_of_store(&ring->source, store, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(get_state(&now, store->storage, &ring->place, err));
    ring->generation = now.generation;
    bool can_compare = is_comparable(taking->old, &ring->source);
    taking->is_same = can_compare && taking->old->generation == now.generation;
    if (taking->is_same)
        return SAF_OK;
    if (can_compare && taking->old->generation < now.generation && !ring->place.is_virtual)
        return take_changes(taking, &now, store->storage, err);
    return take_all(taking, store->storage, err);
}

static saf_status take(saf_ring **out, const saf_ring *old, saf_store *store, const saf_principal *who, const ring_place *place, saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, place->owner, place->name, err));
    OWN(saf_ring) *ring = calloc(1, sizeof *ring);
    if (!ring)
        return saf_fail_memory(err);
    struct taking taking = { .ring = ring, .old = old };
    snprintf(ring->name, sizeof ring->name, "%s", place->name);
    ring->place = *place;
    ring->place.name = ring->name;
    SAF_TRY(store->published ? take_published(&taking, store, err) : take_stored(&taking, store, err));
    *out = taking.is_same ? NULL : GIVE(&ring);
    return SAF_OK;
}

saf_status saf_ring_open(saf_ring **out, saf_store *store, const saf_principal *who, const char *owner,
                         const char *name, saf_error *err)
{
    ring_place place;
    SAF_TRY(ring_place_of(&place, owner, name, err));
    return take(out, NULL, store, who, &place, err);
}

saf_status saf_ring_renew(saf_ring **out, const saf_ring *old, saf_store *store, const saf_principal *who, saf_error *err)
{
    return take(out, old, store, who, &old->place, err);
}

void saf_ring_close(saf_ring **ring)
{
    if (!ring || !*ring)
        return;
    ring_members_free(&(*ring)->members);
    free(*ring);
    *ring = NULL;
}

/* ---- looking ---- */

const char *saf_ring_owner(const saf_ring *ring)
{
    return ring->place.shown;
}

const char *saf_ring_name(const saf_ring *ring)
{
    return ring->name;
}

uint64_t saf_ring_generation(const saf_ring *ring)
{
    return ring->generation;
}

size_t saf_ring_size(const saf_ring *ring)
{
    return ring->members.count;
}

const saf_connection *saf_ring_at(const saf_ring *ring, size_t index)
{
    const ring_member *member = ring_members_at(&ring->members, index);
    return member ? &member->connection : NULL;
}

const saf_connection *saf_ring_default(const saf_ring *ring)
{
    return ring->members.is_default;
}

const saf_connection *saf_ring_find_label(const saf_ring *ring, const char *owner, const char *label)
{
    return ring_members_find(&ring->members, owner, label);
}

/* ---- private keys ---- */

saf_status ring_ask_for_key(saf_store *store, const saf_principal *who, const ring_place *place, const char *cert_owner, const char *label,
                            saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_KEY, place->shown, place->name, err));
    if (!strcmp(cert_owner, place->shown))
        return SAF_OK;
    return saf_store_ask(store, who, SAF_FN_CERT_KEY, cert_owner, label, err);
}

static saf_status note_id(void *context, const struct storage_cert *row, saf_error *err)
{
    (void)err;
    *(int64_t *)context = row->id;
    return SAF_OK;
}

static saf_status note_usage(void *context, const struct storage_connection *connection, saf_error *err)
{
    (void)err;
    *(bool *)context = connection->usage == SAF_USAGE_PERSONAL;
    return SAF_OK;
}

/* A snapshot may be old: the connection must be there still, or taking a certificate out would take nothing away from
 * a program that once saw it. */
static saf_status check_still_personal(const saf_ring *ring, const saf_cert *cert, struct storage *storage,
                                       saf_error *err)
{
    bool is_personal = false;
    int64_t cert_id = 0;
    found_ring found;
    if (ring->place.is_virtual)
        return SAF_OK;
    SAF_TRY(ring_find(&found, storage, ring->place.owner, ring->name, err));
    SAF_TRY(storage_find_cert(storage, cert->owner, cert->label, note_id, &cert_id, err));
    SAF_TRY(storage_find_connection(storage, found.id, cert_id, note_usage, &is_personal, err));
    if (is_personal)
        return SAF_OK;
    return saf_fail(err, SAF_E_NOT_FOUND, "certificate %s/%s is no longer connected to ring %s/%s with usage PERSONAL",
                    cert->owner, cert->label, ring->place.shown, ring->name);
}

static saf_status check_connection(const saf_ring *ring, const saf_connection *connection, saf_error *err)
{
    if (!ring_members_have(&ring->members, connection))
        return saf_fail(err, SAF_E_USAGE, "this connection is not one of ring %s/%s", ring->place.shown, ring->name);
    if (connection->usage == SAF_USAGE_PERSONAL)
        return SAF_OK;
    return saf_fail(err, SAF_E_NOT_FOUND, "certificate %s/%s has no key in ring %s/%s: its usage is not PERSONAL",
                    connection->cert->owner, connection->cert->label, ring->place.shown, ring->name);
}

saf_status saf_ring_load_key(EVP_PKEY **out, const saf_ring *ring, const saf_connection *connection, saf_store *store,
                             const saf_principal *who, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(check_connection(ring, connection, err));
    const saf_cert *cert = connection->cert;
    SAF_TRY(ring_ask_for_key(store, who, &ring->place, cert->owner, cert->label, err));
    if (store->published)
        return publication_load_key(out, store, &ring->place, cert, err);
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(check_still_personal(ring, cert, store->storage, err));
    return key_load(out, store, cert, err);
}
