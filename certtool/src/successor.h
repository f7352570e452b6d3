/** @file A certificate that follows another one: what it takes over, and what it must not. */
#ifndef CERTTOOL_SUCCESSOR_H
#define CERTTOOL_SUCCESSOR_H

#include "content.h"
#include "public-key.h"

/** Fill subject, key, extensions and signature from @p old; dates and serial are left to do. @p key: the new key; NULL: the old one.
 *  Copied as they are, also those that nobody here knows, but for: key identifiers; what a transparency log said about the old one; where
 *  to find the issuer's CRL and certificate when the issuer is another one; key usages that the new kind of key cannot have.
 *  SAF_E_CONFLICT (no key usage is left). */
saf_status successor_fill(cert_content *out, X509 *old, const public_key *key, const saf_signer *signer, saf_error *err);

/** Give the dates: @p valid_days, or as long as @p old was meant to be valid when that is 0. Statuses of content_set_dates(). */
saf_status successor_set_dates(cert_content *out, const saf_cert *old, unsigned valid_days, const saf_signer *signer, saf_error *err);

#endif
