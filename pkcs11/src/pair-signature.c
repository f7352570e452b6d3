/*
 * Signing for OpenSSL with a key in a token. Everything but the signature itself is left to OpenSSL: a verification with the public key is begun
 * as a *model*, which understands the options, names the algorithm, and is asked what to do when the signature is made. What it verifies is
 * verified by it, too.
 */
#include "pair-key.h"

#include <base/own-openssl.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

OWN_POINTER(X509_SIG, X509_SIG_free)

typedef struct signing {
    pair_key *key;         /* NULL: it verifies only */
    EVP_MD_CTX *model;     /* of messages; NULL: of digests */
    EVP_MD_CTX *hash;      /* of a message that comes in pieces */
    EVP_PKEY_CTX *digests; /* NULL: of messages */
    EVP_PKEY_CTX *options; /* of either, borrowed */
} signing;

static void *new_signing(__attribute__((unused)) void *provider, __attribute__((unused)) const char *properties)
{
    return calloc(1, sizeof(signing));
}

static void reset(signing *own)
{
    pair_key_free(&own->key);
    EVP_MD_CTX_free(own->model);
    EVP_MD_CTX_free(own->hash);
    EVP_PKEY_CTX_free(own->digests);
    *own = (signing) { 0 };
}

static void free_signing(void *context)
{
    reset(context);
    free(context);
}

static int copy_messages(signing *out, const signing *in)
{
    out->model = EVP_MD_CTX_new();
    out->hash = EVP_MD_CTX_new();
    if (!out->model || !out->hash || !EVP_MD_CTX_copy_ex(out->model, in->model) ||
        (EVP_MD_CTX_get0_md(in->hash) && !EVP_MD_CTX_copy_ex(out->hash, in->hash)))
        return 0;
    out->options = EVP_MD_CTX_get_pkey_ctx(out->model);
    return 1;
}

static int copy_digests(signing *out, const signing *in)
{
    out->options = out->digests = EVP_PKEY_CTX_dup(in->digests);
    return out->digests != NULL;
}

/* OpenSSL ends a message in pieces on a copy. */
static void *copy_signing(void *context)
{
    const signing *own = context;
    signing *copy = new_signing(NULL, NULL);
    if (!copy)
        return NULL;
    copy->key = own->key;
    if (copy->key)
        pair_key_hold(copy->key);
    if ((own->model && !copy_messages(copy, own)) || (own->digests && !copy_digests(copy, own))) {
        free_signing(copy);
        return NULL;
    }
    return copy;
}

static void hold_key(signing *own, const pair_half *half)
{
    own->key = half->token_key;
    if (own->key)
        pair_key_hold(own->key);
}

/* ---- beginning ---- */

static int begin_digests(void *context, void *key, const OSSL_PARAM params[])
{
    signing *own = context;
    const pair_half *half = key;
    if (!half || !half->public_key)
        return 0;
    reset(own);
    hold_key(own, half);
    own->options = own->digests = EVP_PKEY_CTX_new_from_pkey(NULL, half->public_key, NULL);
    return own->digests && EVP_PKEY_verify_init_ex(own->digests, params) > 0;
}

static int begin_messages(void *context, const char *digest, void *key, const OSSL_PARAM params[])
{
    signing *own = context;
    const pair_half *half = key;
    if (!half || !half->public_key)
        return 0;
    reset(own);
    hold_key(own, half);
    own->model = EVP_MD_CTX_new();
    own->hash = EVP_MD_CTX_new();
    return own->model && own->hash &&
           EVP_DigestVerifyInit_ex(own->model, &own->options, digest && *digest ? digest : NULL, NULL, NULL, half->public_key, params) > 0;
}

/* ---- one signature ---- */

typedef struct hash_row {
    int nid;
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mask;
} hash_row;

static const hash_row hash_rows[] = {
    { NID_sha256, CKM_SHA256, CKG_MGF1_SHA256 },
    { NID_sha384, CKM_SHA384, CKG_MGF1_SHA384 },
    { NID_sha512, CKM_SHA512, CKG_MGF1_SHA512 },
};

static const hash_row *find_hash(const EVP_MD *digest)
{
    for (size_t i = 0; digest && i < sizeof hash_rows / sizeof *hash_rows; i++)
        if (EVP_MD_get_type(digest) == hash_rows[i].nid)
            return &hash_rows[i];
    return NULL;
}

static const EVP_MD *digest_of(const signing *own)
{
    const EVP_MD *digest = NULL;
    return EVP_PKEY_CTX_get_signature_md(own->options, &digest) > 0 ? digest : NULL;
}

