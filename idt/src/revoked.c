#include "revoked.h"
#include "claims.h"

#include <base/fail.h>
#include <base/own.h>

#include <stdlib.h>

/* One of the two tables: open addressing, at most half full, so that a search ends after few steps. An empty slot has length 0. */
typedef struct entry {
    uint8_t name_len;
    char name[SAF_IDT_REVOKED_ID_MAX]; /* of a user at most 8 are used */
    int64_t before;                    /* of a user */
} entry;

typedef struct table {
    size_t mask; /* slots - 1, a power of two; no slots when there are no entries */
    entry *slots;
} table;

struct saf_idt_revoked {
    table ids;
    table users;
};

OWN_HANDLE(saf_idt_revoked, saf_idt_revoked_free)

/* FNV-1a with a last stir. Who could choose ids to collide can already sign tokens. */
static size_t hash_of(saf_bytes name)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ name.data[i]) * 0x100000001b3;
    return (size_t)(hash ^ hash >> 29);
}

/* The entry of that name, or the empty slot where it would be. */
static entry *slot_of(const table *t, saf_bytes name)
{
    size_t index = hash_of(name) & t->mask;
    entry *slot = &t->slots[index];
    while (slot->name_len && !(slot->name_len == name.len && memcmp(slot->name, name.data, name.len) == 0))
        slot = &t->slots[index = (index + 1) & t->mask];
    return slot;
}

static saf_status table_open(table *t, size_t entries, saf_error *err)
{
    size_t slots = 4;
    if (entries == 0)
        return SAF_OK;
    while (slots < 2 * entries)
        slots *= 2;
    t->slots = calloc(slots, sizeof t->slots[0]);
    if (!t->slots)
        return saf_fail_memory(err);
    t->mask = slots - 1;
    return SAF_OK;
}

/* Named twice, a user's later time counts. */
static void table_add(table *t, saf_bytes name, int64_t before)
{
    entry *slot = slot_of(t, name);
    if (slot->name_len && slot->before >= before)
        return;
    slot->name_len = (uint8_t)name.len;
    memcpy(slot->name, name.data, name.len);
    slot->before = before;
}

static const entry *table_find(const table *t, saf_bytes name)
{
    if (!t->slots)
        return NULL;
    const entry *slot = slot_of(t, name);
    return slot->name_len ? slot : NULL;
}

static saf_status add_ids(table *t, const saf_bytes *ids, size_t count, saf_error *err)
{
    SAF_TRY(table_open(t, count, err));
    for (size_t i = 0; i < count; i++) {
        if (ids[i].len == 0 || ids[i].len > SAF_IDT_REVOKED_ID_MAX)
            return saf_fail(err, SAF_E_USAGE, "a token's id has 1 to %d bytes, not %zu", SAF_IDT_REVOKED_ID_MAX, ids[i].len);
        table_add(t, ids[i], 0);
    }
    return SAF_OK;
}

static saf_status add_users(table *t, const saf_idt_revoked_user *users, size_t count, saf_error *err)
{
    SAF_TRY(table_open(t, count, err));
    for (size_t i = 0; i < count; i++) {
        if (!idt_is_name(users[i].sub))
            return saf_fail(err, SAF_E_USAGE, "a revoked user's name is no user ID");
        table_add(t, users[i].sub, users[i].issued_before);
    }
    return SAF_OK;
}

saf_status saf_idt_revoked_new(saf_idt_revoked **out, const saf_bytes *ids, size_t id_count, const saf_idt_revoked_user *users,
                               size_t user_count, saf_error *err)
{
    OWN(saf_idt_revoked) *revoked = calloc(1, sizeof *revoked);
    if (!revoked)
        return saf_fail_memory(err);
    SAF_TRY(add_ids(&revoked->ids, ids, id_count, err));
    SAF_TRY(add_users(&revoked->users, users, user_count, err));
    *out = GIVE(&revoked);
    return SAF_OK;
}

void saf_idt_revoked_free(saf_idt_revoked **revoked)
{
    if (!revoked || !*revoked)
        return;
    free((*revoked)->ids.slots);
    free((*revoked)->users.slots);
    free(*revoked);
    *revoked = NULL;
}

bool idt_is_revoked(const saf_idt_revoked *revoked, const saf_idt_result *token)
{
    const entry *user = table_find(&revoked->users, token->sub);
    return (user && token->iat < user->before) || table_find(&revoked->ids, token->jti);
}
