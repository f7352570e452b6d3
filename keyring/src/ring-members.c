#include "ring-members.h"

#include "certificate.h"

#include <base/fail.h>
#include <base/grow.h>

#include <stdatomic.h>

/* A change copies one block, and a pointer to each other: of the order of a root of the largest rings. */
enum { BLOCK_ROOM = 128, INSERTED_MAX = 64 };

static const uint32_t GONE = UINT32_MAX;

/* ---- what is counted ---- */

struct shared_cert {
    atomic_uint holders;
    saf_cert *cert;
};

struct ring_block {
    atomic_uint holders;
    size_t count, room;
    size_t default_at; /* 1 for the first...; 0: the default is in none or another */
    ring_member members[];
};

struct ring_order {
    atomic_uint holders;
    uint32_t places[];
};

static void hold(atomic_uint *holders)
{
    atomic_fetch_add_explicit(holders, 1, memory_order_relaxed);
}

/* Whether that was the last holder, who sees all that the others did. */
static bool let_go(atomic_uint *holders)
{
    return atomic_fetch_sub_explicit(holders, 1, memory_order_acq_rel) == 1;
}

static void release_cert(shared_cert *cert)
{
    if (!let_go(&cert->holders))
        return;
    saf_cert_free(&cert->cert);
    free(cert);
}

static void release_block(struct ring_block *block)
{
    if (!let_go(&block->holders))
        return;
    for (size_t i = 0; i < block->count; i++)
        release_cert(block->members[i].cert);
    free(block);
}

static void release_order(struct ring_order *order)
{
    if (order && let_go(&order->holders))
        free(order);
}

void ring_members_free(ring_members *members)
{
    for (size_t i = 0; i < members->block_count; i++)
        release_block(members->blocks[i]);
    release_order(members->order);
    free(members->blocks);
    free(members->starts);
    free(members->moved);
    free(members->fresh);
    *members = (ring_members) { 0 };
}

/* ---- certificates ---- */

static saf_status make_cert(shared_cert **out, const struct storage_cert *row, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cert_from_row(&cert, row, err));
    shared_cert *made = malloc(sizeof *made);
    if (!made)
        return saf_fail_memory(err);
    atomic_init(&made->holders, 1);
    made->cert = GIVE(&cert);
    *out = made;
    return SAF_OK;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* Everything that a record is made of. */
static bool is_of_row(const saf_cert *cert, const struct storage_cert *row)
{
    return !strcmp(cert->label, row->label) && !strcmp(cert->owner, row->owner) && cert->trust == row->trust && cert->der.len == row->der.len &&
           !memcmp(cert->der.data, row->der.data, row->der.len) && cert->key_place == row->key_place && same_text(cert->key_uri, row->key_uri) &&
           same_text(cert->last_serial, row->last_serial) && cert->requested_at == row->requested_at && cert->revoked_at == row->revoked_at &&
           cert->reason == row->reason;
}

/* @p like: what it may be the same as, or NULL. */
static saf_status take_cert(shared_cert **out, const struct storage_cert *row, const ring_member *like, saf_error *err)
{
    if (!like || !is_of_row(like->connection.cert, row))
        return make_cert(out, row, err);
    hold(&like->cert->holders);
    *out = like->cert;
    return SAF_OK;
}

/* ---- blocks ---- */

static saf_status make_block(struct ring_block **out, size_t room, saf_error *err)
{
    struct ring_block *block = malloc(sizeof *block + room * sizeof *block->members);
    if (!block)
        return saf_fail_memory(err);
    atomic_init(&block->holders, 1);
    block->count = block->default_at = 0;
    block->room = room;
    *out = block;
    return SAF_OK;
}

static void set_member(struct ring_block *block, size_t at, const ring_member *member)
{
    block->members[at] = *member;
    if (member->connection.is_default == SAF_DEFAULT)
        block->default_at = at + 1;
    else if (block->default_at == at + 1)
        block->default_at = 0;
}

/* A copy of those that are kept (NULL: all), for one holder. */
static saf_status copy_block(struct ring_block **out, const struct ring_block *block, size_t room, const bool *is_kept, saf_error *err)
{
    SAF_TRY(make_block(out, room, err));
    for (size_t i = 0; i < block->count; i++) {
        if (is_kept && !is_kept[i])
            continue;
        hold(&block->members[i].cert->holders);
        set_member(*out, (*out)->count, &block->members[i]);
        (*out)->count++;
    }
    return SAF_OK;
}

