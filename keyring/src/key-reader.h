/** @file Private keys read from PKCS#8, many by one reader. */
#ifndef KEYRING_KEY_READER_H
#define KEYRING_KEY_READER_H

#include <safring/secret.h>
#include <safring/status.h>

#include <openssl/decoder.h>

/** OpenSSL needs ten times as long to choose its decoders as to decode, so a store chooses once. {0}: not yet. It stays where
 *  it is from its first use to its end. */
typedef struct key_reader {
    OSSL_DECODER_CTX *decoder; /* writes to key */
    EVP_PKEY *key;
} key_reader;

/** Read exactly one unencrypted PrivateKeyInfo in DER. */
saf_status key_reader_read(EVP_PKEY **out, key_reader *reader, const saf_secret *plain, saf_error *err);

void key_reader_free(key_reader *reader);

#endif
