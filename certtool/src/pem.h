/** @file Writing PEM. Use a BIO of secure memory, which is wiped when freed. */
#ifndef CERTTOOL_PEM_H
#define CERTTOOL_PEM_H

#include "der.h"

saf_status pem_write_cert(BIO *bio, saf_bytes der, saf_error *err);

/** PKCS#8, encrypted unless @p password is NULL or empty. */
saf_status pem_write_key(BIO *bio, EVP_PKEY *key, const saf_secret *password, saf_error *err);

#endif
