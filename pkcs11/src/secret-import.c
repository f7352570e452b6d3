#include "secret-make.h"

#include <base/own-openssl.h>

#include <openssl/hmac.h>

/* ---- importing -------------------------------------------------------------------------------------------- */

static saf_status create(CK_OBJECT_HANDLE *out, const saf_p11_session *session, p11_template *wanted, const p11_secret_order *order, saf_error *err)
{
    const saf_secret *value = order->context;
    p11_template_add_bytes(wanted, CKA_VALUE, saf_secret_bytes(value));
    SAF_TRY(p11_template_check(wanted, err));
    CK_RV answer = p11_create_object(out, session, wanted);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "token %s cannot take in secret key \"%s\"", session->token.label, order->spec.label);
}

saf_status saf_p11_import_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_secret_spec *spec, const saf_secret *value,
                                 saf_error *err)
{
    p11_secret_order order = { .spec = *spec, .make = create, .context = value };
    order.spec.len = value->len;
    return p11_secret_make(out, session, &order, err);
}

/* ---- check values ----------------------------------------------------------------------------------------- */

static bool encrypt_zeros(unsigned char out[32], const saf_secret *key)
{
    static const unsigned char zeros[16] = { 0 };
    const EVP_CIPHER *cipher = key->len == 16 ? EVP_aes_128_ecb() : key->len == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
    OWN(EVP_CIPHER_CTX) *context = EVP_CIPHER_CTX_new();
    int len = 0;
    return context && EVP_EncryptInit_ex(context, cipher, NULL, key->data, NULL) && EVP_EncryptUpdate(context, out, &len, zeros, 16) && len == 16;
}

static bool mac_zero(unsigned char out[32], const saf_secret *key)
{
    static const unsigned char zero[1] = { 0 };
    return HMAC(EVP_sha256(), key->data, (int)key->len, zero, 1, out, NULL) != NULL;
}

saf_status saf_p11_compute_check_value(char out[7], saf_p11_secret_kind kind, const saf_secret *value, saf_error *err)
{
    unsigned char bytes[32];
    if (kind == SAF_P11_AES && value->len != 16 && value->len != 24 && value->len != 32)
        return saf_fail(err, SAF_E_USAGE, "an AES key cannot have %zu bytes: 16, 24 or 32", value->len);
    bool done = kind == SAF_P11_AES ? encrypt_zeros(bytes, value) : mac_zero(bytes, value);
    if (!done)
        return saf_fail_openssl(err, "cannot compute a check value");
    snprintf(out, 7, "%02X%02X%02X", bytes[0], bytes[1], bytes[2]);
    return SAF_OK;
}
