#include "quote.h"
#include "san.h"

#include <base/buffer.h>
#include <base/fail.h>

#include <arpa/inet.h>
#include <ctype.h>

enum {
    DNS_MAX = 253,  /* RFC 1035 2.3.4, without the root's empty label */
    LABEL_MAX = 63, /* likewise */
    LOCAL_MAX = 64, /* RFC 5321 4.5.3.1.1 */
    URI_MAX = 2048,
};

/* One entry of the list: as written, for messages, and its value without the prefix, for reading and folding. */
typedef struct san_entry {
    const char *text;
    char *value;
} san_entry;

typedef saf_status (*reader_fn)(GENERAL_NAME *name, const san_entry *entry, saf_error *err);

__attribute__((format(printf, 3, 4)))
static saf_status refuse(saf_error *err, const san_entry *entry, const char *format, ...)
{
    OWN(saf_buffer) why = { 0 };
    va_list arguments;
    va_start(arguments, format);
    saf_buffer_vprintf(&why, format, arguments);
    va_end(arguments);
    quotation text = quote_text(entry->text);
    return saf_fail(err, SAF_E_USAGE, "an alternative name %s: \"%s\"", saf_buffer_text(&why), text.text);
}

static saf_status set_string(GENERAL_NAME *name, int type, int string_type, saf_bytes value, saf_error *err)
{
    ASN1_STRING *string = ASN1_STRING_type_new(string_type);
    if (!string || !ASN1_STRING_set(string, value.data, (int)value.len)) {
        ASN1_STRING_free(string);
        return saf_fail_memory(err);
    }
    GENERAL_NAME_set0_value(name, type, string);
    return SAF_OK;
}

static void fold(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

static int is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return 0;
    return 1;
}

/* RFC 5280 4.2.1.6, RFC 1034 3.5 with RFC 1123 2.1: letters, digits, and hyphens inside. */
static int is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return 0;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)label[i]) && label[i] != '-')
            return 0;
    return 1;
}

/* RFC 1123 2.1: a name whose last label is a number is an address, or a typing error in one. */
static int is_number(const char *label)
{
    return label[strspn(label, "0123456789")] == '\0';
}

static saf_status refuse_label(const char *label, size_t len, const san_entry *entry, saf_error *err)
{
    quotation text = quote(label, len);
    return refuse(err, entry, "is not a DNS name: its label \"%s\" is not 1 to %d letters, digits and inner hyphens",
                  text.text, LABEL_MAX);
}

static saf_status check_labels(const char *host, const san_entry *entry, saf_error *err)
{
    for (const char *label = host;;) {
        size_t len = strcspn(label, ".");
        if (!is_label(label, len))
            return refuse_label(label, len, entry, err);
        if (!label[len])
            return is_number(label) ? refuse(err, entry, "is neither a DNS name nor an IP address") : SAF_OK;
        label += len + 1;
    }
}

static saf_status check_host(const char *host, const san_entry *entry, saf_error *err)
{
    size_t len = strlen(host);
    if (!is_ascii(host)) {
        saf_status status = refuse(err, entry, "is not a DNS name: it is not ASCII");
        saf_hint(err, "write an international name in its A-label form (xn--...), as idn2 prints it");
        return status;
    }
    if (len > DNS_MAX)
        return refuse(err, entry, "is not a DNS name: it has %zu characters, and %d are allowed", len, DNS_MAX);
    if (len && host[len - 1] == '.')
        return refuse(err, entry, "is not a DNS name for certificates: it ends with a dot");
    return check_labels(host, entry, err);
}

static int is_ip(const char *text)
{
    unsigned char address[16];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static saf_status read_dns(GENERAL_NAME *name, const san_entry *entry, saf_error *err)
{
    if (is_ip(entry->value)) {
        saf_status status = refuse(err, entry, "is an IP address, not a DNS name");
        saf_hint(err, "write ip:%s", entry->value);
        return status;
    }
    fold(entry->value);
    /* RFC 6125 6.4.3: the wildcard is the whole leftmost label. */
    const char *host = strncmp(entry->value, "*.", 2) ? entry->value : entry->value + 2;
    SAF_TRY(check_host(host, entry, err));
    return set_string(name, GEN_DNS, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

static saf_status read_ip(GENERAL_NAME *name, const san_entry *entry, saf_error *err)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, entry->value, address) == 1)
        return set_string(name, GEN_IPADD, V_ASN1_OCTET_STRING, saf_bytes_of(address, 4), err);
    if (inet_pton(AF_INET6, entry->value, address) == 1)
        return set_string(name, GEN_IPADD, V_ASN1_OCTET_STRING, saf_bytes_of(address, 16), err);
    return refuse(err, entry, "is not an IP address");
}

