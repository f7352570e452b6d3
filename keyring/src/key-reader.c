#include "key-reader.h"

#include <base/fail.h>

#include <openssl/evp.h>

static saf_status prepare(key_reader *reader, saf_error *err)
{
    if (!reader->decoder)
        reader->decoder = OSSL_DECODER_CTX_new_for_pkey(&reader->key, "DER", "PrivateKeyInfo", NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
    return reader->decoder ? SAF_OK : saf_fail_openssl(err, "cannot prepare to read private keys");
}

saf_status key_reader_read(EVP_PKEY **out, key_reader *reader, const saf_secret *plain, saf_error *err)
{
    const unsigned char *at = plain->data;
    size_t left = plain->len;
    SAF_TRY(prepare(reader, err));
    int ok = OSSL_DECODER_from_data(reader->decoder, &at, &left) == 1 && left == 0;
    EVP_PKEY *key = reader->key;
    reader->key = NULL;
    if (!ok || !key) {
        EVP_PKEY_free(key);
        return saf_fail_openssl(err, "cannot read the private key");
    }
    *out = key;
    return SAF_OK;
}

void key_reader_free(key_reader *reader)
{
    OSSL_DECODER_CTX_free(reader->decoder);
    EVP_PKEY_free(reader->key);
    *reader = (key_reader) { 0 };
}
