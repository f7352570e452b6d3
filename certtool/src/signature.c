#include "signature.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

OWN_POINTER(X509_ALGOR, X509_ALGOR_free)
OWN_POINTER(RSA_PSS_PARAMS, RSA_PSS_PARAMS_free)
OWN_POINTER(ASN1_STRING, ASN1_STRING_free)

void signature_scheme_free(signature_scheme *scheme)
{
    EVP_PKEY_CTX_free(scheme->ctx);
    saf_buffer_free(&scheme->algorithm);
    *scheme = (signature_scheme) { 0 };
}

bool signature_is_rsa(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
}

/* A key of the type RSA-PSS knows one way (RFC 4055 1.2). */
static bool uses_pss(const EVP_PKEY *key, saf_signature signature)
{
    return EVP_PKEY_is_a(key, "RSA-PSS") || (signature == SAF_SIGNATURE_PSS && EVP_PKEY_is_a(key, "RSA"));
}

/* RSA: SHA-256 up to 3072 bits (128 bits of strength, SP 800-57 5.6.1.1), SHA-384 above. ECDSA: as long as the curve
 * (RFC 5480 4). EdDSA brings its own (RFC 8410). SAF_OK with *digest NULL. */
static saf_status choose_digest(const EVP_MD **digest, const EVP_PKEY *key, saf_error *err)
{
    int bits = EVP_PKEY_get_bits(key);
    *digest = NULL;
    if (signature_is_rsa(key))
        *digest = bits > 3072 ? EVP_sha384() : EVP_sha256();
    else if (EVP_PKEY_is_a(key, "EC"))
        *digest = bits <= 256 ? EVP_sha256() : bits <= 384 ? EVP_sha384() : EVP_sha512();
    else if (!EVP_PKEY_is_a(key, "ED25519") && !EVP_PKEY_is_a(key, "ED448"))
        return saf_fail(err, SAF_E_UNSUPPORTED, "cannot sign certificates with this kind of key");
    return SAF_OK;
}

/* ---- what stands for it ----------------------------------------------------------------------------------- */

/* RFC 4055 2.1: with a NULL parameter, which all must understand. */
static int set_hash(X509_ALGOR *out, const EVP_MD *digest)
{
    return out && X509_ALGOR_set0(out, OBJ_nid2obj(EVP_MD_get_type(digest)), V_ASN1_NULL, NULL);
}

/* X509_ALGOR_set0() with what is packed as its parameter. */
static int set_packed(X509_ALGOR *out, int nid, void *value, const ASN1_ITEM *item)
{
    OWN(ASN1_STRING) *packed = ASN1_item_pack(value, item, NULL);
    if (!out || !packed || !X509_ALGOR_set0(out, OBJ_nid2obj(nid), V_ASN1_SEQUENCE, packed))
        return 0;
    packed = NULL;
    return 1;
}

/* RFC 4055 3.1: the mask is made with the same hash, and the salt is as long. */
static int set_pss(X509_ALGOR *out, const EVP_MD *digest)
{
    OWN(X509_ALGOR) *hash = X509_ALGOR_new();
    OWN(RSA_PSS_PARAMS) *params = RSA_PSS_PARAMS_new();
    if (!params || !set_hash(hash, digest))
        return 0;
    params->hashAlgorithm = X509_ALGOR_dup(hash);
    params->maskGenAlgorithm = X509_ALGOR_new();
    params->saltLength = ASN1_INTEGER_new();
    return params->hashAlgorithm && params->saltLength &&
           set_packed(params->maskGenAlgorithm, NID_mgf1, hash, ASN1_ITEM_rptr(X509_ALGOR)) &&
           ASN1_INTEGER_set(params->saltLength, EVP_MD_get_size(digest)) &&
           set_packed(out, NID_rsassaPss, params, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
}

/* RFC 4055 5: RSA has a NULL parameter. RFC 5758 3.2, RFC 8410 3: ECDSA and EdDSA have none. */
static int set_algorithm(X509_ALGOR *out, const EVP_PKEY *key, const EVP_MD *digest, saf_signature signature)
{
    int nid = EVP_PKEY_is_a(key, "ED448") ? NID_ED448 : NID_ED25519;
    if (uses_pss(key, signature))
        return set_pss(out, digest);
    if (digest && !OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(digest),
                                          signature_is_rsa(key) ? NID_rsaEncryption : NID_X9_62_id_ecPublicKey))
        return 0;
    return X509_ALGOR_set0(out, OBJ_nid2obj(nid), signature_is_rsa(key) ? V_ASN1_NULL : V_ASN1_UNDEF, NULL);
}

