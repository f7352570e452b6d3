#include "signature.h"

#include <base/own-openssl.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

static saf_status hmac_prepare(idt_context *context, const idt_key *key)
{
    OWN(EVP_MAC) *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!mac)
        return SAF_E_FAILED;
    context->mac = EVP_MAC_CTX_new(mac);
    if (!context->mac)
        return SAF_E_MEMORY;
    char *digest = (char *)EVP_MD_get0_name(key->algorithm->digest()); /* OSSL_PARAM has no const; it is only read */
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(context->mac, key->secret.data, key->secret.len, params) ? SAF_OK : SAF_E_FAILED;
}

static saf_status hmac_sign(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    (void)key;
    /* Without a key the context goes back to the state after the inner pad: the key is hashed once per lane, not per token. */
    if (!EVP_MAC_init(context->mac, NULL, 0, NULL) || !EVP_MAC_update(context->mac, message.data, message.len) ||
        !EVP_MAC_final(context->mac, out, out_len, SAF_IDT_SIGNATURE_MAX))
        return SAF_E_FAILED;
    return SAF_OK;
}

/* RFC 7518 3.2: the comparison is constant-time. What is computed here would be a valid signature, so it does not stay. */
static saf_status hmac_verify(idt_context *context, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good)
{
    unsigned char expected[SAF_IDT_SIGNATURE_MAX];
    size_t len = 0;
    saf_status status = hmac_sign(context, key, message, expected, &len);
    *good = status == SAF_OK && idt_same_secret(saf_bytes_of(expected, len), signature);
    OPENSSL_cleanse(expected, len);
    return status;
}

const idt_family idt_family_hmac = { .prepare = hmac_prepare, .sign = hmac_sign, .verify = hmac_verify };
