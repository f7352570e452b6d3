#include "check.h"

#include "certificate.h"
#include "facts.h"

#include <base/fail.h>
#include <base/own-openssl.h>

/* What a row says of the certificate that it holds can be computed from that; here it is, and compared. */

static bool is_hash(saf_bytes column, const unsigned char hash[SAF_FINGERPRINT_LEN])
{
    return column.len == SAF_FINGERPRINT_LEN && !memcmp(column.data, hash, SAF_FINGERPRINT_LEN);
}

static bool is_serial(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && strspn(text, "0123456789ABCDEF") == len && (len == 1 || *text != '0');
}

/* *fault: what is wrong with an owner and a label; NULL: nothing. */
static const char *fault_of_name(const char *owner, const char *label)
{
    char folded[SAF_OWNER_MAX + 1];
    if (saf_owner_fold(folded, owner, NULL) != SAF_OK || strcmp(folded, owner) != 0)
        return "its owner is not one";
    return saf_label_check(label, NULL) == SAF_OK ? NULL : "its label is not one";
}

/* ---- certificates ---- */

struct cert_page {
    check *check;
    int64_t last;
    size_t seen;
};

static saf_status report_cert(check *check, const struct storage_raw_cert *row, const char *fault, saf_error *err)
{
    return check_report(check, err, "certificate %.80s/%.80s: %s", row->owner, row->label, fault);
}

struct cert_digests {
    unsigned char issuer[SAF_FINGERPRINT_LEN];
    uint32_t subject_hash;
};

static const char *fault_of_columns(const struct storage_raw_cert *row, const saf_cert *cert, const struct cert_digests *digests)
{
    if (!is_hash(row->fingerprint, cert->fingerprint))
        return "its fingerprint is another certificate's: its bytes were altered, or exchanged";
    if (!is_hash(row->key_id, cert->key_id))
        return "its key_id is not the hash of its public key";
    if (!is_hash(row->issuer_digest, digests->issuer))
        return "its issuer_digest is not that of its issuer";
    if (strcmp(row->serial, cert->serial) != 0)
        return "its serial is not the one in it";
    if (row->subject_hash != digests->subject_hash)
        return "its subject_hash is not that of its subject";
    if (row->not_after != cert->not_after)
        return "its not_after is not the end of its validity";
    return row->last_serial && !is_serial(row->last_serial) ? "its last_serial is not a serial number" : NULL;
}

static saf_status check_cert(check *check, const struct storage_raw_cert *row, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *cert = NULL;
    struct cert_digests digests;
    const char *fault = fault_of_name(row->owner, row->label);
    if (fault)
        SAF_TRY(report_cert(check, row, fault, err));
    if (facts_parse(&x509, row->der, NULL) != SAF_OK || saf_cert_read(&cert, row->der, NULL) != SAF_OK)
        return report_cert(check, row, "its bytes are not a certificate", err);
    digests.subject_hash = facts_name_hash(X509_get_subject_name(x509));
    SAF_TRY(facts_name_digest(digests.issuer, X509_get_issuer_name(x509), err));
    fault = fault_of_columns(row, cert, &digests);
    return fault ? report_cert(check, row, fault, err) : SAF_OK;
}

static saf_status take_cert(void *context, const struct storage_raw_cert *row, saf_error *err)
{
    struct cert_page *page = context;
    page->last = row->id;
    page->seen++;
    check_advance(page->check);
    return check_cert(page->check, row, err);
}

static saf_status check_cert_page(struct cert_page *page, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, page->check->store, err));
    page->seen = 0;
    return storage_visit_raw_certs(page->check->store->storage, page->last, CHECK_PAGE, take_cert, page, err);
}

saf_status check_certificates(check *check, saf_error *err)
{
    struct cert_page page = { .check = check, .last = INT64_MIN };
    do
        SAF_TRY(check_cert_page(&page, err));
    while (page.seen == CHECK_PAGE);
    return SAF_OK;
}

/* ---- what was issued ---- */

static const char *fault_of_issued(const struct storage_raw_issued *row, const saf_cert *cert, const unsigned char *issuer)
{
    if (!is_hash(row->fingerprint, cert->fingerprint))
        return "its fingerprint is another certificate's: its bytes were altered, or exchanged";
    if (!is_hash(row->issuer_digest, issuer))
        return "its issuer_digest is not that of its issuer";
    if (strcmp(row->serial, cert->serial) != 0)
        return "its serial is not the one in it";
    if (row->not_after != cert->not_after)
        return "its not_after is not the end of its validity";
    if (row->ca_key_id.len != SAF_FINGERPRINT_LEN)
        return "its ca_key_id is not a hash";
    return row->owner && row->label ? fault_of_name(row->owner, row->label) : NULL;
}

static saf_status check_issued_row(check *check, const struct storage_raw_issued *row, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *cert = NULL;
    unsigned char issuer[SAF_FINGERPRINT_LEN];
    const char *fault = "its bytes are not a certificate";
    if (facts_parse(&x509, row->der, NULL) == SAF_OK && saf_cert_read(&cert, row->der, NULL) == SAF_OK) {
        SAF_TRY(facts_name_canonical_digest(issuer, X509_get_issuer_name(x509), err));
        fault = fault_of_issued(row, cert, issuer);
    }
    if (!fault)
        return SAF_OK;
    return check_report(check, err, "issued certificate %lld (serial %.64s): %s", (long long)row->id, row->serial, fault);
}

static saf_status take_issued(void *context, const struct storage_raw_issued *row, saf_error *err)
{
    struct cert_page *page = context;
    page->last = row->id;
    page->seen++;
    return check_issued_row(page->check, row, err);
}

static saf_status check_issued_page(struct cert_page *page, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, page->check->store, err));
    page->seen = 0;
    return storage_visit_raw_issued(page->check->store->storage, page->last, CHECK_PAGE, take_issued, page, err);
}

saf_status check_issued(check *check, saf_error *err)
{
    struct cert_page page = { .check = check, .last = INT64_MIN };
    do
        SAF_TRY(check_issued_page(&page, err));
    while (page.seen == CHECK_PAGE);
    return SAF_OK;
}
