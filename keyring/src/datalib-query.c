#include "certificate.h"
#include "publication.h"

#include <base/fail.h>
#include <base/own-openssl.h>

enum { RECORD_ID_MAX = 246 };

struct saf_query {
    saf_store *store; /* borrowed */
    saf_principal who;
    char user[SAF_OWNER_MAX + 1]; /* what who.user points to */
    ring_place place;
    saf_ring *ring;
    size_t next;

    /* What is wanted. */
    char label[SAF_LABEL_MAX + 1]; /* "": any */
    saf_buffer wanted_subject;     /* empty: any */
    bool only_default;
    unsigned statuses; /* status_bit()s */

    /* What the last result lent. */
    EVP_PKEY *key;
    unsigned char *subject;
    char record_id[RECORD_ID_MAX + 1];
};

OWN_HANDLE(saf_query, saf_data_abort_query)

void saf_data_abort_query(saf_query **query)
{
    if (!query || !*query)
        return;
    saf_ring_close(&(*query)->ring);
    saf_buffer_free(&(*query)->wanted_subject);
    EVP_PKEY_free((*query)->key);
    OPENSSL_free((*query)->subject);
    free(*query);
    *query = NULL;
}

/* ---- what is wanted ---- */

static saf_status fail_parameter(const char *what, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "%s", what);
    saf_fail_codes(err, 8, 8, 4);
    return status;
}

static saf_status fail_no_more(const saf_query *query, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s has no %scertificate that matches", query->place.shown,
                                 query->place.name, query->next ? "(further) " : "");
    saf_fail_codes(err, 8, 8, 44);
    return status;
}

/* The bits of R_datalib are the three highest. */
static unsigned status_bit(unsigned trust)
{
    return trust >> 29;
}

static saf_status take_filter(saf_query *query, const saf_query_filter *filter, saf_error *err)
{
    query->statuses = status_bit((unsigned)SAF_TRUST | (unsigned)SAF_HIGHTRUST);
    if (!filter)
        return SAF_OK;
    if (filter->statuses)
        query->statuses = status_bit(filter->statuses);
    if (filter->statuses & ~0xE0000000u)
        return fail_parameter("the statuses wanted are bits of TRUST, HIGHTRUST and NOTRUST", err);
    if (filter->label && saf_label_check(filter->label, err) != SAF_OK) {
        saf_fail_codes(err, 8, 8, 4);
        return SAF_E_USAGE;
    }
    snprintf(query->label, sizeof query->label, "%s", filter->label ? filter->label : "");
    query->only_default = filter->only_default;
    saf_buffer_append(&query->wanted_subject, filter->subject);
    return saf_buffer_check(&query->wanted_subject, err);
}

static saf_status take_principal(saf_query *query, const saf_principal *who, saf_error *err)
{
    if (!who || !who->user)
        return SAF_OK;
    SAF_TRY(saf_owner_fold(query->user, who->user, err));
    query->who.user = query->user;
    return SAF_OK;
}

/* ---- the next that is ---- */

static saf_status read_subject(saf_bytes *out, saf_query *query, const saf_cert *cert, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    SAF_TRY(facts_parse(&x509, cert->der, err));
    OPENSSL_free(query->subject);
    query->subject = NULL;
    int len = i2d_X509_NAME(X509_get_subject_name(x509), &query->subject);
    if (len < 0)
        return saf_fail_openssl(err, "cannot encode the subject of %s/%s", cert->owner, cert->label);
    *out = saf_bytes_of(query->subject, (size_t)len);
    return SAF_OK;
}

static bool is_wanted(const saf_query *query, const saf_connection *connection)
{
    return (status_bit((unsigned)connection->cert->trust) & query->statuses) && (!query->only_default || connection->is_default == SAF_DEFAULT) &&
           (!query->label[0] || !strcmp(query->label, connection->cert->label));
}

/* A name is compared as DER: who asks has it from a certificate. */
static saf_status has_subject(bool *out, saf_query *query, const saf_cert *cert, saf_bytes *subject, saf_error *err)
{
    saf_bytes wanted = saf_buffer_bytes(&query->wanted_subject);
    SAF_TRY(read_subject(subject, query, cert, err));
    *out = !wanted.len || (wanted.len == subject->len && !memcmp(wanted.data, subject->data, wanted.len));
    return SAF_OK;
}

