#include "chain.h"
#include "extensions.h"
#include "name-constraints.h"
#include "quote.h"
#include "signer.h"

#include <base/clock.h>
#include <base/fail.h>

#include <keyring/ask.h>

#include <openssl/err.h>
#include <openssl/provider.h>

void saf_signer_close(saf_signer **signer)
{
    saf_signer *own = *signer;
    *signer = NULL;
    if (!own)
        return;
    saf_cert_free(&own->cert);
    EVP_PKEY_free(own->key);
    sk_X509_pop_free(own->path, X509_free);
    saf_cert_page_free(&own->issuers);
    saf_buffer_free(&own->subject);
    saf_buffer_free(&own->authority_key_id);
    for (size_t i = 0; i < PROFILE_COUNT; i++)
        for (size_t j = 0; j < 2; j++)
            saf_buffer_free(&own->constants[i][j]);
    for (size_t i = 0; own->schemes && i < SIGNATURES; i++)
        signature_scheme_free(&own->schemes[i]);
    free(own->schemes);
    free(own);
}

saf_status signer_refuse(saf_error *err, const saf_signer *signer, const char *format, ...)
{
    char why[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return saf_fail(err, SAF_E_CONFLICT, "%s cannot sign %s: %s", signer->name, signer->cert ? "this" : "itself", why);
}

int64_t signer_begin(const saf_signer *signer)
{
    int64_t now = saf_clock_now();
    return signer->cert && now < signer->cert->not_before ? signer->cert->not_before : now;
}

/* ---- may it sign? ----------------------------------------------------------------------------------------- */

static saf_status check_is_ca(const saf_signer *signer, saf_error *err)
{
    X509 *x509 = signer_x509(signer);
    uint32_t flags = X509_get_extension_flags(x509);
    if (flags & EXFLAG_INVALID)
        return signer_refuse(err, signer, "it has an extension that cannot be read");
    /* RFC 5280 4.2.1.9: without basicConstraints and cA, the key must not verify certificates. */
    if (!(flags & EXFLAG_CA))
        return signer_refuse(err, signer, "it is not a CA");
    /* RFC 5280 4.2.1.3: if keyUsage is there, it must have keyCertSign. Absent, OpenSSL answers all bits. */
    if (!(X509_get_key_usage(x509) & KU_KEY_CERT_SIGN))
        return signer_refuse(err, signer, "its key usage does not have keyCertSign");
    return SAF_OK;
}

/* What is not in force any more, by status, by time or by its own issuer, is no reason for others to trust. */
static saf_status check_is_trusted(const saf_signer *signer, saf_error *err)
{
    char when[SAF_TIME_TEXT_SIZE];
    const saf_cert *cert = signer->cert;
    if (!chain_trusts(cert))
        return signer_refuse(err, signer, "its status is NOTRUST");
    if (cert->revoked_at)
        return signer_refuse(err, signer, "it was revoked at %s (%s)", saf_time_format(when, cert->revoked_at),
                             saf_reason_name(cert->reason));
    if (chain_has_ended(cert, saf_clock_now()))
        return signer_refuse(err, signer, "it expired at %s", saf_time_format(when, cert->not_after));
    return SAF_OK;
}

static saf_status check_issuers_are_trusted(const saf_signer *signer, saf_error *err)
{
    char when[SAF_TIME_TEXT_SIZE];
    for (size_t i = 0; i < signer->issuers.count; i++) {
        const saf_cert *issuer = signer->issuers.certs[i];
        if (!chain_trusts(issuer))
            return signer_refuse(err, signer, "the status of %s/%s above it is NOTRUST", issuer->owner, issuer->label);
        if (issuer->revoked_at)
            return signer_refuse(err, signer, "%s/%s above it was revoked at %s (%s)", issuer->owner, issuer->label,
                                 saf_time_format(when, issuer->revoked_at), saf_reason_name(issuer->reason));
    }
    return SAF_OK;
}

/* ---- path lengths ----------------------------------------------------------------------------------------- */

static const saf_cert *record_at(const saf_signer *signer, int index)
{
    return index == 0 ? signer->cert : signer->issuers.certs[index - 1];
}

/* RFC 5280 4.2.1.9: pathLenConstraint counts the CA certificates that follow, those with their issuer's name not.
 * @p wanted: the new one's own path length; -1: none. */
static saf_status check_one_path_len(const saf_cert *cert, X509 *x509, long follow, long wanted, saf_error *err)
{
    long allowed = X509_get_pathlen(x509);
    if (allowed >= 0 && follow > allowed)
        return saf_fail(err, SAF_E_CONFLICT,
                        "%s/%s cannot sign this: its path length allows %ld further CAs below it, and this would be number %ld",
                        cert->owner, cert->label, allowed, follow);
    if (allowed >= 0 && wanted >= 0 && follow + wanted > allowed)
        return saf_fail(err, SAF_E_CONFLICT,
                        "%s/%s cannot sign this: its path length allows %ld further CAs below it, too few for path length %ld",
                        cert->owner, cert->label, allowed, wanted);
    return SAF_OK;
}

/* @p follow: how many CAs would come below the signer itself. */
static saf_status check_path_len(const saf_signer *signer, long follow, long wanted, saf_error *err)
{
    for (int i = 0; i < sk_X509_num(signer->path); i++) {
        const saf_cert *cert = record_at(signer, i);
        SAF_TRY(check_one_path_len(cert, sk_X509_value(signer->path, i), follow, wanted, err));
        follow += !cert->self_issued;
    }
    return SAF_OK;
}

/* ---- is what it signs valid? ------------------------------------------------------------------------------ */

/* @p above: the broken certificate's place in the path above the signer; 0 is the signer's issuer. */
static saf_status refuse_path(const saf_signer *signer, int error, int above, saf_error *err)
{
    const char *rule = X509_verify_cert_error_string(error);
    if (above < 0 || (size_t)above >= signer->issuers.count)
        return signer_refuse(err, signer, "%s", rule);
    const saf_cert *issuer = signer->issuers.certs[above];
    return signer_refuse(err, signer, "%s/%s above it: %s", issuer->owner, issuer->label, rule);
}

/* Of a list of names somebody wants to know which one it is. */
static saf_status refuse_name(const saf_signer *signer, X509 *finished, int error, saf_error *err)
{
    OWN(own_text) name = name_constraints_find_refused(finished, signer->path);
    const char *rule = X509_verify_cert_error_string(error);
    return name ? signer_refuse(err, signer, "%s: %s", rule, quote_text(name).text) : signer_refuse(err, signer, "%s", rule);
}

static bool is_about_names(path_verdict verdict)
{
    return verdict.depth == 0 && (verdict.error == X509_V_ERR_PERMITTED_VIOLATION || verdict.error == X509_V_ERR_EXCLUDED_VIOLATION);
}

saf_status signer_check_path(const saf_signer *signer, X509 *finished, int64_t begin, saf_error *err)
{
    X509 *own = signer_x509(signer);
    if (own && (X509_get_extension_flags(finished) & EXFLAG_CA)) {
        long is_next = X509_NAME_cmp(X509_get_subject_name(finished), X509_get_subject_name(own)) != 0;
        SAF_TRY(check_path_len(signer, is_next, X509_get_pathlen(finished), err));
    }
    path_verdict verdict = chain_validate(finished, signer->path, begin);
    if (is_about_names(verdict))
        return refuse_name(signer, finished, verdict.error, err);
    return verdict.error == X509_V_OK ? SAF_OK : refuse_path(signer, verdict.error, verdict.depth - 2, err);
}

/* What holds for all that it will sign is decided here, once. */
static saf_status check_own_path(const saf_signer *signer, saf_error *err)
{
    OWN(x509_stack) *above = sk_X509_new_null();
    if (!above)
        return saf_fail_memory(err);
    SAF_TRY(chain_read(above, &signer->issuers, err));
    SAF_TRY(check_path_len(signer, 0, -1, err));
    path_verdict verdict = chain_validate(signer_x509(signer), above, signer_begin(signer));
    return verdict.error == X509_V_OK ? SAF_OK : refuse_path(signer, verdict.error, verdict.depth - 1, err);
}

/* ---- opening ---------------------------------------------------------------------------------------------- */

static saf_status find_path(saf_signer *signer, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    int complete = 0;
    SAF_TRY(der_read_x509(&x509, signer->cert->der, signer->cert->label, err));
    if (!sk_X509_push(signer->path, x509))
        return saf_fail_memory(err);
    X509 *own = GIVE(&x509);
    SAF_TRY(check_is_ca(signer, err));
    SAF_TRY(check_is_trusted(signer, err));
    SAF_TRY(chain_find(&signer->issuers, &complete, store, who, signer->cert, own, err));
    SAF_TRY(check_issuers_are_trusted(signer, err));
    SAF_TRY(chain_read(signer->path, &signer->issuers, err));
    return check_own_path(signer, err);
}

saf_status signer_load_key(EVP_PKEY **out, saf_store *store, const saf_principal *who, const saf_cert *cert, EVP_PKEY *handed_over,
                           saf_error *err)
{
    if (!handed_over)
        return saf_store_load_signing_key(out, store, who, cert, err);
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_SIGN, cert->owner, cert->label, err));
    EVP_PKEY_up_ref(handed_over);
    *out = handed_over;
    return SAF_OK;
}

