#include "audit.h"
#include "certificate.h"
#include "ring.h"

#include <base/fail.h>
#include <base/shell.h>

static saf_status fail_parameter(const char *what, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "%s", what);
    saf_fail_codes(err, 8, 8, 4);
    return status;
}

/* ---- NewRing ---- */

static saf_status empty_ring(saf_change *change, const char *owner, const char *name, saf_error *err)
{
    struct storage *storage = change->store->storage;
    found_ring found;
    uint64_t generation;
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_RING_REMOVE, owner, name, err));
    SAF_TRY(ring_find(&found, storage, owner, name, err));
    if (!found.size)
        return SAF_OK;
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_empty_ring(storage, found.id, generation, err));
    return audit_write_object(change, "ring-empty", owner, name, NULL, err, "connections=%llu", (unsigned long long)found.size);
}

saf_status saf_data_new_ring(saf_change *change, const char *owner, const char *name, saf_new_ring how, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    OWN(step) step = { 0 };
    if (how != SAF_RING_MUST_BE_NEW && how != SAF_RING_REUSE)
        return fail_parameter("NewRing has no such attribute", err);
    SAF_TRY(ring_owner_fold(folded, owner, err));
    SAF_TRY(step_begin(&step, change, err));
    saf_status status = saf_ring_create(change, folded, name, err);
    if (status == SAF_E_EXISTS && how == SAF_RING_REUSE)
        status = empty_ring(change, folded, name, err);
    SAF_TRY(status);
    return step_keep(&step, err);
}

/* ---- DataPut ---- */

static saf_status check_put(const saf_data_put_request *request, saf_error *err)
{
    if (!request->owner || !request->label || !request->ring_name || !request->der.len)
        return fail_parameter("a certificate, its owner and label, and a ring (or \"*\") are needed", err);
    return SAF_OK;
}

static saf_status add(saf_change *change, const saf_data_put_request *request, saf_error *err)
{
    const saf_cert_entry entry = { .owner = request->owner, .label = request->label, .der = request->der, .key = request->key,
                                   .trust = request->trust ? request->trust : SAF_TRUST };
    return saf_store_add_cert(change, &entry, err);
}

static saf_status find(found_cert *out, saf_change *change, saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *read = NULL;
    saf_status status = saf_cert_read(&read, der, err);
    if (status == SAF_E_MALFORMED)
        saf_fail_codes(err, 8, 8, 4);
    SAF_TRY(status);
    return storage_find_cert_by_fingerprint(change->store->storage, saf_bytes_of(read->fingerprint, sizeof read->fingerprint),
                                            cert_take_found, out, err);
}

/* RACF puts a certificate for a key that the owner has into the old one's place. Anybody can have one made for your public key, and whether its chain
 * verifies is not known in this room: what may renew goes through saf_cert_import(). */
static void hint_renewal(saf_change *change, const saf_data_put_request *request, const saf_cert *new, saf_error *err)
{
    OWN(found_cert) taken = { 0 };
    char owner[SAF_OWNER_MAX + 1];
    if (saf_owner_fold(owner, request->owner, NULL) == SAF_OK && cert_find(&taken, change->store->storage, owner, request->label, NULL) == SAF_OK &&
        !memcmp(taken.cert->key_id, new->key_id, sizeof new->key_id))
        saf_hint(err, "it has the same key: saf_cert_import() or safring cert import renews %s if its chain verifies",
                 saf_shell_quote_name(owner, request->label).text);
}

static saf_status add_new(saf_change *change, const saf_data_put_request *request, saf_error *err)
{
    OWN(saf_cert) *new = NULL;
    SAF_TRY(saf_cert_read(&new, request->der, err));
    saf_status status = add(change, request, err);
    if (status == SAF_E_EXISTS)
        hint_renewal(change, request, new, err);
    return status;
}

/* One that is here already stays as it is, but gets the private key that it has not. */
static saf_status add_unless_there(found_cert *out, bool *was_there, saf_change *change, const saf_data_put_request *request, saf_error *err)
{
    SAF_TRY(find(out, change, request->der, err));
    *was_there = out->cert != NULL;
    if (!*was_there)
        SAF_TRY(add_new(change, request, err));
    else if (request->key && out->cert->key_place == SAF_KEY_NONE)
        SAF_TRY(saf_store_add_key(change, out->cert, request->key, err));
    return find(out, change, request->der, err);
}

