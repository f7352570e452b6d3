/** @file What a certificate says about itself, read once from its DER. */
#ifndef KEYRING_FACTS_H
#define KEYRING_FACTS_H

#include <base/buffer.h>

#include <safring/store.h>

#include <openssl/x509.h>

enum { CERT_DER_MAX = 64 * 1024 };

/** Read exactly one DER certificate of at most CERT_DER_MAX bytes. SAF_E_MALFORMED. */
saf_status facts_parse(X509 **out, saf_bytes der, saf_error *err);

/** The last certificate that was parsed. Parsing is slow, and what was added is often found and recorded next. {0} is empty. */
typedef struct facts_memo {
    X509 *x509;
    saf_buffer der;
} facts_memo;

void facts_memo_free(facts_memo *memo);

/** As facts_parse(), unless @p memo (NULL: none) has it. Nobody changes what is returned. */
saf_status facts_parse_once(X509 **out, facts_memo *memo, saf_bytes der, saf_error *err);

/** Fill every field of @p cert that the certificate itself answers (all but owner, label, trust, der, the key's place, the last
 *  serial, request and revocation). What is filled belongs to @p cert, also after a failure. */
saf_status facts_fill(saf_cert *cert, X509 *x509, saf_bytes der, saf_error *err);

/** A number for finding certificates by subject: OpenSSL's hash of the canonical name, so that names that RFC 5280 7.1
 *  calls equal have the same. Different names may share it: compare afterwards. */
uint32_t facts_name_hash(const X509_NAME *name);

/** SHA-256 of a name's DER. */
saf_status facts_name_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err);

/** SHA-256 of what a name means: equal for names that RFC 5280 7.1 calls equal, whatever string types a CA chose for them. */
saf_status facts_name_canonical_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err);

#endif
