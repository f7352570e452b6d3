/**
 * @file
 * Certificates made for a test: P-256, valid for a day. Functions fail the test themselves.
 *
 *     OWN(test_cert) ca = test_cert_self_signed("Test CA", 1);
 *     OWN(test_cert) leaf = test_cert_issued("localhost", 2, &ca, NULL);
 */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

#include <base/own.h>
#include <safring/bytes.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

typedef struct test_cert {
    EVP_PKEY *key;
    X509 *x509;
    saf_bytes der;
} test_cert;

/** A CA: basicConstraints CA:TRUE. */
test_cert test_cert_self_signed(const char *common_name, long serial);

/** No CA. Its key is a new one, or (another's) @p key. */
test_cert test_cert_issued(const char *common_name, long serial, const test_cert *ca, EVP_PKEY *key);

/** Subject and issuer with any attributes: "CN", "x", "O", "y", …, NULL. Takes the key over. */
test_cert test_cert_with_key(const char *const subject[], EVP_PKEY *key, long serial);

void test_cert_free(test_cert *cert);
OWN_VALUE(test_cert, test_cert_free)

#endif
