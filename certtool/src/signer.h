/** @file The certificate and key that sign others, and whether they may. */
#ifndef CERTTOOL_SIGNER_H
#define CERTTOOL_SIGNER_H

#include "der.h"
#include "profile.h"
#include "signature.h"

enum { SIGNATURES = SAF_SIGNATURE_PSS + 1 };

/** What saf_signer_open() prepares. The schemes are made when first asked for. */
struct saf_signer {
    char name[SAF_OWNER_MAX + 1 + SAF_LABEL_MAX + 1]; /**< "OWNER/LABEL", for messages */
    saf_cert *cert;              /**< NULL: what it signs is its own certificate */
    EVP_PKEY *key;
    x509_stack *path;            /**< its certificate and the issuers above it, nearest first; empty: see cert */
    saf_cert_page issuers;       /**< those issuers, as far as the store knows them */
    saf_buffer subject;          /**< Name, DER */
    saf_buffer authority_key_id; /**< of what it signs: an Extension, DER; empty: see cert */
    saf_buffer constants[PROFILE_COUNT][2]; /**< what a profile always has, for keys that sign only and those that encrypt too */
    signature_scheme *schemes;   /**< one per saf_signature */
    bool is_constrained;         /**< it, or an issuer above it, has name constraints */
    bool is_software;            /**< the key is a plain one, in this process */
};

OWN_HANDLE(saf_signer, saf_signer_close)

/** A signer for the self-signed certificate of @p key, which will be called @p owner and @p label. */
saf_status signer_open_self(saf_signer **out, const char *owner, const char *label, EVP_PKEY *key, saf_error *err);

/** The private key of @p cert to sign with (function SAF_FN_CERT_SIGN): @p handed_over, or when that is NULL the one in the store. Whether it
 *  belongs to the certificate is not looked at. SAF_E_NOT_FOUND (has none), SAF_E_UNSUPPORTED (it is in a token). */
saf_status signer_load_key(EVP_PKEY **out, saf_store *store, const saf_principal *who, const saf_cert *cert, EVP_PKEY *handed_over,
                           saf_error *err);

/** The signer's certificate; NULL: see cert. */
static inline X509 *signer_x509(const saf_signer *signer)
{
    return signer->cert ? sk_X509_value(signer->path, 0) : NULL;
}

/** One way to sign, ready. SAF_E_USAGE (PSS, and the key is not RSA). */
saf_status signer_scheme(signature_scheme **out, const saf_signer *signer, saf_signature signature, saf_error *err);

/** Whether verifiers will accept what @p signer signed: path lengths, and all the rules that chain_validate() knows. @p finished is read
 *  from its DER, and judged as of when it begins. SAF_E_CONFLICT. */
saf_status signer_check_path(const saf_signer *signer, X509 *finished, int64_t begin, saf_error *err);

/** When what is signed now begins: when its signer does, if that is later than now. */
int64_t signer_begin(const saf_signer *signer);

/** SAF_E_CONFLICT: "OWNER/LABEL cannot sign this: …". */
saf_status signer_refuse(saf_error *err, const saf_signer *signer, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
