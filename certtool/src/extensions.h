/** @file The extensions of the certificates that we issue. */
#ifndef CERTTOOL_EXTENSIONS_H
#define CERTTOOL_EXTENSIONS_H

#include "profile.h"

#include <base/own-openssl.h>

/** Add all of them to @p x509, whose public key and subject are set. @p signer is NULL when it signs itself. */
saf_status extensions_add(X509 *x509, const saf_issue_request *request, X509 *signer, saf_error *err);

#endif
