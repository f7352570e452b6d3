#include "extensions.h"
#include "name-constraints.h"
#include "urls.h"

#include <base/fail.h>

void cert_holder_free(cert_holder *holder)
{
    X509_NAME_free(holder->subject);
    sk_GENERAL_NAME_pop_free(holder->names, GENERAL_NAME_free);
    public_key_free(&holder->key);
}

saf_status extensions_append(saf_buffer *out, int nid, X509_EXTENSION *made, saf_error *err)
{
    OWN(X509_EXTENSION) *extension = made;
    if (!extension)
        return saf_fail_openssl(err, "cannot make the extension %s", OBJ_nid2ln(nid));
    DER_APPEND(out, X509_EXTENSION, extension);
    return saf_buffer_check(out, err);
}

static saf_status append_value(saf_buffer *out, int nid, int critical, void *value, saf_error *err)
{
    return extensions_append(out, nid, value ? X509V3_EXT_i2d(nid, critical, value) : NULL, err);
}

/* One extension in OpenSSL's notation; the texts are ours, never the user's. */
static saf_status append_text(saf_buffer *out, int nid, const char *text, saf_error *err)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    return extensions_append(out, nid, X509V3_EXT_nconf_nid(NULL, &ctx, nid, text), err);
}

/* ---- what a profile always has ---------------------------------------------------------------------------- */

static saf_status append_basic_constraints(saf_buffer *out, saf_profile profile, int path_len, saf_error *err)
{
    char text[48] = "critical,CA:FALSE";
    if (profile == SAF_PROFILE_CA && path_len >= 0)
        snprintf(text, sizeof text, "critical,CA:TRUE,pathlen:%d", path_len);
    else if (profile == SAF_PROFILE_CA)
        snprintf(text, sizeof text, "critical,CA:TRUE");
    return append_text(out, NID_basic_constraints, text, err);
}

saf_status extensions_of_profile(saf_buffer *out, saf_profile profile, bool transports, int path_len, saf_error *err)
{
    const profile_facts *facts = profile_facts_of(profile);
    SAF_TRY(append_basic_constraints(out, profile, path_len, err));
    SAF_TRY(append_text(out, NID_key_usage, transports ? facts->key_usage_transport : facts->key_usage, err));
    return facts->extended_key_usage ? append_text(out, NID_ext_key_usage, facts->extended_key_usage, err) : SAF_OK;
}

static saf_status append_constants(saf_buffer *out, const saf_issue_request *request, bool transports, const saf_signer *signer,
                                   saf_error *err)
{
    const saf_buffer *prepared = &signer->constants[request->profile][transports];
    if (!prepared->len || (request->profile == SAF_PROFILE_CA && request->path_len >= 0))
        return extensions_of_profile(out, request->profile, transports, request->path_len, err);
    saf_buffer_append(out, saf_buffer_bytes(prepared));
    return saf_buffer_check(out, err);
}

/* ---- key identifiers -------------------------------------------------------------------------------------- */

static ASN1_OCTET_STRING *octets(saf_bytes bytes)
{
    OWN(ASN1_OCTET_STRING) *string = ASN1_OCTET_STRING_new();
    return string && ASN1_OCTET_STRING_set(string, bytes.data, (int)bytes.len) ? GIVE(&string) : NULL;
}

saf_status extensions_subject_key_id(saf_buffer *out, const public_key *key, saf_error *err)
{
    OWN(ASN1_OCTET_STRING) *id = octets(saf_buffer_bytes(&key->id));
    return append_value(out, NID_subject_key_identifier, 0, id, err);
}

saf_status extensions_authority_of(AUTHORITY_KEYID **out, X509 *signer, saf_error *err)
{
    OWN(public_key) key = { 0 };
    OWN(AUTHORITY_KEYID) *authority = AUTHORITY_KEYID_new();
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(signer);
    if (!own)
        SAF_TRY(public_key_copy(&key, X509_get_X509_PUBKEY(signer), err));
    if (authority)
        authority->keyid = own ? ASN1_OCTET_STRING_dup(own) : octets(saf_buffer_bytes(&key.id));
    if (!authority || !authority->keyid)
        return saf_fail_memory(err);
    *out = GIVE(&authority);
    return SAF_OK;
}

saf_status extensions_authority_key_id(saf_buffer *out, X509 *signer, saf_error *err)
{
    OWN(AUTHORITY_KEYID) *authority = NULL;
    SAF_TRY(extensions_authority_of(&authority, signer, err));
    return append_value(out, NID_authority_key_identifier, 0, authority, err);
}

/* ---- what a request asks for ------------------------------------------------------------------------------ */

static saf_status append_names(saf_buffer *out, const cert_holder *holder, saf_error *err)
{
    if (sk_GENERAL_NAME_num(holder->names) <= 0)
        return SAF_OK;
    /* RFC 5280 4.2.1.6: critical when there is no other name. */
    int critical = X509_NAME_entry_count(holder->subject) == 0;
    return append_value(out, NID_subject_alt_name, critical, holder->names, err);
}

static saf_status append_name_constraints(saf_buffer *out, const saf_issue_request *request, saf_error *err)
{
    OWN(NAME_CONSTRAINTS) *constraints = NULL;
    SAF_TRY(name_constraints_parse(&constraints, request, err));
    /* RFC 5280 4.2.1.10: critical. */
    return constraints ? append_value(out, NID_name_constraints, 1, constraints, err) : SAF_OK;
}

static saf_status append_urls(saf_buffer *out, const saf_issue_request *request, saf_error *err)
{
    OWN(CRL_DIST_POINTS) *points = NULL;
    OWN(AUTHORITY_INFO_ACCESS) *access = NULL;
    SAF_TRY(urls_parse_crl(&points, request->crl_urls, err));
    SAF_TRY(urls_parse_ca_issuers(&access, request->ca_issuers_urls, err));
    if (points)
        SAF_TRY(append_value(out, NID_crl_distribution_points, 0, points, err));
    return access ? append_value(out, NID_info_access, 0, access, err) : SAF_OK;
}

saf_status extensions_write(saf_buffer *out, const saf_issue_request *request, const cert_holder *holder, const saf_signer *signer,
                            saf_error *err)
{
    SAF_TRY(append_constants(out, request, holder->key.transports, signer, err));
    SAF_TRY(extensions_subject_key_id(out, &holder->key, err));
    saf_buffer_append(out, saf_buffer_bytes(&signer->authority_key_id));
    SAF_TRY(append_names(out, holder, err));
    SAF_TRY(append_name_constraints(out, request, err));
    return append_urls(out, request, err);
}
