#include "check.h"

#include "key.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <openssl/err.h>

struct key_page {
    check *check;
    unsigned char last[SAF_FINGERPRINT_LEN];
    size_t last_len; /* 0: none before */
    size_t seen;
};

static saf_status report_key(check *check, const struct storage_raw_key *row, const char *fault, saf_error *err)
{
    char id[2 * SAF_FINGERPRINT_LEN + 1] = "";
    if (row->owner && row->label)
        return check_report(check, err, "private key of %.80s/%.80s: %s", row->owner, row->label, fault);
    for (size_t i = 0; i < row->key.id.len && i < SAF_FINGERPRINT_LEN; i++)
        snprintf(id + 2 * i, 3, "%02x", row->key.id.data[i]);
    return check_report(check, err, "private key %s: %s", id, fault);
}

/* That a sealed key opens says who sealed it, and for which record; the rest is belt and braces. */
static saf_status check_sealed(check *check, const struct storage_raw_key *row, saf_error *err)
{
    OWN(EVP_PKEY) *key = NULL;
    OWN(X509) *x509 = NULL;
    if (key_open_record(&key, check->store, &row->key, NULL) != SAF_OK)
        return report_key(check, row, "it does not open: it was altered, or belongs to another record or store", err);
    if (!row->owner || facts_parse(&x509, row->der, NULL) != SAF_OK)
        return SAF_OK; /* reported elsewhere */
    int fits = X509_check_private_key(x509, key);
    ERR_clear_error();
    return fits == 1 ? SAF_OK : report_key(check, row, "it does not belong to the certificate's public key", err);
}

static saf_status check_key(check *check, const struct storage_raw_key *row, saf_error *err)
{
    saf_error fault = { .text = "" };
    if (!row->owner)
        SAF_TRY(report_key(check, row, "no certificate has it", err));
    if ((row->key.sealed.len > 0) == (row->key.uri != NULL))
        return report_key(check, row, "it is neither sealed nor in a token, or both", err);
    if (row->key.record_id.len != STORAGE_RECORD_ID_LEN || row->key.id.len != SAF_FINGERPRINT_LEN)
        return report_key(check, row, "its numbers have a wrong length", err);
    if (!row->key.uri)
        return check_sealed(check, row, err);
    return key_check_uri(row->key.uri, &fault) == SAF_OK ? SAF_OK : report_key(check, row, fault.text, err);
}

static saf_status take_key(void *context, const struct storage_raw_key *row, saf_error *err)
{
    struct key_page *page = context;
    page->seen++;
    page->last_len = row->key.id.len < sizeof page->last ? row->key.id.len : sizeof page->last;
    memcpy(page->last, row->key.id.data, page->last_len);
    return check_key(page->check, row, err);
}

static saf_status check_key_page(struct key_page *page, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, page->check->store, err));
    unsigned char after[SAF_FINGERPRINT_LEN];
    memcpy(after, page->last, sizeof after);
    saf_bytes bound = saf_bytes_of(after, page->last_len);
    page->seen = 0;
    return storage_visit_raw_keys(page->check->store->storage, bound, CHECK_PAGE, take_key, page, err);
}

saf_status check_keys(check *check, saf_error *err)
{
    struct key_page page = { .check = check };
    do
        SAF_TRY(check_key_page(&page, err));
    while (page.seen == CHECK_PAGE);
    return SAF_OK;
}
