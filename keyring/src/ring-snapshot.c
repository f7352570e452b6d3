#include "certificate.h"
#include "key.h"
#include "publication.h"

#include <base/fail.h>
#include <base/own-openssl.h>

struct saf_ring {
    ring_place place; /* its name is ours */
    char name[SAF_RING_NAME_MAX + 1];
    uint64_t generation;
    saf_cert_page certs;
    saf_connection *connections;     /* one for each certificate */
    const saf_connection **by_label; /* sorted, those of one label in their order */
    const saf_connection *is_default; /* or NULL */
};

/* ---- taking ---- */

static saf_status add_connection(saf_ring *ring, const saf_connection *connection, saf_error *err)
{
    size_t count = ring->certs.count - 1; /* the certificate is in already */
    if ((count & (count - 1)) == 0) {
        size_t room = count ? 2 * count : 1;
        saf_connection *connections = reallocarray(ring->connections, room, sizeof *connections);
        if (!connections)
            return saf_fail_memory(err);
        ring->connections = connections;
    }
    ring->connections[count] = *connection;
    return SAF_OK;
}

static saf_status take_row(void *context, const struct storage_cert *row, saf_error *err)
{
    saf_ring *ring = context;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cert_from_row(&cert, row, err));
    saf_connection connection = { .cert = cert, .usage = row->usage, .is_default = row->is_default };
    SAF_TRY(cert_page_take(&ring->certs, &cert, err));
    return add_connection(ring, &connection, err);
}

static saf_status take_entry(void *context, const publication_entry *entry, saf_error *err)
{
    return take_row(context, &entry->row, err);
}

static int compare_labels(const void *a_, const void *b_)
{
    const saf_connection *a = *(const saf_connection *const *)a_;
    const saf_connection *b = *(const saf_connection *const *)b_;
    int order = strcmp(a->cert->label, b->cert->label);
    return order ? order : (a > b) - (a < b);
}

/* Made once, so that threads can share the snapshot without a lock. */
static saf_status make_index(saf_ring *ring, saf_error *err)
{
    size_t count = ring->certs.count;
    ring->by_label = calloc(count + 1, sizeof *ring->by_label);
    if (!ring->by_label)
        return saf_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        ring->by_label[i] = &ring->connections[i];
        if (ring->connections[i].is_default == SAF_DEFAULT)
            ring->is_default = &ring->connections[i];
    }
    qsort(ring->by_label, count, sizeof *ring->by_label, compare_labels);
    return SAF_OK;
}

static saf_status read_published(saf_ring *ring, const saf_store *store, saf_error *err)
{
    publication_head head;
    SAF_TRY(publication_read(&head, store, &ring->place, take_entry, ring, err));
    ring->generation = head.generation;
    return SAF_OK;
}

static saf_status read_stored(saf_ring *ring, saf_store *store, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(ring_get_generation(&ring->generation, store->storage, &ring->place, err));
    return ring_visit(store->storage, &ring->place, take_row, ring, err);
}

saf_status saf_ring_open(saf_ring **out, saf_store *store, const saf_principal *who, const char *owner,
                         const char *name, saf_error *err)
{
    ring_place place;
    SAF_TRY(ring_place_of(&place, owner, name, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, place.owner, name, err));
    OWN(saf_ring) *ring = calloc(1, sizeof *ring);
    if (!ring)
        return saf_fail_memory(err);
    snprintf(ring->name, sizeof ring->name, "%s", name);
    ring->place = place;
    ring->place.name = ring->name;
    SAF_TRY(store->published ? read_published(ring, store, err) : read_stored(ring, store, err));
    SAF_TRY(make_index(ring, err));
    *out = GIVE(&ring);
    return SAF_OK;
}

void saf_ring_close(saf_ring **ring)
{
    if (!ring || !*ring)
        return;
    saf_cert_page_free(&(*ring)->certs);
    free((*ring)->connections);
    free((void *)(*ring)->by_label);
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
    return ring->certs.count;
}

const saf_connection *saf_ring_at(const saf_ring *ring, size_t index)
{
    return index < ring->certs.count ? &ring->connections[index] : NULL;
}

const saf_connection *saf_ring_default(const saf_ring *ring)
{
    return ring->is_default;
}

/* The first in the index whose label is not less. */
static size_t find_first(const saf_ring *ring, const char *label)
{
    size_t low = 0;
    for (size_t high = ring->certs.count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(ring->by_label[middle]->cert->label, label) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const saf_connection *saf_ring_find_label(const saf_ring *ring, const char *owner, const char *label)
{
    for (size_t i = find_first(ring, label); i < ring->certs.count; i++) {
        const saf_cert *cert = ring->by_label[i]->cert;
        if (strcmp(cert->label, label) != 0)
            return NULL;
        if (!owner || !strcasecmp(cert->owner, owner))
            return ring->by_label[i];
    }
    return NULL;
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
    uintptr_t first = (uintptr_t)ring->connections;
    uintptr_t end = first + ring->certs.count * sizeof *connection;
    if ((uintptr_t)connection < first || (uintptr_t)connection >= end)
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
