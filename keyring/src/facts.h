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

/** Hashes that somebody has computed before: of a certificate's DER, and of its SubjectPublicKeyInfo's. */
typedef struct facts_digests {
    unsigned char fingerprint[SAF_FINGERPRINT_LEN];
    unsigned char key_id[SAF_FINGERPRINT_LEN];
} facts_digests;

/** Fill every field of @p cert that the certificate itself answers (all but owner, label, trust, der, the key's place, the last
 *  serial, request and revocation), from DER that facts_parse() has taken once. What is filled belongs to @p cert, also after a failure.
 *  @p digests: those of @p der, or NULL. SAF_E_MALFORMED. */
saf_status facts_read(saf_cert *cert, saf_bytes der, const facts_digests *digests, saf_error *err);

/** The same from libcrypto's certificate, whatever is in it: for those that cannot be read more cheaply, and what the others are held against. */
saf_status facts_read_x509(saf_cert *cert, X509 *x509, saf_bytes der, saf_error *err);

/** A name as saf_cert.subject shows it. NULL: no memory. */
char *facts_name_text(const X509_NAME *name);

/** A number for finding certificates by subject: OpenSSL's hash of the canonical name, so that names that RFC 5280 7.1
 *  calls equal have the same. Different names may share it: compare afterwards. */
uint32_t facts_name_hash(const X509_NAME *name);

/** SHA-256 of a name's DER. */
saf_status facts_name_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err);

/** SHA-256 of what a name means: equal for names that RFC 5280 7.1 calls equal, whatever string types a CA chose for them. */
saf_status facts_name_canonical_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err);

#endif
