#include "ring.h"

#include "certificate.h"
#include "key.h"

#include <base/fail.h>
#include <base/own-openssl.h>

struct saf_ring {
    char owner[SAF_OWNER_MAX + 1]; /* as asked for: *AUTH* stays *AUTH* */
    char name[SAF_RING_NAME_MAX + 1];
    uint64_t generation;
    saf_cert_page certs;
    saf_connection *connections; /* one for each certificate */
};

/* ---- names ---- */

/* What a pair of owner and name means. */
struct ring_place {
    char shown[SAF_OWNER_MAX + 1];
    char owner[SAF_OWNER_MAX + 1]; /* whose certificates or rings */
    bool is_virtual;
};

static const char *owner_of_virtual(const char *owner)
{
    if (!strcasecmp(owner, "*AUTH*"))
        return SAF_OWNER_CERTAUTH;
    return !strcasecmp(owner, "*SITE*") ? SAF_OWNER_SITE : NULL;
}

static saf_status place_ring(struct ring_place *out, const char *owner, const char *name, saf_error *err)
{
    out->is_virtual = name && !strcmp(name, "*");
    const char *special = out->is_virtual && owner ? owner_of_virtual(owner) : NULL;
    if (special) {
        snprintf(out->owner, sizeof out->owner, "%s", special);
        snprintf(out->shown, sizeof out->shown, "%s", !strcmp(special, SAF_OWNER_SITE) ? "*SITE*" : "*AUTH*");
        return SAF_OK;
    }
    SAF_TRY(saf_owner_fold(out->owner, owner, err));
    memcpy(out->shown, out->owner, sizeof out->shown);
    return out->is_virtual ? SAF_OK : saf_ring_name_check(name, err);
}

saf_status ring_owner_fold(char *out, const char *owner, saf_error *err)
{
    SAF_TRY(saf_owner_fold(out, owner, err));
    if (strcmp(out, SAF_OWNER_CERTAUTH) != 0 && strcmp(out, SAF_OWNER_SITE) != 0)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "%s owns no rings", out);
    saf_hint(err, "all certificates of %s are in the virtual ring %s/*", out,
             !strcmp(out, SAF_OWNER_SITE) ? "*SITE*" : "*AUTH*");
    saf_fail_codes(err, 8, 8, 28);
    return status;
}

saf_usage saf_usage_of_owner(const char *cert_owner)
{
    if (!strcasecmp(cert_owner, SAF_OWNER_CERTAUTH))
        return SAF_USAGE_CERTAUTH;
    return !strcasecmp(cert_owner, SAF_OWNER_SITE) ? SAF_USAGE_SITE : SAF_USAGE_PERSONAL;
}

/* ---- finding ---- */

static saf_status take_ring(void *context, const struct storage_ring *row, saf_error *err)
{
    (void)err;
    *(found_ring *)context = (found_ring) { .id = row->id, .generation = row->generation, .size = row->size };
    return SAF_OK;
}

saf_status ring_look_for(found_ring *out, struct storage *storage, const char *owner, const char *name,
                         saf_error *err)
{
    *out = (found_ring) { 0 };
    return storage_find_ring(storage, owner, name, take_ring, out, err);
}

saf_status ring_find(found_ring *out, struct storage *storage, const char *owner, const char *name, saf_error *err)
{
    SAF_TRY(ring_look_for(out, storage, owner, name, err));
    if (out->id)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no ring %s/%s", owner, name);
    saf_hint(err, "see what there is (names are case-sensitive): safring ring list");
    saf_fail_codes(err, 8, 8, 84);
    return status;
}

/* ---- snapshot ---- */

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

static saf_status take_certificate(saf_ring *ring, const struct storage_cert *row, saf_usage usage,
                                   saf_default is_default, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cert_from_row(&cert, row, err));
    saf_connection connection = { .cert = cert, .usage = usage, .is_default = is_default };
    SAF_TRY(cert_page_take(&ring->certs, &cert, err));
    return add_connection(ring, &connection, err);
}

static saf_status take_connected(void *context, const struct storage_cert *row, saf_error *err)
{
    return take_certificate(context, row, row->usage, row->is_default, err);
}

static saf_status take_owned(void *context, const struct storage_cert *row, saf_error *err)
{
    return take_certificate(context, row, saf_usage_of_owner(row->owner), SAF_NOT_DEFAULT, err);
}

static saf_status read_virtual(saf_ring *ring, struct storage *storage, const char *owner, saf_error *err)
{
    SAF_TRY(storage_get_owner(&ring->generation, storage, owner, err));
    return storage_visit_owned(storage, owner, take_owned, ring, err);
}

static saf_status read_stored(saf_ring *ring, struct storage *storage, const char *owner, saf_error *err)
{
    found_ring found;
    SAF_TRY(ring_find(&found, storage, owner, ring->name, err));
    ring->generation = found.generation;
    return storage_visit_ring(storage, found.id, take_connected, ring, err);
}

OWN_HANDLE(saf_ring, saf_ring_close)

