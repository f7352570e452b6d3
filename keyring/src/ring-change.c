#include "audit.h"
#include "certificate.h"
#include "ring.h"

#include <base/fail.h>
#include <base/shell.h>

/* ---- creating and deleting ---- */

static saf_status create(saf_change *change, const char *owner, const char *name, saf_error *err)
{
    struct storage *storage = change->store->storage;
    found_ring found;
    uint64_t generation;
    SAF_TRY(ring_look_for(&found, storage, owner, name, err));
    if (found.id)
        return saf_fail(err, SAF_E_EXISTS, "ring %s/%s exists already", owner, name);
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_add_ring(storage, owner, name, generation, err));
    return audit_write_object(change, "ring-create", owner, name, NULL, err, "%s", "");
}

saf_status saf_ring_create(saf_change *change, const char *owner, const char *name, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    OWN(step) step = { 0 };
    SAF_TRY(ring_owner_fold(folded, owner, err));
    SAF_TRY(saf_ring_name_check(name, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_RING_CREATE, folded, name, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(create(change, folded, name, err));
    return step_keep(&step, err);
}

saf_status saf_ring_delete(saf_change *change, const char *owner, const char *name, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    found_ring found;
    uint64_t publications;
    OWN(step) step = { 0 };
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(saf_ring_name_check(name, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_RING_DELETE, folded, name, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(ring_find(&found, change->store->storage, folded, name, err));
    SAF_TRY(storage_end_publications(&publications, change->store->storage, folded, name, NULL, err));
    SAF_TRY(storage_delete_ring(change->store->storage, found.id, err));
    SAF_TRY(audit_write_object(change, "ring-delete", folded, name, NULL, err, "connections=%llu publications=%llu",
                               (unsigned long long)found.size, (unsigned long long)publications));
    return step_keep(&step, err);
}

/* ---- connections ---- */

const char *ring_usage_name(saf_usage usage)
{
    switch (usage) {
    case SAF_USAGE_PERSONAL:
        return "PERSONAL";
    case SAF_USAGE_CERTAUTH:
        return "CERTAUTH";
    case SAF_USAGE_SITE:
        return "SITE";
    }
    return NULL;
}

/* The two ends of a connection. Names are checked and folded. */
typedef struct connection_ends {
    char ring_owner[SAF_OWNER_MAX + 1];
    char cert_owner[SAF_OWNER_MAX + 1];
    const char *ring_name, *label;
    found_ring ring;
    found_cert cert;
} connection_ends;

static void release_ends(connection_ends *ends)
{
    found_cert_free(&ends->cert);
}

OWN_VALUE(connection_ends, release_ends)

static saf_status name_ends(connection_ends *out, const saf_connect_request *request, saf_error *err)
{
    out->ring_name = request->ring_name;
    out->label = request->cert_label;
    SAF_TRY(saf_owner_fold(out->ring_owner, request->ring_owner, err));
    SAF_TRY(saf_ring_name_check(request->ring_name, err));
    SAF_TRY(saf_owner_fold(out->cert_owner, request->cert_owner, err));
    return saf_label_check(request->cert_label, err);
}

static saf_status find_ends(connection_ends *ends, struct storage *storage, saf_error *err)
{
    SAF_TRY(ring_find(&ends->ring, storage, ends->ring_owner, ends->ring_name, err));
    return cert_find(&ends->cert, storage, ends->cert_owner, ends->label, err);
}

struct found_connection {
    bool found;
    saf_usage usage;
    saf_default is_default;
};

static saf_status take_connection(void *context, const struct storage_connection *connection, saf_error *err)
{
    (void)err;
    *(struct found_connection *)context = (struct found_connection) { true, connection->usage, connection->is_default };
    return SAF_OK;
}

static saf_status look_for_connection(struct found_connection *out, struct storage *storage, const connection_ends *ends, saf_error *err)
{
    *out = (struct found_connection) { .found = false };
    return storage_find_connection(storage, ends->ring.id, ends->cert.id, take_connection, out, err);
}

/* One that is so already is left alone: its readers would look for a change that there is not. */
static saf_status connect_ends(saf_change *change, const connection_ends *ends, const saf_connect_request *request,
                               saf_error *err)
{
    struct storage *storage = change->store->storage;
    struct found_connection old;
    uint64_t generation;
    SAF_TRY(look_for_connection(&old, storage, ends, err));
    if (old.found && old.usage == request->usage && old.is_default == request->is_default)
        return SAF_OK;
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_connect(storage, ends->ring.id, ends->cert.id, request->usage, request->is_default, generation, err));
    return audit_write_object(change, "ring-connect", ends->ring_owner, ends->ring_name,
                              ends->cert.cert->fingerprint, err, "certificate=\"%s/%s\" usage=%s default=%s",
                              ends->cert_owner, ends->label, ring_usage_name(request->usage),
                              request->is_default == SAF_DEFAULT ? "yes" : "no");
}

/* Authority over the ring alone does not do: whoever has it for her own ring could connect anybody's certificate there
 * and take the private key out of it. */
static saf_status ask_to_connect(saf_change *change, const connection_ends *ends, saf_usage usage, saf_error *err)
{
    saf_store *store = change->store;
    const saf_principal *who = &change->principal;
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_CONNECT, ends->ring_owner, ends->ring_name, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, ends->cert_owner, ends->label, err));
    if (usage != SAF_USAGE_PERSONAL || !strcmp(ends->cert_owner, ends->ring_owner))
        return SAF_OK;
    return saf_store_ask(store, who, SAF_FN_CERT_KEY, ends->cert_owner, ends->label, err);
}

saf_status saf_ring_connect(saf_change *change, const saf_connect_request *request, saf_error *err)
{
    OWN(connection_ends) ends = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(name_ends(&ends, request, err));
    if (!ring_usage_name(request->usage))
        return saf_fail(err, SAF_E_USAGE, "%s/%s: the usage is neither PERSONAL nor CERTAUTH nor SITE",
                        ends.cert_owner, ends.label);
    SAF_TRY(ask_to_connect(change, &ends, request->usage, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(find_ends(&ends, change->store->storage, err));
    SAF_TRY(connect_ends(change, &ends, request, err));
    return step_keep(&step, err);
}

static saf_status fail_not_connected(const connection_ends *ends, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "certificate %s/%s is not connected to ring %s/%s",
                                 ends->cert_owner, ends->label, ends->ring_owner, ends->ring_name);
    saf_hint(err, "see what is: safring ring show %s", saf_shell_quote_name(ends->ring_owner, ends->ring_name).text);
    saf_fail_codes(err, 8, 8, 44);
    return status;
}

saf_status saf_store_find_connection(saf_connect_request *request, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(connection_ends) ends = { 0 };
    OWN(reading) read = { 0 };
    struct found_connection found;
    SAF_TRY(name_ends(&ends, request, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_RING_LIST, ends.ring_owner, ends.ring_name, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(find_ends(&ends, store->storage, err));
    SAF_TRY(look_for_connection(&found, store->storage, &ends, err));
    if (!found.found)
        return fail_not_connected(&ends, err);
    request->usage = found.usage;
    request->is_default = found.is_default;
    return SAF_OK;
}

static saf_status disconnect_ends(saf_change *change, const connection_ends *ends, saf_error *err)
{
    struct storage *storage = change->store->storage;
    uint64_t generation;
    bool removed;
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_disconnect(&removed, storage, ends->ring.id, ends->cert.id, generation, err));
    if (!removed)
        return fail_not_connected(ends, err);
    return audit_write_object(change, "ring-disconnect", ends->ring_owner, ends->ring_name,
                              ends->cert.cert->fingerprint, err, "certificate=\"%s/%s\"", ends->cert_owner,
                              ends->label);
}

saf_status saf_ring_disconnect(saf_change *change, const char *ring_owner, const char *ring_name,
                               const char *cert_owner, const char *cert_label, saf_error *err)
{
    saf_connect_request request = {
        .ring_owner = ring_owner, .ring_name = ring_name, .cert_owner = cert_owner, .cert_label = cert_label
    };
    OWN(connection_ends) ends = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(name_ends(&ends, &request, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_RING_REMOVE, ends.ring_owner, ends.ring_name, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(find_ends(&ends, change->store->storage, err));
    SAF_TRY(disconnect_ends(change, &ends, err));
    return step_keep(&step, err);
}
