#include "names.h"
#include "san.h"

#include <base/fail.h>

#include <arpa/inet.h>

static saf_status read_dns(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    if (name_is_ip(entry->value)) {
        saf_status status = name_refuse(err, entry, "is an IP address, not a DNS name");
        saf_hint(err, "write ip:%s", entry->value);
        return status;
    }
    name_fold(entry->value);
    /* RFC 6125 6.4.3: the wildcard is the whole leftmost label. */
    const char *host = strncmp(entry->value, "*.", 2) ? entry->value : entry->value + 2;
    SAF_TRY(name_check_host(host, entry, err));
    return name_set(name, GEN_DNS, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

static saf_status read_ip(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, entry->value, address) == 1)
        return name_set(name, GEN_IPADD, V_ASN1_OCTET_STRING, saf_bytes_of(address, 4), err);
    if (inet_pton(AF_INET6, entry->value, address) == 1)
        return name_set(name, GEN_IPADD, V_ASN1_OCTET_STRING, saf_bytes_of(address, 16), err);
    return name_refuse(err, entry, "is not an IP address");
}

static saf_status read_email(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    char *at = strrchr(entry->value, '@');
    if (!at || !name_is_local_part(entry->value, (size_t)(at - entry->value)))
        return name_refuse(err, entry, "is not a mail address of the form name@host");
    name_fold(at);
    SAF_TRY(name_check_host(at + 1, entry, err));
    return name_set(name, GEN_EMAIL, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

static saf_status read_uri(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    if (!name_is_uri(entry->value))
        return name_refuse(err, entry, "is not an absolute URI of at most %d ASCII characters", NAME_URI_MAX);
    return name_set(name, GEN_URI, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

static const name_kind KINDS[] = { { "dns:", read_dns }, { "ip:", read_ip }, { "email:", read_email }, { "uri:", read_uri } };

static saf_status read_entry(GENERAL_NAME *name, name_entry *entry, saf_error *err)
{
    const name_kind *kind = name_kind_of(entry, KINDS, sizeof KINDS / sizeof *KINDS);
    if (kind)
        return kind->read(name, entry, err);
    if (name_is_ip(entry->value))
        return read_ip(name, entry, err);
    if (strpbrk(entry->value, ":@/"))
        return name_refuse(err, entry, "has none of dns:, ip:, email: and uri: before it");
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

static saf_status add_entry(void *names, name_entry *entry, saf_error *err)
{
    __attribute__((cleanup(free_name))) GENERAL_NAME *name = GENERAL_NAME_new();
    if (!name)
        return saf_fail_memory(err);
    SAF_TRY(read_entry(name, entry, err));
    if (is_among(names, name))
        return SAF_OK;
    if (!sk_GENERAL_NAME_push(names, name))
        return saf_fail_memory(err);
    name = NULL;
    return SAF_OK;
}

static const name_noun NOUN = { "an alternative name", "alternative names" };

saf_status san_add(GENERAL_NAMES *names, const char *text, saf_error *err)
{
    OWN(own_text) value = strdup(text);
    if (!value)
        return saf_fail_memory(err);
    name_entry entry = { &NOUN, text, value };
    return add_entry(names, &entry, err);
}

saf_status san_parse(GENERAL_NAMES **out, const char *text, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = sk_GENERAL_NAME_new_null();
    if (!names)
        return saf_fail_memory(err);
    SAF_TRY(name_list_read(text, &NOUN, add_entry, names, err));
    *out = GIVE(&names);
    return SAF_OK;
}

saf_status saf_san_check(const char *san, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = NULL;
    return san_parse(&names, san, err);
}
