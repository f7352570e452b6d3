/** @file The certificate and key that sign another one, and whether they may. */
#ifndef CERTTOOL_SIGNER_H
#define CERTTOOL_SIGNER_H

#include "der.h"

/** {0} is the signer of a self-signed certificate. */
typedef struct issue_signer {
    saf_cert *cert;
    X509 *x509;
    EVP_PKEY *key;
    saf_cert_page issuers; /**< of cert, nearest first, as far as the store knows them */
} issue_signer;

void signer_free(issue_signer *signer);

OWN_VALUE(issue_signer, signer_free)

/** Find the signer that @p request names and check that it may sign what is asked for (RFC 5280 4.2.1.3, 4.2.1.9).
 *  @p subject is the new certificate's. SAF_E_NOT_FOUND, SAF_E_CONFLICT, SAF_E_UNSUPPORTED (its key is in a token and
 *  was not handed over). */
saf_status signer_find(issue_signer *out, saf_change *change, const saf_issue_request *request,
                       const X509_NAME *subject, saf_error *err);

/** Whether verifiers will accept what @p signer signed (chain_validate()): no other rule of RFC 5280 than those above is looked
 *  at before. @p signed_one is the finished certificate, read from its DER. SAF_E_CONFLICT. */
saf_status signer_check_path(const issue_signer *signer, const saf_issue_request *request, X509 *signed_one, saf_error *err);

/** Sign @p x509 with a key that may be in a token, with the digest that the key asks for. */
saf_status signer_sign(X509 *x509, EVP_PKEY *key, saf_error *err);

#endif
