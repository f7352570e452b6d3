#include "csr.h"

#include <base/fail.h>

#include <openssl/err.h>

/* SP 800-56B 6.2.1.2, 6.2.2: an odd exponent, 2^16 < e < 2^256. What is longer costs us, not who sends it. */
enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, EXPONENT_BITS_MAX = 256, EXPONENT_MIN = 65537 };

/* ---- DER, one value after the other ----------------------------------------------------------------------- */

/* Take the next value of @p tag off *in. 0: it is another one, or does not fit. */
static int take(saf_bytes *content, saf_bytes *whole, saf_bytes *in, int tag)
{
    const unsigned char *at = in->data;
    long len = 0;
    int found = 0, class = 0;
    int flags = in->len && in->len <= INT32_MAX ? ASN1_get_object(&at, &len, &found, &class, (long)in->len) : 0x80;
    ERR_clear_error();
    /* 0x80: an error; bit 0: an indefinite length, which DER does not know */
    if ((flags & 0x81) || class != V_ASN1_UNIVERSAL || found != tag || len < 0 || (size_t)len > in->len - (size_t)(at - in->data))
        return 0;
    *content = saf_bytes_of(at, (size_t)len);
    *whole = saf_bytes_of(in->data, (size_t)(at - in->data) + (size_t)len);
    *in = saf_bytes_of(in->data + whole->len, in->len - whole->len);
    return 1;
}

static int take_content(saf_bytes *content, saf_bytes *in, int tag)
{
    saf_bytes whole;
    return take(content, &whole, in, tag);
}

/* RFC 2986 4.1: SEQUENCE { SEQUENCE { version, subject, subjectPKInfo, … */
saf_status csr_key_find(saf_bytes *info, saf_bytes der, const char *what, saf_error *err)
{
    saf_bytes rest = der, request, signed_part, skipped, content;
    if (take_content(&request, &rest, V_ASN1_SEQUENCE) && !rest.len && take_content(&signed_part, &request, V_ASN1_SEQUENCE) &&
        take_content(&skipped, &signed_part, V_ASN1_INTEGER) && take_content(&skipped, &signed_part, V_ASN1_SEQUENCE) &&
        take(&content, info, &signed_part, V_ASN1_SEQUENCE))
        return SAF_OK;
    return saf_fail(err, SAF_E_MALFORMED, "%s is not one certificate request (PKCS#10)", what);
}

/* ---- kinds of keys ---------------------------------------------------------------------------------------- */

/* A positive INTEGER without needless octets in front; its sign octet is cut off. */
static int take_number(saf_bytes *number, saf_bytes *in)
{
    if (!take_content(number, in, V_ASN1_INTEGER) || !number->len || (number->data[0] & 0x80))
        return 0;
    if (number->data[0] == 0 && number->len > 1) {
        *number = saf_bytes_of(number->data + 1, number->len - 1);
        return number->data[0] & 0x80;
    }
    return 1;
}

static size_t bits_of(saf_bytes number)
{
    size_t bits = number.len * 8;
    for (unsigned mask = 0x80; mask && bits && !(number.data[0] & mask); mask >>= 1)
        bits--;
    return bits;
}

static bool is_usable_exponent(saf_bytes number)
{
    size_t bits = bits_of(number);
    return bits > 16 && bits <= EXPONENT_BITS_MAX && (number.data[number.len - 1] & 1);
}

static saf_status check_rsa(saf_bytes bits, const char *what, saf_error *err)
{
    saf_bytes key, modulus, exponent;
    if (!take_content(&key, &bits, V_ASN1_SEQUENCE) || bits.len || !take_number(&modulus, &key) || !take_number(&exponent, &key) || key.len)
        return saf_fail(err, SAF_E_MALFORMED, "the RSA key in %s cannot be read", what);
    if (bits_of(modulus) < RSA_BITS_MIN || bits_of(modulus) > RSA_BITS_MAX)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the RSA key in %s has %zu bits, and %d to %d are accepted", what, bits_of(modulus),
                        RSA_BITS_MIN, RSA_BITS_MAX);
    if (!is_usable_exponent(exponent))
        return saf_fail(err, SAF_E_UNSUPPORTED, "the RSA key in %s has an exponent that is not odd and %d to 2^%d", what, EXPONENT_MIN,
                        EXPONENT_BITS_MAX);
    return SAF_OK;
}

static int nid_of(saf_bytes oid)
{
    const unsigned char *at = oid.data;
    OWN(ASN1_OBJECT) *object = d2i_ASN1_OBJECT(NULL, &at, (long)oid.len);
    ERR_clear_error();
    return object ? OBJ_obj2nid(object) : NID_undef;
}

/* RFC 5480 2.1.1: the curve by its name; whoever writes its numbers out may have chosen them. */
static saf_status check_curve(saf_bytes parameters, const char *what, saf_error *err)
{
    static const int curves[] = { NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1, NID_brainpoolP256r1, NID_brainpoolP384r1,
                                  NID_brainpoolP512r1 };
    saf_bytes content, name;
    int nid = take(&content, &name, &parameters, V_ASN1_OBJECT) && !parameters.len ? nid_of(name) : NID_undef;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (nid == curves[i])
            return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "the EC key in %s is on none of P-256, P-384, P-521, brainpoolP256r1, "
                    "brainpoolP384r1 and brainpoolP512r1", what);
}

saf_status csr_key_check(saf_bytes info, const char *what, saf_error *err)
{
    saf_bytes content, algorithm, bits, oid, inner;
    if (!take_content(&content, &info, V_ASN1_SEQUENCE) || !take_content(&algorithm, &content, V_ASN1_SEQUENCE) ||
        !take_content(&bits, &content, V_ASN1_BIT_STRING) || content.len || !bits.len || bits.data[0] != 0 ||
        !take(&inner, &oid, &algorithm, V_ASN1_OBJECT))
        return saf_fail(err, SAF_E_MALFORMED, "the public key in %s cannot be read", what);
    bits = saf_bytes_of(bits.data + 1, bits.len - 1);
    switch (nid_of(oid)) {
    case NID_rsaEncryption:
        return check_rsa(bits, what, err);
    case NID_X9_62_id_ecPublicKey:
        return check_curve(algorithm, what, err);
    case NID_ED25519:
        return SAF_OK;
    default:
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key in %s is neither RSA nor EC nor Ed25519", what);
    }
}
