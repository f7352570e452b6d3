/** @file What names a CA may certify (RFC 5280 4.2.1.10), as people write it. */
#ifndef CERTTOOL_NAME_CONSTRAINTS_H
#define CERTTOOL_NAME_CONSTRAINTS_H

#include <base/own-openssl.h>

#include <safring/cert.h>

OWN_POINTER(NAME_CONSTRAINTS, NAME_CONSTRAINTS_free)

/** Read request->permit and request->exclude; *out stays NULL when there are none. SAF_E_USAGE (also: the request is for no CA). */
saf_status name_constraints_parse(NAME_CONSTRAINTS **out, const saf_issue_request *request, saf_error *err);

#endif