static saf_status load_key(saf_signer *signer, saf_store *store, const saf_principal *who, EVP_PKEY *handed_over, saf_error *err)
{
    if (!handed_over && signer->cert->key_place == SAF_KEY_NONE)
        return signer_refuse(err, signer, "it has no private key here");
    SAF_TRY(signer_load_key(&signer->key, store, who, signer->cert, handed_over, err));
    if (!der_same_public_key(signer->key, X509_get0_pubkey(signer_x509(signer))))
        return signer_refuse(err, signer, "the private key is not its");
    return SAF_OK;
}

static bool is_software(const EVP_PKEY *key)
{
    const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);
    return provider && !strcmp(OSSL_PROVIDER_get0_name(provider), "default");
}

/* RFC 5280 4.2.1.10 */
static bool has_name_constraints(const x509_stack *path)
{
    for (int i = 0; i < sk_X509_num(path); i++)
        if (X509_get_ext_by_NID(sk_X509_value(path, i), NID_name_constraints, -1) >= 0)
            return true;
    return false;
}

static saf_status prepare(saf_signer *signer, saf_error *err)
{
    X509 *x509 = signer_x509(signer);
    signer->is_software = is_software(signer->key);
    signer->is_constrained = has_name_constraints(signer->path);
    if (!x509)
        return SAF_OK;
    DER_APPEND(&signer->subject, X509_NAME, X509_get_subject_name(x509));
    SAF_TRY(saf_buffer_check(&signer->subject, err));
    SAF_TRY(extensions_authority_key_id(&signer->authority_key_id, x509, err));
    for (int profile = 0; profile < PROFILE_COUNT; profile++)
        for (int transports = 0; transports < 2; transports++)
            SAF_TRY(extensions_of_profile(&signer->constants[profile][transports], (saf_profile)profile, transports, -1, err));
    return SAF_OK;
}

