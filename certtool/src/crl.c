#include "extensions.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/err.h>

OWN_POINTER(X509_REVOKED, X509_REVOKED_free)
OWN_POINTER(ASN1_TIME, ASN1_TIME_free)
OWN_POINTER(ASN1_ENUMERATED, ASN1_ENUMERATED_free)
OWN_VALUE(saf_issued_page, saf_issued_page_free)

enum { NEXT_UPDATE_MIN = 60, NEXT_UPDATE_MAX = 10 * 366 * 86400, NEXT_UPDATE_USUAL = 7 * 86400, PAGE_SIZE = 500 };

/* A CRL while it grows. */
typedef struct crl_draft {
    saf_cert *ca;
    X509 *x509;
    EVP_PKEY *key;
    X509_CRL *crl;
    saf_crl_turn turn;
    saf_crl_facts facts;
} crl_draft;

static void crl_draft_free(crl_draft *draft)
{
    saf_cert_free(&draft->ca);
    X509_free(draft->x509);
    EVP_PKEY_free(draft->key);
    X509_CRL_free(draft->crl);
}

OWN_VALUE(crl_draft, crl_draft_free)

/* ---- who ---------------------------------------------------------------------------------------------------- */

static saf_status refuse(saf_error *err, const saf_cert *ca, const char *why)
{
    return saf_fail(err, SAF_E_CONFLICT, "%s/%s cannot sign a CRL: %s", ca->owner, ca->label, why);
}

/* RFC 5280 4.2.1.3: if keyUsage is there, it must have cRLSign. Neither its end nor its status keeps a CA from saying what is revoked. */
static saf_status check_ca(const crl_draft *draft, saf_error *err)
{
    uint32_t flags = X509_get_extension_flags(draft->x509);
    if (flags & EXFLAG_INVALID)
        return refuse(err, draft->ca, "it has an extension that cannot be read");
    if (!(flags & EXFLAG_CA))
        return refuse(err, draft->ca, "it is not a CA");
    if (!(X509_get_key_usage(draft->x509) & KU_CRL_SIGN))
        return refuse(err, draft->ca, "its key usage does not have cRLSign");
    return SAF_OK;
}

static saf_status load_key(crl_draft *draft, saf_change *change, const saf_crl_request *request, saf_error *err)
{
    if (!request->key && draft->ca->key_place == SAF_KEY_NONE)
        return refuse(err, draft->ca, "it has no private key here");
    SAF_TRY(signer_load_key(&draft->key, saf_change_store(change), saf_change_principal(change), draft->ca, request->key, err));
    if (!der_same_public_key(draft->key, X509_get0_pubkey(draft->x509)))
        return refuse(err, draft->ca, "the private key is not its");
    if (request->signature == SAF_SIGNATURE_PSS && !signature_is_rsa(draft->key))
        return saf_fail(err, SAF_E_USAGE, "RSASSA-PSS needs an RSA key, and that of %s/%s is none", draft->ca->owner,
                        draft->ca->label);
    return SAF_OK;
}

/* ---- what --------------------------------------------------------------------------------------------------- */

/* RFC 5280 5.1.2.3: UTCTime through 2049, then GeneralizedTime. */
static int set_times(crl_draft *draft)
{
    OWN(ASN1_TIME) *this_update = ASN1_TIME_set(NULL, draft->facts.this_update);
    OWN(ASN1_TIME) *next_update = ASN1_TIME_set(NULL, draft->facts.next_update);
    return this_update && next_update && X509_CRL_set1_lastUpdate(draft->crl, this_update) &&
           X509_CRL_set1_nextUpdate(draft->crl, next_update);
}

/* RFC 5280 5.2.3: at most 20 octets; ours are 8. */
static int add_number(crl_draft *draft)
{
    OWN(ASN1_INTEGER) *number = ASN1_INTEGER_new();
    return number && ASN1_INTEGER_set_uint64(number, draft->turn.number) &&
           X509_CRL_add1_ext_i2d(draft->crl, NID_crl_number, number, 0, X509V3_ADD_DEFAULT) == 1;
}

/* RFC 5280 5.2.1 */
static saf_status add_authority_key_id(crl_draft *draft, saf_error *err)
{
    OWN(AUTHORITY_KEYID) *authority = NULL;
    SAF_TRY(extensions_authority_of(&authority, draft->x509, err));
    if (X509_CRL_add1_ext_i2d(draft->crl, NID_authority_key_identifier, authority, 0, X509V3_ADD_DEFAULT) != 1)
        return saf_fail_openssl(err, "cannot add the authority key identifier");
    return SAF_OK;
}

/* RFC 5280 5.3.1: "unspecified" is said by saying nothing. */
static int add_reason(X509_REVOKED *entry, saf_reason reason)
{
    OWN(ASN1_ENUMERATED) *value = ASN1_ENUMERATED_new();
    return reason == SAF_REASON_UNSPECIFIED ||
           (value && ASN1_ENUMERATED_set(value, reason) &&
            X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, X509V3_ADD_DEFAULT) == 1);
}

