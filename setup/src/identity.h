/** @file Whether two certificates are the same thing, one perhaps a renewed form of the other. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "plan.h"

/** Read exactly one DER certificate; @p what names it in the message. SAF_E_MALFORMED. */
saf_status identity_read(X509 **out, saf_bytes der, const char *what, saf_error *err);

/** Whether both have the same public key. Bytes that are no certificate have none. */
bool identity_same_key(saf_bytes a, saf_bytes b);

bool identity_same_bytes(saf_bytes a, saf_bytes b);

/** Whether @p der is @p wanted, an older or newer form of it, or another certificate that the store has: then a file that holds it may
 *  be replaced, because nothing would be lost. */
saf_status identity_is_ours(bool *out, const saf_setup_plan *plan, const known_cert *wanted, saf_bytes der, saf_error *err);

#endif
