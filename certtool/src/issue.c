#include "extensions.h"
#include "serial.h"
#include "signer.h"
#include "subject.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/err.h>

enum { VALID_DAYS_MAX = 36525 };

static const int64_t DAY_SEC = 24 * 60 * 60;

static saf_status check_request(const saf_issue_request *request, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    SAF_TRY(saf_owner_fold(owner, request->owner, err));
    SAF_TRY(saf_label_check(request->label, err));
    if (!profile_facts_of(request->profile))
        return saf_fail(err, SAF_E_USAGE, "there is no certificate profile %d", (int)request->profile);
    if (!request->key)
        return saf_fail(err, SAF_E_USAGE, "a certificate needs a key pair");
    if (request->valid_days > VALID_DAYS_MAX)
        return saf_fail(err, SAF_E_USAGE, "%u days are too long; a certificate is valid for at most %d",
                        request->valid_days, VALID_DAYS_MAX);
    if (request->profile == SAF_PROFILE_CA && (request->path_len < -1 || request->path_len > SAF_PATH_LEN_MAX))
        return saf_fail(err, SAF_E_USAGE, "%d is not a path length; it is 0 to %d, or -1 for none", request->path_len,
                        SAF_PATH_LEN_MAX);
    return SAF_OK;
}

/* RFC 5280 4.1.2.4, 4.1.2.6: who issues certificates has a name. 4.2.1.6: who has none needs an alternative. */
static saf_status check_names(const saf_issue_request *request, const X509_NAME *subject, saf_error *err)
{
    if (X509_NAME_entry_count(subject))
        return SAF_OK;
    if (request->profile == SAF_PROFILE_CA || !request->signer_label)
        return saf_fail(err, SAF_E_USAGE, "a CA and a self-signed certificate need a subject");
    if (!request->san || !*request->san)
        return saf_fail(err, SAF_E_USAGE, "a certificate needs a subject or an alternative name");
    return SAF_OK;
}

/* RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime; ASN1_TIME_set() knows. */
static saf_status set_validity(X509 *x509, const saf_issue_request *request, const saf_cert *signer, saf_error *err)
{
    unsigned days = request->valid_days ? request->valid_days : profile_facts_of(request->profile)->valid_days;
    int64_t begin = saf_clock_now();
    if (signer && begin < signer->not_before)
        begin = signer->not_before;
    int64_t end = begin + days * DAY_SEC;
    if (signer && end > signer->not_after)
        end = signer->not_after;
    if (!ASN1_TIME_set(X509_getm_notBefore(x509), begin) || !ASN1_TIME_set(X509_getm_notAfter(x509), end))
        return saf_fail_openssl(err, "cannot set the validity");
    return SAF_OK;
}

static saf_status fill(X509 *x509, saf_change *change, const saf_issue_request *request, const X509_NAME *subject,
                       const issue_signer *signer, saf_error *err)
{
    const X509_NAME *issuer = signer->x509 ? X509_get_subject_name(signer->x509) : subject;
    if (!X509_set_version(x509, X509_VERSION_3) || !X509_set_subject_name(x509, subject) ||
        !X509_set_issuer_name(x509, issuer) || !X509_set_pubkey(x509, request->key))
        return saf_fail_openssl(err, "cannot build the certificate");
    SAF_TRY(set_validity(x509, request, signer->cert, err));
    SAF_TRY(extensions_add(x509, request, signer->x509, err));
    return serial_set(x509, request->serial, change, signer->cert, err);
}

/* A token, or a chip that was disturbed, may answer anything: what it signed is checked before it is kept. */
static saf_status sign(X509 *x509, const issue_signer *signer, EVP_PKEY *own_key, saf_error *err)
{
    X509 *verifier = signer->x509 ? signer->x509 : x509;
    SAF_TRY(signer_sign(x509, signer->key ? signer->key : own_key, err));
    if (X509_verify(x509, X509_get0_pubkey(verifier)) != 1) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_FAILED, "the signature that the key made does not verify");
    }
    return SAF_OK;
}

/* Read anew: verifiers see the encoding, not what OpenSSL remembers of building it. */
static saf_status check_path(const issue_signer *signer, const saf_issue_request *request, saf_bytes der, saf_error *err)
{
    OWN(X509) *finished = NULL;
    SAF_TRY(der_read_x509(&finished, der, "the certificate", err));
    return signer_check_path(signer, request, finished, err);
}

static saf_status keep(saf_cert **out, saf_change *change, const saf_issue_request *request, const saf_cert *signer,
                       saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    saf_cert_entry entry = { .owner = request->owner, .label = request->label, .der = der,
                             .trust = (int)request->trust ? request->trust : SAF_TRUST,
                             .key = request->key_uri ? NULL : request->key, .key_uri = request->key_uri };
    SAF_TRY(saf_store_add_cert(change, &entry, err));
    SAF_TRY(saf_store_find_cert(&cert, saf_change_store(change), saf_change_principal(change), request->owner,
                                request->label, err));
    SAF_TRY(saf_store_record_issued(change, signer ? signer : cert, der, cert->owner, cert->label, err));
    if (out)
        *out = GIVE(&cert);
    return SAF_OK;
}

saf_status saf_cert_issue(saf_cert **out, saf_change *change, const saf_issue_request *request, saf_error *err)
{
    OWN(X509_NAME) *subject = NULL;
    OWN(issue_signer) signer = { 0 };
    OWN(saf_blob) der = { 0 };
    OWN(X509) *x509 = X509_new();
    if (!x509)
        return saf_fail_memory(err);
    SAF_TRY(check_request(request, err));
    SAF_TRY(subject_parse(&subject, request->subject, err));
    SAF_TRY(check_names(request, subject, err));
    SAF_TRY(signer_find(&signer, change, request, subject, err));
    SAF_TRY(fill(x509, change, request, subject, &signer, err));
    SAF_TRY(sign(x509, &signer, request->key, err));
    SAF_TRY(der_write_x509(&der, x509, err));
    SAF_TRY(check_path(&signer, request, blob_bytes(&der), err));
    return keep(out, change, request, signer.cert, blob_bytes(&der), err);
}