static saf_status new_signer(saf_signer **out, const char *owner, const char *label, saf_error *err)
{
    OWN(saf_signer) *signer = calloc(1, sizeof *signer);
    if (signer) {
        snprintf(signer->name, sizeof signer->name, "%s/%s", owner, label);
        signer->schemes = calloc(SIGNATURES, sizeof *signer->schemes);
        signer->path = sk_X509_new_null();
    }
    if (!signer || !signer->schemes || !signer->path)
        return saf_fail_memory(err);
    *out = GIVE(&signer);
    return SAF_OK;
}

saf_status saf_signer_open(saf_signer **out, saf_store *store, const saf_principal *who, const char *owner, const char *label,
                           EVP_PKEY *key, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    OWN(saf_signer) *signer = NULL;
    SAF_TRY(saf_store_find_cert(&cert, store, who, owner, label, err));
    SAF_TRY(new_signer(&signer, cert->owner, cert->label, err));
    signer->cert = GIVE(&cert);
    SAF_TRY(find_path(signer, store, who, err));
    SAF_TRY(load_key(signer, store, who, key, err));
    SAF_TRY(prepare(signer, err));
    *out = GIVE(&signer);
    return SAF_OK;
}

saf_status signer_open_self(saf_signer **out, const char *owner, const char *label, EVP_PKEY *key, saf_error *err)
{
    OWN(saf_signer) *signer = NULL;
    SAF_TRY(new_signer(&signer, owner, label, err));
    EVP_PKEY_up_ref(key);
    signer->key = key;
    SAF_TRY(prepare(signer, err));
    *out = GIVE(&signer);
    return SAF_OK;
}

saf_status signer_scheme(signature_scheme **out, const saf_signer *signer, saf_signature signature, saf_error *err)
{
    if ((unsigned)signature >= SIGNATURES)
        return saf_fail(err, SAF_E_USAGE, "there is no signature scheme %d", (int)signature);
    if (signature == SAF_SIGNATURE_PSS && !signature_is_rsa(signer->key))
        return saf_fail(err, SAF_E_USAGE, "RSASSA-PSS needs an RSA key, and that of %s is none", signer->name);
    *out = &signer->schemes[signature];
    return (*out)->key ? SAF_OK : signature_scheme_open(*out, signer->key, signature, err);
}
