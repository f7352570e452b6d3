#include "facts.h"

#include "facts-quick.h"
#include "names.h"

#include <base/buffer.h>
#include <base/fail.h>
#include <base/own-openssl.h>

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include <time.h>

/* d2i_X509() stops after the certificate, and takes some BER; what we store is one certificate and nothing else. */
static int is_exact(X509 *x509, saf_bytes der)
{
    unsigned char *again = NULL;
    int len = i2d_X509(x509, &again);
    int same = len >= 0 && (size_t)len == der.len && !memcmp(again, der.data, der.len);
    OPENSSL_free(again);
    return same;
}

saf_status facts_parse(X509 **out, saf_bytes der, saf_error *err)
{
    if (der.len == 0 || der.len > CERT_DER_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "a certificate has 1 to %d bytes, not %zu", CERT_DER_MAX, der.len);
    const unsigned char *at = der.data;
    OWN(X509) *x509 = d2i_X509(NULL, &at, (long)der.len);
    if (!x509) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "these bytes are not a DER certificate");
    }
    if (at != der.data + der.len)
        return saf_fail(err, SAF_E_MALFORMED, "the certificate is followed by %zu more bytes",
                        (size_t)(der.data + der.len - at));
    if (!is_exact(x509, der))
        return saf_fail(err, SAF_E_MALFORMED, "the certificate is not in DER");
    *out = GIVE(&x509);
    return SAF_OK;
}

void facts_memo_free(facts_memo *memo)
{
    X509_free(memo->x509);
    saf_buffer_free(&memo->der);
    *memo = (facts_memo) { 0 };
}

static bool remembers(const facts_memo *memo, saf_bytes der)
{
    return memo->x509 && memo->der.len == der.len && !memcmp(memo->der.data, der.data, der.len);
}

/* Not to remember is no failure. */
static void remember(facts_memo *memo, X509 *x509, saf_bytes der)
{
    facts_memo_free(memo);
    saf_buffer_append(&memo->der, der);
    if (!memo->der.failed && X509_up_ref(x509))
        memo->x509 = x509;
}

saf_status facts_parse_once(X509 **out, facts_memo *memo, saf_bytes der, saf_error *err)
{
    if (memo && remembers(memo, der)) {
        if (!X509_up_ref(memo->x509))
            return saf_fail_memory(err);
        *out = memo->x509;
        return SAF_OK;
    }
    SAF_TRY(facts_parse(out, der, err));
    if (memo)
        remember(memo, *out, der);
    return SAF_OK;
}

/* As RFC 4514 escapes, but in the certificate's own order and with UTF-8 shown as it is. */
static const unsigned long NAME_FLAGS = XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;

/* OpenSSL escapes control characters of ASCII only. RFC 4514 2.4: a backslash and two digits for each byte of the others. */
static void append_safely(saf_buffer *out, saf_bytes text)
{
    for (size_t i = 0; i < text.len;) {
        unsigned long character;
        int len = UTF8_getc(text.data + i, (int)(text.len - i), &character);
        bool is_safe = len > 0 && !name_is_control(character);
        size_t step = len > 0 ? (size_t)len : 1;
        for (size_t j = i; j < i + step && !is_safe; j++)
            saf_buffer_printf(out, "\\%02X", text.data[j]);
        if (is_safe)
            saf_buffer_append(out, saf_bytes_of(text.data + i, step));
        i += step;
    }
}

char *facts_name_text(const X509_NAME *name)
{
    OWN(saf_buffer) text = { 0 };
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    if (!bio || X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) < 0)
        return NULL;
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    append_safely(&text, saf_bytes_of(data, data ? (size_t)len : 0));
    return text.failed ? NULL : strdup(saf_buffer_text(&text));
}

static char *text_of_serial(const ASN1_INTEGER *serial)
{
    OWN(BIGNUM) *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    if (!hex)
        return NULL;
    const char *sign = *hex == '-' ? "-" : "";
    const char *digits = hex + strlen(sign);
    digits += strspn(digits, "0");
    char *text = NULL;
    if (asprintf(&text, "%s%s", sign, *digits ? digits : "0") < 0)
        text = NULL;
    OPENSSL_free(hex);
    return text;
}

static saf_status seconds_of(int64_t *out, const ASN1_TIME *time, saf_error *err)
{
    struct tm parts;
    if (!ASN1_TIME_to_tm(time, &parts)) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "the certificate's validity is not a time");
    }
    *out = timegm(&parts);
    return SAF_OK;
}

/* OpenSSL's names of the NIST curves are those of ANSI and SECG; --key uses NIST's. */
static const char *curve_name(const char *group)
{
    static const struct {
        const char *group, *name;
    } curves[] = { { "prime256v1", "P-256" }, { "secp384r1", "P-384" }, { "secp521r1", "P-521" } };
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (!strcmp(group, curves[i].group))
            return curves[i].name;
    return group;
}

static char *type_of_ec(const EVP_PKEY *key)
{
    char group[80] = "explicit";
    char *text = NULL;
    if (!EVP_PKEY_get_group_name(key, group, sizeof group, NULL))
        memcpy(group, "explicit", sizeof "explicit");
    return asprintf(&text, "ec:%s", curve_name(group)) < 0 ? NULL : text;
}

