/** @file Private keys of certificates: sealed in the store, or named by the URI of a token. */
#ifndef KEYRING_KEY_H
#define KEYRING_KEY_H

#include "certificate.h"

/** Keep the private key that comes with a new certificate, whose facts are @p cert; *has_key says whether the
 *  certificate has one afterwards. Without one in @p entry, it has the key of the same owner's other certificates for
 *  the same public key, which is how a renewal keeps its key; never another owner's, because anyone can certify any
 *  public key. SAF_E_USAGE, SAF_E_CONFLICT (the key is kept in another way). */
saf_status key_keep(bool *has_key, saf_store *store, const saf_cert_entry *entry, const saf_cert *cert, X509 *x509,
                    saf_error *err);

/** Check the URI of a key in a token: RFC 7512, without a PIN. SAF_E_USAGE. */
saf_status key_check_uri(const char *uri, saf_error *err);

/** Load the private key that the certificate has now. SAF_E_NOT_FOUND, SAF_E_UNSUPPORTED (in a token). */
saf_status key_load(EVP_PKEY **out, saf_store *store, const saf_cert *cert, saf_error *err);

/** The same as PKCS#8 in DER. */
saf_status key_load_encoded(saf_secret *out, saf_store *store, const saf_cert *cert, saf_error *err);

/** Report that it is in a token. SAF_E_UNSUPPORTED. */
saf_status key_fail_in_token(const saf_cert *cert, saf_error *err);

/** Open the private key of a sealed record. SAF_E_DENIED: it was altered, or is another record's or store's. */
saf_status key_open_record(EVP_PKEY **out, saf_store *store, const struct storage_key *record, saf_error *err);

#endif