static saf_status add_entry(crl_draft *draft, const saf_issued *issued, saf_error *err)
{
    OWN(X509_REVOKED) *entry = X509_REVOKED_new();
    OWN(ASN1_TIME) *when = ASN1_TIME_set(NULL, issued->revoked_at);
    OWN(X509) *x509 = NULL;
    SAF_TRY(der_read_x509(&x509, issued->cert->der, "what was issued", err));
    if (!entry || !when || !X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(x509)) ||
        !X509_REVOKED_set_revocationDate(entry, when) || !add_reason(entry, issued->reason) || !X509_CRL_add0_revoked(draft->crl, entry))
        return saf_fail_openssl(err, "cannot add serial %s to the CRL", issued->cert->serial);
    entry = NULL;
    draft->facts.entries++;
    return SAF_OK;
}

/* RFC 5280 3.3: it stays until it has been on one CRL that was made after its end. In the second of its revocation nobody knows which
 * of the two came first. */
static bool is_past(const saf_issued *issued, const saf_crl_turn *turn)
{
    return turn->previous_at > issued->cert->not_after && turn->previous_at > issued->revoked_at;
}

static saf_status add_entries(crl_draft *draft, saf_change *change, saf_error *err)
{
    saf_issued_query query = { .only_revoked = true, .limit = PAGE_SIZE };
    size_t count = PAGE_SIZE;
    while (count == PAGE_SIZE) {
        OWN(saf_issued_page) page = { 0 };
        SAF_TRY(saf_store_list_issued(&page, saf_change_store(change), saf_change_principal(change), draft->ca, &query, err));
        for (size_t i = 0; i < page.count; i++)
            if (!is_past(page.items[i], &draft->turn))
                SAF_TRY(add_entry(draft, page.items[i], err));
        count = page.count;
        query.after = count ? page.items[count - 1]->number : 0;
    }
    return SAF_OK;
}

/* ---- signing ------------------------------------------------------------------------------------------------ */

static saf_status fill(crl_draft *draft, saf_change *change, const saf_crl_request *request, saf_error *err)
{
    unsigned seconds = request->next_update_sec ? request->next_update_sec : NEXT_UPDATE_USUAL;
    draft->facts.this_update = saf_clock_now();
    draft->facts.next_update = draft->facts.this_update + seconds;
    SAF_TRY(saf_store_next_crl(&draft->turn, change, draft->ca, err));
    draft->facts.number = draft->turn.number;
    draft->crl = X509_CRL_new();
    if (!draft->crl || !X509_CRL_set_version(draft->crl, X509_CRL_VERSION_2) ||
        !X509_CRL_set_issuer_name(draft->crl, X509_get_subject_name(draft->x509)) || !set_times(draft) || !add_number(draft))
        return saf_fail_openssl(err, "cannot build the CRL");
    SAF_TRY(add_authority_key_id(draft, err));
    SAF_TRY(add_entries(draft, change, err));
    X509_CRL_sort(draft->crl);
    return SAF_OK;
}

static saf_status sign(saf_blob *out, crl_draft *draft, saf_signature signature, saf_error *err)
{
    OWN(EVP_MD_CTX) *ctx = EVP_MD_CTX_new();
    OWN(saf_buffer) der = { 0 };
    SAF_TRY(signature_begin(ctx, draft->key, signature, err));
    if (!X509_CRL_sign_ctx(draft->crl, ctx))
        return saf_fail_openssl(err, "cannot sign the CRL");
    if (X509_CRL_verify(draft->crl, X509_get0_pubkey(draft->x509)) != 1) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_FAILED, "the signature that the key made does not verify");
    }
    DER_APPEND(&der, X509_CRL, draft->crl);
    SAF_TRY(saf_buffer_check(&der, err));
    return blob_copy(out, saf_buffer_bytes(&der), err);
}

saf_status saf_ca_crl(saf_blob *out, saf_crl_facts *facts, saf_change *change, const saf_crl_request *request, saf_error *err)
{
    OWN(crl_draft) draft = { 0 };
    unsigned seconds = request->next_update_sec;
    if (seconds && (seconds < NEXT_UPDATE_MIN || seconds > NEXT_UPDATE_MAX))
        return saf_fail(err, SAF_E_USAGE, "%u seconds until the next CRL are not 1 minute to 10 years", seconds);
    SAF_TRY(saf_store_find_cert(&draft.ca, saf_change_store(change), saf_change_principal(change), request->owner, request->label, err));
    SAF_TRY(der_read_x509(&draft.x509, draft.ca->der, draft.ca->label, err));
    SAF_TRY(check_ca(&draft, err));
    SAF_TRY(load_key(&draft, change, request, err));
    SAF_TRY(fill(&draft, change, request, err));
    SAF_TRY(sign(out, &draft, request->signature, err));
    if (facts)
        *facts = draft.facts;
    return SAF_OK;
}
