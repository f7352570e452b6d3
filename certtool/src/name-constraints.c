#include "name-constraints.h"
#include "names.h"
#include "profile.h"

#include <base/fail.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>

/* ---- one name --------------------------------------------------------------------------------------------- */

/* RFC 5280 4.2.1.10: a DNS name stands for itself and all names below it; a dot before it says nothing more. */
static saf_status read_dns(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    if (entry->value[0] == '.' || entry->value[0] == '*') {
        saf_status status = name_refuse(err, entry, "is not a DNS name");
        saf_hint(err, "write dns:example.test: it stands for all names below it too");
        return status;
    }
    if (name_is_ip(entry->value))
        return name_refuse(err, entry, "is an IP address, not a DNS name");
    name_fold(entry->value);
    SAF_TRY(name_check_host(entry->value, entry, err));
    return name_set(name, GEN_DNS, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

/* RFC 5280 4.2.1.10: a mailbox, all mailboxes of a host, or with a dot before it of all hosts of a domain. */
static saf_status read_email(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    char *at = strrchr(entry->value, '@');
    if (at && !name_is_local_part(entry->value, (size_t)(at - entry->value)))
        return name_refuse(err, entry, "is not a mail address of the form name@host, a host or a .domain");
    char *host = at ? at + 1 : entry->value;
    name_fold(host);
    SAF_TRY(name_check_host(!at && *host == '.' ? host + 1 : host, entry, err));
    return name_set(name, GEN_EMAIL, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

/* RFC 5280 4.2.1.10: of a URI its host counts; with a dot before it, all hosts of a domain. */
static saf_status read_uri(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    if (strpbrk(entry->value, ":/@"))
        return name_refuse(err, entry, "is not a host or a .domain: of a URI only the host can be constrained");
    name_fold(entry->value);
    SAF_TRY(name_check_host(entry->value[0] == '.' ? entry->value + 1 : entry->value, entry, err));
    return name_set(name, GEN_URI, V_ASN1_IA5STRING, saf_bytes_of_text(entry->value), err);
}

/* ---- addresses -------------------------------------------------------------------------------------------- */

/* Digits only, without leading zeros, at most @p max; -1: not so. */
static int read_prefix_len(const char *text, int max)
{
    int value = 0;
    if (!*text || (text[0] == '0' && text[1]))
        return -1;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || value > max)
            return -1;
        value = value * 10 + (*text - '0');
    }
    return value <= max ? value : -1;
}

static void set_mask(unsigned char *mask, size_t len, int bits)
{
    for (size_t i = 0; i < len; i++, bits -= 8)
        mask[i] = bits >= 8 ? 0xFF : bits > 0 ? (unsigned char)(0xFF << (8 - bits)) : 0;
}

static bool is_within(const unsigned char *address, const unsigned char *mask, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (address[i] & ~mask[i] & 0xFF)
            return false;
    return true;
}

/* RFC 5280 4.2.1.10: the address, then the mask, 8 bytes for IPv4 and 32 for IPv6. */
static saf_status read_ip(GENERAL_NAME *name, const name_entry *entry, saf_error *err)
{
    unsigned char range[32];
    char *slash = strchr(entry->value, '/');
    if (!slash)
        return name_refuse(err, entry, "has no prefix length, as in ip:10.0.0.0/8");
    *slash = '\0';
    size_t len = inet_pton(AF_INET, entry->value, range) == 1 ? 4 : inet_pton(AF_INET6, entry->value, range) == 1 ? 16 : 0;
    if (!len)
        return name_refuse(err, entry, "does not begin with an IP address");
    int bits = read_prefix_len(slash + 1, (int)len * 8);
    if (bits < 0)
        return name_refuse(err, entry, "has a prefix length that is not 0 to %zu", len * 8);
    set_mask(range + len, len, bits);
    if (!is_within(range, range + len, len))
        return name_refuse(err, entry, "has bits behind its prefix of %d", bits);
    return name_set(name, GEN_IPADD, V_ASN1_OCTET_STRING, saf_bytes_of(range, 2 * len), err);
}

/* ---- the lists -------------------------------------------------------------------------------------------- */

static const name_kind KINDS[] = { { "dns:", read_dns }, { "ip:", read_ip }, { "email:", read_email }, { "uri:", read_uri } };

static saf_status add_entry(void *context, name_entry *entry, saf_error *err)
{
    STACK_OF(GENERAL_SUBTREE) *trees = context;
    const name_kind *kind = name_kind_of(entry, KINDS, sizeof KINDS / sizeof *KINDS);
    if (!kind)
        return name_refuse(err, entry, "has none of dns:, ip:, email: and uri: before it");
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    if (!tree || !sk_GENERAL_SUBTREE_push(trees, tree)) {
        GENERAL_SUBTREE_free(tree);
        return saf_fail_memory(err);
    }
    return kind->read(tree->base, entry, err);
}

static saf_status read_list(STACK_OF(GENERAL_SUBTREE) **out, const char *text, saf_error *err)
{
    static const name_noun noun = { "a name constraint", "name constraints" };
    if (!text || !*text)
        return SAF_OK;
    *out = sk_GENERAL_SUBTREE_new_null();
    return *out ? name_list_read(text, &noun, add_entry, *out, err) : saf_fail_memory(err);
}

/* A CA below another one with constraints has to keep both (RFC 5280 6.1.4 g): what is permitted here and not above is not permitted. */
saf_status name_constraints_parse(NAME_CONSTRAINTS **out, const saf_issue_request *request, saf_error *err)
{
    OWN(NAME_CONSTRAINTS) *constraints = NAME_CONSTRAINTS_new();
    if (!constraints)
        return saf_fail_memory(err);
    SAF_TRY(read_list(&constraints->permittedSubtrees, request->permit, err));
    SAF_TRY(read_list(&constraints->excludedSubtrees, request->exclude, err));
    if (!constraints->permittedSubtrees && !constraints->excludedSubtrees)
        return SAF_OK;
    if (request->profile != SAF_PROFILE_CA)
        return saf_fail(err, SAF_E_USAGE, "name constraints are for CAs, and a %s certificate is none",
                        profile_facts_of(request->profile)->name);
    *out = GIVE(&constraints);
    return SAF_OK;
}

/* ---- which name is not allowed? --------------------------------------------------------------------------- */

typedef int (*constraint_check)(X509 *x509, NAME_CONSTRAINTS *constraints);

static bool is_allowed(X509 *x509, const x509_stack *path, constraint_check check)
{
    bool allowed = X509_check_purpose(x509, -1, 0) != -1; /* reads the extensions */
    for (int i = 0; allowed && i < sk_X509_num(path); i++) {
        OWN(NAME_CONSTRAINTS) *constraints = X509_get_ext_d2i(sk_X509_value(path, i), NID_name_constraints, NULL, NULL);
        allowed = !constraints || check(x509, constraints) == X509_V_OK;
    }
    return allowed;
}

/* A copy without alternative names. */
static X509 *copy_bare(X509 *x509)
{
    X509 *copy = X509_dup(x509);
    int at = copy ? X509_get_ext_by_NID(copy, NID_subject_alt_name, -1) : -1;
    if (at >= 0)
        X509_EXTENSION_free(X509_delete_ext(copy, at));
    return copy;
}

/* A copy that has no name but this one. */
static X509 *copy_with(X509 *x509, GENERAL_NAME *name)
{
    OWN(X509) *copy = copy_bare(x509);
    OWN(X509_NAME) *nobody = X509_NAME_new();
    STACK_OF(GENERAL_NAME) *names = sk_GENERAL_NAME_new_null();
    bool done = copy && nobody && names && sk_GENERAL_NAME_push(names, name) && X509_set_subject_name(copy, nobody) &&
                X509_add1_ext_i2d(copy, NID_subject_alt_name, names, 1, X509V3_ADD_APPEND) == 1;
    sk_GENERAL_NAME_free(names);
    return done ? GIVE(&copy) : NULL;
}

static char *find_refused(X509 *x509, const x509_stack *path)
{
    OWN(GENERAL_NAMES) *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    OWN(X509) *bare = copy_bare(x509);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        OWN(X509) *copy = copy_with(x509, sk_GENERAL_NAME_value(names, i));
        if (copy && !is_allowed(copy, path, NAME_CONSTRAINTS_check))
            return name_text(sk_GENERAL_NAME_value(names, i));
    }
    if (bare && !is_allowed(bare, path, NAME_CONSTRAINTS_check))
        return strdup("its subject, or a mail address in that");
    return bare && !is_allowed(bare, path, NAME_CONSTRAINTS_check_CN) ? strdup("the common name in its subject") : NULL;
}

char *name_constraints_find_refused(X509 *x509, const x509_stack *path)
{
    char *refused = find_refused(x509, path);
    ERR_clear_error();
    return refused;
}