static int report(CK_RV answer)
{
    if (answer == CKR_OK)
        return 1;
    ERR_raise_data(ERR_LIB_USER, ERR_R_OPERATION_FAIL, "the token does not sign: CKR 0x%lX", answer);
    return 0;
}

/* RFC 8017, 9.2: the digest goes into the token as a DigestInfo. */
static int sign_pkcs1(const signing *own, unsigned char *out, size_t *len, saf_bytes digest)
{
    CK_MECHANISM how = { CKM_RSA_PKCS, NULL, 0 };
    const EVP_MD *md = digest_of(own);
    X509_ALGOR *algorithm;
    ASN1_OCTET_STRING *value;
    if (!md)
        return report(pair_key_sign(own->key, &how, digest, out, len));
    OWN(X509_SIG) *info = X509_SIG_new();
    if (!info)
        return 0;
    X509_SIG_getm(info, &algorithm, &value);
    unsigned char *der = NULL;
    int der_len = X509_ALGOR_set0(algorithm, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL) &&
                          ASN1_OCTET_STRING_set(value, digest.data, (int)digest.len)
                      ? i2d_X509_SIG(info, &der)
                      : -1;
    int done = der_len > 0 && report(pair_key_sign(own->key, &how, saf_bytes_of(der, (size_t)der_len), out, len));
    OPENSSL_free(der);
    return done;
}

/* Without a length the salt is as long as the hash, which is what every reader takes (RFC 8017, 9.1). */
static int sign_pss(const signing *own, unsigned char *out, size_t *len, saf_bytes digest)
{
    int salt_len = RSA_PSS_SALTLEN_DIGEST;
    const hash_row *row = find_hash(digest_of(own));
    if (!row || EVP_PKEY_CTX_get_rsa_pss_saltlen(own->options, &salt_len) <= 0)
        return 0;
    CK_RSA_PKCS_PSS_PARAMS pss = { row->hash, row->mask, salt_len < 0 ? digest.len : (CK_ULONG)salt_len };
    CK_MECHANISM how = { CKM_RSA_PKCS_PSS, &pss, sizeof pss };
    return report(pair_key_sign(own->key, &how, digest, out, len));
}

static int sign_rsa(const signing *own, unsigned char *out, size_t *len, saf_bytes digest)
{
    int padding = 0;
    if (EVP_PKEY_CTX_get_rsa_padding(own->options, &padding) <= 0)
        return 0;
    switch (padding) {
    case RSA_PKCS1_PADDING:
        return sign_pkcs1(own, out, len, digest);
    case RSA_PKCS1_PSS_PADDING:
        return sign_pss(own, out, len, digest);
    default:
        return 0;
    }
}

/* PKCS#11 has r and s beside each other, OpenSSL wants them as DER. */
static int write_ecdsa(unsigned char *out, size_t *len, saf_bytes raw)
{
    OWN(ECDSA_SIG) *signature = ECDSA_SIG_new();
    int half = (int)(raw.len / 2);
    OWN(BIGNUM) *r = BN_bin2bn(raw.data, half, NULL);
    OWN(BIGNUM) *s = BN_bin2bn(raw.data + half, half, NULL);
    if (!signature || !r || !s || !ECDSA_SIG_set0(signature, r, s))
        return 0;
    r = s = NULL;
    int der_len = i2d_ECDSA_SIG(signature, NULL);
    if (der_len <= 0 || (size_t)der_len > *len)
        return 0;
    *len = (size_t)i2d_ECDSA_SIG(signature, &out);
    return 1;
}

static int sign_ec(const signing *own, unsigned char *out, size_t *len, saf_bytes digest)
{
    enum { RAW_MAX = 2 * 66 };
    unsigned char raw[RAW_MAX];
    size_t raw_len = sizeof raw;
    CK_MECHANISM how = { CKM_ECDSA, NULL, 0 };
    return report(pair_key_sign(own->key, &how, digest, raw, &raw_len)) && raw_len && raw_len % 2 == 0 &&
           write_ecdsa(out, len, saf_bytes_of(raw, raw_len));
}

/* RFC 8032, 5.1.6: Ed25519 takes the message. */
static int sign_edwards(const signing *own, unsigned char *out, size_t *len, saf_bytes message)
{
    enum { ED25519_LEN = 64 };
    CK_MECHANISM how = { CKM_EDDSA, NULL, 0 };
    return report(pair_key_sign(own->key, &how, message, out, len)) && *len == ED25519_LEN;
}

/* How long it can get, and whether there is room. */
static int has_room(const signing *own, const unsigned char *out, size_t *len, size_t room)
{
    size_t needed = (size_t)EVP_PKEY_get_size(own->key->public_key);
    *len = out ? room : needed;
    return !out || room >= needed;
}