/* Who may not have the private key still gets the certificate: that is an answer, as is that there is none (any more). */
static saf_status take_key(saf_query_result *out, saf_query *query, saf_error *err)
{
    const saf_connection *connection = out->connection;
    const saf_cert *cert = connection->cert;
    EVP_PKEY_free(query->key);
    query->key = NULL;
    if (connection->usage != SAF_USAGE_PERSONAL || cert->key_place == SAF_KEY_NONE)
        return SAF_OK;
    saf_status status = saf_ring_load_key(&query->key, query->ring, connection, query->store, &query->who, err);
    if (status == SAF_E_UNSUPPORTED)
        out->key_uri = cert->key_uri;
    out->key = query->key;
    return status == SAF_E_DENIED || status == SAF_E_NOT_FOUND || status == SAF_E_UNSUPPORTED ? SAF_OK : status;
}

/* RACF's profile name: cut where it is too long, never inside a character. */
static saf_bytes make_record_id(saf_query *query, const saf_cert *cert)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_printf(&text, "%s.%s", cert->serial, cert->issuer);
    size_t len = text.len < RECORD_ID_MAX ? text.len : RECORD_ID_MAX;
    while (len && len < text.len && (text.data[len] & 0xC0) == 0x80)
        len--;
    memcpy(query->record_id, saf_buffer_text(&text), len);
    query->record_id[len] = 0;
    return saf_bytes_of(query->record_id, len);
}

saf_status saf_data_get_next(saf_query *query, saf_query_result *out, saf_error *err)
{
    saf_query_result result = { 0 };
    for (; query->next < saf_ring_size(query->ring); query->next++) {
        bool found = false;
        result.connection = saf_ring_at(query->ring, query->next);
        if (is_wanted(query, result.connection))
            SAF_TRY(has_subject(&found, query, result.connection->cert, &result.subject, err));
        if (!found)
            continue;
        SAF_TRY(take_key(&result, query, err));
        result.record_id = make_record_id(query, result.connection->cert);
        query->next++;
        *out = result;
        return SAF_OK;
    }
    return fail_no_more(query, err);
}

saf_status saf_data_get_first(saf_query **query, saf_query_result *out, saf_store *store, const saf_principal *who, const char *owner,
                              const char *ring, const saf_query_filter *filter, saf_error *err)
{
    *query = NULL;
    OWN(saf_query) *made = calloc(1, sizeof *made);
    if (!made)
        return saf_fail_memory(err);
    made->store = store;
    SAF_TRY(take_filter(made, filter, err));
    SAF_TRY(take_principal(made, who, err));
    SAF_TRY(saf_ring_open(&made->ring, store, &made->who, owner, ring, err));
    SAF_TRY(ring_place_of(&made->place, saf_ring_owner(made->ring), saf_ring_name(made->ring), err));
    SAF_TRY(saf_data_get_next(made, out, err));
    *query = GIVE(&made);
    return SAF_OK;
}

/* ---- one certificate's status ---- */

static saf_status find_published(saf_trust *out, saf_store *store, const saf_principal *who, const saf_cert *wanted, saf_error *err)
{
    OWN(saf_ring) *ring = NULL;
    publication_head head;
    SAF_TRY(publication_get_head(&head, store, err));
    SAF_TRY(saf_ring_open(&ring, store, who, head.owner, head.name, err));
    for (size_t i = 0; i < saf_ring_size(ring); i++) {
        const saf_cert *cert = saf_ring_at(ring, i)->cert;
        if (memcmp(cert->fingerprint, wanted->fingerprint, sizeof cert->fingerprint) != 0)
            continue;
        SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_LIST, cert->owner, cert->label, err));
        *out = cert->trust;
        return SAF_OK;
    }
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "the certificate is not in the ring published in %s", saf_store_dir(store));
    saf_fail_codes(err, 8, 8, 44);
    return status;
}

saf_status saf_data_check_status(saf_trust *out, saf_store *store, const saf_principal *who, saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *wanted = NULL;
    OWN(saf_cert) *found = NULL;
    saf_status status = saf_cert_read(&wanted, der, err);
    if (status == SAF_E_MALFORMED)
        saf_fail_codes(err, 8, 8, 4);
    SAF_TRY(status);
    if (store->published)
        return find_published(out, store, who, wanted, err);
    SAF_TRY(saf_store_find_cert_by_fingerprint(&found, store, who, wanted->fingerprint, err));
    *out = found->trust;
    return SAF_OK;
}

saf_status saf_data_refresh(saf_store *store, const saf_principal *who, saf_error *err)
{
    return saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err);
}