static saf_status connect_put(saf_change *change, const saf_data_put_request *request, const saf_cert *cert, saf_error *err)
{
    const saf_connect_request connect = { .ring_owner = request->ring_owner,
                                          .ring_name = request->ring_name,
                                          .cert_owner = cert->owner,
                                          .cert_label = cert->label,
                                          .usage = request->usage_of_owner ? saf_usage_of_owner(cert->owner) : request->usage,
                                          .is_default = request->is_default };
    return strcmp(request->ring_name, "*") ? saf_ring_connect(change, &connect, err) : SAF_OK;
}

/* What the rooms below call wrong usage, or no certificate, is an error in R_datalib's parameter list. */
static saf_status parameter_codes(saf_status status, saf_error *err)
{
    bool has_none = err && !err->codes.saf && !err->codes.racf && !err->codes.reason;
    if (has_none && (status == SAF_E_USAGE || status == SAF_E_MALFORMED))
        saf_fail_codes(err, 8, 8, 4);
    return status;
}

static saf_status put(saf_cert **out, bool *was_there, saf_change *change, const saf_data_put_request *request, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    OWN(step) step = { 0 };
    bool was = false;
    SAF_TRY(check_put(request, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(add_unless_there(&found, &was, change, request, err));
    SAF_TRY(connect_put(change, request, found.cert, err));
    SAF_TRY(step_keep(&step, err));
    if (was_there)
        *was_there = was;
    if (out)
        *out = GIVE(&found.cert);
    return SAF_OK;
}

saf_status saf_data_put(saf_cert **out, bool *was_there, saf_change *change, const saf_data_put_request *request, saf_error *err)
{
    return parameter_codes(put(out, was_there, change, request, err), err);
}

/* ---- DataRemove ---- */

static saf_status note_connection(void *context, const struct storage_connection *connection, saf_error *err)
{
    (void)connection;
    (void)err;
    *(bool *)context = true;
    return SAF_OK;
}

/* What keeps the certificate has to be overridden, each by its own bit; otherwise deleting it says what that is. */
static saf_status choose_force(saf_force *out, saf_change *change, const found_cert *found, unsigned how, saf_error *err)
{
    bool is_connected = false;
    SAF_TRY(storage_visit_connections(change->store->storage, found->id, note_connection, &is_connected, err));
    bool connected_is_fine = !is_connected || (how & SAF_REMOVE_EVEN_CONNECTED);
    bool requested_is_fine = !found->cert->requested_at || (how & SAF_REMOVE_EVEN_REQUESTED);
    *out = connected_is_fine && requested_is_fine ? SAF_FORCE : SAF_NO_FORCE;
    /* A CA that has issued what is still valid has no bit of its own. */
    return cert_refuse_in_use(change->store->storage, found->cert, err);
}

static saf_status delete_removed(saf_change *change, const char *owner, const char *label, unsigned how, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    saf_force force;
    SAF_TRY(cert_find(&found, change->store->storage, owner, label, err));
    SAF_TRY(choose_force(&force, change, &found, how, err));
    return saf_store_delete_cert(change, owner, label, force, err);
}

static saf_status check_how(unsigned how, bool has_ring, saf_error *err)
{
    const unsigned deletes = (unsigned)SAF_REMOVE_DELETE;
    const unsigned known = deletes | SAF_REMOVE_EVEN_CONNECTED | SAF_REMOVE_EVEN_REQUESTED;
    if ((how & ~known) || ((how & ~deletes) && !(how & deletes)))
        return fail_parameter("DataRemove has no such attributes", err);
    if (!has_ring && !(how & deletes))
        return fail_parameter("with ring \"*\" there is only a certificate to delete", err);
    return SAF_OK;
}

static saf_status take_out(saf_change *change, const char *ring_owner, const char *ring_name, const char *owner, const char *label, unsigned how, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    bool has_ring = !ring_name || strcmp(ring_name, "*") != 0;
    OWN(step) step = { 0 };
    SAF_TRY(check_how(how, has_ring, err));
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(saf_label_check(label, err));
    SAF_TRY(step_begin(&step, change, err));
    if (has_ring)
        SAF_TRY(saf_ring_disconnect(change, ring_owner, ring_name, folded, label, err));
    if (how & (unsigned)SAF_REMOVE_DELETE)
        SAF_TRY(delete_removed(change, folded, label, how, err));
    return step_keep(&step, err);
}

saf_status saf_data_remove(saf_change *change, const char *ring_owner, const char *ring_name, const char *owner, const char *label, unsigned how,
                           saf_error *err)
{
    return parameter_codes(take_out(change, ring_owner, ring_name, owner, label, how, err), err);
}
