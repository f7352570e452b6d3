#include "signature.h"

#include <base/fail.h>


/* RFC 8037 3.1 lets EdDSA mean Ed25519 or Ed448; here it is the one that is in use. */
static saf_status eddsa_check(const idt_algorithm *algorithm, EVP_PKEY *pkey, saf_error *err)
{
    if (!EVP_PKEY_is_a(pkey, "ED25519"))
        return saf_fail(err, SAF_E_USAGE, "%s needs an Ed25519 key", algorithm->name);
    return SAF_OK;
}

static saf_status eddsa_prepare(idt_context *context, const idt_key *key)
{
    context->md = EVP_MD_CTX_new();
    if (!context->md)
        return SAF_E_MEMORY;
    int ready = key->use == IDT_TO_SIGN ? EVP_DigestSignInit(context->md, NULL, NULL, NULL, key->pkey)
                                        : EVP_DigestVerifyInit(context->md, NULL, NULL, NULL, key->pkey);
    return ready > 0 ? SAF_OK : SAF_E_FAILED;
}

/* RFC 8032 5.1: pure EdDSA reads the message twice, so there is no hash to prepare. Whoever signed once has to begin anew in some versions of
 * libcrypto: without a key that is to go on with the one that is there, where the version knows how. */
static bool begin_sign(EVP_MD_CTX *context, EVP_PKEY *key)
{
    return EVP_DigestSignInit(context, NULL, NULL, NULL, NULL) > 0 || EVP_DigestSignInit(context, NULL, NULL, NULL, key) > 0;
}

static bool begin_verify(EVP_MD_CTX *context, EVP_PKEY *key)
{
    return EVP_DigestVerifyInit(context, NULL, NULL, NULL, NULL) > 0 || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) > 0;
}

static saf_status eddsa_sign(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    size_t len = SAF_IDT_SIGNATURE_MAX;
    if (!begin_sign(context->md, key->pkey) || EVP_DigestSign(context->md, out, &len, message.data, message.len) <= 0 ||
        len != key->signature_len)
        return SAF_E_FAILED;
    *out_len = len;
    return SAF_OK;
}

static saf_status eddsa_verify(idt_context *context, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good)
{
    *good = false;
    if (signature.len != key->signature_len)
        return SAF_OK;
    if (!begin_verify(context->md, key->pkey))
        return SAF_E_FAILED;
    *good = EVP_DigestVerify(context->md, signature.data, signature.len, message.data, message.len) == 1;
    return SAF_OK;
}

const idt_family idt_family_eddsa = {
    .check = eddsa_check, .prepare = eddsa_prepare, .sign = eddsa_sign, .verify = eddsa_verify
};
