/** @file Certificates that a request describes, and keeping what was signed. */
#ifndef CERTTOOL_ISSUE_H
#define CERTTOOL_ISSUE_H

#include "content.h"
#include "extensions.h"

/** Profile, days and path length. SAF_E_USAGE. */
saf_status issue_check(const saf_issue_request *request, saf_error *err);

/** The signer that @p request brings or names; *opened is it when it had to be opened. NULL: it names none. */
saf_status issue_find_signer(const saf_signer **out, saf_signer **opened, saf_change *change, const saf_issue_request *request,
                             saf_error *err);

/** Make the certificate that @p request asks for, for @p holder. @p change: for sequential serials; NULL: they are random. */
saf_status issue_make(saf_blob *out, const saf_issue_request *request, const cert_holder *holder, const saf_signer *signer,
                      saf_change *change, saf_error *err);

/** Where a new certificate goes. */
typedef struct issue_place {
    const char *owner, *label;
    saf_trust trust;
    EVP_PKEY *key;       /**< NULL: it is in a token */
    const char *key_uri; /**< NULL: it is key */
} issue_place;

/** Add it to the store and record that @p signer made it. @p out: NULL allowed. */
saf_status issue_keep(saf_cert **out, saf_change *change, const issue_place *place, const saf_signer *signer, saf_bytes der,
                      saf_error *err);

#endif
