#include "signer.h"

#include <base/own-openssl.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

OWN_POINTER(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
OWN_POINTER(OSSL_PARAM, OSSL_PARAM_free)
OWN_POINTER(X509_PUBKEY, X509_PUBKEY_free)

/* RSA of 8192 bits, and the points and certificates that there are. */
enum { VALUE_MAX = 16384, ED25519_LEN = 32 };

typedef struct value {
    unsigned char data[VALUE_MAX];
    size_t len;
} value;

static bool read_value(value *out, const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    return p11_read_bytes(session, object, type, out->data, sizeof out->data, &out->len) == CKR_OK && out->len > 0;
}

/* ---- from attributes ---- */

static EVP_PKEY *rsa_of(const value *modulus, const value *exponent)
{
    EVP_PKEY *key = NULL;
    OWN(BIGNUM) *n = BN_bin2bn(modulus->data, (int)modulus->len, NULL);
    OWN(BIGNUM) *e = BN_bin2bn(exponent->data, (int)exponent->len, NULL);
    OWN(OSSL_PARAM_BLD) *builder = OSSL_PARAM_BLD_new();
    if (!n || !e || !builder || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        return NULL;
    OWN(OSSL_PARAM) *parameters = OSSL_PARAM_BLD_to_param(builder);
    OWN(EVP_PKEY_CTX) *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (!parameters || !context || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
        return NULL;
    return key;
}

static EVP_PKEY *read_rsa(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    value modulus, exponent;
    if (!read_value(&modulus, session, object, CKA_MODULUS) || !read_value(&exponent, session, object, CKA_PUBLIC_EXPONENT))
        return NULL;
    return rsa_of(&modulus, &exponent);
}

/* PKCS#11 wraps a point in an OCTET STRING; some tokens do not. */
static saf_bytes unwrap_point(const value *point)
{
    const unsigned char *at = point->data;
    long len = 0;
    int tag = 0, class = 0;
    if (ASN1_get_object(&at, &len, &tag, &class, (long)point->len) == 0 && tag == V_ASN1_OCTET_STRING && class == V_ASN1_UNIVERSAL &&
        at + len == point->data + point->len)
        return saf_bytes_of(at, (size_t)len);
    ERR_clear_error();
    return saf_bytes_of(point->data, point->len);
}

/* By way of a SubjectPublicKeyInfo, which takes the curve as the token writes it. */
static EVP_PKEY *ec_of(const value *curve, saf_bytes point)
{
    const unsigned char *at = curve->data;
    OWN(X509_PUBKEY) *info = X509_PUBKEY_new();
    ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &at, (long)curve->len);
    unsigned char *bits = OPENSSL_memdup(point.data, point.len);
    if (!info || !oid || !bits ||
        !X509_PUBKEY_set0_param(info, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT, oid, bits, (int)point.len)) {
        ASN1_OBJECT_free(oid);
        OPENSSL_free(bits);
        return NULL;
    }
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(info, &der); /* what is set by parts is not decoded by itself */
    const unsigned char *cursor = der;
    EVP_PKEY *key = len > 0 ? d2i_PUBKEY(NULL, &cursor, len) : NULL;
    OPENSSL_free(der);
    return key;
}

static EVP_PKEY *read_ec(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    value curve, point;
    if (!read_value(&curve, session, object, CKA_EC_PARAMS) || !read_value(&point, session, object, CKA_EC_POINT))
        return NULL;
    return ec_of(&curve, unwrap_point(&point));
}

static EVP_PKEY *read_edwards(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    value point;
    if (!read_value(&point, session, object, CKA_EC_POINT))
        return NULL;
    /* one that is raw may begin as an OCTET STRING would */
    saf_bytes raw = point.len == ED25519_LEN ? saf_bytes_of(point.data, point.len) : unwrap_point(&point);
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.data, raw.len);
}

static EVP_PKEY *read_public(const saf_p11_session *session, CK_OBJECT_HANDLE object, const signer_kind *kind)
{
    switch (kind->key_type) {
    case CKK_RSA:
        return read_rsa(session, object);
    case CKK_EC:
        return read_ec(session, object);
    default:
        return read_edwards(session, object);
    }
}

/* ---- from what stands beside the private key ---- */

static EVP_PKEY *read_certificate(const saf_p11_session *session, CK_OBJECT_HANDLE object,
                                  __attribute__((unused)) const signer_kind *kind)
{
    value der;
    if (!read_value(&der, session, object, CKA_VALUE))
        return NULL;
    const unsigned char *at = der.data;
    OWN(X509) *x509 = d2i_X509(NULL, &at, (long)der.len);
    return x509 ? X509_get_pubkey(x509) : NULL;
}

static EVP_PKEY *read_neighbour(const saf_p11_session *session, const value *id, CK_OBJECT_CLASS class, const signer_kind *kind,
                                EVP_PKEY *(*read)(const saf_p11_session *, CK_OBJECT_HANDLE, const signer_kind *))
{
    OWN(p11_objects) found = { 0 };
    if (p11_find_by_id(&found, session, class, saf_bytes_of(id->data, id->len), NULL) != SAF_OK)
        return NULL;
    EVP_PKEY *key = NULL;
    for (size_t i = 0; !key && i < found.count; i++)
        key = read(session, found.handles[i], kind);
    return key;
}

static bool fits(EVP_PKEY *key, const signer_kind *kind)
{
    const char *name = kind->key_type == CKK_RSA ? "RSA" : kind->key_type == CKK_EC ? "EC" : "ED25519";
    return key && EVP_PKEY_is_a(key, name);
}

saf_status signer_public_key(EVP_PKEY **out, const saf_p11_session *session, CK_OBJECT_HANDLE key, const signer_kind *kind, saf_error *err)
{
    value id;
    OWN(EVP_PKEY) *found = read_public(session, key, kind);
    if (!found && read_value(&id, session, key, CKA_ID)) {
        found = read_neighbour(session, &id, CKO_PUBLIC_KEY, kind, read_public);
        if (!found)
            found = read_neighbour(session, &id, CKO_CERTIFICATE, kind, read_certificate);
    }
    ERR_clear_error();
    if (!fits(found, kind))
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s has no public key or certificate beside the private key", session->token.label);
    *out = GIVE(&found);
    return SAF_OK;
}

/* ---- verifying ---- */

/* OpenSSL wants ECDSA signatures as DER. */
static int to_der(unsigned char **out, saf_bytes raw)
{
    OWN(ECDSA_SIG) *signature = ECDSA_SIG_new();
    int half = (int)(raw.len / 2);
    BIGNUM *r = BN_bin2bn(raw.data, half, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + half, half, NULL);
    if (!signature || !r || !s || !ECDSA_SIG_set0(signature, r, s)) {
        BN_free(r);
        BN_free(s);
        return -1;
    }
    return i2d_ECDSA_SIG(signature, out);
}

static bool verify(EVP_PKEY *key, const signer_kind *kind, saf_bytes message, saf_bytes signature)
{
    EVP_PKEY_CTX *how = NULL; /* the context's own */
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestVerifyInit_ex(context, &how, kind->digest, NULL, NULL, key, NULL) <= 0)
        return false;
    if (kind->pss_mask && (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) <= 0 ||
                           EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) <= 0))
        return false;
    return EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len) == 1;
}

bool signer_verifies(EVP_PKEY *key, const signer_kind *kind, saf_bytes message, saf_bytes signature)
{
    bool good = false;
    if (kind->key_type != CKK_EC) {
        good = verify(key, kind, message, signature);
    } else if (signature.len == 2 * (((size_t)EVP_PKEY_get_bits(key) + 7) / 8)) {
        unsigned char *der = NULL;
        int len = to_der(&der, signature);
        good = len > 0 && verify(key, kind, message, saf_bytes_of(der, (size_t)len));
        OPENSSL_free(der);
    }
    ERR_clear_error();
    return good;
}
