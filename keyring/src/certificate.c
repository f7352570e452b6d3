#include "certificate.h"

#include "facts.h"

#include <base/fail.h>
#include <base/own-openssl.h>

/* ---- records ---- */

void saf_cert_free(saf_cert **cert)
{
    if (!cert || !*cert)
        return;
    free((void *)(*cert)->der.data);
    free((void *)(*cert)->subject);
    free((void *)(*cert)->issuer);
    free((void *)(*cert)->serial);
    free((void *)(*cert)->key_type);
    free((void *)(*cert)->key_uri);
    free((void *)(*cert)->last_serial);
    free(*cert);
    *cert = NULL;
}

void saf_cert_page_free(saf_cert_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        saf_cert_free(&page->certs[i]);
    free(page->certs);
    *page = (saf_cert_page) { 0 };
}

/* Room grows at each power of two, so that the page needs no capacity of its own. */
saf_status cert_page_take(saf_cert_page *page, saf_cert **cert, saf_error *err)
{
    OWN(saf_cert) *taken = GIVE(cert);
    size_t count = page->count;
    if ((count & (count - 1)) == 0) {
        size_t room = count ? 2 * count : 1;
        saf_cert **certs = reallocarray(page->certs, room, sizeof *certs);
        if (!certs)
            return saf_fail_memory(err);
        page->certs = certs;
    }
    page->certs[page->count++] = GIVE(&taken);
    return SAF_OK;
}

static saf_status copy_text(const char **out, const char *text, saf_error *err)
{
    if (text && !(*out = strdup(text)))
        return saf_fail_memory(err);
    return SAF_OK;
}

static saf_status copy_bytes(saf_bytes *out, saf_bytes bytes, saf_error *err)
{
    unsigned char *copy = malloc(bytes.len);
    if (!copy)
        return saf_fail_memory(err);
    memcpy(copy, bytes.data, bytes.len);
    *out = saf_bytes_of(copy, bytes.len);
    return SAF_OK;
}

/* The database keeps both hashes, and a check of the store compares them with the certificate. */
static const facts_digests *digests_of(facts_digests *out, const struct storage_cert *row)
{
    if (row->fingerprint.len != sizeof out->fingerprint || row->key_id.len != sizeof out->key_id)
        return NULL;
    memcpy(out->fingerprint, row->fingerprint.data, sizeof out->fingerprint);
    memcpy(out->key_id, row->key_id.data, sizeof out->key_id);
    return out;
}

static saf_status make_cert(saf_cert **out, const struct storage_cert *row, saf_error *err)
{
    facts_digests digests;
    OWN(saf_cert) *cert = calloc(1, sizeof *cert);
    if (!cert)
        return saf_fail_memory(err);
    if (strlen(row->owner) > SAF_OWNER_MAX || strlen(row->label) > SAF_LABEL_MAX)
        return saf_fail(err, SAF_E_FAILED, "the database is damaged: certificate %.80s has too long a name",
                        row->owner);
    snprintf(cert->owner, sizeof cert->owner, "%s", row->owner);
    snprintf(cert->label, sizeof cert->label, "%s", row->label);
    cert->trust = row->trust;
    cert->key_place = row->key_place;
    cert->requested_at = row->requested_at;
    cert->revoked_at = row->revoked_at;
    cert->reason = row->reason;
    SAF_TRY(copy_text(&cert->key_uri, row->key_uri, err));
    SAF_TRY(copy_text(&cert->last_serial, row->last_serial, err));
    SAF_TRY(copy_bytes(&cert->der, row->der, err));
    SAF_TRY(facts_read(cert, row->der, digests_of(&digests, row), err));
    *out = GIVE(&cert);
    return SAF_OK;
}

saf_status saf_cert_read(saf_cert **out, saf_bytes der, saf_error *err)
{
    const struct storage_cert row = { .owner = "", .label = "", .trust = SAF_NOTRUST, .der = der };
    OWN(X509) *x509 = NULL;
    SAF_TRY(facts_parse(&x509, der, err));
    return make_cert(out, &row, err);
}

