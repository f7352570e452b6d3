#include <support/key-pairs.h>

#include <openssl/err.h>

const saf_p11_pair_spec pairs_rsa = { .kind = SAF_P11_RSA, .rsa_bits = 2048 };
const saf_p11_pair_spec pairs_ed25519 = { .kind = SAF_P11_EDWARDS };
const saf_p11_pair_spec pairs_p256 = { .kind = SAF_P11_EC, .curve = "P-256" };
const saf_p11_pair_spec pairs_curves[PAIRS_CURVES] = {
    { .kind = SAF_P11_EC, .curve = "P-256" },
    { .kind = SAF_P11_EC, .curve = "P-384" },
    { .kind = SAF_P11_EC, .curve = "P-521" },
    { .kind = SAF_P11_EC, .curve = "brainpoolP256r1" },
    { .kind = SAF_P11_EC, .curve = "brainpoolP384r1" },
    { .kind = SAF_P11_EC, .curve = "brainpoolP512r1" },
};

void pairs_free(pairs *hsm)
{
    saf_p11_logout(&hsm->session);
    saf_p11_close(&hsm->p11);
}

pairs pairs_enter(void)
{
    pairs hsm = { .p11 = softhsm_open() };
    saf_p11_token token;
    saf_p11_uri uri = { .token = "ZWE.KEYS" };
    if (saf_p11_find_token(&token, hsm.p11, &uri, NULL) != SAF_OK)
        softhsm_init_token(hsm.p11, "ZWE.KEYS");
    hsm.session = softhsm_login(hsm.p11, "ZWE.KEYS");
    return hsm;
}

pair_uri pairs_make(const pairs *hsm, const saf_p11_pair_spec *kind, const char *label)
{
    saf_error err = { 0 };
    pair_uri uri;
    saf_p11_pair_spec spec = *kind;
    spec.label = label;
    if (saf_p11_generate_pair(uri.text, hsm->session, &spec, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return uri;
}

/* ---- using ---- */

EVP_PKEY *pairs_load(const pairs *hsm, const char *text)
{
    saf_error err = { 0 };
    EVP_PKEY *key = NULL;
    saf_p11_uri uri = softhsm_uri(text);
    if (saf_p11_load_private_key(&key, hsm->p11, &uri, NULL, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return key;
}

EVP_PKEY *pairs_public_half(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    assert_true(len > 0);
    const unsigned char *at = der;
    EVP_PKEY *half = d2i_PUBKEY(NULL, &at, len);
    OPENSSL_free(der);
    assert_non_null(half);
    return half;
}

const EVP_MD *pairs_digest(const EVP_PKEY *key, const EVP_MD *digest)
{
    return EVP_PKEY_is_a(key, "ED25519") ? NULL : digest;
}

static int verify(EVP_PKEY *key, const unsigned char *signature, size_t len, const char *message)
{
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, pairs_digest(key, EVP_sha256()), NULL, key), 1);
    int answer = EVP_DigestVerify(context, signature, len, (const unsigned char *)message, strlen(message));
    ERR_clear_error();
    return answer;
}

void pairs_expect_signature(EVP_PKEY *key)
{
    static const char message[] = "signed in the token";
    unsigned char signature[1024];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, pairs_digest(key, EVP_sha256()), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)message, strlen(message)), 1);
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    assert_int_equal(verify(key, signature, len, message), 1);
    assert_int_equal(verify(half, signature, len, message), 1);
    assert_int_not_equal(verify(half, signature, len, "signed elsewhere"), 1);
}

X509 *pairs_certificate(EVP_PKEY *key, long serial)
{
    X509 *x509 = X509_new();
    assert_non_null(x509);
    X509_NAME *name = X509_get_subject_name(x509);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"token key", -1, -1, 0), 1);
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), 86400));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, key, pairs_digest(key, EVP_sha256())) > 0);
    return x509;
}

saf_status pairs_put(const pairs *hsm, const char *text, X509 *x509, saf_error *err)
{
    saf_p11_uri uri = softhsm_uri(text);
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    saf_status status = saf_p11_put_cert(hsm->session, &uri, saf_bytes_of(der, (size_t)len), err);
    OPENSSL_free(der);
    return status;
}

saf_status pairs_destroy(const pairs *hsm, const char *text, saf_error *err)
{
    saf_p11_uri uri = softhsm_uri(text);
    return saf_p11_destroy_pair(hsm->session, &uri, err);
}

/* ---- looking ---- */

static CK_ULONG find(CK_OBJECT_HANDLE *found, CK_ULONG cap, const pairs *hsm, CK_OBJECT_CLASS class, const char *label)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(hsm->p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm->p11, "ZWE.KEYS");
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },
                              { CKA_LABEL, (char *)(uintptr_t)label, label ? strlen(label) : 0 } };
    CK_ULONG count = 0;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, wanted, label ? 2 : 1), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, found, cap, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    cryptoki->C_CloseSession(raw);
    return count;
}

size_t pairs_count(const pairs *hsm, CK_OBJECT_CLASS class, const char *label)
{
    CK_OBJECT_HANDLE found[1000];
    return find(found, 1000, hsm, class, label);
}

CK_OBJECT_HANDLE pairs_find(const pairs *hsm, CK_OBJECT_CLASS class, const char *label)
{
    CK_OBJECT_HANDLE found;
    assert_int_equal(find(&found, 1, hsm, class, label), 1);
    return found;
}

pair_value pairs_read(const pairs *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    pair_value value = { 0 };
    CK_ATTRIBUTE attribute = { type, value.data, sizeof value.data };
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm->p11, "ZWE.KEYS");
    assert_int_equal(softhsm_cryptoki(hsm->p11)->C_GetAttributeValue(raw, object, &attribute, 1), CKR_OK);
    softhsm_cryptoki(hsm->p11)->C_CloseSession(raw);
    value.len = attribute.ulValueLen;
    return value;
}
