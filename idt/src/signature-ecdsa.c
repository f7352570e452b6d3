#include "signature.h"

#include <base/fail.h>

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

/* RFC 7518 3.4: r and s side by side, each as long as the curve's order; libcrypto and tokens' keys make DER: a SEQUENCE of two INTEGERs
 * (X.690 8.3, 8.9, 10.1). Written out here because libcrypto's own conversion takes seven allocations. */

enum { DER_SEQUENCE = 0x30, DER_INTEGER = 0x02, DER_LONG = 0x81 };

/* One INTEGER, at the front of *der, into a side of the signature; *der is what follows it. */
static bool take_integer(saf_bytes *der, unsigned char *side, size_t side_len)
{
    if (der->len < 2 || der->data[0] != DER_INTEGER || der->data[1] > der->len - 2)
        return false;
    saf_bytes digits = saf_bytes_of(der->data + 2, der->data[1]);
    *der = saf_bytes_of(digits.data + digits.len, der->len - 2 - digits.len);
    while (digits.len && digits.data[0] == 0)
        digits = saf_bytes_of(digits.data + 1, digits.len - 1);
    if (digits.len > side_len)
        return false;
    memset(side, 0, side_len - digits.len);
    if (digits.len)
        memcpy(side + side_len - digits.len, digits.data, digits.len);
    return true;
}

static saf_status from_der(unsigned char *out, size_t out_len, saf_bytes der)
{
    size_t head = der.len > 2 && der.data[1] == DER_LONG ? 3 : 2;
    if (der.len < head || der.data[0] != DER_SEQUENCE || der.data[head - 1] != der.len - head)
        return SAF_E_FAILED;
    saf_bytes rest = saf_bytes_of(der.data + head, der.len - head);
    bool is_good = take_integer(&rest, out, out_len / 2) && take_integer(&rest, out + out_len / 2, out_len / 2) && rest.len == 0;
    return is_good ? SAF_OK : SAF_E_FAILED;
}

/* An INTEGER has no zeros in front but one, which keeps a high first bit from making it negative. */
static unsigned char *put_integer(unsigned char *at, saf_bytes side)
{
    while (side.len > 1 && side.data[0] == 0)
        side = saf_bytes_of(side.data + 1, side.len - 1);
    size_t zero = side.data[0] >> 7;
    *at++ = DER_INTEGER;
    *at++ = (unsigned char)(zero + side.len);
    *at = 0;
    memcpy(at + zero, side.data, side.len);
    return at + zero + side.len;
}

static void to_der(unsigned char out[DER_MAX], size_t *out_len, saf_bytes sides)
{
    unsigned char integers[DER_MAX];
    size_t half = sides.len / 2;
    unsigned char *end = put_integer(integers, saf_bytes_of(sides.data, half));
    end = put_integer(end, saf_bytes_of(sides.data + half, half));
    size_t len = (size_t)(end - integers);
    *out++ = DER_SEQUENCE;
    if (len >= 0x80)
        *out++ = DER_LONG;
    *out++ = (unsigned char)len;
    memcpy(out, integers, len);
    *out_len = len + (len >= 0x80 ? 3 : 2);
}

static saf_status ecdsa_sign(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned char der[DER_MAX];
    size_t hash_len = 0;
    size_t der_len = sizeof der;
    SAF_TRY(idt_context_hash(context, key->algorithm, message, hash, &hash_len));
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
    SAF_TRY(idt_context_hash(context, key->algorithm, message, hash, &hash_len));
    to_der(der, &der_len, signature);
    *good = idt_context_accepts(context, saf_bytes_of(der, der_len), hash, hash_len);
    return SAF_OK;
}

const idt_family idt_family_ecdsa = {
    .check = ecdsa_check, .prepare = ecdsa_prepare, .sign = ecdsa_sign, .verify = ecdsa_verify
};