static char *type_of_key(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA"))
        return strdup("rsa");
    if (EVP_PKEY_is_a(key, "RSA-PSS"))
        return strdup("rsa-pss");
    if (EVP_PKEY_is_a(key, "EC"))
        return type_of_ec(key);
    if (EVP_PKEY_is_a(key, "ED25519"))
        return strdup("ed25519");
    if (EVP_PKEY_is_a(key, "ED448"))
        return strdup("ed448");
    return strdup("unknown");
}

/* A public key that this OpenSSL cannot read is no reason to refuse a certificate: it can be listed and exported. */
static saf_status fill_key(saf_cert *cert, X509 *x509, saf_error *err)
{
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    if (len < 0)
        return saf_fail_openssl(err, "cannot encode the certificate's public key");
    SHA256(spki, (size_t)len, cert->key_id);
    OPENSSL_free(spki);

    const EVP_PKEY *key = X509_get0_pubkey(x509);
    cert->key_type = key ? type_of_key(key) : strdup("unknown");
    cert->key_bits = key ? (unsigned)EVP_PKEY_get_bits(key) : 0;
    ERR_clear_error();
    return SAF_OK;
}

saf_status facts_read_x509(saf_cert *cert, X509 *x509, saf_bytes der, saf_error *err)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    const X509_NAME *issuer = X509_get_issuer_name(x509);
    SAF_TRY(seconds_of(&cert->not_before, X509_get0_notBefore(x509), err));
    SAF_TRY(seconds_of(&cert->not_after, X509_get0_notAfter(x509), err));
    SAF_TRY(fill_key(cert, x509, err));
    SHA256(der.data, der.len, cert->fingerprint);
    cert->subject = facts_name_text(subject);
    cert->issuer = facts_name_text(issuer);
    cert->serial = text_of_serial(X509_get0_serialNumber(x509));
    cert->self_issued = X509_NAME_cmp(subject, issuer) == 0;
    cert->is_ca = X509_check_ca(x509) == 1;
    ERR_clear_error();
    return cert->subject && cert->issuer && cert->serial && cert->key_type ? SAF_OK : saf_fail_memory(err);
}

/* Some of it may be there. */
static void forget(saf_cert *cert)
{
    const char **texts[] = { &cert->subject, &cert->issuer, &cert->serial, &cert->key_type };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free((void *)*texts[i]);
        *texts[i] = NULL;
    }
}

saf_status facts_read(saf_cert *cert, saf_bytes der, const facts_digests *digests, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    if (facts_quick_fill(cert, der, digests))
        return SAF_OK;
    ERR_clear_error();
    forget(cert);
    SAF_TRY(facts_parse(&x509, der, err));
    return facts_read_x509(cert, x509, der, err);
}

uint32_t facts_name_hash(const X509_NAME *name)
{
    int ok = 0;
    unsigned long hash = X509_NAME_hash_ex(name, NULL, NULL, &ok);
    return ok ? (uint32_t)hash : 0;
}

saf_status facts_name_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err)
{
    const unsigned char *der;
    size_t len;
    if (!X509_NAME_get0_der(name, &der, &len))
        return saf_fail_openssl(err, "cannot encode a certificate's name");
    SHA256(der, len, out);
    return SAF_OK;
}

/* Case does not count, nor do blanks at either end, nor how many are between words. */
static void append_folded(saf_buffer *out, const unsigned char *text, size_t len)
{
    bool blank = false, begun = false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = text[i];
        if (c == ' ') {
            blank = begun;
            continue;
        }
        if (blank)
            saf_buffer_append_text(out, " ");
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        saf_buffer_append(out, saf_bytes_of(&c, 1));
        blank = false;
        begun = true;
    }
}

static saf_status append_value(saf_buffer *out, const ASN1_STRING *value, saf_error *err)
{
    OWN(saf_buffer) folded = { 0 };
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, value);
    if (len >= 0)
        append_folded(&folded, utf8, (size_t)len);
    else /* no text: a BIT STRING, say */
        saf_buffer_append(&folded, saf_bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
    OPENSSL_free(utf8);
    ERR_clear_error();
    SAF_TRY(saf_buffer_check(&folded, err));
    saf_buffer_printf(out, "%zu:", folded.len);
    saf_buffer_append(out, saf_buffer_bytes(&folded));
    return saf_buffer_check(out, err);
}

/* Every part is preceded by its length, and types are object identifiers: OpenSSL's names of them may change. */
saf_status facts_name_canonical_digest(unsigned char out[SAF_FINGERPRINT_LEN], const X509_NAME *name, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
        size_t len = OBJ_length(type);
        saf_buffer_printf(&text, "%d:%zu:", X509_NAME_ENTRY_set(entry), len);
        saf_buffer_append(&text, saf_bytes_of(OBJ_get0_data(type), len));
        SAF_TRY(append_value(&text, X509_NAME_ENTRY_get_data(entry), err));
    }
    SHA256(text.data ? text.data : (const unsigned char *)"", text.len, out);
    return SAF_OK;
}
