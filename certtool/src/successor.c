#include "extensions.h"
#include "successor.h"

#include <base/fail.h>

/* RFC 5280 4.2.1.3: places in the BIT STRING. */
enum { BIT_KEY_ENCIPHERMENT = 2, BIT_DATA_ENCIPHERMENT, BIT_KEY_AGREEMENT, BIT_ENCIPHER_ONLY = 7, BIT_DECIPHER_ONLY };

typedef struct succession {
    X509 *old;
    const public_key *key; /* NULL: the old one's */
    const saf_signer *signer;
    bool is_other_issuer;
} succession;

/* RFC 3279 2.3.1, RFC 5480 3 with RFC 8813 3: RSA keys do not agree, keys on curves do not encipher. */
static int clear_unfit(ASN1_BIT_STRING *usage, bool transports)
{
    static const int of_rsa[] = { BIT_KEY_ENCIPHERMENT, BIT_DATA_ENCIPHERMENT, -1 };
    static const int of_curves[] = { BIT_KEY_AGREEMENT, BIT_ENCIPHER_ONLY, BIT_DECIPHER_ONLY, -1 };
    int left = 0;
    for (const int *bit = transports ? of_curves : of_rsa; *bit >= 0; bit++)
        if (!ASN1_BIT_STRING_set_bit(usage, *bit, 0))
            return -1;
    for (int bit = 0; bit <= BIT_DECIPHER_ONLY; bit++)
        left += ASN1_BIT_STRING_get_bit(usage, bit);
    return left;
}

OWN_POINTER(ASN1_BIT_STRING, ASN1_BIT_STRING_free)

static saf_status append_key_usage(saf_buffer *out, const succession *how, X509_EXTENSION *extension, saf_error *err)
{
    OWN(ASN1_BIT_STRING) *usage = X509V3_EXT_d2i(extension);
    int left = usage ? clear_unfit(usage, how->key->transports) : -1;
    if (left < 0)
        return saf_fail_openssl(err, "cannot read the key usage");
    if (!left)
        return saf_fail(err, SAF_E_CONFLICT, "the old certificate's key usage is not one for the new kind of key");
    return extensions_append(out, NID_key_usage, X509V3_EXT_i2d(NID_key_usage, X509_EXTENSION_get_critical(extension), usage), err);
}

static bool is_rsa(X509 *x509)
{
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    return key && EVP_PKEY_is_a(key, "RSA");
}

/* What is about the old one alone, or what its issuer said and another one has not. */
static bool is_left_out(const succession *how, int nid)
{
    switch (nid) {
    case NID_ct_precert_scts: /* RFC 6962 3.3: they are signatures about the old one */
    case NID_ct_precert_poison:
    case NID_private_key_usage_period: /* RFC 3280 4.2.1.4: it has the old one's dates */
        return true;
    case NID_certificate_policies: /* RFC 5280 4.2.1.4: by which it was issued */
    case NID_crl_distribution_points:
    case NID_freshest_crl:
    case NID_info_access:
    case NID_issuer_alt_name:
        return how->is_other_issuer;
    default:
        return false;
    }
}

static saf_status append_one(saf_buffer *out, const succession *how, X509_EXTENSION *extension, saf_error *err)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (is_left_out(how, nid))
        return SAF_OK;
    if (nid == NID_subject_key_identifier && how->key)
        return extensions_subject_key_id(out, how->key, err);
    if (nid == NID_key_usage && how->key && how->key->transports != is_rsa(how->old))
        return append_key_usage(out, how, extension, err);
    if (nid == NID_authority_key_identifier)
        saf_buffer_append(out, saf_buffer_bytes(&how->signer->authority_key_id));
    else
        DER_APPEND(out, X509_EXTENSION, extension);
    return saf_buffer_check(out, err);
}

static saf_status append_extensions(saf_buffer *out, const succession *how, saf_error *err)
{
    for (int i = 0; i < X509_get_ext_count(how->old); i++)
        SAF_TRY(append_one(out, how, X509_get_ext(how->old, i), err));
    if (X509_get_ext_by_NID(how->old, NID_authority_key_identifier, -1) < 0)
        saf_buffer_append(out, saf_buffer_bytes(&how->signer->authority_key_id));
    return saf_buffer_check(out, err);
}

static bool has_other_issuer(X509 *old, const saf_signer *signer)
{
    const X509_NAME *next = signer->cert ? X509_get_subject_name(signer_x509(signer)) : X509_get_subject_name(old);
    return X509_NAME_cmp(next, X509_get_issuer_name(old)) != 0;
}

saf_status successor_fill(cert_content *out, X509 *old, const public_key *key, const saf_signer *signer, saf_error *err)
{
    succession how = { old, key, signer, has_other_issuer(old, signer) };
    if (!signer->cert && !X509_NAME_entry_count(X509_get_subject_name(old)))
        return saf_fail(err, SAF_E_CONFLICT, "a self-signed certificate needs a subject, and the old one has none");
    DER_APPEND(&out->subject, X509_NAME, X509_get_subject_name(old));
    if (key)
        saf_buffer_append(&out->public_key, saf_buffer_bytes(&key->info));
    else
        DER_APPEND(&out->public_key, X509_PUBKEY, X509_get_X509_PUBKEY(old));
    bool was_pss = X509_get_signature_nid(old) == NID_rsassaPss;
    out->signature = was_pss && signature_is_rsa(signer->key) ? SAF_SIGNATURE_PSS : SAF_SIGNATURE_PKCS1;
    return append_extensions(&out->extensions, &how, err);
}

saf_status successor_set_dates(cert_content *out, const saf_cert *old, unsigned valid_days, const saf_signer *signer, saf_error *err)
{
    int64_t seconds = valid_days ? valid_days * CONTENT_DAY_SEC : old->not_after - old->not_before;
    SAF_TRY(content_check_days(valid_days, err));
    if (seconds <= 0 || seconds > CONTENT_DAYS_MAX * CONTENT_DAY_SEC)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s does not say a usable validity; say for how many days the new one is valid",
                        old->owner, old->label);
    return content_set_dates(out, seconds, signer, err);
}
