/** @file What a certificate says about itself, read once from its DER. */
#ifndef KEYRING_FACTS_H
#define KEYRING_FACTS_H

#include <safring/store.h>

#include <openssl/x509.h>

enum { CERT_DER_MAX = 64 * 1024 };

/** Read exactly one DER certificate of at most CERT_DER_MAX bytes. SAF_E_MALFORMED. */
saf_status facts_parse(X509 **out, saf_bytes der, saf_error *err);

/** Fill every field of @p cert that the certificate itself answers (all but owner, label, trust, der, the key's place
 *  and the last serial). What is filled belongs to @p cert, also after a failure. */
saf_status facts_fill(saf_cert *cert, X509 *x509, saf_bytes der, saf_error *err);

/** A number for finding certificates by subject: OpenSSL's hash of the canonical name, so that names that RFC 5280 7.1
 *  calls equal have the same. Different names may share it: compare afterwards. */
uint32_t facts_name_hash(const X509_NAME *name);

/** SHA-256 of a name's DER. */
saf_status facts_name_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err);

#endif
