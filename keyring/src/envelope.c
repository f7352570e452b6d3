#include "envelope.h"

#include <base/fail.h>
#include <base/own-openssl.h>
#include <base/random.h>

#include <limits.h>

enum { VERSION = 1, WRAPPED = 1, SEALED = 2 };
enum { HEADER_LEN = 2, NONCE_LEN = 12, TAG_LEN = 16, WRAP_LEN = HEADER_LEN + NONCE_LEN + TAG_LEN };
enum { DATA_KEY_LEN = WRAP_LEN + SAF_ENVELOPE_KEY_LEN };

/* So that a data key cannot pass for the record that it encrypts. */
static const char DATA_KEY_CONTEXT[] = "data key of ";

static int encrypt(EVP_CIPHER_CTX *ctx, unsigned char *out, unsigned char *tag, saf_bytes context, saf_bytes plain)
{
    int len;
    return EVP_EncryptUpdate(ctx, NULL, &len, context.data, (int)context.len) &&
           EVP_EncryptUpdate(ctx, out, &len, plain.data, (int)plain.len) &&
           EVP_EncryptFinal_ex(ctx, out + len, &len) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag);
}

static int decrypt(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *tag, saf_bytes context,
                   saf_bytes secret)
{
    int len;
    return EVP_DecryptUpdate(ctx, NULL, &len, context.data, (int)context.len) &&
           EVP_DecryptUpdate(ctx, out, &len, secret.data, (int)secret.len) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, (void *)(uintptr_t)tag) &&
           EVP_DecryptFinal_ex(ctx, out + len, &len);
}

static saf_status check_sizes(const saf_secret *key, saf_bytes context, saf_bytes content, saf_error *err)
{
    if (key->len != SAF_ENVELOPE_KEY_LEN || context.len > INT_MAX / 2 || content.len > INT_MAX / 2)
        return saf_fail(err, SAF_E_FAILED, "an envelope's key or content has a wrong length");
    return SAF_OK;
}

saf_status saf_envelope_wrap(saf_buffer *out, const saf_secret *key, saf_bytes context, saf_bytes plain,
                             saf_error *err)
{
    SAF_TRY(check_sizes(key, context, plain, err));
    unsigned char header[HEADER_LEN + NONCE_LEN] = { VERSION, WRAPPED };
    SAF_TRY(saf_random_bytes(header + HEADER_LEN, NONCE_LEN, err));
    saf_buffer_append(out, saf_bytes_of(header, sizeof header));
    unsigned char *body = saf_buffer_extend(out, plain.len + TAG_LEN);
    OWN(EVP_CIPHER_CTX) *ctx = EVP_CIPHER_CTX_new();
    if (!body || !ctx)
        return saf_fail_memory(err);
    if (!EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->data, header + HEADER_LEN) ||
        !encrypt(ctx, body, body + plain.len, context, plain))
        return saf_fail_openssl(err, "cannot encrypt");
    return SAF_OK;
}

static saf_status check_header(saf_bytes envelope, unsigned char algorithm, size_t least, saf_error *err)
{
    if (envelope.len >= HEADER_LEN && envelope.data[0] > VERSION)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the secret was encrypted by a newer release (format %d)",
                        envelope.data[0]);
    if (envelope.len < least || envelope.data[0] != VERSION || envelope.data[1] != algorithm)
        return saf_fail(err, SAF_E_FAILED, "the encrypted secret is damaged");
    return SAF_OK;
}

saf_status saf_envelope_unwrap(saf_secret *out, const saf_secret *key, saf_bytes context, saf_bytes wrapped,
                               saf_error *err)
{
    SAF_TRY(check_sizes(key, context, wrapped, err));
    SAF_TRY(check_header(wrapped, WRAPPED, WRAP_LEN, err));
    const unsigned char *nonce = wrapped.data + HEADER_LEN;
    saf_bytes body = saf_bytes_of(nonce + NONCE_LEN, wrapped.len - WRAP_LEN);

    OWN(EVP_CIPHER_CTX) *ctx = EVP_CIPHER_CTX_new();
    OWN(saf_secret) plain = { 0 };
    SAF_TRY(saf_secret_set(&plain, body, err)); /* the right size; overwritten */
    if (!ctx || !plain.data)
        return saf_fail_memory(err);
    if (!EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->data, nonce))
        return saf_fail_openssl(err, "cannot decrypt");
    if (!decrypt(ctx, plain.data, body.data + body.len, context, body))
        return saf_fail(err, SAF_E_DENIED, "the secret cannot be decrypted: wrong key, or it was altered");
    saf_secret_free(out);
    *out = plain;
    plain = (saf_secret) { 0 };
    return SAF_OK;
}

static saf_status data_key_context(saf_buffer *out, saf_bytes context, saf_error *err)
{
    saf_buffer_append_text(out, DATA_KEY_CONTEXT);
    saf_buffer_append(out, context);
    return saf_buffer_check(out, err);
}

static saf_status make_data_key(saf_secret *out, saf_error *err)
{
    unsigned char bytes[SAF_ENVELOPE_KEY_LEN];
    saf_status status = saf_random_bytes(bytes, sizeof bytes, err);
    if (status == SAF_OK)
        status = saf_secret_set(out, saf_bytes_of(bytes, sizeof bytes), err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return status;
}

saf_status saf_envelope_seal(saf_buffer *out, const saf_secret *key, saf_bytes context, saf_bytes plain,
                             saf_error *err)
{
    OWN(saf_secret) data_key = { 0 };
    OWN(saf_buffer) key_context = { 0 };
    SAF_TRY(make_data_key(&data_key, err));
    SAF_TRY(data_key_context(&key_context, context, err));
    saf_buffer_append(out, saf_bytes_of((const unsigned char[]) { VERSION, SEALED }, HEADER_LEN));
    SAF_TRY(saf_envelope_wrap(out, key, saf_buffer_bytes(&key_context), saf_secret_bytes(&data_key), err));
    SAF_TRY(saf_envelope_wrap(out, &data_key, context, plain, err));
    return saf_buffer_check(out, err);
}

saf_status saf_envelope_open(saf_secret *out, const saf_secret *key, saf_bytes context, saf_bytes sealed,
                             saf_error *err)
{
    OWN(saf_secret) data_key = { 0 };
    OWN(saf_buffer) key_context = { 0 };
    SAF_TRY(check_header(sealed, SEALED, HEADER_LEN + DATA_KEY_LEN, err));
    saf_bytes wrapped_key = saf_bytes_of(sealed.data + HEADER_LEN, DATA_KEY_LEN);
    saf_bytes content = saf_bytes_of(wrapped_key.data + DATA_KEY_LEN, sealed.len - HEADER_LEN - DATA_KEY_LEN);
    SAF_TRY(data_key_context(&key_context, context, err));
    SAF_TRY(saf_envelope_unwrap(&data_key, key, saf_buffer_bytes(&key_context), wrapped_key, err));
    return saf_envelope_unwrap(out, &data_key, context, content, err);
}