saf_status saf_ring_open(saf_ring **out, saf_store *store, const saf_principal *who, const char *owner,
                         const char *name, saf_error *err)
{
    struct ring_place place;
    SAF_TRY(place_ring(&place, owner, name, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, place.owner, name, err));
    OWN(saf_ring) *ring = calloc(1, sizeof *ring);
    if (!ring)
        return saf_fail_memory(err);
    memcpy(ring->owner, place.shown, sizeof ring->owner);
    snprintf(ring->name, sizeof ring->name, "%s", name);
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    if (place.is_virtual)
        SAF_TRY(read_virtual(ring, store->storage, place.owner, err));
    else
        SAF_TRY(read_stored(ring, store->storage, place.owner, err));
    *out = GIVE(&ring);
    return SAF_OK;
}

void saf_ring_close(saf_ring **ring)
{
    if (!ring || !*ring)
        return;
    saf_cert_page_free(&(*ring)->certs);
    free((*ring)->connections);
    free(*ring);
    *ring = NULL;
}

const char *saf_ring_owner(const saf_ring *ring)
{
    return ring->owner;
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
    for (size_t i = 0; i < ring->certs.count; i++)
        if (ring->connections[i].is_default == SAF_DEFAULT)
            return &ring->connections[i];
    return NULL;
}

const saf_connection *saf_ring_find_label(const saf_ring *ring, const char *owner, const char *label)
{
    for (size_t i = 0; i < ring->certs.count; i++) {
        const saf_cert *cert = ring->connections[i].cert;
        if (!strcmp(cert->label, label) && (!owner || !strcasecmp(cert->owner, owner)))
            return &ring->connections[i];
    }
    return NULL;
}

/* ---- private keys ---- */

struct usage_now {
    const saf_cert *cert;
    bool is_personal;
};

static saf_status note_usage(void *context, const struct storage_cert *row, saf_error *err)
{
    struct usage_now *now = context;
    (void)err;
    if (!strcmp(row->owner, now->cert->owner) && !strcmp(row->label, now->cert->label))
        now->is_personal = row->usage == SAF_USAGE_PERSONAL;
    return SAF_OK;
}

/* A snapshot may be old: the connection must be there still, or taking a certificate out would take nothing away from
 * a program that once saw it. */
static saf_status check_still_personal(const saf_ring *ring, const saf_cert *cert, struct storage *storage,
                                       saf_error *err)
{
    struct usage_now now = { .cert = cert };
    found_ring found;
    if (!strcmp(ring->name, "*"))
        return SAF_OK;
    SAF_TRY(ring_find(&found, storage, ring->owner, ring->name, err));
    SAF_TRY(storage_visit_ring(storage, found.id, note_usage, &now, err));
    if (now.is_personal)
        return SAF_OK;
    return saf_fail(err, SAF_E_NOT_FOUND, "certificate %s/%s is no longer connected to ring %s/%s with usage PERSONAL",
                    cert->owner, cert->label, ring->owner, ring->name);
}

static saf_status check_connection(const saf_ring *ring, const saf_connection *connection, saf_error *err)
{
    size_t index = 0;
    while (index < ring->certs.count && &ring->connections[index] != connection)
        index++;
    if (index == ring->certs.count)
        return saf_fail(err, SAF_E_USAGE, "this connection is not one of ring %s/%s", ring->owner, ring->name);
    if (connection->usage == SAF_USAGE_PERSONAL)
        return SAF_OK;
    return saf_fail(err, SAF_E_NOT_FOUND, "certificate %s/%s has no key in ring %s/%s: its usage is not PERSONAL",
                    connection->cert->owner, connection->cert->label, ring->owner, ring->name);
}

/* Asked when the key is taken, not only when the certificate was connected: who may have lost the one authority since. */
static saf_status ask_for_key(const saf_ring *ring, const saf_cert *cert, saf_store *store, const saf_principal *who,
                              saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_KEY, ring->owner, ring->name, err));
    if (!strcmp(cert->owner, ring->owner))
        return SAF_OK;
    return saf_store_ask(store, who, SAF_FN_CERT_KEY, cert->owner, cert->label, err);
}

saf_status saf_ring_load_key(EVP_PKEY **out, const saf_ring *ring, const saf_connection *connection, saf_store *store,
                             const saf_principal *who, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(check_connection(ring, connection, err));
    SAF_TRY(ask_for_key(ring, connection->cert, store, who, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(check_still_personal(ring, connection->cert, store->storage, err));
    return key_load(out, store, connection->cert, err);
}

saf_status saf_ring_poll(uint64_t *generation, saf_store *store, const saf_principal *who, const char *owner,
                         const char *name, saf_error *err)
{
    struct ring_place place;
    found_ring found;
    SAF_TRY(place_ring(&place, owner, name, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, place.owner, name, err));
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    if (place.is_virtual)
        return storage_get_owner(generation, store->storage, place.owner, err);
    SAF_TRY(ring_find(&found, store->storage, place.owner, name, err));
    *generation = found.generation;
    return SAF_OK;
}
