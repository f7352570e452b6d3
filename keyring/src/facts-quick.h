/**
 * @file
 * What a certificate says about itself, read from its DER as it stands: without libcrypto's certificate, and without computing anything with its
 * public key, which is what takes libcrypto long. It reads what nearly all certificates are made of, strictly, and says of others that it cannot;
 * those are libcrypto's.
 */
#ifndef KEYRING_FACTS_QUICK_H
#define KEYRING_FACTS_QUICK_H

#include "facts.h"

/** Fill what facts_read_x509() would fill with the same. false: this is not for here (or there is no memory), and @p cert holds some of
 *  what was read. @p digests: those of @p der, or NULL. */
bool facts_quick_fill(saf_cert *cert, saf_bytes der, const facts_digests *digests);

/* ---- its parts ---- */

/** The text of a name in DER whose values are short of anything that has to be escaped or converted; NULL: it is another name. */
char *facts_quick_name(saf_bytes der);

/** Type and size that a SubjectPublicKeyInfo in DER names. NULL: it is none of those that are known here. */
const char *facts_quick_key(unsigned *bits, saf_bytes spki);

/** Whether X509_check_ca() would answer 1. *known: whether that can be told here. */
bool facts_quick_is_ca(bool *known, saf_bytes extensions);

#endif
