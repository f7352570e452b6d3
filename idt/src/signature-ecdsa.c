#include "signature.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <openssl/err.h>

#include <strings.h>

enum { GROUP_NAME_SIZE = 64, DER_MAX = 160 }; /* P-521's signature takes 139 bytes at most */

/* RFC 7518 3.4: the algorithm fixes the curve. */
static saf_status ecdsa_check(const idt_algorithm *algorithm, EVP_PKEY *pkey, saf_error *err)
{
    char group[GROUP_NAME_SIZE] = "";
    if (!EVP_PKEY_is_a(pkey, "EC"))
        return saf_fail(err, SAF_E_USAGE, "%s needs an EC key", algorithm->name);
    ERR_set_mark();
    int known = EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL);
    ERR_pop_to_mark();
    if (known != 1)
        return saf_fail(err, SAF_E_USAGE, "%s needs an EC key on a named curve", algorithm->name);
    if (strcasecmp(group, algorithm->curves[0]) != 0 && strcasecmp(group, algorithm->curves[1]) != 0)
        return saf_fail(err, SAF_E_USAGE, "%s needs an EC key on %s, not on %s", algorithm->name, algorithm->curves[1],
                        group);
    return SAF_OK;
}

static saf_status ecdsa_prepare(idt_context *context, const idt_key *key)
{
    SAF_TRY(idt_context_prepare_digest(context, key->algorithm));
    return idt_context_prepare_pkey(context, key);
}

/* RFC 7518 3.4: r and s side by side, each as long as the curve's order; libcrypto and tokens' keys make DER. */
static saf_status from_der(unsigned char *out, size_t out_len, saf_bytes der)
{
    const unsigned char *at = der.data;
    OWN(ECDSA_SIG) *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    if (!signature)
        return SAF_E_FAILED;
    int half = (int)(out_len / 2);
    if (BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, half) != half ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + half, half) != half)
        return SAF_E_FAILED;
    return SAF_OK;
}

static saf_status to_der(unsigned char out[DER_MAX], size_t *out_len, saf_bytes sides)
{
    int half = (int)(sides.len / 2);
    OWN(BIGNUM) *r = BN_bin2bn(sides.data, half, NULL);
    OWN(BIGNUM) *s = BN_bin2bn(sides.data + half, half, NULL);
    OWN(ECDSA_SIG) *signature = ECDSA_SIG_new();
    if (!r || !s || !signature || !ECDSA_SIG_set0(signature, r, s))
        return SAF_E_MEMORY;
    (void)GIVE(&r); /* they are the signature's now */
    (void)GIVE(&s);
    int len = i2d_ECDSA_SIG(signature, NULL);
    if (len <= 0 || len > DER_MAX)
        return SAF_E_FAILED;
    *out_len = (size_t)i2d_ECDSA_SIG(signature, &out);
    return SAF_OK;
}

static saf_status ecdsa_sign(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned char der[DER_MAX];
    size_t hash_len = 0;
    size_t der_len = sizeof der;
    SAF_TRY(idt_context_hash(context, message, hash, &hash_len));
    if (EVP_PKEY_sign(context->pkey, der, &der_len, hash, hash_len) <= 0)
        return SAF_E_FAILED;
    SAF_TRY(from_der(out, key->signature_len, saf_bytes_of(der, der_len)));
    *out_len = key->signature_len;
    return SAF_OK;
}

/* libcrypto refuses r and s that are zero or not below the order. */
static saf_status ecdsa_verify(idt_context *context, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned char der[DER_MAX];
    size_t hash_len = 0;
    size_t der_len = 0;
    *good = false;
    if (signature.len != key->signature_len)
        return SAF_OK;
    SAF_TRY(idt_context_hash(context, message, hash, &hash_len));
    SAF_TRY(to_der(der, &der_len, signature));
    *good = idt_context_accepts(context, saf_bytes_of(der, der_len), hash, hash_len);
    return SAF_OK;
}

const idt_family idt_family_ecdsa = {
    .check = ecdsa_check, .prepare = ecdsa_prepare, .sign = ecdsa_sign, .verify = ecdsa_verify
};
