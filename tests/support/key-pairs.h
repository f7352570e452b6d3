/**
 * @file
 * A SoftHSM with one token, logged in, and key pairs in it:
 *
 *     OWN(pairs) hsm = pairs_enter();
 *     OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_p256, "server").text);
 *
 * Use it in tests that run IN_SOFTHSM. Functions below fail the test themselves.
 */
#ifndef SUPPORT_KEY_PAIRS_H
#define SUPPORT_KEY_PAIRS_H

#include <support/softhsm.h>

#include <base/own-openssl.h>

typedef struct pairs {
    saf_p11 *p11;
    saf_p11_session *session;
} pairs;

typedef struct pair_uri {
    char text[SAF_P11_URI_MAX + 1];
} pair_uri;

void pairs_free(pairs *hsm);
OWN_VALUE(pairs, pairs_free)

/** Make the token ZWE.KEYS unless it is there, and log in. */
pairs pairs_enter(void);

/** Kinds of pairs; the label is missing. */
extern const saf_p11_pair_spec pairs_rsa, pairs_p256, pairs_ed25519;

/** The six curves; the label is missing. */
enum { PAIRS_CURVES = 6 };
extern const saf_p11_pair_spec pairs_curves[PAIRS_CURVES];

pair_uri pairs_make(const pairs *hsm, const saf_p11_pair_spec *kind, const char *label);

EVP_PKEY *pairs_load(const pairs *hsm, const char *uri);

/** What OpenSSL wants as digest for that key: NULL for Ed25519. */
const EVP_MD *pairs_digest(const EVP_PKEY *key, const EVP_MD *digest);

/** Sign in the token and verify with the same EVP_PKEY, and with nothing but its public half. */
void pairs_expect_signature(EVP_PKEY *key);

/** The public half, by way of its DER. */
EVP_PKEY *pairs_public_half(EVP_PKEY *key);

/** A certificate that @p key signs for itself with that serial number. */
X509 *pairs_certificate(EVP_PKEY *key, long serial);

saf_status pairs_put(const pairs *hsm, const char *uri, X509 *x509, saf_error *err);

saf_status pairs_destroy(const pairs *hsm, const char *uri, saf_error *err);

/** How many token objects of a class are there, with that label unless it is NULL. */
size_t pairs_count(const pairs *hsm, CK_OBJECT_CLASS class, const char *label);

/** One of them. */
CK_OBJECT_HANDLE pairs_find(const pairs *hsm, CK_OBJECT_CLASS class, const char *label);

/** An attribute of it. */
typedef struct pair_value {
    unsigned char data[4096];
    CK_ULONG len;
} pair_value;
pair_value pairs_read(const pairs *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

#endif
