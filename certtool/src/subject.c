#include "quote.h"
#include "subject.h"

#include <base/buffer.h>
#include <base/fail.h>

#include <openssl/err.h>

#include <ctype.h>

typedef struct subject_attribute {
    const char *name;
    int nid;
    size_t max; /* characters: the upper bounds of RFC 5280 appendix A.1 */
} subject_attribute;

/* The first of each kind is the one that messages name. */
static const subject_attribute ATTRIBUTES[] = {
    { "CN", NID_commonName, 64 },
    { "OU", NID_organizationalUnitName, 64 },
    { "O", NID_organizationName, 64 },
    { "L", NID_localityName, 128 },
    { "ST", NID_stateOrProvinceName, 128 },
    { "S", NID_stateOrProvinceName, 128 },
    { "SP", NID_stateOrProvinceName, 128 },
    { "STREET", NID_streetAddress, 128 },
    { "C", NID_countryName, 2 },
    { "T", NID_title, 64 },
    { "title", NID_title, 64 },
    { "DC", NID_domainComponent, 63 },
    { "UID", NID_userId, 256 },
    { "serialNumber", NID_serialNumber, 64 },
    { "emailAddress", NID_pkcs9_emailAddress, 128 },
    { "E", NID_pkcs9_emailAddress, 128 },
};

/* One "ATTRIBUTE=value", still as written, for reading and for messages. */
typedef struct subject_part {
    const char *text;
    size_t len;
    char separator; /* what stands before it: 0, ',' or '+' */
} subject_part;

__attribute__((format(printf, 3, 4)))
static saf_status refuse(saf_error *err, const subject_part *part, const char *format, ...)
{
    OWN(saf_buffer) why = { 0 };
    va_list arguments;
    va_start(arguments, format);
    saf_buffer_vprintf(&why, format, arguments);
    va_end(arguments);
    quotation text = quote(part->text, part->len);
    return saf_fail(err, SAF_E_USAGE, "a part of the subject %s: \"%s\"", saf_buffer_text(&why), text.text);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static saf_bytes trim(saf_bytes text)
{
    while (text.len && is_blank((char)*text.data)) {
        text.data++;
        text.len--;
    }
    while (text.len && is_blank((char)text.data[text.len - 1]))
        text.len--;
    return text;
}

/* Up to the next comma or plus sign that no backslash stands before. */
static size_t part_len(const char *text)
{
    size_t len = 0;
    while (text[len] && text[len] != ',' && text[len] != '+')
        len += text[len] == '\\' && text[len + 1] ? 2 : 1;
    return len;
}

static const subject_attribute *find_attribute(saf_bytes name)
{
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof *ATTRIBUTES; i++)
        if (strlen(ATTRIBUTES[i].name) == name.len &&
            !strncasecmp(ATTRIBUTES[i].name, (const char *)name.data, name.len))
            return &ATTRIBUTES[i];
    return NULL;
}

static saf_status read_attribute(const subject_attribute **out, saf_bytes *value, const subject_part *part,
                                 saf_error *err)
{
    const char *equals = memchr(part->text, '=', part->len);
    if (!equals)
        return refuse(err, part, "is not of the form ATTRIBUTE=value");
    saf_bytes name = trim(saf_bytes_of(part->text, (size_t)(equals - part->text)));
    *out = find_attribute(name);
    if (!*out)
        return refuse(err, part, "has an unknown attribute; known are CN, OU, O, L, ST, STREET, C, T, DC, UID, "
                      "serialNumber and emailAddress");
    *value = saf_bytes_of(equals + 1, (size_t)(part->text + part->len - equals - 1));
    return SAF_OK;
}

