/**
 * @file
 * What a foreign file holds, before one private key is chosen. A reader of a format appends what it finds, in the
 * file's order; bundle-choose.c chooses.
 */
#ifndef CERTTOOL_BUNDLE_H
#define CERTTOOL_BUNDLE_H

#include "der.h"
#include "p12-profile.h"

enum { BUNDLE_CONTENT_MAX = 4 * 1024 * 1024, BUNDLE_CERTS_MAX = 64, BUNDLE_ITEMS_MAX = 2 * BUNDLE_CERTS_MAX };

/** With names that all match, 64 certificates could have 4032 signatures verified, each by a key that takes as long as keys can. */
enum { BUNDLE_VERIFICATIONS_MAX = 512 };

/** What a file may cost: making a key of the password takes as many rounds as the file says, so that a few bytes could
 *  keep us busy for ever. Nobody writes a fifth of this; it takes a few seconds. */
enum {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    BUNDLE_ROUNDS_MAX = 50000, /* a fuzzer takes what is slow for a fault */
#else
    BUNDLE_ROUNDS_MAX = 5000000, /**< for one key */
#endif
    BUNDLE_WORK_MAX = 2 * BUNDLE_ROUNDS_MAX,    /**< for all keys of a file */
    BUNDLE_SCRYPT_MAX = 256 * 1024 * 1024 / 128 /**< N*r*p: so many blocks of 128 bytes are mixed (RFC 7914 2) */
};

/** A certificate or a private key. */
typedef struct bundle_item {
    X509 *cert;            /**< or */
    EVP_PKEY *key;
    char *alias;           /**< OpenSSL's allocation; NULL: none */
    ASN1_OCTET_STRING *id; /**< PKCS#12's localKeyID; NULL: none */
} bundle_item;

typedef struct bundle_items {
    bundle_item at[BUNDLE_ITEMS_MAX];
    size_t count, certs;
    uint64_t work;      /**< rounds that were paid for so far */
    int forgets;        /**< 1: what is found is not wanted, however much it is */
    const char *format; /**< of the first thing in it, as in saf_bundle_facts; static */
    p12_facts p12;
} bundle_items;

void bundle_items_free(bundle_items *items);

OWN_VALUE(bundle_items, bundle_items_free)

/** Take over what @p item holds, also on failure. SAF_E_MALFORMED when there are too many. */
saf_status bundle_take(bundle_items *items, bundle_item *item, const char *what, saf_error *err);

/** The readers. @p password may be NULL or empty. SAF_E_MALFORMED, SAF_E_DENIED, SAF_E_UNSUPPORTED. */
saf_status bundle_read_pem(bundle_items *out, saf_bytes content, const saf_secret *password, const char *what,
                           saf_error *err);
saf_status bundle_read_pkcs12(bundle_items *out, PKCS12 *p12, const saf_secret *password, const char *what,
                              saf_error *err);
saf_status bundle_read_pkcs7(bundle_items *out, saf_bytes content, const char *what, saf_error *err);

/** PKCS#12, PKCS#7 or a certificate, whichever @p content is. */
saf_status bundle_read_der(bundle_items *out, saf_bytes content, const saf_secret *password, const char *what,
                           saf_error *err);

/** Whether @p content begins as PKCS#7 (RFC 2315 7, ContentInfo) does. */
int bundle_is_pkcs7(saf_bytes content);

/** What is meant, borrowed. */
typedef struct bundle_choice {
    const bundle_item *cert;
    const bundle_item *key; /**< NULL: the file has none */
} bundle_choice;

/** Choose the entry called @p alias; NULL: the only key, or without keys the certificate that issued no other.
 *  SAF_E_MALFORMED, SAF_E_NOT_FOUND, SAF_E_CONFLICT as saf_bundle_read(). */
saf_status bundle_choose(bundle_choice *out, const bundle_items *items, const char *alias, const char *what, saf_error *err);

/** Pay for one key before it is made of the password. @p algorithm says how: PBES2 and PBMAC1 (RFC 8018 A.4, A.5) with PBKDF2
 *  or scrypt (RFC 7914 7), or one of PBES1 and PKCS#12 (RFC 8018 A.3, RFC 7292 appendix C).
 *  SAF_E_UNSUPPORTED (too much work, or an unknown algorithm), SAF_E_MALFORMED. */
saf_status bundle_pay(bundle_items *items, const X509_ALGOR *algorithm, const char *what, saf_error *err);

/** The same for a count that stands alone. */
saf_status bundle_pay_rounds(bundle_items *items, const ASN1_INTEGER *rounds, const char *what, saf_error *err);

/** A private key could not be opened: say whether it was the password. */
saf_status bundle_refuse_key(const saf_secret *password, const char *what, saf_error *err);

/** The same after OpenSSL tried to decrypt what @p algorithm encrypted: its error queue says whether it was that. */
saf_status bundle_refuse_sealed(const X509_ALGOR *algorithm, const saf_secret *password, const char *what, saf_error *err);

#endif
