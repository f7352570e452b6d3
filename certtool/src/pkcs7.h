/** @file Writing PKCS#7 as a collection of certificates. */
#ifndef CERTTOOL_PKCS7_H
#define CERTTOOL_PKCS7_H

#include "der.h"

/** SignedData without content and signers (RFC 2315 9.1), the certificates in the order of @p certs; DER, or PEM "PKCS7" (RFC 7468 8). */
saf_status pkcs7_write(saf_blob *out, const saf_cert_page *certs, int as_pem, saf_error *err);

#endif