static int hex_digit(unsigned char c)
{
    return isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* RFC 4514 2.4: a backslash is followed by a special character or by two hex digits. */
static size_t unescape(saf_buffer *out, const unsigned char *at, size_t left)
{
    if (left >= 3 && isxdigit(at[1]) && isxdigit(at[2])) {
        unsigned char byte = (unsigned char)(hex_digit(at[1]) << 4 | hex_digit(at[2]));
        saf_buffer_append(out, saf_bytes_of(&byte, 1));
        return 3;
    }
    if (left >= 2 && at[1] && strchr(",+\"\\<>;=# ", at[1])) {
        saf_buffer_append(out, saf_bytes_of(at + 1, 1));
        return 2;
    }
    return 0;
}

static int needs_escape(const unsigned char *at, const unsigned char *first)
{
    return strchr("\"<>;", *at) || (*at == '#' && at == first);
}

/* Blanks around a value do not count unless a backslash stands before them. */
static saf_bytes trim_value(saf_bytes text)
{
    saf_bytes trimmed = trim(text);
    int cut_blank = trimmed.data + trimmed.len < text.data + text.len;
    size_t backslashes = 0;
    while (backslashes < trimmed.len && trimmed.data[trimmed.len - 1 - backslashes] == '\\')
        backslashes++;
    if (cut_blank && backslashes % 2)
        trimmed.len++;
    return trimmed;
}

static saf_status read_value(saf_buffer *out, saf_bytes text, const subject_part *part, saf_error *err)
{
    saf_bytes value = trim_value(text);
    for (size_t i = 0; i < value.len;) {
        const unsigned char *at = value.data + i;
        size_t used = 1;
        if (*at == '\\')
            used = unescape(out, at, value.len - i);
        else if (needs_escape(at, value.data))
            return refuse(err, part, "needs a backslash before the %c in it", *at);
        else
            saf_buffer_append(out, saf_bytes_of(at, 1));
        if (!used)
            return refuse(err, part, "has a backslash before what needs none");
        i += used;
    }
    return saf_buffer_check(out, err);
}

typedef enum text_fault { TEXT_GOOD, TEXT_NOT_UTF8, TEXT_HAS_CONTROLS } text_fault;

/* Control characters are legal in a UTF8String and can only be there to deceive whoever reads the name. */
static text_fault count_characters(size_t *out, saf_bytes value)
{
    *out = 0;
    for (size_t i = 0; i < value.len; ++*out) {
        unsigned long character = 0;
        int used = UTF8_getc(value.data + i, (int)(value.len - i), &character);
        if (used <= 0 || character > 0x10FFFF)
            return TEXT_NOT_UTF8;
        if (character < 0x20 || (character >= 0x7F && character < 0xA0))
            return TEXT_HAS_CONTROLS;
        i += (size_t)used;
    }
    return TEXT_GOOD;
}

static saf_status check_value(saf_buffer *value, const subject_attribute *attribute, const subject_part *part,
                              saf_error *err)
{
    size_t count = 0;
    if (value->len == 0)
        return refuse(err, part, "has no value");
    if (value->len > INT16_MAX)
        return refuse(err, part, "is too long");
    text_fault fault = count_characters(&count, saf_buffer_bytes(value));
    if (fault)
        return refuse(err, part, fault == TEXT_NOT_UTF8 ? "is not UTF-8" : "has a control character");
    if (count > attribute->max)
        return refuse(err, part, "has %zu characters, and %s may have %zu", count, attribute->name, attribute->max);
    if (attribute->nid != NID_countryName)
        return SAF_OK;
    if (value->len != 2 || !isalpha(value->data[0]) || !isalpha(value->data[1]))
        return refuse(err, part, "is not a country: C has two letters (ISO 3166)");
    for (size_t i = 0; i < value->len; i++)
        value->data[i] = (unsigned char)toupper(value->data[i]);
    return SAF_OK;
}

/* OpenSSL's table of attributes chooses the string type: UTF8String, but PrintableString for C and serialNumber and
 * IA5String for DC and emailAddress (RFC 5280 appendix A.1). */
static saf_status add_entry(X509_NAME *name, const subject_attribute *attribute, const saf_buffer *value,
                            const subject_part *part, saf_error *err)
{
    int set = part->separator == '+' ? -1 : 0;
    if (X509_NAME_add_entry_by_NID(name, attribute->nid, MBSTRING_UTF8, value->data, (int)value->len, -1, set))
        return SAF_OK;
    ERR_clear_error();
    return refuse(err, part, "has characters that %s may not have", attribute->name);
}

static saf_status add_part(X509_NAME *name, const subject_part *part, saf_error *err)
{
    const subject_attribute *attribute = NULL;
    saf_bytes text = { 0 };
    OWN(saf_buffer) value = { 0 };
    SAF_TRY(read_attribute(&attribute, &text, part, err));
    SAF_TRY(read_value(&value, text, part, err));
    SAF_TRY(check_value(&value, attribute, part, err));
    return add_entry(name, attribute, &value, part, err);
}

/* The part that begins at text, without the blanks before it. */
static subject_part part_at(const char *text, char separator)
{
    while (is_blank(*text))
        text++;
    return (subject_part) { text, part_len(text), separator };
}

static saf_status refuse_nothing(const char *text, const char *where, char separator, saf_error *err)
{
    quotation whole = quote_text(text);
    return saf_fail(err, SAF_E_USAGE, "the subject has nothing %s a \"%c\": \"%s\"", where, separator, whole.text);
}

saf_status subject_parse(X509_NAME **out, const char *text, saf_error *err)
{
    OWN(X509_NAME) *name = X509_NAME_new();
    if (!name)
        return saf_fail_memory(err);
    subject_part part = part_at(text ? text : "", '\0');
    const char *end = part.text + part.len;
    while (part.len || *end || part.separator) {
        if (!part.len)
            return part.separator ? refuse_nothing(text, "after", part.separator, err)
                                  : refuse_nothing(text, "before", *end, err);
        SAF_TRY(add_part(name, &part, err));
        if (!*end)
            break;
        part = part_at(end + 1, *end);
        end = part.text + part.len;
    }
    *out = GIVE(&name);
    return SAF_OK;
}

saf_status saf_subject_check(const char *subject, saf_error *err)
{
    OWN(X509_NAME) *name = NULL;
    return subject_parse(&name, subject, err);
}

/* ---- names of others -------------------------------------------------------------------------------------- */

enum { FOREIGN_ENTRIES_MAX = 64 };

/* What has no upper bound that we know has none. */
static size_t max_of(const X509_NAME_ENTRY *entry)
{
    int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof *ATTRIBUTES; i++)
        if (ATTRIBUTES[i].nid == nid)
            return ATTRIBUTES[i].max;
    return SIZE_MAX;
}

