#include <base/fail.h>

#include <safring/bytes.h>
#include <safring/pkcs11.h>

#include <openssl/asn1.h>

#include <ctype.h>
#include <string.h>

static const char scheme[] = "pkcs11:";

/* ---- the grammar of RFC 7512, 2.3 -------------------------------------------------------------------------- */

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static bool is_path_char(unsigned char c)
{
    return is_unreserved(c) || (c && strchr(":[]@!$'()*+,=&", c));
}

static bool is_query_char(unsigned char c)
{
    return is_unreserved(c) || (c && strchr(":[]@!$'()*+,=/?", c)); /* no "|": such a pin-source would be a command */
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (unsigned char)tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character or %XX at text[*at]; -1: neither. Moves *at behind it. */
static int next_byte(saf_bytes text, size_t *at, bool (*is_allowed)(unsigned char))
{
    unsigned char c = text.data[(*at)++];
    if (c != '%')
        return is_allowed(c) ? c : -1;
    if (text.len - *at < 2)
        return -1;
    int high = hex_value(text.data[(*at)++]);
    int low = hex_value(text.data[(*at)++]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool decode(unsigned char *out, size_t cap, size_t *out_len, saf_bytes text)
{
    *out_len = 0;
    for (size_t at = 0; at < text.len;) {
        int byte = next_byte(text, &at, is_path_char);
        if (byte < 0 || *out_len == cap)
            return false;
        out[(*out_len)++] = (unsigned char)byte;
    }
    return *out_len > 0;
}

static bool is_utf8_text(const unsigned char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        unsigned long character;
        int used = UTF8_getc(bytes + at, (int)(len - at), &character);
        if (used <= 0 || character == 0)
            return false;
        at += (size_t)used;
    }
    return true;
}

/* ---- parsing ---------------------------------------------------------------------------------------------- */

/* Up to the query and up to anything that could be a PIN, which must not get into a log. */
static int shown_len(const char *text)
{
    size_t len = strcspn(text, "?");
    const char *pin = strcasestr(text, "pin-");
    if (pin && (size_t)(pin - text) < len)
        len = (size_t)(pin - text);
    return len > 200 ? 200 : (int)len;
}

static saf_status refuse(saf_error *err, const char *uri, const char *why)
{
    int len = shown_len(uri);
    return saf_fail(err, SAF_E_USAGE, "URI \"%.*s%s\": %s", len, uri, uri[len] ? "…" : "", why);
}

typedef struct text_attribute {
    const char *name;
    size_t offset; /* of a char[max + 1] in saf_p11_uri */
    size_t max;
} text_attribute;

#define TEXT_ATTRIBUTE(name, member) \
    { name, offsetof(saf_p11_uri, member), sizeof((saf_p11_uri *)NULL)->member - 1 }

static const text_attribute text_attributes[] = {
    TEXT_ATTRIBUTE("token", token), TEXT_ATTRIBUTE("serial", serial), TEXT_ATTRIBUTE("manufacturer", manufacturer),
    TEXT_ATTRIBUTE("model", model), TEXT_ATTRIBUTE("object", object),
};

static const char *const type_names[] = {
    [SAF_P11_SECRET_KEY] = "secret-key", [SAF_P11_PRIVATE] = "private", [SAF_P11_PUBLIC] = "public",
    [SAF_P11_CERT] = "cert",             [SAF_P11_DATA] = "data",
};

enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

static bool is_text(saf_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

/* NULL, or why not. */
static const char *set_text(saf_p11_uri *uri, const text_attribute *attribute, saf_bytes value)
{
    char *field = (char *)uri + attribute->offset;
    unsigned char decoded[SAF_P11_OBJECT_MAX];
    size_t len;
    if (*field)
        return "an attribute is given twice";
    if (!decode(decoded, attribute->max, &len, value) || !is_utf8_text(decoded, len))
        return "an attribute's value is empty, too long or not well encoded";
    memcpy(field, decoded, len);
    return NULL;
}

static const char *set_type(saf_p11_uri *uri, saf_bytes value)
{
    if (uri->type != SAF_P11_ANY)
        return "an attribute is given twice";
    for (int type = SAF_P11_SECRET_KEY; type < TYPE_COUNT; type++)
        if (is_text(value, type_names[type]))
            uri->type = (saf_p11_type)type;
    return uri->type == SAF_P11_ANY ? "type is none of public, private, cert, secret-key, data" : NULL;
}

static const char *set_id(saf_p11_uri *uri, saf_bytes value)
{
    unsigned char decoded[SAF_P11_ID_MAX];
    size_t len;
    if (uri->id_len)
        return "an attribute is given twice";
    if (!decode(decoded, sizeof decoded, &len, value))
        return "the id is empty, too long or not well encoded";
    memcpy(uri->id, decoded, len);
    uri->id_len = len;
    return NULL;
}

static const char *set_path_attribute(saf_p11_uri *uri, saf_bytes name, saf_bytes value)
{
    for (size_t i = 0; i < sizeof text_attributes / sizeof *text_attributes; i++)
        if (is_text(name, text_attributes[i].name))
            return set_text(uri, &text_attributes[i], value);
    if (is_text(name, "type"))
        return set_type(uri, value);
    if (is_text(name, "id"))
        return set_id(uri, value);
    return "it has an attribute other than token, serial, manufacturer, model, object, id, type";
}

static bool is_well_encoded(saf_bytes text)
{
    for (size_t at = 0; at < text.len;)
        if (next_byte(text, &at, is_query_char) <= 0)
            return false;
    return text.len > 0;
}

static const char *set_query_attribute(saf_p11_uri *uri, saf_bytes name, saf_bytes value)
{
    if (is_text(name, "pin-value"))
        return "a PIN does not belong in a URI; say where it is with --pin-source";
    if (is_text(name, "module-path") || is_text(name, "module-name"))
        return "a URI does not choose the module; name it with --module";
    if (!is_text(name, "pin-source"))
        return "it has a query attribute other than pin-source";
    if (*uri->pin_source)
        return "an attribute is given twice";
    if (!is_well_encoded(value) || value.len >= sizeof uri->pin_source)
        return "pin-source is empty, too long or not well encoded";
    memcpy(uri->pin_source, value.data, value.len);
    return NULL;
}

typedef const char *set_attribute(saf_p11_uri *uri, saf_bytes name, saf_bytes value);

/* "name=value" separated by @p separator. */
static const char *parse_list(saf_p11_uri *uri, saf_bytes list, char separator, set_attribute *set)
{
    const unsigned char *at = list.data;
    const unsigned char *end = list.data + list.len;
    for (;;) {
        const unsigned char *stop = memchr(at, separator, (size_t)(end - at));
        if (!stop)
            stop = end;
        const unsigned char *equals = memchr(at, '=', (size_t)(stop - at));
        if (!equals)
            return "an attribute has no value";
        const char *why = set(uri, saf_bytes_of(at, (size_t)(equals - at)),
                              saf_bytes_of(equals + 1, (size_t)(stop - equals - 1)));
        if (why || stop == end)
            return why;
        at = stop + 1;
    }
}

saf_status saf_p11_uri_parse(saf_p11_uri *out, const char *text, saf_error *err)
{
    size_t scheme_len = sizeof scheme - 1;
    if (strncasecmp(text, scheme, scheme_len) != 0)
        return refuse(err, text, "it does not begin with pkcs11:");
    if (strlen(text) > SAF_P11_URI_MAX)
        return refuse(err, text, "it is too long");

    saf_p11_uri uri = { 0 };
    const char *path = text + scheme_len;
    size_t path_len = strcspn(path, "?");
    const char *why = NULL;
    if (path_len)
        why = parse_list(&uri, saf_bytes_of(path, path_len), ';', set_path_attribute);
    if (!why && path[path_len])
        why = parse_list(&uri, saf_bytes_of_text(path + path_len + 1), '&', set_query_attribute);
    if (why)
        return refuse(err, text, why);
    *out = uri;
    return SAF_OK;
}

/* ---- writing ---------------------------------------------------------------------------------------------- */

typedef struct writer {
    char *out;
    size_t cap;
    size_t len; /* what it would take, even when that is more than cap */
} writer;

static void put(writer *to, char c)
{
    if (to->len < to->cap)
        to->out[to->len] = c;
    to->len++;
}

static void put_text(writer *to, const char *text)
{
    while (*text)
        put(to, *text++);
}

static void put_escaped(writer *to, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    put(to, '%');
    put(to, digits[byte >> 4]);
    put(to, digits[byte & 15]);
}

static void put_name(writer *to, const char *name)
{
    if (to->len >= sizeof scheme)
        put(to, ';');
    put_text(to, name);
    put(to, '=');
}

static void put_attribute(writer *to, const char *name, const char *value)
{
    if (!*value)
        return;
    put_name(to, name);
    for (; *value; value++) {
        if (is_unreserved((unsigned char)*value))
            put(to, *value);
        else
            put_escaped(to, (unsigned char)*value);
    }
}

/* An id is bytes, so all of them are escaped, as RFC 7512 recommends. */
static void put_id(writer *to, const saf_p11_uri *uri)
{
    if (!uri->id_len)
        return;
    put_name(to, "id");
    for (size_t i = 0; i < uri->id_len && i < SAF_P11_ID_MAX; i++)
        put_escaped(to, uri->id[i]);
}

saf_status saf_p11_uri_format(char *out, size_t out_cap, const saf_p11_uri *uri, saf_error *err)
{
    char text[SAF_P11_URI_MAX + 512]; /* three characters per byte of the longest values */
    writer to = { .out = text, .cap = sizeof text - 1 };
    put_text(&to, scheme);
    put_attribute(&to, "token", uri->token);
    put_attribute(&to, "serial", uri->serial);
    put_attribute(&to, "object", uri->object);
    put_id(&to, uri);
    if (uri->type > SAF_P11_ANY && (int)uri->type < TYPE_COUNT)
        put_attribute(&to, "type", type_names[uri->type]);
    if (to.len >= out_cap || to.len > to.cap)
        return saf_fail(err, SAF_E_SPACE, "a URI of %zu characters does not fit", to.len);
    memcpy(out, text, to.len);
    out[to.len] = '\0';
    return SAF_OK;
}
