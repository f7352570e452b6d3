/** @file Certificate extensions, as DER. */
#ifndef CERTTOOL_EXTENSIONS_H
#define CERTTOOL_EXTENSIONS_H

#include "public-key.h"
#include "signer.h"

/** Whom a certificate is for. */
typedef struct cert_holder {
    X509_NAME *subject;
    GENERAL_NAMES *names; /**< subjectAltName; empty: none */
    public_key key;
} cert_holder;

void cert_holder_free(cert_holder *holder);

OWN_VALUE(cert_holder, cert_holder_free)

/** Append what a profile always has: basicConstraints, keyUsage, extendedKeyUsage. @p transports: the key can encrypt. */
saf_status extensions_of_profile(saf_buffer *out, saf_profile profile, bool transports, int path_len, saf_error *err);

/** Append an extension that was just made, and free it; NULL: libcrypto could not. */
saf_status extensions_append(saf_buffer *out, int nid, X509_EXTENSION *made, saf_error *err);

/** What names @p signer by its key (RFC 5280 4.2.1.1): its own identifier, whatever that was made from; without one, what it would be. */
saf_status extensions_authority_of(AUTHORITY_KEYID **out, X509 *signer, saf_error *err);

/** Append the authority key identifier of what @p signer signs. */
saf_status extensions_authority_key_id(saf_buffer *out, X509 *signer, saf_error *err);

/** Append the subject key identifier. */
saf_status extensions_subject_key_id(saf_buffer *out, const public_key *key, saf_error *err);

/** Append all extensions of a certificate that @p request asks for. */
saf_status extensions_write(saf_buffer *out, const saf_issue_request *request, const cert_holder *holder, const saf_signer *signer,
                            saf_error *err);

#endif