static const char *fault_of(const X509_NAME_ENTRY *entry)
{
    unsigned char *text = NULL;
    size_t count = 0;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    text_fault fault = len < 0 ? TEXT_NOT_UTF8 : count_characters(&count, saf_bytes_of(text, (size_t)len));
    OPENSSL_free(text);
    ERR_clear_error();
    if (fault)
        return fault == TEXT_NOT_UTF8 ? "a part that is not text" : "a control character";
    if (!count)
        return "a part without value";
    return count > max_of(entry) ? "a part that is longer than RFC 5280 allows" : NULL;
}

saf_status subject_check_name(const X509_NAME *name, const char *what, saf_error *err)
{
    int count = X509_NAME_entry_count(name);
    if (count > FOREIGN_ENTRIES_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "the subject of %s has %d parts, and %d are enough", what, count, FOREIGN_ENTRIES_MAX);
    for (int i = 0; i < count; i++) {
        const char *fault = fault_of(X509_NAME_get_entry(name, i));
        if (fault)
            return saf_fail(err, SAF_E_MALFORMED, "the subject of %s has %s", what, fault);
    }
    return SAF_OK;
}

saf_status subject_copy(X509_NAME **out, const X509_NAME *name, saf_error *err)
{
    OWN(X509_NAME) *copy = X509_NAME_new();
    int before = -1;
    for (int i = 0; copy && i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (!X509_NAME_add_entry(copy, entry, -1, X509_NAME_ENTRY_set(entry) == before ? -1 : 0))
            return saf_fail_openssl(err, "cannot copy the subject");
        before = X509_NAME_ENTRY_set(entry);
    }
    if (!copy)
        return saf_fail_memory(err);
    *out = GIVE(&copy);
    return SAF_OK;
}