/* A block that is ours alone and has that much room. */
static saf_status own_block(struct ring_block **place, size_t room, saf_error *err)
{
    struct ring_block *copy = NULL;
    if (atomic_load_explicit(&(*place)->holders, memory_order_acquire) == 1 && (*place)->room >= room)
        return SAF_OK;
    SAF_TRY(copy_block(&copy, *place, room > (*place)->count ? room : (*place)->count, NULL, err));
    release_block(*place);
    *place = copy;
    return SAF_OK;
}

static saf_status add_block(ring_members *members, saf_error *err)
{
    struct ring_block **blocks = saf_grow(members->blocks, members->block_count, sizeof *blocks);
    if (!blocks)
        return saf_fail_memory(err);
    members->blocks = blocks;
    SAF_TRY(make_block(&blocks[members->block_count], 1, err));
    members->block_count++;
    return SAF_OK;
}

/* The block that the next member comes into. */
static saf_status last_block(struct ring_block **out, ring_members *members, saf_error *err)
{
    if (!members->block_count || members->blocks[members->block_count - 1]->count >= BLOCK_ROOM)
        SAF_TRY(add_block(members, err));
    struct ring_block **last = &members->blocks[members->block_count - 1];
    bool is_full = (*last)->count == (*last)->room;
    SAF_TRY(own_block(last, is_full ? 2 * (*last)->count : (*last)->count + 1, err));
    *out = *last;
    return SAF_OK;
}

/* ---- making ---- */

/* Room for one block more, as saf_grow() wants it. */
static size_t room_for(size_t count)
{
    size_t room = 1;
    while (room < count + 1)
        room *= 2;
    return room;
}

saf_status ring_members_share(ring_members *out, const ring_members *old, saf_error *err)
{
    out->blocks = calloc(room_for(old->block_count), sizeof *out->blocks);
    if (!out->blocks)
        return saf_fail_memory(err);
    for (size_t i = 0; i < old->block_count; i++) {
        hold(&old->blocks[i]->holders);
        out->blocks[i] = old->blocks[i];
    }
    out->block_count = old->block_count;
    out->count = old->count;
    return SAF_OK;
}

static size_t count_kept(const bool *is_kept, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += is_kept[i];
    return kept;
}

static saf_status keep_in_block(struct ring_block **place, const bool *is_kept, saf_error *err)
{
    struct ring_block *copy = NULL;
    size_t kept = count_kept(is_kept, (*place)->count);
    if (kept == (*place)->count)
        return SAF_OK;
    SAF_TRY(copy_block(&copy, *place, kept, is_kept, err));
    release_block(*place);
    *place = copy;
    return SAF_OK;
}

static void drop_empty_blocks(ring_members *members)
{
    size_t count = 0;
    for (size_t i = 0; i < members->block_count; i++) {
        if (members->blocks[i]->count)
            members->blocks[count++] = members->blocks[i];
        else
            release_block(members->blocks[i]);
    }
    members->block_count = count;
}

static saf_status note_moves(ring_members *members, const bool *is_kept, saf_error *err)
{
    uint32_t now = 0;
    members->moved = calloc(members->count + 1, sizeof *members->moved);
    if (!members->moved)
        return saf_fail_memory(err);
    for (size_t i = 0; i < members->count; i++)
        members->moved[i] = is_kept[i] ? now++ : GONE;
    return SAF_OK;
}

saf_status ring_members_keep(ring_members *members, const bool *is_kept, saf_error *err)
{
    size_t start = 0;
    SAF_TRY(note_moves(members, is_kept, err));
    for (size_t i = 0; i < members->block_count; i++) {
        size_t count = members->blocks[i]->count;
        SAF_TRY(keep_in_block(&members->blocks[i], is_kept + start, err));
        start += count;
    }
    members->count = count_kept(is_kept, start);
    drop_empty_blocks(members);
    return SAF_OK;
}

static saf_status note_fresh(ring_members *members, size_t place, saf_error *err)
{
    uint32_t *fresh = saf_grow(members->fresh, members->fresh_count, sizeof *fresh);
    if (!fresh)
        return saf_fail_memory(err);
    members->fresh = fresh;
    fresh[members->fresh_count++] = (uint32_t)place;
    return SAF_OK;
}

