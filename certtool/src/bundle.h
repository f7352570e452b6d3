/**
 * @file
 * What a foreign file holds, before one private key is chosen. A reader of a format appends what it finds, in the
 * file's order; bundle.c chooses.
 */
#ifndef CERTTOOL_BUNDLE_H
#define CERTTOOL_BUNDLE_H

#include "der.h"

enum { BUNDLE_CONTENT_MAX = 4 * 1024 * 1024, BUNDLE_CERTS_MAX = 64, BUNDLE_ITEMS_MAX = 2 * BUNDLE_CERTS_MAX };

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

/** A private key could not be opened: say whether it was the password. */
saf_status bundle_refuse_key(const saf_secret *password, const char *what, saf_error *err);

#endif
