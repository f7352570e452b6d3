#include "audit.h"
#include "certificate.h"
#include "intent.h"
#include "ring.h"

#include <base/fail.h>
#include <base/grow.h>

/* One rollover while it happens. */
typedef struct turn {
    saf_change *change;
    found_cert old, successor;
    uint64_t generation; /* of all that readers see differently */
    saf_rollover done;
} turn;

static void release_turn(turn *turn)
{
    found_cert_free(&turn->old);
    found_cert_free(&turn->successor);
}

OWN_VALUE(turn, release_turn)

static struct storage *storage_of(const turn *turn)
{
    return turn->change->store->storage;
}

/* ---- connections ---- */

/* A connection that outlives its visit. */
typedef struct connection {
    int64_t id, ring_id;
    char ring_owner[SAF_OWNER_MAX + 1];
    char ring_name[SAF_RING_NAME_MAX + 1];
    saf_usage usage;
    saf_default is_default;
} connection;

typedef struct connections {
    connection *all;
    size_t count;
} connections;

static void release_connections(connections *connections)
{
    free(connections->all);
}

OWN_VALUE(connections, release_connections)

static saf_status take_connection(void *context, const struct storage_connection *row, saf_error *err)
{
    connections *connections = context;
    connection *all = saf_grow(connections->all, connections->count, sizeof *all);
    if (!all)
        return saf_fail_memory(err);
    connections->all = all;
    connection *taken = &connections->all[connections->count++];
    *taken = (connection) { .id = row->id, .ring_id = row->ring_id, .usage = row->usage, .is_default = row->is_default };
    snprintf(taken->ring_owner, sizeof taken->ring_owner, "%s", row->ring_owner);
    snprintf(taken->ring_name, sizeof taken->ring_name, "%s", row->ring_name);
    return SAF_OK;
}

static saf_status connect_successor(turn *turn, const connection *old, saf_default is_default, saf_error *err)
{
    return storage_connect(storage_of(turn), old->ring_id, turn->successor.id, old->usage, is_default, turn->generation, err);
}

static saf_status replace(turn *turn, const connection *old, const connections *own, saf_default is_default, saf_error *err)
{
    bool removed;
    turn->done.replaced++;
    if (!own->count)
        return storage_hand_over(storage_of(turn), old->id, turn->successor.id, turn->generation, err);
    SAF_TRY(storage_disconnect(&removed, storage_of(turn), old->ring_id, turn->old.id, turn->generation, err));
    return connect_successor(turn, old, is_default, err);
}

static saf_status add_beside(turn *turn, const connection *old, const connections *own, saf_default is_default,
                             saf_error *err)
{
    if (!own->count)
        turn->done.added++;
    return connect_successor(turn, old, is_default, err);
}

static saf_status write_record(turn *turn, const connection *old, saf_default is_default, saf_error *err)
{
    const saf_cert *successor = turn->successor.cert;
    return audit_write_object(turn->change, "ring-rollover", old->ring_owner, old->ring_name, successor->fingerprint, err,
                              "certificate=\"%s/%s\" %s=\"%s/%s\" usage=%s default=%s", successor->owner, successor->label,
                              old->usage == SAF_USAGE_PERSONAL ? "instead_of" : "beside", turn->old.cert->owner,
                              turn->old.cert->label, ring_usage_name(old->usage), is_default == SAF_DEFAULT ? "yes" : "no");
}

static saf_status roll_connection(turn *turn, const connection *old, saf_error *err)
{
    struct storage *storage = storage_of(turn);
    OWN(connections) own = { 0 }; /* the successor's to this ring: one, or none */
    SAF_TRY(storage_find_connection(storage, old->ring_id, turn->successor.id, take_connection, &own, err));
    /* What is the default already stays it. */
    saf_default is_default = own.count && own.all[0].is_default == SAF_DEFAULT ? SAF_DEFAULT : old->is_default;
    SAF_TRY(old->usage == SAF_USAGE_PERSONAL ? replace(turn, old, &own, is_default, err)
                                             : add_beside(turn, old, &own, is_default, err));
    return write_record(turn, old, is_default, err);
}

static saf_status roll_connections(turn *turn, saf_error *err)
{
    OWN(connections) old = { 0 };
    SAF_TRY(storage_visit_connections(storage_of(turn), turn->old.id, take_connection, &old, err));
    for (size_t i = 0; i < old.count; i++)
        SAF_TRY(roll_connection(turn, &old.all[i], err));
    return SAF_OK;
}

