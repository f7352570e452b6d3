#include "grant.h"
#include "san.h"
#include "subject.h"

#include <base/fail.h>
#include <base/grow.h>

#include <openssl/err.h>

#include <arpa/inet.h>

OWN_POINTER(ASN1_BIT_STRING, ASN1_BIT_STRING_free)
OWN_POINTER(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free)
OWN_POINTER(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)

enum {
    KEY_ID_MAX = 64, /* RFC 5280 4.2.1.2 makes them of hashes */
    NAMES_MAX = 500, /* what one server has, and each is compared with those before */
    USAGES_MAX = 64, /* each that is not granted is a line to read */
};

/* One request being looked through. */
typedef struct granting {
    cert_holder *holder;
    saf_dropped_list *dropped;
    const saf_issue_request *request;
    const profile_facts *profile;
} granting;

void saf_dropped_list_free(saf_dropped_list *list)
{
    free(list->items);
    *list = (saf_dropped_list) { 0 };
}

/* What is dropped is named by us: nothing of the request is in it as it came, but digits, dots and what printable() let through. */
__attribute__((format(printf, 4, 5)))
static saf_status drop(granting *granting, saf_error *err, const char *why, const char *format, ...)
{
    saf_dropped_list *list = granting->dropped;
    saf_dropped *items = saf_grow(list->items, list->count, sizeof *items);
    if (!items)
        return saf_fail_memory(err);
    list->items = items;
    saf_dropped *item = &items[list->count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item->what, sizeof item->what, format, arguments);
    va_end(arguments);
    snprintf(item->why, sizeof item->why, "%s", why);
    return SAF_OK;
}

/* "server certificates do not sign certificates" */
__attribute__((format(printf, 4, 5)))
static saf_status drop_of_profile(granting *granting, saf_error *err, const char *do_not, const char *format, ...)
{
    char why[120], what[80];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(why, sizeof why, "%s certificates %s", granting->profile->name, do_not);
    return drop(granting, err, why, "%s", what);
}

/* ---- alternative names ------------------------------------------------------------------------------------ */

/* As --san has it; NULL: no kind of name that we grant, or bytes that no such name has. */
static char *text_of_name(const GENERAL_NAME *name)
{
    static const char *const prefixes[] = { [GEN_EMAIL] = "email:", [GEN_DNS] = "dns:", [GEN_URI] = "uri:" };
    char address[INET6_ADDRSTRLEN], *text = NULL;
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type != GEN_EMAIL && type != GEN_DNS && type != GEN_URI && type != GEN_IPADD)
        return NULL;
    const unsigned char *data = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    if (type == GEN_IPADD) {
        if ((len != 4 && len != 16) || !inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof address))
            return NULL;
        return asprintf(&text, "ip:%s", address) < 0 ? NULL : text;
    }
    for (int i = 0; i < len; i++)
        if (data[i] <= 0x20 || data[i] >= 0x7F)
            return NULL;
    return asprintf(&text, "%s%.*s", prefixes[type], len, (const char *)data) < 0 ? NULL : text;
}

static const char *kind_of_name(const GENERAL_NAME *name)
{
    static const char *const kinds[] = { [GEN_OTHERNAME] = "otherName", [GEN_EMAIL] = "email", [GEN_DNS] = "dns",
                                         [GEN_X400] = "x400Address", [GEN_DIRNAME] = "directoryName",
                                         [GEN_EDIPARTY] = "ediPartyName", [GEN_URI] = "uri", [GEN_IPADD] = "ip",
                                         [GEN_RID] = "registeredID" };
    return name->type >= 0 && (size_t)name->type < sizeof kinds / sizeof *kinds ? kinds[name->type] : "of no known kind";
}

static bool is_granted_kind(const GENERAL_NAME *name)
{
    return name->type == GEN_EMAIL || name->type == GEN_DNS || name->type == GEN_URI || name->type == GEN_IPADD;
}

static saf_status grant_name(granting *granting, const GENERAL_NAME *name, saf_error *err)
{
    OWN(own_text) text = text_of_name(name);
    if (!is_granted_kind(name))
        return drop(granting, err, "only dns, ip, email and uri are granted", "subjectAltName %s", kind_of_name(name));
    if (!text)
        return drop(granting, err, "it is not such a name", "subjectAltName %s", kind_of_name(name));
    if (san_add(granting->holder->names, text, NULL) != SAF_OK)
        return drop(granting, err, "it is not such a name", "subjectAltName %s", text);
    return SAF_OK;
}

static saf_status grant_names(granting *granting, X509_EXTENSION *extension, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = granting->request->san ? NULL : X509V3_EXT_d2i(extension);
    if (granting->request->san) /* it has replaced them */
        return SAF_OK;
    if (!names)
        return drop(granting, err, "it cannot be read", "subjectAltName");
    if (sk_GENERAL_NAME_num(names) > NAMES_MAX)
        return saf_fail(err, SAF_E_CONFLICT, "the request has %d alternative names, and %d are enough", sk_GENERAL_NAME_num(names),
                        NAMES_MAX);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        SAF_TRY(grant_name(granting, sk_GENERAL_NAME_value(names, i), err));
    return SAF_OK;
}

/* ---- key identifier and usages ---------------------------------------------------------------------------- */

