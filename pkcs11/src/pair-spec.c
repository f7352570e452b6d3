#include "pair-spec.h"

#include "object.h"

#include <base/own-openssl.h>
#include <base/random.h>
#include <base/utf8.h>

#include <openssl/obj_mac.h>

enum { RANDOM_ID_LEN = 16 };

typedef struct curve_row {
    const char *name;
    int nid;
} curve_row;

static const curve_row curve_rows[] = {
    { "P-256", NID_X9_62_prime256v1 },
    { "P-384", NID_secp384r1 },
    { "P-521", NID_secp521r1 },
    { "brainpoolP256r1", NID_brainpoolP256r1 },
    { "brainpoolP384r1", NID_brainpoolP384r1 },
    { "brainpoolP512r1", NID_brainpoolP512r1 },
};

/* ---- checking --------------------------------------------------------------------------------------------- */

static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + strlen(text);
    while (at < end) {
        size_t len = utf8_len(at, end);
        if (!len)
            return false;
        at += len;
    }
    return true;
}

/* A label that is not UTF-8 could not stand in a URI. */
static saf_status check_label(const char *label, saf_error *err)
{
    size_t len = label ? strlen(label) : 0;
    if (len < 1 || len > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "a key's label must have 1 to %d bytes", SAF_P11_OBJECT_MAX);
    return is_utf8(label) ? SAF_OK : saf_fail(err, SAF_E_USAGE, "a key's label must be UTF-8");
}

static saf_status check_rsa(const saf_p11_pair_spec *spec, saf_error *err)
{
    if (spec->rsa_bits == 2048 || spec->rsa_bits == 3072 || spec->rsa_bits == 4096)
        return SAF_OK;
    return saf_fail(err, SAF_E_USAGE, "key pair \"%s\" would have %u bits, but RSA keys are made with 2048, 3072 or 4096",
                    spec->label, spec->rsa_bits);
}

static saf_status encode_curve(p11_curve *out, int nid, saf_error *err)
{
    const ASN1_OBJECT *oid = OBJ_nid2obj(nid);
    int len = oid ? i2d_ASN1_OBJECT(oid, NULL) : 0;
    unsigned char *end = out->der;
    if (len <= 0 || len > P11_CURVE_MAX || i2d_ASN1_OBJECT(oid, &end) != len)
        return saf_fail_openssl(err, "cannot encode the name of a curve");
    out->len = (size_t)len;
    return SAF_OK;
}

static saf_status find_curve(p11_curve *out, const saf_p11_pair_spec *spec, saf_error *err)
{
    for (size_t i = 0; spec->curve && i < sizeof curve_rows / sizeof *curve_rows; i++)
        if (!strcmp(spec->curve, curve_rows[i].name))
            return encode_curve(out, curve_rows[i].nid, err);
    return saf_fail(err, SAF_E_USAGE,
                    "key pair \"%s\": the curve is none of P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1, "
                    "brainpoolP512r1",
                    spec->label);
}

void p11_curve_of_edwards(p11_curve *out, p11_edwards_form form)
{
    static const char oid[] = "\x06\x03\x2b\x65\x70"; /* RFC 8410, 3: 1.3.101.112 */
    static const char name[] = "\x13\x0c" "edwards25519"; /* PrintableString */
    const char *der = form == P11_EDWARDS_BY_OID ? oid : name;
    out->len = form == P11_EDWARDS_BY_OID ? sizeof oid - 1 : sizeof name - 1;
    memcpy(out->der, der, out->len);
}

saf_status p11_pair_check(p11_curve *curve, const saf_p11_pair_spec *spec, saf_error *err)
{
    *curve = (p11_curve) { 0 };
    SAF_TRY(check_label(spec->label, err));
    if (spec->id_len > SAF_P11_ID_MAX)
        return saf_fail(err, SAF_E_USAGE, "the id of key pair \"%s\" has more than %d bytes", spec->label, SAF_P11_ID_MAX);
    switch (spec->kind) {
    case SAF_P11_RSA:
        return check_rsa(spec, err);
    case SAF_P11_EC:
        return find_curve(curve, spec, err);
    case SAF_P11_EDWARDS:
        p11_curve_of_edwards(curve, P11_EDWARDS_BY_OID);
        return SAF_OK;
    default:
        return saf_fail(err, SAF_E_USAGE, "key pair \"%s\" would be neither RSA, EC nor Ed25519", spec->label);
    }
}

/* ---- naming ----------------------------------------------------------------------------------------------- */

saf_status p11_pair_make_id(saf_p11_pair_spec *spec, saf_error *err)
{
    if (spec->id_len)
        return SAF_OK;
    SAF_TRY(saf_random_bytes(spec->id, RANDOM_ID_LEN, err));
    spec->id_len = RANDOM_ID_LEN;
    return SAF_OK;
}

saf_status p11_pair_format_uri(char out[SAF_P11_URI_MAX + 1], const saf_p11_session *session, const saf_p11_pair_spec *spec,
                               saf_error *err)
{
    saf_p11_uri uri = { .type = SAF_P11_PRIVATE, .id_len = spec->id_len };
    memcpy(uri.token, session->token.label, sizeof uri.token);
    memcpy(uri.object, spec->label, strlen(spec->label));
    memcpy(uri.id, spec->id, spec->id_len);
    return p11_format_object_uri(out, &uri, err);
}

saf_status saf_p11_pair_uri(char out[SAF_P11_URI_MAX + 1], saf_p11_session *session, saf_p11_pair_spec *spec, saf_error *err)
{
    p11_curve curve;
    SAF_TRY(p11_pair_check(&curve, spec, err));
    SAF_TRY(p11_pair_make_id(spec, err));
    return p11_pair_format_uri(out, session, spec, err);
}
