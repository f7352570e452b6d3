#include "pair-import.h"

#include "pair-spec.h"

#include <openssl/core_names.h>

void pair_material_free(pair_material *material)
{
    for (size_t i = 0; i < sizeof material->parts / sizeof *material->parts; i++)
        saf_secret_free(&material->parts[i]);
}

/* ---- parts of a key --------------------------------------------------------------------------------------- */

static saf_status set_number(saf_secret *out, const BIGNUM *number, int len, saf_error *err)
{
    enum { NUMBER_MAX = 2048 };
    unsigned char bytes[NUMBER_MAX];
    if (len > NUMBER_MAX || BN_bn2binpad(number, bytes, len) != len)
        return saf_fail_openssl(err, "cannot read a part of the key");
    saf_status status = saf_secret_set(out, saf_bytes_of(bytes, (size_t)len), err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return status;
}

/* @p len 0: as many bytes as the number has. */
static saf_status read_number(saf_secret *out, const EVP_PKEY *key, const char *name, int len, saf_error *err)
{
    BIGNUM *number = NULL;
    if (!EVP_PKEY_get_bn_param(key, name, &number))
        return saf_fail_openssl(err, "the key lacks a part (%s)", name);
    saf_status status = set_number(out, number, len ? len : BN_num_bytes(number), err);
    BN_clear_free(number);
    return status;
}

static saf_status read_curve(saf_secret *out, const EVP_PKEY *key, saf_error *err)
{
    enum { OID_MAX = 32 };
    char name[80];
    unsigned char der[OID_MAX], *end = der;
    if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, NULL))
        return saf_fail(err, SAF_E_UNSUPPORTED, "only keys on named curves can go into a token");
    const ASN1_OBJECT *oid = OBJ_nid2obj(OBJ_txt2nid(name));
    int len = oid ? i2d_ASN1_OBJECT(oid, NULL) : 0;
    if (len <= 0 || len > OID_MAX || i2d_ASN1_OBJECT(oid, &end) != len)
        return saf_fail_openssl(err, "cannot encode the curve %s", name);
    return saf_secret_set(out, saf_bytes_of(der, (size_t)len), err);
}

/* PKCS#11 2.40, 2.3.3: CKA_EC_POINT is the point as a DER OCTET STRING. */
static saf_status read_point(saf_secret *out, const EVP_PKEY *key, saf_error *err)
{
    unsigned char point[256], *der = NULL;
    size_t len;
    OWN(ASN1_OCTET_STRING) *wrapped = ASN1_OCTET_STRING_new();
    if (!wrapped || !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) ||
        !ASN1_OCTET_STRING_set(wrapped, point, (int)len))
        return saf_fail_openssl(err, "cannot read the public key");
    int der_len = i2d_ASN1_OCTET_STRING(wrapped, &der);
    saf_status status = der_len > 0 ? saf_secret_set(out, saf_bytes_of(der, (size_t)der_len), err) : saf_fail_openssl(err, "cannot encode the public key");
    OPENSSL_free(der);
    return status;
}

/* The point like those of other curves. */
static saf_status read_edwards(saf_secret parts[2], const EVP_PKEY *key, saf_error *err)
{
    p11_curve curve;
    p11_curve_of_edwards(&curve, P11_EDWARDS_BY_OID);
    SAF_TRY(saf_secret_set(&parts[0], saf_bytes_of(curve.der, curve.len), err));
    return read_point(&parts[1], key, err);
}

static void add_part(p11_template *list, CK_ATTRIBUTE_TYPE type, const saf_secret *part)
{
    p11_template_add_bytes(list, type, saf_secret_bytes(part));
}

static bool is_rsa(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
}

static bool is_ed25519(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519");
}

static CK_KEY_TYPE type_of(const EVP_PKEY *key)
{
    return is_rsa(key) ? CKK_RSA : is_ed25519(key) ? CKK_EC_EDWARDS : CKK_EC;
}

saf_status pair_add_public(p11_template *list, pair_material *material, const EVP_PKEY *key, saf_error *err)
{
    saf_secret *parts = material->parts;
    if (is_rsa(key)) {
        SAF_TRY(read_number(&parts[0], key, OSSL_PKEY_PARAM_RSA_N, 0, err));
        SAF_TRY(read_number(&parts[1], key, OSSL_PKEY_PARAM_RSA_E, 0, err));
        add_part(list, CKA_MODULUS, &parts[0]);
        add_part(list, CKA_PUBLIC_EXPONENT, &parts[1]);
        return SAF_OK;
    }
    if (is_ed25519(key)) {
        SAF_TRY(read_edwards(parts, key, err));
    } else if (EVP_PKEY_is_a(key, "EC")) {
        SAF_TRY(read_curve(&parts[0], key, err));
        SAF_TRY(read_point(&parts[1], key, err));
    } else {
        return saf_fail(err, SAF_E_UNSUPPORTED, "only RSA, EC and Ed25519 keys can be put into a token, not %s", EVP_PKEY_get0_type_name(key));
    }
    add_part(list, CKA_EC_PARAMS, &parts[0]);
    add_part(list, CKA_EC_POINT, &parts[1]);
    return SAF_OK;
}

