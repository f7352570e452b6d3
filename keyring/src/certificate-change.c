#include "audit.h"
#include "certificate-new.h"
#include "key.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/shell.h>

/* ---- adding ---- */

static const char *key_place_name(const saf_cert_entry *entry, bool has_key)
{
    if (!has_key)
        return "none";
    return entry->key ? "stored" : entry->key_uri ? "token" : "kept";
}

static saf_status refuse_taken_label(struct storage *storage, const saf_cert_entry *entry, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    SAF_TRY(storage_find_cert(storage, entry->owner, entry->label, cert_take_found, &found, err));
    if (!found.cert)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_EXISTS, "certificate %s/%s exists already", entry->owner, entry->label);
    saf_hint(err, "choose another label");
    return status;
}

static saf_status insert(saf_change *change, const saf_cert_entry *entry, const new_cert *new, saf_error *err)
{
    const saf_cert *facts = new->facts;
    struct storage *storage = change->store->storage;
    struct storage_new_cert row = new_cert_row(new);
    row.owner = entry->owner;
    row.label = entry->label;
    row.trust = entry->trust;
    SAF_TRY(refuse_taken_label(storage, entry, err));
    SAF_TRY(new_cert_refuse_known(storage, new, err));
    SAF_TRY(key_keep(&row.has_key, change->store, entry, facts, new->x509, err));
    SAF_TRY(storage_add_cert(storage, &row, err));
    SAF_TRY(cert_touch_owner(storage, entry->owner, err));
    return audit_write_object(change, "cert-add", entry->owner, entry->label, facts->fingerprint, err,
                              "trust=%s key=%s serial=%s subject=\"%s\"", cert_trust_name(entry->trust),
                              key_place_name(entry, row.has_key), facts->serial, facts->subject);
}

saf_status saf_store_add_cert(saf_change *change, const saf_cert_entry *entry, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    saf_cert_entry folded = *entry;
    OWN(new_cert) new = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(saf_owner_fold(owner, entry->owner, err));
    SAF_TRY(saf_label_check(entry->label, err));
    folded.owner = owner;
    if (!cert_trust_name(entry->trust))
        return saf_fail(err, SAF_E_USAGE, "%s/%s: the status is neither TRUST nor HIGHTRUST nor NOTRUST", owner,
                        entry->label);
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_ADD, owner, entry->label, err));
    SAF_TRY(new_cert_read(&new, change->store, entry->der, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(insert(change, &folded, &new, err));
    return step_keep(&step, err);
}

/* ---- deleting ---- */

struct ring_names {
    saf_buffer text;
    unsigned count;
};

static saf_status add_name(void *context, const struct storage_ring *ring, saf_error *err)
{
    enum { NAMED_MAX = 5 };
    struct ring_names *names = context;
    if (++names->count <= NAMED_MAX)
        saf_buffer_printf(&names->text, "%s%s/%s", names->count > 1 ? ", " : "", ring->owner, ring->name);
    else if (names->count == NAMED_MAX + 1)
        saf_buffer_append_text(&names->text, ", …");
    return saf_buffer_check(&names->text, err);
}

static saf_status refuse_connected(struct storage *storage, const saf_cert *cert, saf_error *err)
{
    struct ring_names names = { .count = 0 };
    saf_ring_query query = { .cert_owner = cert->owner, .cert_label = cert->label, .limit = STORE_PAGE_LIMIT };
    saf_status status = storage_visit_rings(storage, &query, add_name, &names, err);
    if (status == SAF_OK && names.count > 0) {
        status = saf_fail(err, SAF_E_CONFLICT, "certificate %s/%s is connected to %s", cert->owner, cert->label,
                          saf_buffer_text(&names.text));
        saf_hint(err, "take it out first: safring ring remove OWNER/RING %s", saf_shell_quote_name(cert->owner, cert->label).text);
    }
    saf_buffer_free(&names.text);
    return status;
}

/* Whoever deleted it would lose the private key that the answer is for. */
static saf_status refuse_requested(const saf_cert *cert, saf_error *err)
{
    char at[SAF_TIME_TEXT_SIZE];
    if (!cert->requested_at)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "a certificate for the key of %s/%s was asked for at %s and is awaited",
                                 cert->owner, cert->label, saf_time_format(at, cert->requested_at));
    saf_hint(err, "to delete it nevertheless: safring cert delete %s --force", saf_shell_quote_name(cert->owner, cert->label).text);
    return status;
}

static saf_status count_row(void *context, const struct storage_cert *row, saf_error *err)
{
    (void)row;
    (void)err;
    ++*(unsigned *)context;
    return SAF_OK;
}

/* Without its key there is no CRL any more for what it has issued. Another certificate of the owner with the same key can sign it too. */
saf_status cert_refuse_in_use(struct storage *storage, const saf_cert *cert, saf_error *err)
{
    unsigned holders = 0;
    bool in_use = false;
    if (cert->key_place == SAF_KEY_NONE)
        return SAF_OK;
    SAF_TRY(storage_visit_key_holders(storage, cert->owner, saf_bytes_of(cert->key_id, sizeof cert->key_id), count_row, &holders, err));
    SAF_TRY(storage_has_valid_issued(&in_use, storage, cert, saf_clock_now(), err));
    if (holders > 1 || !in_use)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s has issued certificates that are still valid, and its key is needed to revoke them",
                                 cert->owner, cert->label);
    const saf_shell_word name = saf_shell_quote_name(cert->owner, cert->label);
    saf_hint(err, "safring ca issued %s lists them; to delete it nevertheless: safring cert delete %s --force", name.text, name.text);
    return status;
}

static saf_status refuse_needed(struct storage *storage, const saf_cert *cert, saf_error *err)
{
    SAF_TRY(refuse_connected(storage, cert, err));
    SAF_TRY(refuse_requested(cert, err));
    return cert_refuse_in_use(storage, cert, err);
}

static saf_status delete_found(saf_change *change, const found_cert *found, saf_force force, saf_error *err)
{
    const saf_cert *cert = found->cert;
    struct storage *storage = change->store->storage;
    uint64_t generation;
    if (force != SAF_FORCE)
        SAF_TRY(refuse_needed(storage, cert, err));
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_disconnect_all(storage, found->id, generation, err));
    SAF_TRY(storage_delete_cert(storage, found->id, err));
    SAF_TRY(storage_drop_unused_key(storage, saf_bytes_of(cert->key_id, sizeof cert->key_id), err));
    SAF_TRY(storage_put_owner(storage, cert->owner, generation, err));
    return audit_write_object(change, "cert-delete", cert->owner, cert->label, cert->fingerprint, err,
                              "force=%s serial=%s subject=\"%s\"", force == SAF_FORCE ? "yes" : "no", cert->serial,
                              cert->subject);
}

saf_status saf_store_delete_cert(saf_change *change, const char *owner, const char *label, saf_force force,
                                 saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    OWN(found_cert) found = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(saf_label_check(label, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_DELETE, folded, label, err));
    SAF_TRY(step_begin(&step, change, err));
    SAF_TRY(cert_find(&found, change->store->storage, folded, label, err));
    SAF_TRY(delete_found(change, &found, force, err));
    return step_keep(&step, err);
}
