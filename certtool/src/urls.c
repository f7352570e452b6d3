#include "names.h"
#include "urls.h"

#include <base/fail.h>

/* RFC 5280 4.2.1.13, 4.2.2.1: http and ldap; https where somebody insists. */
static const char *authority_of(const char *uri)
{
    static const char *const schemes[] = { "http://", "https://", "ldap://" };
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (!strncasecmp(uri, schemes[i], strlen(schemes[i])))
            return uri + strlen(schemes[i]);
    return NULL;
}

/* RFC 3986 3.2.3 */
static bool is_port(const char *text, size_t len)
{
    unsigned port = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || port > UINT16_MAX)
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return len && port && port <= UINT16_MAX;
}

/* The host, which may be an address, is a host; nobody fetches with a password that stands in a certificate. */
static saf_status check_authority(const char *authority, const name_entry *entry, saf_error *err)
{
    size_t len = strcspn(authority, "/?#");
    bool is_bracketed = *authority == '[';
    size_t host_len = is_bracketed ? strcspn(authority, "]") : strcspn(authority, ":/?#");
    if (memchr(authority, '@', len))
        return name_refuse(err, entry, "has a user before its host");
    if (host_len > len || (is_bracketed && host_len == len))
        return name_refuse(err, entry, "has no host");
    OWN(own_text) host = strndup(authority + is_bracketed, host_len - is_bracketed);
    if (!host)
        return saf_fail_memory(err);
    const char *port = authority + host_len + is_bracketed;
    size_t port_len = len - host_len - is_bracketed;
    if (port_len && (*port != ':' || !is_port(port + 1, port_len - 1)))
        return name_refuse(err, entry, "has a port that is not 1 to 65535");
    if (name_is_ip(host) && is_bracketed == (strchr(host, ':') != NULL))
        return SAF_OK;
    return is_bracketed ? name_refuse(err, entry, "has no IPv6 address in its brackets") : name_check_host(host, entry, err);
}

static saf_status read_url(GENERAL_NAME **out, const name_entry *entry, saf_error *err)
{
    const char *authority = authority_of(entry->value);
    if (!authority || !name_is_uri(entry->value))
        return name_refuse(err, entry, "is not an http, https or ldap URI of at most %d ASCII characters", NAME_URI_MAX);
    SAF_TRY(check_authority(authority, entry, err));
    *out = GENERAL_NAME_new();
    return *out ? name_set(*out, GEN_URI, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err) : saf_fail_memory(err);
}

static DIST_POINT *add_point(CRL_DIST_POINTS *points)
{
    DIST_POINT *point = DIST_POINT_new();
    DIST_POINT_NAME *name = DIST_POINT_NAME_new();
    if (point && name) {
        point->distpoint = name;
        name->type = 0; /* fullName */
        name->name.fullname = sk_GENERAL_NAME_new_null();
        if (name->name.fullname && sk_DIST_POINT_push(points, point))
            return point;
    } else {
        DIST_POINT_NAME_free(name);
    }
    DIST_POINT_free(point);
    return NULL;
}

static saf_status add_crl_url(void *points, name_entry *entry, saf_error *err)
{
    GENERAL_NAME *name = NULL;
    saf_status status = read_url(&name, entry, err);
    DIST_POINT *point = status == SAF_OK ? add_point(points) : NULL;
    if (point && sk_GENERAL_NAME_push(point->distpoint->name.fullname, name))
        return SAF_OK;
    GENERAL_NAME_free(name);
    return status == SAF_OK ? saf_fail_memory(err) : status;
}

saf_status urls_parse_crl(CRL_DIST_POINTS **out, const char *text, saf_error *err)
{
    static const name_noun noun = { "a CRL's URI", "CRL URIs" };
    if (!text || !*text)
        return SAF_OK;
    OWN(CRL_DIST_POINTS) *points = sk_DIST_POINT_new_null();
    if (!points)
        return saf_fail_memory(err);
    SAF_TRY(name_list_read(text, &noun, add_crl_url, points, err));
    *out = GIVE(&points);
    return SAF_OK;
}

static saf_status add_issuer_url(void *list, name_entry *entry, saf_error *err)
{
    ACCESS_DESCRIPTION *access = ACCESS_DESCRIPTION_new();
    if (!access || !sk_ACCESS_DESCRIPTION_push(list, access)) {
        ACCESS_DESCRIPTION_free(access);
        return saf_fail_memory(err);
    }
    ASN1_OBJECT_free(access->method);
    access->method = OBJ_nid2obj(NID_ad_ca_issuers);
    GENERAL_NAME_free(GIVE(&access->location));
    return read_url(&access->location, entry, err);
}

saf_status urls_parse_ca_issuers(AUTHORITY_INFO_ACCESS **out, const char *text, saf_error *err)
{
    static const name_noun noun = { "an issuer's URI", "issuers' URIs" };
    if (!text || !*text)
        return SAF_OK;
    OWN(AUTHORITY_INFO_ACCESS) *list = sk_ACCESS_DESCRIPTION_new_null();
    if (!list)
        return saf_fail_memory(err);
    SAF_TRY(name_list_read(text, &noun, add_issuer_url, list, err));
    *out = GIVE(&list);
    return SAF_OK;
}
