#include "chain.h"
#include "signer.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/err.h>

void signer_free(issue_signer *signer)
{
    saf_cert_free(&signer->cert);
    X509_free(signer->x509);
    EVP_PKEY_free(signer->key);
    saf_cert_page_free(&signer->issuers);
    *signer = (issue_signer) { 0 };
}

__attribute__((format(printf, 3, 4)))
static saf_status refuse(saf_error *err, const saf_cert *cert, const char *format, ...)
{
    char why[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return saf_fail(err, SAF_E_CONFLICT, "%s/%s cannot sign this: %s", cert->owner, cert->label, why);
}

static saf_status check_is_ca(const issue_signer *signer, saf_error *err)
{
    uint32_t flags = X509_get_extension_flags(signer->x509);
    if (flags & EXFLAG_INVALID)
        return refuse(err, signer->cert, "it has an extension that cannot be read");
    /* RFC 5280 4.2.1.9: without basicConstraints and cA, the key must not verify certificates. */
    if (!(flags & EXFLAG_CA))
        return refuse(err, signer->cert, "it is not a CA");
    /* RFC 5280 4.2.1.3: if keyUsage is there, it must have keyCertSign. Absent, OpenSSL answers all bits. */
    if (!(X509_get_key_usage(signer->x509) & KU_KEY_CERT_SIGN))
        return refuse(err, signer->cert, "its key usage does not have keyCertSign");
    return SAF_OK;
}

static saf_status check_is_trusted(const issue_signer *signer, saf_error *err)
{
    char end[SAF_TIME_TEXT_SIZE];
    if (!chain_trusts(signer->cert))
        return refuse(err, signer->cert, "its status is NOTRUST");
    if (signer->cert->not_after <= saf_clock_now())
        return refuse(err, signer->cert, "it expired at %s", saf_time_format(end, signer->cert->not_after));
    return SAF_OK;
}

static saf_status check_issuers_are_trusted(const issue_signer *signer, saf_error *err)
{
    for (size_t i = 0; i < signer->issuers.count; i++) {
        const saf_cert *issuer = signer->issuers.certs[i];
        if (!chain_trusts(issuer))
            return refuse(err, signer->cert, "the status of %s/%s above it is NOTRUST", issuer->owner, issuer->label);
    }
    return SAF_OK;
}

/* RFC 5280 4.2.1.9: pathLenConstraint counts the CA certificates that follow, those with their issuer's name not. */
static saf_status check_one_path_len(const saf_cert *cert, X509 *x509, long follow, int wanted, saf_error *err)
{
    long allowed = X509_get_pathlen(x509);
    if (allowed >= 0 && follow > allowed)
        return refuse(err, cert, "its path length allows %ld further CAs below it, and this would be number %ld",
                      allowed, follow);
    if (allowed >= 0 && wanted >= 0 && follow + wanted > allowed)
        return refuse(err, cert, "its path length allows %ld further CAs below it, too few for path length %d", allowed,
                      wanted);
    return SAF_OK;
}

static saf_status check_path_len(const issue_signer *signer, const saf_issue_request *request,
                                 const X509_NAME *subject, saf_error *err)
{
    const saf_cert_page *issuers = &signer->issuers;
    int is_ca = request->profile == SAF_PROFILE_CA;
    int wanted = is_ca ? request->path_len : -1;
    long follow = is_ca && X509_NAME_cmp(subject, X509_get_subject_name(signer->x509));
    SAF_TRY(check_one_path_len(signer->cert, signer->x509, follow, wanted, err));
    follow += !signer->cert->self_issued;
    for (size_t i = 0; i < issuers->count; i++) {
        const saf_cert *cert = issuers->certs[i];
        OWN(X509) *x509 = NULL;
        SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
        SAF_TRY(check_one_path_len(cert, x509, follow, wanted, err));
        follow += !cert->self_issued;
    }
    return SAF_OK;
}

static saf_status load_key(issue_signer *signer, saf_change *change, EVP_PKEY *handed_over, saf_error *err)
{
    if (handed_over) {
        EVP_PKEY_up_ref(handed_over);
        signer->key = handed_over;
    } else if (signer->cert->key_place == SAF_KEY_NONE) {
        return refuse(err, signer->cert, "it has no private key here");
    } else {
        SAF_TRY(saf_store_load_signing_key(&signer->key, saf_change_store(change), saf_change_principal(change),
                                           signer->cert, err));
    }
    if (!der_same_public_key(signer->key, X509_get0_pubkey(signer->x509)))
        return refuse(err, signer->cert, "the private key is not its");
    return SAF_OK;
}

saf_status signer_find(issue_signer *out, saf_change *change, const saf_issue_request *request,
                       const X509_NAME *subject, saf_error *err)
{
    if (!request->signer_owner && !request->signer_label)
        return SAF_OK;
    if (!request->signer_owner || !request->signer_label)
        return saf_fail(err, SAF_E_USAGE, "a signer is named by owner and label, and one of them is missing");
    saf_store *store = saf_change_store(change);
    const saf_principal *who = saf_change_principal(change);
    int complete = 0;
    SAF_TRY(saf_store_find_cert(&out->cert, store, who, request->signer_owner, request->signer_label, err));
    SAF_TRY(der_read_x509(&out->x509, out->cert->der, out->cert->label, err));
    SAF_TRY(check_is_ca(out, err));
    SAF_TRY(check_is_trusted(out, err));
    SAF_TRY(chain_find(&out->issuers, &complete, store, who, out->cert, out->x509, err));
    SAF_TRY(check_issuers_are_trusted(out, err));
    SAF_TRY(check_path_len(out, request, subject, err));
    return load_key(out, change, request->signer_key, err);
}

/* ---- is what it signed valid? ----------------------------------------------------------------------------- */

static saf_status refuse_path(const issue_signer *signer, path_verdict verdict, saf_error *err)
{
    const char *rule = X509_verify_cert_error_string(verdict.error);
    size_t above = verdict.depth > 1 ? (size_t)verdict.depth - 2 : signer->issuers.count;
    if (above >= signer->issuers.count)
        return refuse(err, signer->cert, "%s", rule);
    const saf_cert *issuer = signer->issuers.certs[above];
    return refuse(err, signer->cert, "%s/%s above it: %s", issuer->owner, issuer->label, rule);
}

static saf_status read_path(x509_stack *out, const issue_signer *signer, saf_error *err)
{
    if (!signer->x509)
        return SAF_OK;
    if (!sk_X509_push(out, signer->x509))
        return saf_fail_memory(err);
    X509_up_ref(signer->x509);
    return chain_read(out, &signer->issuers, err);
}

/* As of when the certificate begins, which is when its signer begins if that is later than now. */
saf_status signer_check_path(const issue_signer *signer, const saf_issue_request *request, X509 *signed_one, saf_error *err)
{
    OWN(x509_stack) *path = sk_X509_new_null();
    int64_t when = saf_clock_now();
    if (!path)
        return saf_fail_memory(err);
    SAF_TRY(read_path(path, signer, err));
    if (signer->cert && when < signer->cert->not_before)
        when = signer->cert->not_before;
    path_verdict verdict = chain_validate(signed_one, path, when);
    if (verdict.error == X509_V_OK)
        return SAF_OK;
    if (signer->cert)
        return refuse_path(signer, verdict, err);
    return saf_fail(err, SAF_E_CONFLICT, "%s/%s cannot sign itself: %s", request->owner, request->label,
                    X509_verify_cert_error_string(verdict.error));
}

/* ---- signing ---------------------------------------------------------------------------------------------- */

/* RSA: SHA-256 up to 3072 bits (128 bits of strength, SP 800-57 5.6.1.1), SHA-384 above. ECDSA: as long as the curve
 * (RFC 5480 4). EdDSA brings its own (RFC 8410). SAF_OK with *digest NULL. */
static saf_status choose_digest(const EVP_MD **digest, const EVP_PKEY *key, saf_error *err)
{
    int bits = EVP_PKEY_get_bits(key);
    *digest = NULL;
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        *digest = bits > 3072 ? EVP_sha384() : EVP_sha256();
    else if (EVP_PKEY_is_a(key, "EC"))
        *digest = bits <= 256 ? EVP_sha256() : bits <= 384 ? EVP_sha384() : EVP_sha512();
    else if (!EVP_PKEY_is_a(key, "ED25519") && !EVP_PKEY_is_a(key, "ED448"))
        return saf_fail(err, SAF_E_UNSUPPORTED, "cannot sign certificates with this kind of key");
    return SAF_OK;
}

saf_status signer_sign(X509 *x509, EVP_PKEY *key, saf_error *err)
{
    const EVP_MD *digest = NULL;
    SAF_TRY(choose_digest(&digest, key, err));
    if (!X509_sign(x509, key, digest))
        return saf_fail_openssl(err, "cannot sign the certificate");
    return SAF_OK;
}
