#include "audit.h"
#include "certificate.h"
#include "facts.h"
#include "key.h"

#include <base/fail.h>
#include <base/own-openssl.h>

/* ---- adding ---- */

static const char *trust_name(saf_trust trust)
{
    switch (trust) {
    case SAF_TRUST:
        return "TRUST";
    case SAF_HIGHTRUST:
        return "HIGHTRUST";
    case SAF_NOTRUST:
        return "NOTRUST";
    }
    return NULL;
}

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

static saf_status refuse_known_serial(struct storage *storage, const struct storage_new_cert *cert, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    SAF_TRY(storage_find_cert_by_serial(storage, cert->issuer_digest, cert->serial, cert_take_found, &found, err));
    if (!found.cert)
        return SAF_OK;
    return saf_fail(err, SAF_E_EXISTS, "a certificate with serial %s of the same issuer is there already: %s/%s",
                    cert->serial, found.cert->owner, found.cert->label);
}

/* Everything about a new certificate that its DER says. */
typedef struct new_facts {
    X509 *x509;
    saf_cert *facts;
    unsigned char issuer_digest[SAF_FINGERPRINT_LEN];
} new_facts;

static void forget(new_facts *read)
{
    X509_free(read->x509);
    saf_cert_free(&read->facts);
}

OWN_VALUE(new_facts, forget)

static saf_status read_new(new_facts *out, saf_bytes der, saf_error *err)
{
    SAF_TRY(facts_parse(&out->x509, der, err));
    out->facts = calloc(1, sizeof *out->facts);
    if (!out->facts)
        return saf_fail_memory(err);
    SAF_TRY(facts_fill(out->facts, out->x509, der, err));
    return facts_name_digest(out->issuer_digest, X509_get_issuer_name(out->x509), err);
}

static saf_status insert(saf_change *change, const saf_cert_entry *entry, const new_facts *new, saf_error *err)
{
    const saf_cert *facts = new->facts;
    saf_store *store = change->store;
    struct storage_new_cert cert = {
        .owner = entry->owner,
        .label = entry->label,
        .trust = entry->trust,
        .der = entry->der,
        .issuer_digest = saf_bytes_of(new->issuer_digest, sizeof new->issuer_digest),
        .serial = facts->serial,
        .subject_hash = facts_name_hash(X509_get_subject_name(new->x509)),
        .fingerprint = saf_bytes_of(facts->fingerprint, sizeof facts->fingerprint),
        .key_id = saf_bytes_of(facts->key_id, sizeof facts->key_id),
        .not_after = facts->not_after,
    };
    SAF_TRY(refuse_taken_label(store->storage, entry, err));
    SAF_TRY(refuse_known_serial(store->storage, &cert, err));
    SAF_TRY(key_keep(&cert.has_key, store, entry, facts, new->x509, err));
    SAF_TRY(storage_add_cert(store->storage, &cert, err));
    SAF_TRY(cert_touch_owner(store->storage, entry->owner, err));
    return audit_write_object(change, "cert-add", entry->owner, entry->label, facts->fingerprint, err,
                              "trust=%s key=%s serial=%s subject=\"%s\"", trust_name(entry->trust),
                              key_place_name(entry, cert.has_key), facts->serial, facts->subject);
}

saf_status saf_store_add_cert(saf_change *change, const saf_cert_entry *entry, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    saf_cert_entry folded = *entry;
    OWN(new_facts) new = { 0 };
    OWN(step) step = { 0 };
    SAF_TRY(saf_owner_fold(owner, entry->owner, err));
    SAF_TRY(saf_label_check(entry->label, err));
    folded.owner = owner;
    if (!trust_name(entry->trust))
        return saf_fail(err, SAF_E_USAGE, "%s/%s: the status is neither TRUST nor HIGHTRUST nor NOTRUST", owner,
                        entry->label);
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_CERT_ADD, owner, entry->label, err));
    SAF_TRY(read_new(&new, entry->der, err));
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
        saf_hint(err, "take it out first: safring ring remove OWNER/RING %s/%s", cert->owner, cert->label);
    }
    saf_buffer_free(&names.text);
    return status;
}

static saf_status delete_found(saf_change *change, const found_cert *found, saf_force force, saf_error *err)
{
    const saf_cert *cert = found->cert;
    struct storage *storage = change->store->storage;
    uint64_t generation;
    if (force != SAF_FORCE)
        SAF_TRY(refuse_connected(storage, cert, err));
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_touch_rings_of(storage, found->id, generation, err));
    SAF_TRY(storage_disconnect_all(storage, found->id, err));
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