static int sign_digest(void *context, unsigned char *out, size_t *len, size_t room, const unsigned char *data, size_t data_len)
{
    signing *own = context;
    if (!own->key || own->key->type == CKK_EC_EDWARDS || !own->options)
        return 0;
    if (!has_room(own, out, len, room) || !out)
        return !out;
    return (own->key->type == CKK_RSA ? sign_rsa : sign_ec)(own, out, len, saf_bytes_of(data, data_len));
}

static int sign_message(void *context, unsigned char *out, size_t *len, size_t room, const unsigned char *data, size_t data_len)
{
    signing *own = context;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    if (!own->key || !own->options)
        return 0;
    if (!has_room(own, out, len, room) || !out)
        return !out;
    if (own->key->type == CKK_EC_EDWARDS)
        return sign_edwards(own, out, len, saf_bytes_of(data, data_len));
    const EVP_MD *md = digest_of(own);
    return md && EVP_Digest(data, data_len, digest, &digest_len, md, NULL) && sign_digest(own, out, len, room, digest, digest_len);
}

/* ---- messages in pieces ---- */

static int sign_update(void *context, const unsigned char *data, size_t data_len)
{
    signing *own = context;
    const EVP_MD *md = own->options && own->key && own->key->type != CKK_EC_EDWARDS ? digest_of(own) : NULL;
    if (!md || (!EVP_MD_CTX_get0_md(own->hash) && !EVP_DigestInit_ex(own->hash, md, NULL)))
        return 0;
    return EVP_DigestUpdate(own->hash, data, data_len);
}

static int sign_final(void *context, unsigned char *out, size_t *len, size_t room)
{
    signing *own = context;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    if (!own->key || !sign_update(own, NULL, 0))
        return 0;
    if (!has_room(own, out, len, room) || !out)
        return !out;
    return EVP_DigestFinal_ex(own->hash, digest, &digest_len) && sign_digest(own, out, len, room, digest, digest_len);
}

/* ---- verifying ---- */

static int verify_digest(void *context, const unsigned char *signature, size_t len, const unsigned char *data, size_t data_len)
{
    signing *own = context;
    return own->digests && EVP_PKEY_verify(own->digests, signature, len, data, data_len) > 0;
}

static int verify_message(void *context, const unsigned char *signature, size_t len, const unsigned char *data, size_t data_len)
{
    signing *own = context;
    return own->model && EVP_DigestVerify(own->model, signature, len, data, data_len) > 0;
}

static int verify_update(void *context, const unsigned char *data, size_t data_len)
{
    signing *own = context;
    return own->model && EVP_DigestVerifyUpdate(own->model, data, data_len) > 0;
}

static int verify_final(void *context, const unsigned char *signature, size_t len)
{
    signing *own = context;
    return own->model && EVP_DigestVerifyFinal(own->model, signature, len) > 0;
}

/* ---- options ---- */

static int get_options(void *context, OSSL_PARAM params[])
{
    signing *own = context;
    return own->options && EVP_PKEY_CTX_get_params(own->options, params);
}

static int set_options(void *context, const OSSL_PARAM params[])
{
    signing *own = context;
    return own->options && EVP_PKEY_CTX_set_params(own->options, params);
}

static const OSSL_PARAM no_options[] = { OSSL_PARAM_END };

static const OSSL_PARAM *gettable_options(void *context, __attribute__((unused)) void *provider)
{
    signing *own = context;
    return own && own->options ? EVP_PKEY_CTX_gettable_params(own->options) : no_options;
}

static const OSSL_PARAM *settable_options(void *context, __attribute__((unused)) void *provider)
{
    signing *own = context;
    return own && own->options ? EVP_PKEY_CTX_settable_params(own->options) : no_options;
}

#define ENTRY(id, function) { id, (void (*)(void))(function) }

const OSSL_DISPATCH pair_signature_functions[] = {
    ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, new_signing),
    ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, free_signing),
    ENTRY(OSSL_FUNC_SIGNATURE_DUPCTX, copy_signing),
    ENTRY(OSSL_FUNC_SIGNATURE_SIGN_INIT, begin_digests),
    ENTRY(OSSL_FUNC_SIGNATURE_SIGN, sign_digest),
    ENTRY(OSSL_FUNC_SIGNATURE_VERIFY_INIT, begin_digests),
    ENTRY(OSSL_FUNC_SIGNATURE_VERIFY, verify_digest),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, begin_messages),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, sign_update),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, sign_final),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_message),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, begin_messages),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, verify_update),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, verify_final),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, verify_message),
    ENTRY(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_options),
    ENTRY(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable_options),
    ENTRY(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_options),
    ENTRY(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_options),
    { 0, NULL },
};