static saf_status grant_key_id(granting *granting, X509_EXTENSION *extension, saf_error *err)
{
    OWN(ASN1_OCTET_STRING) *id = X509V3_EXT_d2i(extension);
    int len = id ? ASN1_STRING_length(id) : 0;
    if (len < 1 || len > KEY_ID_MAX)
        return drop(granting, err, "it is not 1 to 64 bytes long", "subjectKeyIdentifier");
    saf_buffer_free(&granting->holder->key.id);
    granting->holder->key.id = (saf_buffer) { 0 };
    saf_buffer_append(&granting->holder->key.id, saf_bytes_of(ASN1_STRING_get0_data(id), (size_t)len));
    return saf_buffer_check(&granting->holder->key.id, err);
}

/* saf.md of z/OS: a request for a CA certificate that has key usages must have certSign among them. */
static saf_status grant_key_usage(granting *granting, X509_EXTENSION *extension, saf_error *err)
{
    static const char *const names[] = { "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
                                         "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly" };
    enum { KEY_CERT_SIGN = 5 };
    const char *has = granting->holder->key.transports ? granting->profile->key_usage_transport : granting->profile->key_usage;
    OWN(ASN1_BIT_STRING) *usage = X509V3_EXT_d2i(extension);
    if (!usage)
        return drop(granting, err, "it cannot be read", "keyUsage");
    if (granting->request->profile == SAF_PROFILE_CA && !ASN1_BIT_STRING_get_bit(usage, KEY_CERT_SIGN))
        return saf_fail(err, SAF_E_CONFLICT, "the request is not for a CA: its key usage does not have keyCertSign");
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (ASN1_BIT_STRING_get_bit(usage, i) && !strstr(has, names[i]))
            SAF_TRY(drop_of_profile(granting, err, i == KEY_CERT_SIGN ? "do not sign certificates" : "do not have it", "keyUsage %s",
                                    names[i]));
    return SAF_OK;
}

static void oid_text(char *out, int cap, const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);
    if (nid != NID_undef)
        snprintf(out, (size_t)cap, "%s", OBJ_nid2sn(nid));
    else if (OBJ_obj2txt(out, cap, object, 1) <= 0)
        snprintf(out, (size_t)cap, "without name");
}

static saf_status grant_extended_usage(granting *granting, X509_EXTENSION *extension, saf_error *err)
{
    const char *has = granting->profile->extended_key_usage ? granting->profile->extended_key_usage : "";
    char name[60];
    OWN(EXTENDED_KEY_USAGE) *usages = X509V3_EXT_d2i(extension);
    if (!usages)
        return drop(granting, err, "it cannot be read", "extendedKeyUsage");
    if (sk_ASN1_OBJECT_num(usages) > USAGES_MAX)
        return saf_fail(err, SAF_E_CONFLICT, "the request has %d extended key usages, and %d are enough", sk_ASN1_OBJECT_num(usages),
                        USAGES_MAX);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        oid_text(name, sizeof name, sk_ASN1_OBJECT_value(usages, i));
        if (!strstr(has, name))
            SAF_TRY(drop_of_profile(granting, err, "do not have it", "extendedKeyUsage %s", name));
    }
    return SAF_OK;
}

static saf_status grant_basic_constraints(granting *granting, X509_EXTENSION *extension, saf_error *err)
{
    bool is_ca = granting->request->profile == SAF_PROFILE_CA;
    OWN(BASIC_CONSTRAINTS) *constraints = X509V3_EXT_d2i(extension);
    if (!constraints)
        return drop(granting, err, "it cannot be read", "basicConstraints");
    if (is_ca && !constraints->ca)
        return saf_fail(err, SAF_E_CONFLICT, "the request is not for a CA: it asks for CA:FALSE");
    if (!is_ca && constraints->ca)
        return drop_of_profile(granting, err, "do not sign certificates", "basicConstraints CA:TRUE");
    if (is_ca && constraints->pathlen && ASN1_INTEGER_get(constraints->pathlen) != granting->request->path_len)
        return drop(granting, err, "who signs says how long paths may be", "basicConstraints pathlen:%ld",
                    ASN1_INTEGER_get(constraints->pathlen));
    return SAF_OK;
}

/* ---- */

static saf_status grant_one(granting *granting, X509_EXTENSION *extension, saf_error *err)
{
    char name[60];
    const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
    switch (OBJ_obj2nid(object)) {
    case NID_subject_alt_name:
        return grant_names(granting, extension, err);
    case NID_subject_key_identifier:
        return grant_key_id(granting, extension, err);
    case NID_key_usage:
        return grant_key_usage(granting, extension, err);
    case NID_ext_key_usage:
        return grant_extended_usage(granting, extension, err);
    case NID_basic_constraints:
        return grant_basic_constraints(granting, extension, err);
    default:
        oid_text(name, sizeof name, object);
        return drop(granting, err, "it is not for who asks to say", "extension %s", name);
    }
}

saf_status grant(cert_holder *holder, saf_dropped_list *dropped, const saf_csr *csr, const saf_issue_request *request, saf_error *err)
{
    granting granting = { holder, dropped, request, profile_facts_of(request->profile) };
    SAF_TRY(public_key_copy(&holder->key, X509_REQ_get_X509_PUBKEY(csr->request), err));
    SAF_TRY(san_parse(&holder->names, request->san, err));
    SAF_TRY(request->subject ? subject_parse(&holder->subject, request->subject, err)
                             : subject_copy(&holder->subject, X509_REQ_get_subject_name(csr->request), err));
    for (int i = 0; i < sk_X509_EXTENSION_num(csr->extensions); i++)
        SAF_TRY(grant_one(&granting, sk_X509_EXTENSION_value(csr->extensions, i), err));
    ERR_clear_error();
    return SAF_OK;
}
