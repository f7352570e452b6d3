#include "extensions.h"
#include "san.h"

#include <base/fail.h>

#include <openssl/sha.h>

/* One extension in OpenSSL's notation; the texts are ours, never the user's. */
static saf_status add_text(X509 *x509, int nid, const char *text, saf_error *err)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, x509, NULL, NULL, 0);
    OWN(X509_EXTENSION) *extension = X509V3_EXT_nconf_nid(NULL, &ctx, nid, text);
    if (!extension || !X509_add_ext(x509, extension, -1))
        return saf_fail_openssl(err, "cannot add the extension %s", OBJ_nid2ln(nid));
    return SAF_OK;
}

static saf_status add_basic_constraints(X509 *x509, const saf_issue_request *request, saf_error *err)
{
    char text[48] = "critical,CA:FALSE";
    if (request->profile == SAF_PROFILE_CA && request->path_len >= 0)
        snprintf(text, sizeof text, "critical,CA:TRUE,pathlen:%d", request->path_len);
    else if (request->profile == SAF_PROFILE_CA)
        snprintf(text, sizeof text, "critical,CA:TRUE");
    return add_text(x509, NID_basic_constraints, text, err);
}

static saf_status add_usages(X509 *x509, const saf_issue_request *request, saf_error *err)
{
    const profile_facts *facts = profile_facts_of(request->profile);
    int transports = EVP_PKEY_is_a(request->key, "RSA");
    SAF_TRY(add_text(x509, NID_key_usage, transports ? facts->key_usage_transport : facts->key_usage, err));
    return facts->extended_key_usage ? add_text(x509, NID_ext_key_usage, facts->extended_key_usage, err) : SAF_OK;
}

/* RFC 5280 4.2.1.2 (1): the SHA-1 of the public key's bits. An identifier, not a protection. */
static ASN1_OCTET_STRING *key_identifier(const X509 *x509)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    OWN(ASN1_OCTET_STRING) *id = ASN1_OCTET_STRING_new();
    if (!id || !X509_pubkey_digest(x509, EVP_sha1(), digest, NULL) ||
        !ASN1_OCTET_STRING_set(id, digest, sizeof digest))
        return NULL;
    return GIVE(&id);
}

static saf_status add_subject_key_id(X509 *x509, saf_error *err)
{
    OWN(ASN1_OCTET_STRING) *id = key_identifier(x509);
    if (!id || X509_add1_ext_i2d(x509, NID_subject_key_identifier, id, 0, X509V3_ADD_DEFAULT) != 1)
        return saf_fail_openssl(err, "cannot add the subject key identifier");
    return SAF_OK;
}

/* RFC 5280 4.2.1.1: the signer's own identifier, whatever it was made from. */
static saf_status add_authority_key_id(X509 *x509, X509 *signer, saf_error *err)
{
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(signer);
    OWN(AUTHORITY_KEYID) *authority = AUTHORITY_KEYID_new();
    if (authority)
        authority->keyid = own ? ASN1_OCTET_STRING_dup(own) : key_identifier(signer);
    if (!authority || !authority->keyid ||
        X509_add1_ext_i2d(x509, NID_authority_key_identifier, authority, 0, X509V3_ADD_DEFAULT) != 1)
        return saf_fail_openssl(err, "cannot add the authority key identifier");
    return SAF_OK;
}

static saf_status add_alternative_names(X509 *x509, const char *san, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = NULL;
    SAF_TRY(san_parse(&names, san, err));
    if (!sk_GENERAL_NAME_num(names))
        return SAF_OK;
    /* RFC 5280 4.2.1.6: critical when there is no other name. */
    int critical = X509_NAME_entry_count(X509_get_subject_name(x509)) == 0;
    if (X509_add1_ext_i2d(x509, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT) != 1)
        return saf_fail_openssl(err, "cannot add the alternative names");
    return SAF_OK;
}

saf_status extensions_add(X509 *x509, const saf_issue_request *request, X509 *signer, saf_error *err)
{
    SAF_TRY(add_basic_constraints(x509, request, err));
    SAF_TRY(add_usages(x509, request, err));
    SAF_TRY(add_subject_key_id(x509, err));
    if (signer)
        SAF_TRY(add_authority_key_id(x509, signer, err));
    return add_alternative_names(x509, request->san, err);
}
