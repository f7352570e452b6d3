/** @file What names a CA may certify (RFC 5280 4.2.1.10), as people write it. */
#ifndef CERTTOOL_NAME_CONSTRAINTS_H
#define CERTTOOL_NAME_CONSTRAINTS_H

#include <base/own-openssl.h>

#include <safring/cert.h>

OWN_POINTER(NAME_CONSTRAINTS, NAME_CONSTRAINTS_free)

/** Read request->permit and request->exclude; *out stays NULL when there are none. SAF_E_USAGE (also: the request is for no CA). */
saf_status name_constraints_parse(NAME_CONSTRAINTS **out, const saf_issue_request *request, saf_error *err);

/** The first name of @p x509 that a CA of @p path does not allow below it: an alternative name as people write it, or in words what of its
 *  subject. The caller's, to free(); NULL: none was found. */
char *name_constraints_find_refused(X509 *x509, const x509_stack *path);

#endif
