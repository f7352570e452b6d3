/** @file Where a signer's CRL and certificate can be fetched. */
#ifndef CERTTOOL_URLS_H
#define CERTTOOL_URLS_H

#include <base/own-openssl.h>

#include <safring/cert.h>

OWN_POINTER(CRL_DIST_POINTS, CRL_DIST_POINTS_free)
OWN_POINTER(AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free)

/** Read a list of URIs into one distribution point each (RFC 5280 4.2.1.13); *out stays NULL when there are none. SAF_E_USAGE. */
saf_status urls_parse_crl(CRL_DIST_POINTS **out, const char *text, saf_error *err);

/** The same for caIssuers (RFC 5280 4.2.2.1). */
saf_status urls_parse_ca_issuers(AUTHORITY_INFO_ACCESS **out, const char *text, saf_error *err);

#endif