/* ---- serial counter and key ---- */

/* Both are hexadecimal without leading zeros: the longer one is the higher. */
static bool is_higher(const char *serial, const char *than)
{
    size_t len = strlen(serial), than_len = strlen(than);
    return len != than_len ? len > than_len : strcmp(serial, than) > 0;
}

/* A CA that has another key has another list of serials; but who compares issuer and serial alone must not find one twice. */
static saf_status carry_serial(turn *turn, saf_error *err)
{
    const char *old = turn->old.cert->last_serial;
    const char *own = turn->successor.cert->last_serial;
    if (!old || (own && !is_higher(old, own)))
        return SAF_OK;
    return storage_set_last_serial(storage_of(turn), turn->successor.id, old, err);
}

static saf_status destroy_key(turn *turn, uint64_t *holders, saf_error *err)
{
    const saf_cert *old = turn->old.cert;
    uint64_t number;
    SAF_TRY(storage_destroy_key(holders, storage_of(turn), saf_bytes_of(old->key_id, sizeof old->key_id), turn->generation,
                                err));
    if (!old->key_uri)
        return SAF_OK;
    snprintf(turn->done.key_uri, sizeof turn->done.key_uri, "%s", old->key_uri);
    return intent_note(&number, turn->change, SAF_INTENT_DESTROY_KEY, old->key_uri, err);
}

/* ---- all of it ---- */

static saf_status roll_over(turn *turn, saf_error *err)
{
    const saf_cert *old = turn->old.cert;
    uint64_t holders = 0;
    SAF_TRY(storage_next_generation(&turn->generation, storage_of(turn), err));
    SAF_TRY(roll_connections(turn, err));
    SAF_TRY(carry_serial(turn, err));
    SAF_TRY(destroy_key(turn, &holders, err));
    SAF_TRY(storage_put_owner(storage_of(turn), old->owner, turn->generation, err));
    return audit_write_object(turn->change, "cert-rollover", old->owner, old->label, old->fingerprint, err,
                              "successor=\"%s/%s\" replaced=%u added=%u last_serial=%s key=%s certificates_without_key=%llu",
                              turn->successor.cert->owner, turn->successor.cert->label, turn->done.replaced,
                              turn->done.added, old->last_serial ? old->last_serial : "none",
                              old->key_uri ? "to-destroy" : "destroyed", (unsigned long long)holders);
}

static saf_status check_pair(const saf_cert *old, const saf_cert *successor, saf_error *err)
{
    if (strcmp(old->owner, successor->owner) != 0)
        return saf_fail(err, SAF_E_USAGE, "%s/%s and %s/%s have different owners", old->owner, old->label, successor->owner,
                        successor->label);
    if (!memcmp(old->key_id, successor->key_id, sizeof old->key_id))
        return saf_fail(err, SAF_E_USAGE, "%s/%s and %s/%s have the same key, which would be destroyed", old->owner,
                        old->label, successor->owner, successor->label);
    return SAF_OK;
}

static saf_status find_pair(turn *turn, const saf_cert *old, const saf_cert *successor, saf_error *err)
{
    SAF_TRY(cert_find_same(&turn->old, storage_of(turn), old, err));
    SAF_TRY(cert_find_same(&turn->successor, storage_of(turn), successor, err));
    if (turn->old.cert->key_place != SAF_KEY_NONE)
        return SAF_OK;
    return saf_fail(err, SAF_E_CONFLICT, "the certificate %s/%s has no private key to destroy", old->owner, old->label);
}

static saf_status ask(saf_change *change, const saf_cert *old, const saf_cert *successor, saf_error *err)
{
    saf_store *store = change->store;
    SAF_TRY(saf_store_ask(store, &change->principal, SAF_FN_CERT_ROLLOVER, old->owner, old->label, err));
    return saf_store_ask(store, &change->principal, SAF_FN_CERT_ROLLOVER, successor->owner, successor->label, err);
}

saf_status saf_store_roll_over(saf_rollover *out, saf_change *change, const saf_cert *old, const saf_cert *successor,
                               saf_error *err)
{
    OWN(turn) turn = { .change = change };
    OWN(step) step = { 0 };
    SAF_TRY(check_pair(old, successor, err));
    SAF_TRY(ask(change, old, successor, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(find_pair(&turn, old, successor, err));
    SAF_TRY(roll_over(&turn, err));
    SAF_TRY(step_keep(&step, err));
    if (out)
        *out = turn.done;
    return SAF_OK;
}
