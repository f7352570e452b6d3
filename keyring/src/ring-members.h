/**
 * @file
 * The connections of a snapshot, which share with those of older snapshots all that is the same: certificates, blocks of connections, and the order of
 * labels. What is shared counts its holders and never changes, so threads need no lock; whoever is alone with a block may change it.
 *
 *     ring_members_share(&members, &old);
 *     ring_members_keep(…);                    drop what is not there any more
 *     ring_members_put(…);                     replace or append
 *     ring_members_finish(&members, &old);     then they can be looked up
 */
#ifndef KEYRING_RING_MEMBERS_H
#define KEYRING_RING_MEMBERS_H

#include "storage.h"

/** A certificate and how many hold it. */
typedef struct shared_cert shared_cert;

typedef struct ring_member {
    saf_connection connection;
    int64_t number; /* of the connection; 0: it has none */
    shared_cert *cert;
} ring_member;

/** {0} is empty. */
typedef struct ring_members {
    struct ring_block **blocks;
    size_t *starts; /* how many members are before each block; only when finished */
    size_t block_count, count;
    struct ring_order *order;         /* by label; only when finished */
    const saf_connection *is_default; /* only when finished; or NULL */

    /* While they are made of older ones. */
    uint32_t *moved;  /* where each old member is now, or RING_MEMBER_GONE; NULL: where it was */
    uint32_t *fresh;  /* places, ascending, of those that are new or have another name */
    size_t fresh_count;
} ring_members;

void ring_members_free(ring_members *members);

/** Begin with those of @p old, which is finished. */
saf_status ring_members_share(ring_members *out, const ring_members *old, saf_error *err);

/** Drop all of which is_kept[i] is false. Before anything else is changed. */
saf_status ring_members_keep(ring_members *members, const bool *is_kept, saf_error *err);

/** Append the connection that a row shows. @p old, which is finished: where the same record may be; NULL: nowhere. */
saf_status ring_members_append(ring_members *members, const struct storage_cert *row, const ring_members *old, saf_error *err);

/** Put the connection that a row of a stored ring shows in its place, which is at the end when it has none. Numbers ascend from call to call. */
saf_status ring_members_put(ring_members *members, const struct storage_cert *row, saf_error *err);

/** @p old: what they were shared from, or NULL. */
saf_status ring_members_finish(ring_members *members, const ring_members *old, saf_error *err);

/* ---- looking; finished ones only ---- */

/** NULL past the end. */
const ring_member *ring_members_at(const ring_members *members, size_t place);

/** By label, and by owner unless NULL: the first, or NULL. */
const saf_connection *ring_members_find(const ring_members *members, const char *owner, const char *label);

/** Whether this is one of them. */
bool ring_members_have(const ring_members *members, const saf_connection *connection);

#endif
