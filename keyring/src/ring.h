/** @file Rings as the rest of the room uses them. */
#ifndef KEYRING_RING_H
#define KEYRING_RING_H

#include "store.h"

/** A ring's row. */
typedef struct found_ring {
    int64_t id; /* 0: none found */
    uint64_t generation;
    uint64_t size;
} found_ring;

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
