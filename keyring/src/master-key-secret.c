#include "master-key.h"

#include "envelope.h"

#include <base/fail.h>
#include <base/own-openssl.h>
#include <base/random.h>

#include <openssl/crypto.h>
#include <openssl/kdf.h>

enum { KEY_LEN = SAF_ENVELOPE_KEY_LEN, SALT_LEN = 32 };

/* Limits for parameters that somebody may have altered: at most 2 GiB, no hour-long opening. */
enum { N_MAX = 1 << 20, R_MAX = 16, P_MAX = 16 };

/* ---- derivation ---- */

saf_status store_derive(saf_secret *out, const saf_secret *key, const char *purpose, saf_error *err)
{
    unsigned char bytes[KEY_LEN];
    size_t len = sizeof bytes;
    OWN(EVP_PKEY_CTX) *hkdf = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    int ok = hkdf && EVP_PKEY_derive_init(hkdf) > 0 && EVP_PKEY_CTX_set_hkdf_md(hkdf, EVP_sha256()) > 0 &&
             EVP_PKEY_CTX_set1_hkdf_key(hkdf, key->data, (int)key->len) > 0 &&
             EVP_PKEY_CTX_add1_hkdf_info(hkdf, (const unsigned char *)purpose, (int)strlen(purpose)) > 0 &&
             EVP_PKEY_derive(hkdf, bytes, &len) > 0;
    saf_status status = ok ? saf_secret_set(out, saf_bytes_of(bytes, len), err)
                           : saf_fail_openssl(err, "cannot derive a key of the store");
    OPENSSL_cleanse(bytes, sizeof bytes);
    return status;
}

saf_status master_key_of_credential(saf_secret *out, const saf_secret *credential, const char *store_id, saf_error *err)
{
    OWN(saf_buffer) purpose = { 0 };
    saf_buffer_printf(&purpose, "safring master key %s", store_id);
    SAF_TRY(saf_buffer_check(&purpose, err));
    return store_derive(out, credential, saf_buffer_text(&purpose), err);
}

/* ---- scrypt ---- */

static void put_number(unsigned char *out, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(number >> (24 - 8 * i));
}

static uint32_t get_number(const unsigned char *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

saf_status master_key_new_parameters(saf_buffer *out, saf_error *err)
{
    unsigned char parameters[MASTER_SCRYPT_LEN];
    SAF_TRY(saf_random_bytes(parameters, SALT_LEN, err));
    put_number(parameters + SALT_LEN, MASTER_SCRYPT_N);
    put_number(parameters + SALT_LEN + 4, MASTER_SCRYPT_R);
    put_number(parameters + SALT_LEN + 8, MASTER_SCRYPT_P);
    saf_buffer_append(out, saf_bytes_of(parameters, sizeof parameters));
    return saf_buffer_check(out, err);
}

saf_status master_key_of_passphrase(saf_secret *out, const saf_secret *passphrase, saf_bytes parameters, saf_error *err)
{
    if (parameters.len != MASTER_SCRYPT_LEN)
        return saf_fail(err, SAF_E_FAILED, "the store's scrypt parameters are damaged");
    uint64_t n = get_number(parameters.data + SALT_LEN);
    uint64_t r = get_number(parameters.data + SALT_LEN + 4);
    uint64_t p = get_number(parameters.data + SALT_LEN + 8);
    if (n < 2 || n > N_MAX || r < 1 || r > R_MAX || p < 1 || p > P_MAX)
        return saf_fail(err, SAF_E_FAILED, "the store's scrypt parameters are damaged");
    /* OpenSSL's default limit, 32 MiB, refuses any N that is worth its name. */
    uint64_t memory_max = 128 * r * (n + p + 2) + 1024;
    unsigned char key[KEY_LEN];
    saf_status status = SAF_OK;
    if (!EVP_PBE_scrypt((const char *)passphrase->data, passphrase->len, parameters.data, SALT_LEN, n, r, p,
                        memory_max, key, sizeof key))
        status = saf_fail_openssl(err, "cannot derive the master key");
    else
        status = saf_secret_set(out, saf_bytes_of(key, sizeof key), err);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

/* ---- where a secret comes from ---- */

bool master_key_has_secret(const saf_store_options *options)
{
    return options->passphrase || options->secret_source;
}

static saf_status refuse_locked(const char *dir, saf_master_kind kind, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_DENIED, "the store %s is locked with a %s", dir, saf_master_kind_name(kind));
    saf_hint(err, "say where it is: --store-secret-source file:PATH|fd:N|env:NAME|cred:NAME");
    return status;
}

/* A source that is not there is no missing store; its text and hint stay. */
static saf_status read_source(saf_secret *out, const char *source, saf_error *err)
{
    saf_status status = saf_secret_from_source(out, source, err);
    if (status != SAF_E_NOT_FOUND)
        return status;
    if (err)
        err->status = SAF_E_DENIED;
    return SAF_E_DENIED;
}

saf_status master_key_read_secret(saf_secret *out, const char *dir, saf_master_kind kind, const saf_store_options *options, saf_error *err)
{
    if (!master_key_has_secret(options))
        return refuse_locked(dir, kind, err);
    if (options->passphrase)
        SAF_TRY(saf_secret_set(out, saf_secret_bytes(options->passphrase), err));
    else
        SAF_TRY(read_source(out, options->secret_source, err));
    if (out->len == 0)
        return saf_fail(err, SAF_E_USAGE, "the %s of the store %s is empty", saf_master_kind_name(kind), dir);
    return SAF_OK;
}

saf_status master_key_check_passphrase(const saf_secret *passphrase, saf_error *err)
{
    if (passphrase->len >= SAF_PASSPHRASE_MIN)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "a passphrase has at least %d bytes, this one has %zu", SAF_PASSPHRASE_MIN, passphrase->len);
    saf_hint(err, "some words that do not belong together are one that is long and can be remembered");
    return status;
}
