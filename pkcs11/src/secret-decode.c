/*
 * Values of keys that come from elsewhere, as text. Everything here is a secret: it is decoded into room that is wiped, and no text quotes any of it.
 */
#include <safring/secret-key.h>

#include <base/base64url.h>
#include <base/fail.h>
#include <base/json-reader.h>

#include <openssl/crypto.h>

/* The longest form of the longest value. */
enum { TEXT_MAX = 8192, ENCODED_MAX = 4 * ((SAF_P11_SECRET_MAX + 2) / 3) };

static saf_bytes without_newline(saf_bytes text)
{
    if (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    return text;
}

static saf_status take(saf_secret *out, saf_bytes value, saf_error *err)
{
    if (!value.len)
        return saf_fail(err, SAF_E_MALFORMED, "the key is empty");
    if (value.len > SAF_P11_SECRET_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "the key is longer than %d bytes", SAF_P11_SECRET_MAX);
    return saf_secret_set(out, value, err);
}

/* ---- hex -------------------------------------------------------------------------------------------------- */

/* -1: no digit. */
static int digit_of(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex(unsigned char *out, saf_bytes text)
{
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        int high = digit_of(text.data[i]), low = digit_of(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static saf_status decode_hex(saf_secret *out, saf_bytes text, saf_error *err)
{
    unsigned char value[SAF_P11_SECRET_MAX];
    if (text.len % 2 || text.len > 2 * sizeof value)
        return saf_fail(err, SAF_E_MALFORMED, "the key is not an even number of hex digits, at most %d", 2 * SAF_P11_SECRET_MAX);
    saf_status status = read_hex(value, text) ? take(out, saf_bytes_of(value, text.len / 2), err)
                                              : saf_fail(err, SAF_E_MALFORMED, "the key is not hex digits alone");
    OPENSSL_cleanse(value, sizeof value);
    return status;
}

/* ---- base64url -------------------------------------------------------------------------------------------- */

static saf_status decode_base64url(saf_secret *out, saf_bytes text, saf_error *err)
{
    unsigned char value[ENCODED_MAX];
    size_t len = 0;
    if (text.len > ENCODED_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "the key is longer than %d bytes", SAF_P11_SECRET_MAX);
    saf_status status = saf_base64url_decode(value, &len, text) ? take(out, saf_bytes_of(value, len), err)
                                                                : saf_fail(err, SAF_E_MALFORMED, "the key is not base64url without padding");
    OPENSSL_cleanse(value, sizeof value);
    return status;
}

/* ---- JWK -------------------------------------------------------------------------------------------------- */

/* RFC 7517, 4.2: what a key for encryption is, signs nothing. */
static bool has_wrong_use(const saf_json_object *jwk, bool signs)
{
    const saf_json_member *use = saf_json_find(jwk, "use");
    return use && !saf_json_is_string(&use->value, saf_bytes_of_text(signs ? "sig" : "enc"));
}

static saf_status take_alg(char alg[SAF_P11_ALG_MAX + 1], const saf_json_object *jwk, saf_error *err)
{
    const saf_json_member *member = saf_json_find(jwk, "alg");
    alg[0] = '\0';
    if (!member)
        return SAF_OK;
    const saf_json_value *value = &member->value;
    if (value->kind != SAF_JSON_STRING || value->has_escapes || !value->raw.len || value->raw.len > SAF_P11_ALG_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "the JWK's alg is not the name of an algorithm");
    memcpy(alg, value->raw.data, value->raw.len);
    alg[value->raw.len] = '\0';
    return has_wrong_use(jwk, alg[0] == 'H') ? saf_fail(err, SAF_E_MALFORMED, "the JWK's use does not fit its alg") : SAF_OK;
}

static saf_status decode_jwk(saf_secret *out, char alg[SAF_P11_ALG_MAX + 1], saf_bytes text, saf_error *err)
{
    saf_json_object jwk;
    if (!saf_json_read_object(&jwk, text))
        return saf_fail(err, SAF_E_MALFORMED, "the JWK is not one strict JSON object");
    const saf_json_member *type = saf_json_find(&jwk, "kty"), *value = saf_json_find(&jwk, "k");
    if (!type || !saf_json_is_string(&type->value, saf_bytes_of_text("oct")))
        return saf_fail(err, SAF_E_MALFORMED, "the JWK is no secret key: its kty is not \"oct\"");
    if (!value || value->value.kind != SAF_JSON_STRING || value->value.has_escapes)
        return saf_fail(err, SAF_E_MALFORMED, "the JWK has no key value k");
    SAF_TRY(take_alg(alg, &jwk, err));
    return decode_base64url(out, value->value.raw, err);
}

saf_status saf_p11_decode_secret(saf_secret *out, char alg[SAF_P11_ALG_MAX + 1], saf_p11_value_format format, saf_bytes text, saf_error *err)
{
    alg[0] = '\0';
    if (text.len > TEXT_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "the key is longer than %d bytes", SAF_P11_SECRET_MAX);
    switch (format) {
    case SAF_P11_RAW: return take(out, text, err);
    case SAF_P11_HEX: return decode_hex(out, without_newline(text), err);
    case SAF_P11_BASE64URL: return decode_base64url(out, without_newline(text), err);
    case SAF_P11_JWK: return decode_jwk(out, alg, text, err);
    }
    return saf_fail(err, SAF_E_USAGE, "no such form of a key");
}
