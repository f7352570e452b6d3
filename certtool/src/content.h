/** @file What a certificate says. New ones, renewed ones and answers to requests differ in where that comes from; all are made here. */
#ifndef CERTTOOL_CONTENT_H
#define CERTTOOL_CONTENT_H

#include "signer.h"

/** All but the issuer and the signature's algorithm, which the signer knows. DER throughout. */
typedef struct cert_content {
    saf_buffer serial;         /**< INTEGER */
    int64_t begin, end;        /**< content_set_dates() */
    saf_buffer subject;        /**< Name */
    saf_buffer public_key;     /**< SubjectPublicKeyInfo */
    saf_buffer extensions;     /**< one Extension after the other */
    saf_signature signature;
    bool is_ordinary;          /**< one of our profiles made its extensions, and it is no CA: below a signer without name constraints
                                    nothing is left that verifiers could refuse */
} cert_content;

void cert_content_free(cert_content *content);

OWN_VALUE(cert_content, cert_content_free)

/** The longest validity, a century. */
enum { CONTENT_DAYS_MAX = 36525 };

static const int64_t CONTENT_DAY_SEC = 24 * 60 * 60;

/** SAF_E_USAGE. */
saf_status content_check_days(unsigned days, saf_error *err);

/** From now on for @p seconds, within the signer's own validity. SAF_E_CONFLICT (it has ended). */
saf_status content_set_dates(cert_content *content, int64_t seconds, const saf_signer *signer, saf_error *err);

/** Make the certificate and sign it. Where a signature or a rule could fail for this one alone, it is read again and checked as verifiers
 *  do. SAF_E_CONFLICT, SAF_E_USAGE (PSS), SAF_E_FAILED (the key signed wrongly). */
saf_status content_sign(saf_blob *out, const cert_content *content, const saf_signer *signer, saf_error *err);

#endif
