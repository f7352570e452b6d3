/** @file Who signed a certificate, as far as the store knows. */
#ifndef CERTTOOL_CHAIN_H
#define CERTTOOL_CHAIN_H

#include "der.h"

enum { CHAIN_MAX = 16 };

/** Append to @p out the issuers of @p cert, nearest first; @p x509 is @p cert's. @p cert need not be in the store: its
 *  owner, der and fingerprint are enough. *complete: 1 when the last of them, or @p cert itself, is self-signed. */
saf_status chain_find(saf_cert_page *out, int *complete, saf_store *store, const saf_principal *who,
                      const saf_cert *cert, X509 *x509, saf_error *err);

#endif
