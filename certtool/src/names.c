#include "names.h"
#include "quote.h"

#include <base/buffer.h>
#include <base/fail.h>

#include <arpa/inet.h>
#include <ctype.h>

enum {
    DNS_MAX = 253,  /* RFC 1035 2.3.4, without the root's empty label */
    LABEL_MAX = 63, /* likewise */
    LOCAL_MAX = 64, /* RFC 5321 4.5.3.1.1 */
};

saf_status name_refuse(saf_error *err, const name_entry *entry, const char *format, ...)
{
    OWN(saf_buffer) why = { 0 };
    va_list arguments;
    va_start(arguments, format);
    saf_buffer_vprintf(&why, format, arguments);
    va_end(arguments);
    quotation text = quote_text(entry->text);
    return saf_fail(err, SAF_E_USAGE, "%s %s: \"%s\"", entry->noun->one, saf_buffer_text(&why), text.text);
}

saf_status name_set(GENERAL_NAME *name, int type, int string_type, saf_bytes value, saf_error *err)
{
    ASN1_STRING *string = ASN1_STRING_type_new(string_type);
    if (!string || !ASN1_STRING_set(string, value.data, (int)value.len)) {
        ASN1_STRING_free(string);
        return saf_fail_memory(err);
    }
    GENERAL_NAME_set0_value(name, type, string);
    return SAF_OK;
}

void name_fold(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* ---- hosts ------------------------------------------------------------------------------------------------ */

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

static saf_status refuse_label(const char *label, size_t len, const name_entry *entry, saf_error *err)
{
    quotation text = quote(label, len);
    return name_refuse(err, entry, "is not a DNS name: its label \"%s\" is not 1 to %d letters, digits and inner hyphens",
                       text.text, LABEL_MAX);
}

static saf_status check_labels(const char *host, const name_entry *entry, saf_error *err)
{
    for (const char *label = host;;) {
        size_t len = strcspn(label, ".");
        if (!is_label(label, len))
            return refuse_label(label, len, entry, err);
        if (!label[len])
            return is_number(label) ? name_refuse(err, entry, "is neither a DNS name nor an IP address") : SAF_OK;
        label += len + 1;
    }
}

saf_status name_check_host(const char *host, const name_entry *entry, saf_error *err)
{
    size_t len = strlen(host);
    if (!is_ascii(host)) {
        saf_status status = name_refuse(err, entry, "is not a DNS name: it is not ASCII");
        saf_hint(err, "write an international name in its A-label form (xn--...), as idn2 prints it");
        return status;
    }
    if (len > DNS_MAX)
        return name_refuse(err, entry, "is not a DNS name: it has %zu characters, and %d are allowed", len, DNS_MAX);
    if (len && host[len - 1] == '.')
        return name_refuse(err, entry, "is not a DNS name for certificates: it ends with a dot");
    return check_labels(host, entry, err);
}

bool name_is_ip(const char *text)
{
    unsigned char address[16];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* RFC 5321 4.1.2, Dot-string: atoms with dots between them. Quoted local parts are legal and used by nobody. */
bool name_is_local_part(const char *text, size_t len)
{
    if (len == 0 || len > LOCAL_MAX || text[0] == '.' || text[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!(isalnum(c) || (c < 0x80 && strchr("!#$%&'*+-/=?^_`{|}~.", c))) || (c == '.' && text[i + 1] == '.'))
            return false;
    }
    return true;
}

/* ---- URIs ------------------------------------------------------------------------------------------------- */

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

bool name_is_uri(const char *text)
{
    return strlen(text) <= NAME_URI_MAX && is_uri_text(text) && is_absolute_uri(text);
}

/* ---- lists ------------------------------------------------------------------------------------------------ */

const name_kind *name_kind_of(name_entry *entry, const name_kind *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncasecmp(entry->value, kinds[i].prefix, len))
            continue;
        entry->value += len + strspn(entry->value + len, " ");
        return &kinds[i];
    }
    return NULL;
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
static saf_status refuse_empty(const char *text, const name_noun *noun, saf_error *err)
{
    quotation list = quote_text(text);
    return saf_fail(err, SAF_E_USAGE, "one of the %s is empty: \"%s\"", noun->many, list.text);
}

static saf_status read_entry(const char *text, const name_noun *noun, name_reader read, void *context, saf_error *err)
{
    OWN(own_text) value = strdup(text);
    if (!value)
        return saf_fail_memory(err);
    name_entry entry = { noun, text, value };
    return read(context, &entry, err);
}

saf_status name_list_read(const char *text, const name_noun *noun, name_reader read, void *context, saf_error *err)
{
    OWN(own_text) list = strdup(text ? text : "");
    if (!list)
        return saf_fail_memory(err);
    for (char *rest = *list ? list : NULL; rest;) {
        const char *entry = next_entry(&rest);
        if (!*entry)
            return refuse_empty(text, noun, err);
        SAF_TRY(read_entry(entry, noun, read, context, err));
    }
    return SAF_OK;
}

/* ---- names as people write them --------------------------------------------------------------------------- */

/* A zero byte, or a comma, would make two names of one when the list is read again. */
static char *text_of_string(const char *kind, const ASN1_STRING *string)
{
    const unsigned char *data = ASN1_STRING_get0_data(string);
    int len = ASN1_STRING_length(string);
    OWN(saf_buffer) text = { 0 };
    saf_buffer_append_text(&text, kind);
    for (int i = 0; i < len; i++)
        if (data[i] > 0x20 && data[i] < 0x7F && data[i] != ',')
            saf_buffer_append(&text, saf_bytes_of(data + i, 1));
        else
            saf_buffer_printf(&text, "%%%02X", data[i]);
    return text.failed ? NULL : strdup(saf_buffer_text(&text));
}

static char *text_of_address(const ASN1_OCTET_STRING *address)
{
    int len = ASN1_STRING_length(address);
    char text[INET6_ADDRSTRLEN + 3] = "ip:";
    if ((len != 4 && len != 16) ||
        !inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text + 3, INET6_ADDRSTRLEN))
        return text_of_string("other:ip:", address);
    return strdup(text);
}

static char *text_of_other(GENERAL_NAME *name)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    char *data = NULL, *text = NULL;
    if (!bio || !GENERAL_NAME_print(bio, name))
        return strdup("other:");
    long len = BIO_get_mem_data(bio, &data);
    return asprintf(&text, "other:%.*s", (int)len, data) < 0 ? NULL : text;
}

char *name_text(GENERAL_NAME *name)
{
    int kind;
    const void *value = GENERAL_NAME_get0_value(name, &kind);
    switch (kind) {
    case GEN_DNS:
        return text_of_string("dns:", value);
    case GEN_EMAIL:
        return text_of_string("email:", value);
    case GEN_URI:
        return text_of_string("uri:", value);
    case GEN_IPADD:
        return text_of_address(value);
    default:
        return text_of_other(name);
    }
}
