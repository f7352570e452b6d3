#include "der.h"
#include "facts-quick.h"

/* OpenSSL's short names. */
static const struct {
    der_oid oid;
    const char *name;
} attributes[] = {
    { DER_OID_OF("\x55\x04\x03"), "CN" },
    { DER_OID_OF("\x55\x04\x0A"), "O" },
    { DER_OID_OF("\x55\x04\x0B"), "OU" },
    { DER_OID_OF("\x55\x04\x06"), "C" },
    { DER_OID_OF("\x55\x04\x07"), "L" },
    { DER_OID_OF("\x55\x04\x08"), "ST" },
    { DER_OID_OF("\x55\x04\x05"), "serialNumber" },
    { DER_OID_OF("\x55\x04\x04"), "SN" },
    { DER_OID_OF("\x55\x04\x09"), "street" },
    { DER_OID_OF("\x55\x04\x0C"), "title" },
    { DER_OID_OF("\x55\x04\x2A"), "GN" },
    { DER_OID_OF("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x19"), "DC" },
    { DER_OID_OF("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x01"), "UID" },
    { DER_OID_OF("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x01"), "emailAddress" },
};

enum { TEXT_ADDED_MAX = 16 /* by an attribute: its name, "=" and "," */, ATTRIBUTE_MIN = 9 /* bytes of DER, with an OID of 1 byte */ };

static const char *name_of(saf_bytes oid)
{
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (der_is_oid(oid, attributes[i].oid))
            return attributes[i].name;
    return NULL;
}

/* Characters that stand for themselves in a text (RFC 4514 2.4) whatever the string type, and of whose blanks none are dropped when names are
 * compared (RFC 5280 7.1): then two such names are equal when their texts are, but for upper and lower case. */
static bool is_plain(saf_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = value.data[i];
        bool at_end = i == 0 || i + 1 == value.len;
        if (c < 0x20 || c > 0x7E || strchr(",+\"\\<>;", c) || (c == '#' && i == 0))
            return false;
        if (c == ' ' && (at_end || value.data[i - 1] == ' '))
            return false;
    }
    return true;
}

static bool is_text(const der_item *value)
{
    return value->tag == DER_UTF8_STRING || value->tag == DER_PRINTABLE_STRING || value->tag == DER_IA5_STRING;
}

/* One attribute per RDN: the order of several would not count. */
static char *append_rdn(char *out, der_walk *names)
{
    der_walk rdn = der_enter(names, DER_SET);
    der_walk attribute = der_enter(&rdn, DER_SEQUENCE);
    const char *name = name_of(der_take_oid(&attribute));
    der_item value = der_take_any(&attribute);
    if (!der_is_done(&attribute) || !der_is_done(&rdn) || !name || !is_text(&value) || !is_plain(value.content))
        return NULL;
    out = stpcpy(out, name);
    *out++ = '=';
    memcpy(out, value.content.data, value.content.len);
    return out + value.content.len;
}

char *facts_quick_name(saf_bytes der)
{
    der_walk walk = der_begin(der);
    der_walk names = der_enter(&walk, DER_SEQUENCE);
    char *text = malloc(der.len + der.len / ATTRIBUTE_MIN * TEXT_ADDED_MAX + 1);
    char *end = text;
    while (end && !der_is_done(&names)) {
        if (end != text)
            *end++ = ',';
        end = append_rdn(end, &names);
    }
    if (end && der_is_done(&walk)) {
        *end = '\0';
        return text;
    }
    free(text);
    return NULL;
}