/* ---- signing ---------------------------------------------------------------------------------------------- */

static int set_options(EVP_PKEY_CTX *ctx, const EVP_PKEY *key, saf_signature signature)
{
    if (!uses_pss(key, signature))
        return 1;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

saf_status signature_scheme_open(signature_scheme *out, EVP_PKEY *key, saf_signature signature, saf_error *err)
{
    OWN(signature_scheme) scheme = { .key = key };
    OWN(X509_ALGOR) *algorithm = X509_ALGOR_new();
    SAF_TRY(choose_digest(&scheme.digest, key, err));
    if (!algorithm || !set_algorithm(algorithm, key, scheme.digest, signature))
        return saf_fail_openssl(err, "cannot name the signature algorithm");
    DER_APPEND(&scheme.algorithm, X509_ALGOR, algorithm);
    SAF_TRY(saf_buffer_check(&scheme.algorithm, err));
    if (scheme.digest) {
        scheme.ctx = EVP_PKEY_CTX_new(key, NULL);
        if (!scheme.ctx || EVP_PKEY_sign_init(scheme.ctx) <= 0 || !set_options(scheme.ctx, key, signature) ||
            EVP_PKEY_CTX_set_signature_md(scheme.ctx, scheme.digest) <= 0)
            return saf_fail_openssl(err, "the key cannot sign");
    }
    *out = scheme;
    scheme = (signature_scheme) { 0 };
    return SAF_OK;
}

static int sign_digest(unsigned char *out, size_t *len, const signature_scheme *scheme, saf_bytes message)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    return EVP_Digest(message.data, message.len, digest, &digest_len, scheme->digest, NULL) &&
           EVP_PKEY_sign(scheme->ctx, out, len, digest, digest_len) > 0;
}

static int sign_message(unsigned char *out, size_t *len, const signature_scheme *scheme, saf_bytes message)
{
    OWN(EVP_MD_CTX) *ctx = EVP_MD_CTX_new();
    return ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, scheme->key) > 0 &&
           EVP_DigestSign(ctx, out, len, message.data, message.len) > 0;
}

saf_status signature_make(saf_buffer *out, const signature_scheme *scheme, saf_bytes message, saf_error *err)
{
    size_t start = out->len;
    size_t len = (size_t)EVP_PKEY_get_size(scheme->key);
    unsigned char *to = saf_buffer_extend(out, len);
    if (!to)
        return saf_fail_memory(err);
    if (!(scheme->digest ? sign_digest : sign_message)(to, &len, scheme, message))
        return saf_fail_openssl(err, "cannot sign the certificate");
    out->len = start + len;
    return SAF_OK;
}

saf_status signature_begin(EVP_MD_CTX *ctx, EVP_PKEY *key, saf_signature signature, saf_error *err)
{
    const EVP_MD *digest = NULL;
    EVP_PKEY_CTX *options = NULL;
    SAF_TRY(choose_digest(&digest, key, err));
    if (!ctx || EVP_DigestSignInit(ctx, &options, digest, NULL, key) <= 0 || !set_options(options, key, signature))
        return saf_fail_openssl(err, "the key cannot sign");
    return SAF_OK;
}