/* ---- private parts ---------------------------------------------------------------------------------------- */

typedef struct rsa_row {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
} rsa_row;

static const rsa_row rsa_rows[] = {
    { CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N },           { CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E },
    { CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },  { CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
    { CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },     { CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
    { CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

_Static_assert(sizeof rsa_rows / sizeof *rsa_rows <= sizeof(pair_material) / sizeof(saf_secret), "room in pair_material");

static saf_status add_ed25519(p11_template *list, pair_material *material, const EVP_PKEY *key, saf_error *err)
{
    enum { ED25519_LEN = 32 };
    unsigned char value[ED25519_LEN];
    size_t len = sizeof value;
    if (!EVP_PKEY_get_raw_private_key(key, value, &len))
        return saf_fail_openssl(err, "cannot read the private key");
    SAF_TRY(read_edwards(material->parts, key, err));
    saf_status status = saf_secret_set(&material->parts[2], saf_bytes_of(value, len), err);
    OPENSSL_cleanse(value, sizeof value);
    add_part(list, CKA_EC_PARAMS, &material->parts[0]);
    add_part(list, CKA_VALUE, &material->parts[2]);
    return status;
}

static saf_status add_private(p11_template *list, pair_material *material, const EVP_PKEY *key, saf_error *err)
{
    for (size_t i = 0; is_rsa(key) && i < sizeof rsa_rows / sizeof *rsa_rows; i++) {
        SAF_TRY(read_number(&material->parts[i], key, rsa_rows[i].name, 0, err));
        add_part(list, rsa_rows[i].type, &material->parts[i]);
    }
    if (is_rsa(key))
        return SAF_OK;
    if (is_ed25519(key))
        return add_ed25519(list, material, key, err);
    SAF_TRY(read_curve(&material->parts[0], key, err));
    SAF_TRY(read_number(&material->parts[1], key, OSSL_PKEY_PARAM_PRIV_KEY, (EVP_PKEY_get_bits(key) + 7) / 8, err));
    add_part(list, CKA_EC_PARAMS, &material->parts[0]);
    add_part(list, CKA_VALUE, &material->parts[1]);
    return SAF_OK;
}

/* ---- objects ---------------------------------------------------------------------------------------------- */

static void begin(p11_template *list, CK_OBJECT_CLASS class, const saf_p11_uri *name, const EVP_PKEY *key)
{
    p11_template_add_number(list, CKA_CLASS, class);
    p11_template_add_number(list, CKA_KEY_TYPE, type_of(key));
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_flag(list, CKA_PRIVATE, class == CKO_PRIVATE_KEY);
    p11_template_add_text(list, CKA_LABEL, name->object);
    p11_template_add_bytes(list, CKA_ID, saf_bytes_of(name->id, name->id_len));
}

static saf_status create(CK_OBJECT_HANDLE *out, const saf_p11_session *session, p11_template *list, const char *what, const char *label, saf_error *err)
{
    SAF_TRY(p11_template_check(list, err));
    CK_RV answer = p11_create_object(out, session, list);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "token %s does not take the %s key of \"%s\"", session->token.label, what, label);
}

saf_status pair_import_public(const saf_p11_session *session, const saf_p11_uri *name, const EVP_PKEY *key, saf_error *err)
{
    CK_OBJECT_HANDLE made;
    p11_template list = { 0 };
    OWN(pair_material) material = { 0 };
    begin(&list, CKO_PUBLIC_KEY, name, key);
    p11_template_add_flag(&list, CKA_VERIFY, true);
    SAF_TRY(pair_add_public(&list, &material, key, err));
    return create(&made, session, &list, "public", name->object, err);
}

/* A token may leave out what it does not like, and say nothing. */
saf_status pair_import_private(const saf_p11_session *session, const saf_p11_uri *name, saf_bytes subject, const EVP_PKEY *key, saf_error *err)
{
    CK_OBJECT_HANDLE made;
    p11_template list = { 0 };
    OWN(pair_material) material = { 0 };
    begin(&list, CKO_PRIVATE_KEY, name, key);
    p11_template_add_flag(&list, CKA_SENSITIVE, true);
    p11_template_add_flag(&list, CKA_EXTRACTABLE, false);
    p11_template_add_flag(&list, CKA_SIGN, true);
    p11_template_add_bytes(&list, CKA_SUBJECT, subject);
    SAF_TRY(add_private(&list, &material, key, err));
    SAF_TRY(create(&made, session, &list, "private", name->object, err));
    if (p11_read_flag(session, made, CKA_SENSITIVE) && !p11_read_flag(session, made, CKA_EXTRACTABLE))
        return SAF_OK;
    session->p11->cryptoki->C_DestroyObject(session->handle, made);
    return saf_fail(err, SAF_E_UNSUPPORTED, "token %s did not keep the private key of \"%s\" to itself", session->token.label, name->object);
}