/* RFC 5321 4.1.2, Dot-string: atoms with dots between them. Quoted local parts are legal and used by nobody. */
static int is_local_part(const char *text, size_t len)
{
    if (len == 0 || len > LOCAL_MAX || text[0] == '.' || text[len - 1] == '.')
        return 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!(isalnum(c) || (c < 0x80 && strchr("!#$%&'*+-/=?^_`{|}~.", c))) || (c == '.' && text[i + 1] == '.'))
            return 0;
    }
    return 1;
}

static saf_status read_email(GENERAL_NAME *name, const san_entry *entry, saf_error *err)
{
    char *at = strrchr(entry->value, '@');
    if (!at || !is_local_part(entry->value, (size_t)(at - entry->value)))
        return refuse(err, entry, "is not a mail address of the form name@host");
    fold(at);
    SAF_TRY(check_host(at + 1, entry, err));
    return set_string(name, GEN_EMAIL, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

/* RFC 3986 2: everything else stands as %XX. */
static int is_uri_text(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7F || strchr("\"<>\\^`{|}", *text))
            return 0;
    return 1;
}

/* RFC 5280 4.2.1.6: an absolute URI; with an authority, that names a host. */
static int is_absolute_uri(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    if (!isalpha((unsigned char)*text) || text[scheme] != ':' || !text[scheme + 1])
        return 0;
    const char *rest = text + scheme + 1;
    return strncmp(rest, "//", 2) || (rest[2] && !strchr("/?#:", rest[2]));
}

static saf_status read_uri(GENERAL_NAME *name, const san_entry *entry, saf_error *err)
{
    if (strlen(entry->value) > URI_MAX || !is_uri_text(entry->value) || !is_absolute_uri(entry->value))
        return refuse(err, entry, "is not an absolute URI of at most %d ASCII characters", URI_MAX);
    return set_string(name, GEN_URI, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

static const struct {
    const char *prefix;
    reader_fn read;
} KINDS[] = { { "dns:", read_dns }, { "ip:", read_ip }, { "email:", read_email }, { "uri:", read_uri } };

static saf_status read_entry(GENERAL_NAME *name, san_entry *entry, saf_error *err)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        size_t len = strlen(KINDS[i].prefix);
        if (strncasecmp(entry->value, KINDS[i].prefix, len))
            continue;
        entry->value += len + strspn(entry->value + len, " ");
        return KINDS[i].read(name, entry, err);
    }
    if (is_ip(entry->value))
        return read_ip(name, entry, err);
    if (strpbrk(entry->value, ":@/"))
        return refuse(err, entry, "has none of dns:, ip:, email: and uri: before it");
    return read_dns(name, entry, err);
}

static int is_among(const GENERAL_NAMES *names, GENERAL_NAME *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (!GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i), name))
            return 1;
    return 0;
}

static void free_name(GENERAL_NAME **name)
{
    GENERAL_NAME_free(*name);
}

static saf_status add_entry(GENERAL_NAMES *names, const char *text, saf_error *err)
{
    __attribute__((cleanup(free_name))) GENERAL_NAME *name = GENERAL_NAME_new();
    OWN(own_text) value = strdup(text);
    if (!name || !value)
        return saf_fail_memory(err);
    san_entry entry = { text, value };
    SAF_TRY(read_entry(name, &entry, err));
    if (is_among(names, name))
        return SAF_OK;
    if (!sk_GENERAL_NAME_push(names, name))
        return saf_fail_memory(err);
    name = NULL;
    return SAF_OK;
}

/* Cut the list's next entry out, without the blanks around it. */
static char *next_entry(char **rest)
{
    char *text = *rest + strspn(*rest, " \t");
    size_t len = strcspn(text, ",");
    *rest = text[len] ? text + len + 1 : NULL;
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    text[len] = '\0';
    return text;
}

/* Lists are joined by scripts; what is missing from one was meant to be there. */
static saf_status refuse_empty(const char *text, saf_error *err)
{
    quotation list = quote_text(text);
    return saf_fail(err, SAF_E_USAGE, "one of the alternative names is empty: \"%s\"", list.text);
}

saf_status san_parse(GENERAL_NAMES **out, const char *text, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = sk_GENERAL_NAME_new_null();
    OWN(own_text) list = strdup(text ? text : "");
    if (!names || !list)
        return saf_fail_memory(err);
    for (char *rest = *list ? list : NULL; rest;) {
        const char *entry = next_entry(&rest);
        if (!*entry)
            return refuse_empty(text, err);
        SAF_TRY(add_entry(names, entry, err));
    }
    *out = GIVE(&names);
    return SAF_OK;
}

saf_status saf_san_check(const char *san, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = NULL;
    return san_parse(&names, san, err);
}