static saf_status fail_unreadable(const struct storage_cert *row, saf_error *err)
{
    return saf_fail(err, SAF_E_FAILED, "the database is damaged: certificate %s/%s cannot be read", row->owner, row->label);
}

saf_status cert_from_row(saf_cert **out, const struct storage_cert *row, saf_error *err)
{
    saf_status status = make_cert(out, row, err);
    return status == SAF_E_MALFORMED ? fail_unreadable(row, err) : status;
}

/* ---- finding one ---- */

void found_cert_free(found_cert *found)
{
    saf_cert_free(&found->cert);
}

saf_status cert_take_found(void *context, const struct storage_cert *row, saf_error *err)
{
    found_cert *found = context;
    saf_cert_free(&found->cert);
    found->id = row->id;
    return cert_from_row(&found->cert, row, err);
}

saf_status cert_fail_not_found(saf_error *err, const char *owner, const char *label)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no certificate %s/%s", owner, label);
    saf_hint(err, "see what there is: safring cert list");
    saf_fail_codes(err, 8, 8, 44);
    return status;
}

saf_status cert_find(found_cert *out, struct storage *storage, const char *owner, const char *label, saf_error *err)
{
    SAF_TRY(storage_find_cert(storage, owner, label, cert_take_found, out, err));
    return out->cert ? SAF_OK : cert_fail_not_found(err, owner, label);
}

static saf_status fail_replaced(const saf_cert *cert, saf_error *err)
{
    return saf_fail(err, SAF_E_CONFLICT, "certificate %s/%s was replaced meanwhile", cert->owner, cert->label);
}

saf_status cert_find_same(found_cert *out, struct storage *storage, const saf_cert *cert, saf_error *err)
{
    SAF_TRY(cert_find(out, storage, cert->owner, cert->label, err));
    if (memcmp(out->cert->fingerprint, cert->fingerprint, sizeof cert->fingerprint) != 0)
        return fail_replaced(cert, err);
    return SAF_OK;
}

saf_status cert_find_same_key(found_cert *out, struct storage *storage, const saf_cert *cert, saf_error *err)
{
    SAF_TRY(cert_find(out, storage, cert->owner, cert->label, err));
    if (memcmp(out->cert->key_id, cert->key_id, sizeof cert->key_id) != 0)
        return fail_replaced(cert, err);
    return SAF_OK;
}

saf_status saf_store_find_cert(saf_cert **out, saf_store *store, const saf_principal *who, const char *owner,
                               const char *label, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    OWN(found_cert) found = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(saf_label_check(label, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, folded, label, err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(cert_find(&found, store->storage, folded, label, err));
    *out = GIVE(&found.cert);
    return SAF_OK;
}

static saf_status fail_no_fingerprint(const unsigned char *fingerprint, saf_error *err)
{
    char hex[2 * SAF_FINGERPRINT_LEN + 1];
    for (size_t i = 0; i < SAF_FINGERPRINT_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", fingerprint[i]);
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no certificate with SHA-256 fingerprint %s", hex);
    saf_hint(err, "see what there is: safring cert list");
    saf_fail_codes(err, 8, 8, 44);
    return status;
}

saf_status saf_store_find_cert_by_fingerprint(saf_cert **out, saf_store *store, const saf_principal *who,
                                              const unsigned char fingerprint[SAF_FINGERPRINT_LEN], saf_error *err)
{
    OWN(found_cert) found = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_find_cert_by_fingerprint(store->storage, saf_bytes_of(fingerprint, SAF_FINGERPRINT_LEN),
                                             cert_take_found, &found, err));
    /* Only now is it known whose it is; who may list nothing at all must not learn what is here either. */
    const char *owner = found.cert ? found.cert->owner : "";
    const char *label = found.cert ? found.cert->label : "";
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, owner, label, err));
    if (!found.cert)
        return fail_no_fingerprint(fingerprint, err);
    *out = GIVE(&found.cert);
    return SAF_OK;
}

