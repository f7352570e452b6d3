/** @file Rings as the rest of the room uses them. */
#ifndef KEYRING_RING_H
#define KEYRING_RING_H

#include "store.h"

OWN_HANDLE(saf_ring, saf_ring_close)

/** A ring's row. */
typedef struct found_ring {
    int64_t id; /* 0: none found */
    uint64_t generation;
    uint64_t size;
} found_ring;

/** What a pair of owner and name means. */
typedef struct ring_place {
    char shown[SAF_OWNER_MAX + 1]; /* *AUTH* stays *AUTH* */
    char owner[SAF_OWNER_MAX + 1]; /* whose certificates or rings */
    const char *name;              /* borrowed */
    bool is_virtual;
} ring_place;

saf_status ring_place_of(ring_place *out, const char *owner, const char *name, saf_error *err);

/** Report that there is no such ring. SAF_E_NOT_FOUND, codes 8/8/84. */
saf_status ring_fail_not_found(const char *owner, const char *name, saf_error *err);

/** What a ring that is not virtual is now. SAF_E_NOT_FOUND, codes 8/8/84. */
saf_status ring_get_state(struct storage_ring_state *out, struct storage *storage, const ring_place *place, saf_error *err);

/** The generation that a ring has now. SAF_E_NOT_FOUND, codes 8/8/84. */
saf_status ring_get_generation(uint64_t *out, struct storage *storage, const ring_place *place, saf_error *err);

/** Visit the certificates of a stored or virtual ring, with usage and default. */
saf_status ring_visit(struct storage *storage, const ring_place *place, storage_cert_visitor visit, void *context, saf_error *err);

/** Authority for a private key through a ring: asked when the key is taken, not only when the certificate was connected, because who may
 *  have lost the one authority since. SAF_E_DENIED. */
saf_status ring_ask_for_key(saf_store *store, const saf_principal *who, const ring_place *place, const char *cert_owner, const char *label,
                            saf_error *err);

/** By folded owner and name. SAF_E_NOT_FOUND, codes 8/8/84. */
saf_status ring_find(found_ring *out, struct storage *storage, const char *owner, const char *name, saf_error *err);

/** The same, when it is no failure that there is none. */
saf_status ring_look_for(found_ring *out, struct storage *storage, const char *owner, const char *name,
                         saf_error *err);

/** Check and fold an owner of rings: CERTAUTH and SITE own none. SAF_E_USAGE, codes 8/8/28. */
saf_status ring_owner_fold(char *out, const char *owner, saf_error *err);

/** "PERSONAL", "CERTAUTH", "SITE", or NULL. */
const char *ring_usage_name(saf_usage usage);

#endif
