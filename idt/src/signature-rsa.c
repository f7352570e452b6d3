#include "signature.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, RSA_EXPONENT_BITS_MAX = 64 };

/* An exponent of 1 makes every message its own signature; a huge one makes verifying as dear as an attacker likes. */
static saf_status check_exponent(EVP_PKEY *pkey, saf_error *err)
{
    OWN(BIGNUM) *exponent = NULL;
    ERR_set_mark();
    int known = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent);
    ERR_pop_to_mark();
    if (!known)
        return saf_fail(err, SAF_E_USAGE, "the RSA key does not tell its public exponent");
    if (!BN_is_odd(exponent) || BN_is_one(exponent) || BN_num_bits(exponent) > RSA_EXPONENT_BITS_MAX)
        return saf_fail(err, SAF_E_USAGE, "the RSA key's public exponent is not an odd number from 3 to 64 bits");
    return SAF_OK;
}

/* RFC 7518 3.3, 3.5: 2048 bits or more. */
static saf_status check_numbers(const idt_algorithm *algorithm, EVP_PKEY *pkey, saf_error *err)
{
    int bits = EVP_PKEY_get_bits(pkey);
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return saf_fail(err, SAF_E_USAGE, "%s needs an RSA key of %d to %d bits, not %d", algorithm->name, RSA_BITS_MIN,
                        RSA_BITS_MAX, bits);
    return check_exponent(pkey, err);
}

static saf_status pkcs1_check(const idt_algorithm *algorithm, EVP_PKEY *pkey, saf_error *err)
{
    if (!EVP_PKEY_is_a(pkey, "RSA"))
        return saf_fail(err, SAF_E_USAGE, "%s needs an RSA key", algorithm->name);
    return check_numbers(algorithm, pkey, err);
}

static saf_status pss_check(const idt_algorithm *algorithm, EVP_PKEY *pkey, saf_error *err)
{
    if (!EVP_PKEY_is_a(pkey, "RSA") && !EVP_PKEY_is_a(pkey, "RSA-PSS"))
        return saf_fail(err, SAF_E_USAGE, "%s needs an RSA or RSA-PSS key", algorithm->name);
    return check_numbers(algorithm, pkey, err);
}

static saf_status pkcs1_prepare(idt_context *context, const idt_key *key)
{
    SAF_TRY(idt_context_prepare_digest(context, key->algorithm));
    SAF_TRY(idt_context_prepare_pkey(context, key));
    return EVP_PKEY_CTX_set_rsa_padding(context->pkey, RSA_PKCS1_PADDING) > 0 ? SAF_OK : SAF_E_FAILED;
}

/* RFC 7518 3.5: MGF1 with the same hash, and a salt exactly as long as the hash. */
static saf_status pss_prepare(idt_context *context, const idt_key *key)
{
    SAF_TRY(idt_context_prepare_digest(context, key->algorithm));
    SAF_TRY(idt_context_prepare_pkey(context, key));
    if (EVP_PKEY_CTX_set_rsa_padding(context->pkey, RSA_PKCS1_PSS_PADDING) <= 0 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context->pkey, key->algorithm->digest()) <= 0 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(context->pkey, RSA_PSS_SALTLEN_DIGEST) <= 0)
        return SAF_E_FAILED;
    return SAF_OK;
}

static saf_status rsa_sign(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t hash_len = 0;
    size_t len = SAF_IDT_SIGNATURE_MAX;
    SAF_TRY(idt_context_hash(context, key->algorithm, message, hash, &hash_len));
    if (EVP_PKEY_sign(context->pkey, out, &len, hash, hash_len) <= 0 || len != key->signature_len)
        return SAF_E_FAILED;
    *out_len = len;
    return SAF_OK;
}

/* RFC 8017 8.1.2, 8.2.2: a signature is exactly as long as the modulus. */
static saf_status rsa_verify(idt_context *context, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t hash_len = 0;
    *good = false;
    if (signature.len != key->signature_len)
        return SAF_OK;
    SAF_TRY(idt_context_hash(context, key->algorithm, message, hash, &hash_len));
    *good = idt_context_accepts(context, signature, hash, hash_len);
    return SAF_OK;
}

const idt_family idt_family_rsa_pkcs1 = {
    .check = pkcs1_check, .prepare = pkcs1_prepare, .sign = rsa_sign, .verify = rsa_verify
};

const idt_family idt_family_rsa_pss = {
    .check = pss_check, .prepare = pss_prepare, .sign = rsa_sign, .verify = rsa_verify
};