/* ---- finding many ---- */

static saf_status take_row(void *context, const struct storage_cert *row, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cert_from_row(&cert, row, err));
    return cert_page_take(context, &cert, err);
}

static saf_status prepare_query(saf_cert_query *query, char owner[SAF_OWNER_MAX + 1], saf_error *err)
{
    if (query->limit == 0)
        query->limit = STORE_PAGE_LIMIT;
    if (!query->owner)
        return SAF_OK;
    SAF_TRY(saf_owner_fold(owner, query->owner, err));
    query->owner = owner;
    return SAF_OK;
}

static void give_page(saf_cert_page *out, saf_cert_page *page)
{
    *out = *page;
    *page = (saf_cert_page) { 0 };
}

saf_status saf_store_list_certs(saf_cert_page *out, saf_store *store, const saf_principal *who,
                                const saf_cert_query *query, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    saf_cert_query prepared = query ? *query : (saf_cert_query) { 0 };
    OWN(saf_cert_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(prepare_query(&prepared, owner, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, prepared.owner ? prepared.owner : "", "", err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_certs(store->storage, &prepared, take_row, &page, err));
    give_page(out, &page);
    return SAF_OK;
}

saf_status saf_store_find_certs_of_key(saf_cert_page *out, saf_store *store, const saf_principal *who, const char *owner,
                                       const unsigned char key_id[SAF_FINGERPRINT_LEN], saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    OWN(saf_cert_page) page = { 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, folded, "", err));
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(storage_visit_certs_of_key(store->storage, folded, saf_bytes_of(key_id, SAF_FINGERPRINT_LEN), take_row, &page,
                                       err));
    give_page(out, &page);
    return SAF_OK;
}

struct issuer_search {
    const X509_NAME *name;
    saf_cert_page page;
};

/* The hash only narrows the search down. */
static saf_status take_issuer(void *context, const struct storage_cert *row, saf_error *err)
{
    struct issuer_search *search = context;
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *cert = NULL;
    if (facts_parse(&x509, row->der, err) != SAF_OK)
        return fail_unreadable(row, err);
    if (X509_NAME_cmp(X509_get_subject_name(x509), search->name) != 0)
        return SAF_OK;
    SAF_TRY(cert_from_row(&cert, row, err));
    return cert_page_take(&search->page, &cert, err);
}

saf_status saf_store_find_issuers(saf_cert_page *out, saf_store *store, const saf_principal *who,
                                  const saf_cert *cert, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    OWN(reading) read = { 0 };
    struct issuer_search search = { .name = NULL };
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, cert->owner, cert->label, err));
    SAF_TRY(facts_parse(&x509, cert->der, err));
    search.name = X509_get_issuer_name(x509);
    SAF_TRY(reading_begin(&read, store, err));
    saf_status status = storage_visit_subjects(store->storage, facts_name_hash(search.name), cert->owner,
                                               take_issuer, &search, err);
    if (status == SAF_OK)
        give_page(out, &search.page);
    saf_cert_page_free(&search.page);
    return status;
}

saf_status cert_touch_owner(struct storage *storage, const char *owner, saf_error *err)
{
    uint64_t generation;
    SAF_TRY(storage_next_generation(&generation, storage, err));
    return storage_put_owner(storage, owner, generation, err);
}

saf_status cert_touch(struct storage *storage, const found_cert *found, saf_error *err)
{
    uint64_t generation;
    SAF_TRY(storage_next_generation(&generation, storage, err));
    SAF_TRY(storage_touch_rings_of(storage, found->id, generation, err));
    return storage_put_owner(storage, found->cert->owner, generation, err);
}

const char *cert_trust_name(saf_trust trust)
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
