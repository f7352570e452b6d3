/** @file A foreign request, read and checked. */
#ifndef CERTTOOL_CSR_H
#define CERTTOOL_CSR_H

#include "der.h"

typedef STACK_OF(X509_EXTENSION) x509_extensions;

struct saf_csr {
    X509_REQ *request;
    x509_extensions *extensions; /**< never NULL; each kind once */
    saf_cert *facts;             /**< what a certificate of its subject and key says about itself */
};

/** Whether a request's key is one that we sign for, told from its bytes, before libcrypto makes a key of them. @p info: the
 *  SubjectPublicKeyInfo. SAF_E_UNSUPPORTED, SAF_E_MALFORMED. */
saf_status csr_key_check(saf_bytes info, const char *what, saf_error *err);

/** The SubjectPublicKeyInfo in the DER of a request. SAF_E_MALFORMED. */
saf_status csr_key_find(saf_bytes *info, saf_bytes der, const char *what, saf_error *err);

#endif
