#include "publication.h"

#include <base/fail.h>

/* ---- names ---- */

static const char *owner_of_virtual(const char *owner)
{
    if (!strcasecmp(owner, "*AUTH*"))
        return SAF_OWNER_CERTAUTH;
    return !strcasecmp(owner, "*SITE*") ? SAF_OWNER_SITE : NULL;
}

saf_status ring_place_of(ring_place *out, const char *owner, const char *name, saf_error *err)
{
    out->name = name;
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

saf_status ring_fail_not_found(const char *owner, const char *name, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no ring %s/%s", owner, name);
    saf_hint(err, "see what there is (names are case-sensitive): safring ring list");
    saf_fail_codes(err, 8, 8, 84);
    return status;
}

saf_status ring_find(found_ring *out, struct storage *storage, const char *owner, const char *name, saf_error *err)
{
    SAF_TRY(ring_look_for(out, storage, owner, name, err));
    return out->id ? SAF_OK : ring_fail_not_found(owner, name, err);
}

/* ---- what it holds, and its generation ---- */

saf_status ring_get_state(struct storage_ring_state *out, struct storage *storage, const ring_place *place, saf_error *err)
{
    SAF_TRY(storage_poll_ring(out, storage, place->owner, place->name, err));
    return out->id ? SAF_OK : ring_fail_not_found(place->owner, place->name, err);
}

saf_status ring_get_generation(uint64_t *out, struct storage *storage, const ring_place *place, saf_error *err)
{
    struct storage_ring_state state;
    if (place->is_virtual)
        return storage_get_owner(out, storage, place->owner, err);
    SAF_TRY(ring_get_state(&state, storage, place, err));
    *out = state.generation;
    return SAF_OK;
}

struct owned_visit {
    storage_cert_visitor visit;
    void *context;
};

static saf_status visit_owned(void *context, const struct storage_cert *row, saf_error *err)
{
    const struct owned_visit *owned = context;
    struct storage_cert connected = *row;
    connected.usage = saf_usage_of_owner(row->owner);
    connected.is_default = SAF_NOT_DEFAULT;
    return owned->visit(owned->context, &connected, err);
}

saf_status ring_visit(struct storage *storage, const ring_place *place, storage_cert_visitor visit, void *context, saf_error *err)
{
    struct owned_visit owned = { .visit = visit, .context = context };
    struct storage_ring_state state;
    if (place->is_virtual)
        return storage_visit_owned(storage, place->owner, visit_owned, &owned, err);
    SAF_TRY(ring_get_state(&state, storage, place, err));
    return storage_visit_ring(storage, state.id, 0, visit, context, err);
}

saf_status saf_ring_poll(uint64_t *generation, saf_store *store, const saf_principal *who, const char *owner,
                         const char *name, saf_error *err)
{
    ring_place place;
    SAF_TRY(ring_place_of(&place, owner, name, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, place.owner, name, err));
    if (store->published)
        return publication_poll(generation, store, &place, err);
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    return ring_get_generation(generation, store->storage, &place, err);
}