static ring_member member_of(shared_cert *cert, const struct storage_cert *row)
{
    return (ring_member) {
        .connection = { .cert = cert->cert, .usage = row->usage, .is_default = row->is_default }, .number = row->connection, .cert = cert
    };
}

static saf_status append(ring_members *members, const struct storage_cert *row, const ring_member *like, saf_error *err)
{
    struct ring_block *block = NULL;
    shared_cert *cert = NULL;
    if (members->count >= GONE)
        return saf_fail(err, SAF_E_UNSUPPORTED, "a ring has more than %u connections", GONE);
    SAF_TRY(last_block(&block, members, err));
    SAF_TRY(note_fresh(members, members->count, err));
    SAF_TRY(take_cert(&cert, row, like, err));
    const ring_member member = member_of(cert, row);
    set_member(block, block->count, &member);
    block->count++;
    members->count++;
    return SAF_OK;
}

/* The member with the same owner and label, which most often has the same place. */
static const ring_member *find_like(const ring_members *old, size_t place, const struct storage_cert *row)
{
    const ring_member *same_place = ring_members_at(old, place);
    if (same_place && !strcmp(same_place->connection.cert->label, row->label) && !strcmp(same_place->connection.cert->owner, row->owner))
        return same_place;
    const saf_connection *found = ring_members_find(old, row->owner, row->label);
    return found ? (const ring_member *)(const void *)found : NULL; /* a member begins with its connection */
}

saf_status ring_members_append(ring_members *members, const struct storage_cert *row, const ring_members *old, saf_error *err)
{
    return append(members, row, old ? find_like(old, members->count, row) : NULL, err);
}

