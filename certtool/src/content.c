#include "content.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/err.h>

OWN_POINTER(ASN1_TIME, ASN1_TIME_free)

/* RFC 5280 4.1: [0] is the version, [3] the extensions. */
enum { TAG_VERSION = 0xA0, TAG_EXTENSIONS = 0xA3 };

static const unsigned char version_3[] = { V_ASN1_INTEGER, 1, X509_VERSION_3 };

void cert_content_free(cert_content *content)
{
    saf_buffer_free(&content->serial);
    saf_buffer_free(&content->subject);
    saf_buffer_free(&content->public_key);
    saf_buffer_free(&content->extensions);
}

saf_status content_check_days(unsigned days, saf_error *err)
{
    if (days <= CONTENT_DAYS_MAX)
        return SAF_OK;
    return saf_fail(err, SAF_E_USAGE, "%u days are too long; a certificate is valid for at most %d", days, CONTENT_DAYS_MAX);
}

saf_status content_set_dates(cert_content *content, int64_t seconds, const saf_signer *signer, saf_error *err)
{
    char end[SAF_TIME_TEXT_SIZE];
    content->begin = signer_begin(signer);
    content->end = content->begin + seconds;
    if (signer->cert && content->end > signer->cert->not_after)
        content->end = signer->cert->not_after;
    if (content->end <= content->begin)
        return signer_refuse(err, signer, "it expired at %s", saf_time_format(end, content->end));
    return SAF_OK;
}

/* RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime; ASN1_TIME_set() knows. */
static void append_time(saf_buffer *out, int64_t when)
{
    OWN(ASN1_TIME) *time = ASN1_TIME_set(NULL, when);
    if (time)
        DER_APPEND(out, ASN1_TIME, time);
    else
        out->failed = 1;
}

static void append_validity(saf_buffer *out, const cert_content *content)
{
    OWN(saf_buffer) validity = { 0 };
    append_time(&validity, content->begin);
    append_time(&validity, content->end);
    out->failed |= validity.failed;
    der_append(out, DER_SEQUENCE, saf_buffer_bytes(&validity));
}

static void append_extensions(saf_buffer *out, const cert_content *content)
{
    OWN(saf_buffer) list = { 0 };
    if (!content->extensions.len)
        return;
    der_append(&list, DER_SEQUENCE, saf_buffer_bytes(&content->extensions));
    out->failed |= list.failed;
    der_append(out, TAG_EXTENSIONS, saf_buffer_bytes(&list));
}

/* RFC 5280 4.1, TBSCertificate. */
static saf_status write_to_be_signed(saf_buffer *out, const cert_content *content, const saf_signer *signer,
                                     const signature_scheme *scheme, saf_error *err)
{
    OWN(saf_buffer) fields = { 0 };
    const saf_buffer *issuer = signer->cert ? &signer->subject : &content->subject;
    der_append(&fields, TAG_VERSION, saf_bytes_of(version_3, sizeof version_3));
    saf_buffer_append(&fields, saf_buffer_bytes(&content->serial));
    saf_buffer_append(&fields, saf_buffer_bytes(&scheme->algorithm));
    saf_buffer_append(&fields, saf_buffer_bytes(issuer));
    append_validity(&fields, content);
    saf_buffer_append(&fields, saf_buffer_bytes(&content->subject));
    saf_buffer_append(&fields, saf_buffer_bytes(&content->public_key));
    append_extensions(&fields, content);
    SAF_TRY(saf_buffer_check(&fields, err));
    der_append(out, DER_SEQUENCE, saf_buffer_bytes(&fields));
    return saf_buffer_check(out, err);
}

/* RFC 5280 4.1, Certificate: what is signed, how, and the signature, a BIT STRING with no bit unused. */
static saf_status write_signed(saf_blob *out, saf_buffer *to_be_signed, const signature_scheme *scheme, saf_error *err)
{
    OWN(saf_buffer) bits = { 0 };
    OWN(saf_buffer) der = { 0 };
    saf_buffer_append(&bits, saf_bytes_of((const unsigned char *)"", 1));
    SAF_TRY(signature_make(&bits, scheme, saf_buffer_bytes(to_be_signed), err));
    saf_buffer_append(to_be_signed, saf_buffer_bytes(&scheme->algorithm));
    der_append(to_be_signed, V_ASN1_BIT_STRING, saf_buffer_bytes(&bits));
    SAF_TRY(saf_buffer_check(to_be_signed, err));
    der_append(&der, DER_SEQUENCE, saf_buffer_bytes(to_be_signed));
    SAF_TRY(saf_buffer_check(&der, err));
    return blob_copy(out, saf_buffer_bytes(&der), err);
}

/* A token, or a chip that was disturbed, may answer anything: what it signed is checked before it is kept. */
static saf_status check_signature(X509 *x509, const saf_signer *signer, saf_error *err)
{
    X509 *verifier = signer->cert ? signer_x509(signer) : x509;
    if (X509_verify(x509, X509_get0_pubkey(verifier)) == 1)
        return SAF_OK;
    ERR_clear_error();
    return saf_fail(err, SAF_E_FAILED, "the signature that the key made does not verify");
}

/* Read anew: verifiers see the encoding. */
static saf_status check_finished(saf_bytes der, const cert_content *content, const saf_signer *signer, signature_scheme *scheme,
                                 saf_error *err)
{
    OWN(X509) *finished = NULL;
    bool is_safe = content->is_ordinary && signer->cert && !signer->is_constrained;
    if (is_safe && scheme->is_proved)
        return SAF_OK;
    SAF_TRY(der_read_x509(&finished, der, "the certificate", err));
    SAF_TRY(check_signature(finished, signer, err));
    SAF_TRY(signer_check_path(signer, finished, content->begin, err));
    scheme->is_proved = signer->is_software;
    return SAF_OK;
}

saf_status content_sign(saf_blob *out, const cert_content *content, const saf_signer *signer, saf_error *err)
{
    OWN(saf_buffer) to_be_signed = { 0 };
    OWN(saf_blob) der = { 0 };
    signature_scheme *scheme = NULL;
    SAF_TRY(signer_scheme(&scheme, signer, content->signature, err));
    SAF_TRY(write_to_be_signed(&to_be_signed, content, signer, scheme, err));
    SAF_TRY(write_signed(&der, &to_be_signed, scheme, err));
    SAF_TRY(check_finished(blob_bytes(&der), content, signer, scheme, err));
    *out = der;
    der = (saf_blob) { 0 };
    return SAF_OK;
}
