/** @file What of a foreign request's wishes a certificate gets. */
#ifndef CERTTOOL_GRANT_H
#define CERTTOOL_GRANT_H

#include "csr.h"
#include "extensions.h"

OWN_VALUE(saf_dropped_list, saf_dropped_list_free)

/** Fill @p holder with the subject, names and key that @p csr asks for, or that @p request gives in their place, and @p dropped with what it
 *  asks for and does not get. SAF_E_CONFLICT (the profile is a CA's, and the request is not), SAF_E_USAGE (subject, SAN). */
saf_status grant(cert_holder *holder, saf_dropped_list *dropped, const saf_csr *csr, const saf_issue_request *request, saf_error *err);

#endif