/* The first in a block whose number is not less. */
static size_t first_in_block(const struct ring_block *block, int64_t number)
{
    size_t low = 0;
    for (size_t high = block->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (block->members[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct position {
    size_t block, at, place;
};

/* Numbers rise with places. */
static bool find_number(struct position *out, const ring_members *members, int64_t number)
{
    *out = (struct position) { 0 };
    for (; out->block < members->block_count; out->block++) {
        const struct ring_block *block = members->blocks[out->block];
        if (block->members[block->count - 1].number >= number) {
            out->at = first_in_block(block, number);
            out->place += out->at;
            return block->members[out->at].number == number;
        }
        out->place += block->count;
    }
    return false;
}

static bool has_same_name(const ring_member *member, const struct storage_cert *row)
{
    return !strcmp(member->connection.cert->label, row->label) && !strcmp(member->connection.cert->owner, row->owner);
}

static saf_status replace(ring_members *members, const struct position *position, const struct storage_cert *row, saf_error *err)
{
    struct ring_block **place = &members->blocks[position->block];
    shared_cert *cert = NULL;
    SAF_TRY(own_block(place, 0, err));
    const ring_member before = (*place)->members[position->at];
    if (!has_same_name(&before, row))
        SAF_TRY(note_fresh(members, position->place, err));
    SAF_TRY(take_cert(&cert, row, &before, err));
    const ring_member member = member_of(cert, row);
    set_member(*place, position->at, &member);
    release_cert(before.cert);
    return SAF_OK;
}

saf_status ring_members_put(ring_members *members, const struct storage_cert *row, saf_error *err)
{
    struct position position;
    if (find_number(&position, members, row->connection))
        return replace(members, &position, row, err);
    return append(members, row, NULL, err);
}

/* ---- the order of labels ---- */

struct named {
    const char *label;
    uint32_t place;
};

static int compare_named(const void *a_, const void *b_)
{
    const struct named *a = a_, *b = b_;
    int order = strcmp(a->label, b->label);
    return order ? order : (a->place > b->place) - (a->place < b->place);
}

static const char *label_at(const ring_members *members, uint32_t place)
{
    return ring_members_at(members, place)->connection.cert->label;
}

static saf_status sort_all(ring_members *members, saf_error *err)
{
    size_t count = 0;
    struct named *all = calloc(members->count + 1, sizeof *all);
    if (!all)
        return saf_fail_memory(err);
    for (size_t i = 0; i < members->block_count; i++)
        for (size_t j = 0; j < members->blocks[i]->count; j++, count++)
            all[count] = (struct named) { members->blocks[i]->members[j].connection.cert->label, (uint32_t)count };
    qsort(all, count, sizeof *all, compare_named);
    for (size_t i = 0; i < count; i++)
        members->order->places[i] = all[i].place;
    free(all);
    return SAF_OK;
}

/* How many of the first @p count come before this one. */
static size_t find_before(const ring_members *members, size_t count, const struct named *named)
{
    size_t low = 0;
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        uint32_t place = members->order->places[middle];
        const struct named there = { label_at(members, place), place };
        if (compare_named(&there, named) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int compare_places(const void *a_, const void *b_)
{
    uint32_t a = *(const uint32_t *)a_, b = *(const uint32_t *)b_;
    return (a > b) - (a < b);
}

static bool is_fresh(const ring_members *members, uint32_t place)
{
    return members->fresh_count && bsearch(&place, members->fresh, members->fresh_count, sizeof place, compare_places);
}

/* The old order, without those that are gone or have another name, and then each of these where it belongs. */
static void insert_fresh(ring_members *members, const ring_members *old)
{
    uint32_t *places = members->order->places;
    size_t count = 0;
    for (size_t i = 0; i < old->count; i++) {
        uint32_t place = old->order->places[i];
        if (members->moved)
            place = members->moved[place];
        if (place != GONE && !is_fresh(members, place))
            places[count++] = place;
    }
    for (size_t i = 0; i < members->fresh_count; i++, count++) {
        const struct named named = { label_at(members, members->fresh[i]), members->fresh[i] };
        size_t before = find_before(members, count, &named);
        memmove(places + before + 1, places + before, (count - before) * sizeof *places);
        places[before] = members->fresh[i];
    }
}

static saf_status put_in_order(ring_members *members, const ring_members *old, saf_error *err)
{
    if (old && !members->moved && !members->fresh_count) {
        hold(&old->order->holders);
        members->order = old->order;
        return SAF_OK;
    }
    members->order = malloc(sizeof *members->order + (members->count + 1) * sizeof *members->order->places);
    if (!members->order)
        return saf_fail_memory(err);
    atomic_init(&members->order->holders, 1);
    if (!old || members->fresh_count > INSERTED_MAX)
        return sort_all(members, err);
    insert_fresh(members, old);
    return SAF_OK;
}

static saf_status count_starts(ring_members *members, saf_error *err)
{
    size_t start = 0;
    members->starts = calloc(members->block_count + 1, sizeof *members->starts);
    if (!members->starts)
        return saf_fail_memory(err);
    for (size_t i = 0; i < members->block_count; i++) {
        struct ring_block *block = members->blocks[i];
        members->starts[i] = start;
        start += block->count;
        if (block->default_at)
            members->is_default = &block->members[block->default_at - 1].connection;
    }
    return SAF_OK;
}

saf_status ring_members_finish(ring_members *members, const ring_members *old, saf_error *err)
{
    SAF_TRY(count_starts(members, err));
    SAF_TRY(put_in_order(members, old, err));
    free(members->moved);
    free(members->fresh);
    members->moved = members->fresh = NULL;
    members->fresh_count = 0;
    return SAF_OK;
}

/* ---- looking ---- */

const ring_member *ring_members_at(const ring_members *members, size_t place)
{
    if (place >= members->count)
        return NULL;
    size_t low = 0; /* the last block that does not begin behind it */
    for (size_t high = members->block_count; high - low > 1;) {
        size_t middle = low + (high - low) / 2;
        if (members->starts[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    return &members->blocks[low]->members[place - members->starts[low]];
}

const saf_connection *ring_members_find(const ring_members *members, const char *owner, const char *label)
{
    const struct named first = { label, 0 };
    for (size_t i = find_before(members, members->count, &first); i < members->count; i++) {
        const saf_connection *connection = &ring_members_at(members, members->order->places[i])->connection;
        if (strcmp(connection->cert->label, label) != 0)
            return NULL;
        if (!owner || !strcasecmp(connection->cert->owner, owner))
            return connection;
    }
    return NULL;
}

bool ring_members_have(const ring_members *members, const saf_connection *connection)
{
    for (size_t i = 0; i < members->block_count; i++) {
        const struct ring_block *block = members->blocks[i];
        uintptr_t first = (uintptr_t)block->members;
        if ((uintptr_t)connection >= first && (uintptr_t)connection < first + block->count * sizeof *block->members)
            return true;
    }
    return false;
}
