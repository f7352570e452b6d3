#include "facts-quick.h"

#include "der.h"

#include <base/own-openssl.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <time.h>

/* ---- serial number ---- */

/* The magnitude of a negative number (two's complement): all bits turned round, plus one. */
static void negate(unsigned char *number, size_t len)
{
    unsigned carry = 1;
    for (size_t i = len; i-- > 0;) {
        carry += (unsigned char)~number[i];
        number[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

static char *hex_of(saf_bytes magnitude, bool is_negative)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = malloc(2 * magnitude.len + 3);
    char *end = text;
    if (text && is_negative)
        *end++ = '-';
    for (size_t i = 0; text && i < 2 * magnitude.len; i++) {
        unsigned digit = magnitude.data[i / 2] >> (i % 2 ? 0 : 4) & 0xF;
        if (digit || (end != text && end[-1] != '-'))
            *end++ = digits[digit];
    }
    if (text && (end == text || end[-1] == '-'))
        *end++ = '0';
    if (text)
        *end = '\0';
    return text;
}

static char *text_of_serial(saf_bytes serial)
{
    enum { SERIAL_MAX = 64 }; /* RFC 5280 4.1.2.2 allows 20 */
    unsigned char magnitude[SERIAL_MAX];
    if (serial.len == 0 || serial.len > SERIAL_MAX)
        return NULL;
    bool is_negative = serial.data[0] & 0x80;
    memcpy(magnitude, serial.data, serial.len);
    if (is_negative)
        negate(magnitude, serial.len);
    return hex_of(saf_bytes_of(magnitude, serial.len), is_negative);
}

/* ---- validity ---- */

static bool take_digits(int *out, const unsigned char **at, int count, int min, int max)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + *(*at)++ - '0';
    }
    return *out >= min && *out <= max;
}

static int days_in(int month, int year)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

/* RFC 5280 4.1.2.5: in UTC with seconds; two digits of a year mean 1950 to 2049. */
static bool read_time(int64_t *out, const der_item *time)
{
    struct tm parts = { 0 };
    int year, month;
    const unsigned char *at = time->content.data;
    int digits = time->tag == DER_UTC_TIME ? 2 : 4;
    if ((time->tag != DER_UTC_TIME && time->tag != DER_GENERALIZED_TIME) || time->content.len != (size_t)digits + 11 ||
        at[digits + 10] != 'Z' || !take_digits(&year, &at, digits, 0, 9999))
        return false;
    if (digits == 2)
        year += year < 50 ? 2000 : 1900;
    if (!take_digits(&month, &at, 2, 1, 12) || !take_digits(&parts.tm_mday, &at, 2, 1, days_in(month, year)) ||
        !take_digits(&parts.tm_hour, &at, 2, 0, 23) || !take_digits(&parts.tm_min, &at, 2, 0, 59) ||
        !take_digits(&parts.tm_sec, &at, 2, 0, 59))
        return false;
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    *out = timegm(&parts);
    return true;
}

static bool read_validity(saf_cert *cert, der_walk *tbs)
{
    der_walk validity = der_enter(tbs, DER_SEQUENCE);
    der_item from = der_take_any(&validity);
    der_item until = der_take_any(&validity);
    return der_is_done(&validity) && read_time(&cert->not_before, &from) && read_time(&cert->not_after, &until);
}

/* ---- names ---- */

