#include <base/fail.h>

#include <safring/secret.h>

#include <openssl/crypto.h>

saf_status saf_secret_set(saf_secret *out, saf_bytes bytes, saf_error *err)
{
    saf_secret copy = { 0 };
    if (bytes.len) {
        copy.data = bytes.len < SIZE_MAX ? OPENSSL_secure_malloc(bytes.len + 1) : NULL;
        if (!copy.data)
            return saf_fail_memory(err);
        copy.len = bytes.len;
        memcpy(copy.data, bytes.data, bytes.len);
        copy.data[copy.len] = '\0';
    }
    /* Only now, because the bytes may be the old secret's. */
    saf_secret_free(out);
    *out = copy;
    return SAF_OK;
}

int saf_secret_equal(const saf_secret *a, const saf_secret *b)
{
    return a->len == b->len && (a->len == 0 || CRYPTO_memcmp(a->data, b->data, a->len) == 0);
}

void saf_secret_free(saf_secret *secret)
{
    if (!secret)
        return;
    if (secret->data)
        OPENSSL_secure_clear_free(secret->data, secret->len + 1);
    *secret = (saf_secret) { 0 };
}
