/*
 * What a key derivation that a foreign file asks for would cost, told before it is made: a few hundred bytes can ask for hours
 * (RFC 8018 4.2, RFC 7914).
 */
#include "bundle.h"

#include <base/fail.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

static saf_status refuse_parameters(const char *what, saf_error *err)
{
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "%s is protected with parameters that cannot be read", what);
}

/* A block of scrypt takes about as long as a round of the others. */
static saf_status pay(bundle_items *items, uint64_t rounds, const char *what, saf_error *err)
{
    items->work += rounds;
    p12_note_rounds(&items->p12, rounds);
    if (items->work <= BUNDLE_WORK_MAX)
        return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "%s asks for more than %d rounds to make all its keys of the password", what,
                    BUNDLE_WORK_MAX);
}

/* RFC 8018: a count is positive. */
static int read_count(uint64_t *out, const ASN1_INTEGER *number)
{
    int read = ASN1_INTEGER_get_uint64(out, number) && *out;
    ERR_clear_error();
    return read;
}

saf_status bundle_pay_rounds(bundle_items *items, const ASN1_INTEGER *rounds, const char *what, saf_error *err)
{
    uint64_t count = 0;
    if (ASN1_STRING_length(rounds) <= (int)sizeof count && !read_count(&count, rounds))
        return refuse_parameters(what, err);
    if (!count || count > BUNDLE_ROUNDS_MAX)
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s asks for more than %d rounds to make a key of the password", what,
                        BUNDLE_ROUNDS_MAX);
    return pay(items, count, what, err);
}

OWN_POINTER(PBEPARAM, PBEPARAM_free)
OWN_POINTER(PBE2PARAM, PBE2PARAM_free)
OWN_POINTER(PBKDF2PARAM, PBKDF2PARAM_free)
OWN_POINTER(SCRYPT_PARAMS, SCRYPT_PARAMS_free)

static saf_status pay_pbe(bundle_items *items, const ASN1_TYPE *parameter, const char *what, saf_error *err)
{
    OWN(PBEPARAM) *pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameter);
    return pbe ? bundle_pay_rounds(items, pbe->iter, what, err) : refuse_parameters(what, err);
}

static saf_status pay_pbkdf2(bundle_items *items, const ASN1_TYPE *parameter, const char *what, saf_error *err)
{
    OWN(PBKDF2PARAM) *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
    return kdf ? bundle_pay_rounds(items, kdf->iter, what, err) : refuse_parameters(what, err);
}

/* Each below the limit, so that their product is no more than its third power, and 64 bits have room for that. */
static int fits_scrypt(uint64_t n, uint64_t r, uint64_t p)
{
    return n <= BUNDLE_SCRYPT_MAX && r <= BUNDLE_SCRYPT_MAX && p <= BUNDLE_SCRYPT_MAX && n * r * p <= BUNDLE_SCRYPT_MAX;
}

static saf_status pay_scrypt(bundle_items *items, const ASN1_TYPE *parameter, const char *what, saf_error *err)
{
    OWN(SCRYPT_PARAMS) *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
    uint64_t n = 0, r = 0, p = 0;
    if (!kdf || !read_count(&n, kdf->costParameter) || !read_count(&r, kdf->blockSize) ||
        !read_count(&p, kdf->parallelizationParameter))
        return refuse_parameters(what, err);
    if (!fits_scrypt(n, r, p))
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s asks for more of scrypt than N*r*p = %d", what, BUNDLE_SCRYPT_MAX);
    return pay(items, n * r * p, what, err);
}

static saf_status pay_pbe2(bundle_items *items, const ASN1_TYPE *parameter, const char *what, saf_error *err)
{
    OWN(PBE2PARAM) *pbe2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameter);
    if (!pbe2)
        return refuse_parameters(what, err);
    switch (OBJ_obj2nid(pbe2->keyfunc->algorithm)) {
    case NID_id_pbkdf2:
        return pay_pbkdf2(items, pbe2->keyfunc->parameter, what, err);
    case NID_id_scrypt:
        return pay_scrypt(items, pbe2->keyfunc->parameter, what, err);
    default:
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s makes its key of the password in an unknown way", what);
    }
}

/* What OpenSSL would decrypt but we cannot price is not decrypted: a later OpenSSL may know more of them. Its queue of errors will say why
 * that failed (bundle_refuse_sealed()), so what was left there by others goes first. */
saf_status bundle_pay(bundle_items *items, const X509_ALGOR *algorithm, const char *what, saf_error *err)
{
    int nid = OBJ_obj2nid(algorithm->algorithm);
    ERR_clear_error();
    if (nid == NID_pbes2 || nid == NID_pbmac1)
        return pay_pbe2(items, algorithm->parameter, what, err);
    if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, nid, NULL, NULL, NULL))
        return pay_pbe(items, algorithm->parameter, what, err);
    return saf_fail(err, SAF_E_UNSUPPORTED, "%s is protected with an unknown algorithm", what);
}