static bool same_bytes(saf_bytes a, saf_bytes b)
{
    return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static bool parse_name(X509_NAME **out, saf_bytes der)
{
    const unsigned char *at = der.data;
    *out = d2i_X509_NAME(NULL, &at, (long)der.len);
    return *out && at == der.data + der.len;
}

/* Names of any kind, with libcrypto's help. */
static bool read_rare_names(saf_cert *cert, saf_bytes issuer, saf_bytes subject)
{
    OWN(X509_NAME) *from = NULL;
    OWN(X509_NAME) *to = NULL;
    if (!parse_name(&from, issuer) || !parse_name(&to, subject))
        return false;
    if (!cert->issuer)
        cert->issuer = facts_name_text(from);
    if (!cert->subject)
        cert->subject = facts_name_text(to);
    cert->self_issued = X509_NAME_cmp(from, to) == 0;
    return cert->issuer && cert->subject;
}

static bool read_names(saf_cert *cert, saf_bytes issuer, saf_bytes subject)
{
    cert->issuer = facts_quick_name(issuer);
    cert->subject = same_bytes(issuer, subject) && cert->issuer ? strdup(cert->issuer) : facts_quick_name(subject);
    if (!cert->issuer || !cert->subject)
        return read_rare_names(cert, issuer, subject);
    cert->self_issued = OPENSSL_strcasecmp(cert->issuer, cert->subject) == 0;
    return true;
}

/* ---- the rest ---- */

static bool read_key(saf_cert *cert, saf_bytes spki, const facts_digests *digests)
{
    const char *type = facts_quick_key(&cert->key_bits, spki);
    cert->key_type = type ? strdup(type) : NULL;
    if (digests)
        memcpy(cert->key_id, digests->key_id, sizeof cert->key_id);
    else if (type)
        SHA256(spki.data, spki.len, cert->key_id);
    return cert->key_type;
}

/* [3] of version 3 (RFC 5280 4.1); unique identifiers, [1] and [2], are libcrypto's. */
static bool read_extensions(saf_cert *cert, der_walk *tbs)
{
    bool known = true;
    if (der_is_next(tbs, DER_CONTEXT_CONSTRUCTED + 3))
        cert->is_ca = facts_quick_is_ca(&known, der_take(tbs, DER_CONTEXT_CONSTRUCTED + 3).content);
    return known;
}

static void skip_version(der_walk *tbs)
{
    enum { VERSION_3 = 2 };
    if (!der_is_next(tbs, DER_CONTEXT_CONSTRUCTED))
        return;
    der_walk version = der_enter(tbs, DER_CONTEXT_CONSTRUCTED);
    saf_bytes number = der_take_integer(&version);
    tbs->failed |= !der_is_done(&version) || number.data[0] > VERSION_3 || number.len != 1;
}

/* What the signature was made with: only its form matters here. */
static void skip_algorithm(der_walk *walk)
{
    der_walk algorithm = der_enter(walk, DER_SEQUENCE);
    der_take_oid(&algorithm);
    if (der_is_next(&algorithm, DER_NULL))
        algorithm.failed |= der_take(&algorithm, DER_NULL).content.len != 0;
    else if (der_is_next(&algorithm, DER_SEQUENCE))
        der_take(&algorithm, DER_SEQUENCE);
    walk->failed |= !der_is_done(&algorithm);
}

static bool read_tbs(saf_cert *cert, der_walk *tbs, const facts_digests *digests)
{
    skip_version(tbs);
    saf_bytes serial = der_take_integer(tbs);
    skip_algorithm(tbs);
    saf_bytes issuer = der_take(tbs, DER_SEQUENCE).whole;
    if (tbs->failed || !read_validity(cert, tbs))
        return false;
    saf_bytes subject = der_take(tbs, DER_SEQUENCE).whole;
    saf_bytes spki = der_take(tbs, DER_SEQUENCE).whole;
    if (tbs->failed || !read_extensions(cert, tbs) || !der_is_done(tbs))
        return false;
    cert->serial = text_of_serial(serial);
    return cert->serial && read_key(cert, spki, digests) && read_names(cert, issuer, subject);
}

bool facts_quick_fill(saf_cert *cert, saf_bytes der, const facts_digests *digests)
{
    der_walk walk = der_begin(der);
    der_walk whole = der_enter(&walk, DER_SEQUENCE);
    der_walk tbs = der_enter(&whole, DER_SEQUENCE);
    skip_algorithm(&whole);
    der_take_octets_of_bits(&whole);
    if (!der_is_done(&whole) || !der_is_done(&walk) || !read_tbs(cert, &tbs, digests))
        return false;
    if (digests)
        memcpy(cert->fingerprint, digests->fingerprint, sizeof cert->fingerprint);
    else
        SHA256(der.data, der.len, cert->fingerprint);
    return true;
}
