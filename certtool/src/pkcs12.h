/** @file Writing PKCS#12 (RFC 7292): add entries, then finish. */
#ifndef CERTTOOL_PKCS12_H
#define CERTTOOL_PKCS12_H

#include "der.h"

/** {0} is empty, of profile java. */
typedef struct p12_builder {
    saf_p12_profile profile;
    STACK_OF(PKCS12_SAFEBAG) *certs, *keys;
} p12_builder;

void p12_free(p12_builder *builder);

OWN_VALUE(p12_builder, p12_free)

/** What Java makes of a certificate. */
typedef enum p12_role {
    P12_CHAIN,  /**< nothing of its own: it completes chains */
    P12_TRUSTED /**< a trusted entry */
} p12_role;

/** Add a certificate. An alias that is there already, in any case, gets a number. */
saf_status p12_add_cert(p12_builder *builder, X509 *x509, const char *alias, p12_role role, saf_error *err);

/** Add a private key and its certificate, one entry of Java's. @p password as for p12_finish(). */
saf_status p12_add_key(p12_builder *builder, EVP_PKEY *key, X509 *x509, const char *alias, const saf_secret *password,
                       saf_error *err);

/** Encrypt, protect with a MAC, and encode; without a password neither, which is for certificates only. SAF_E_USAGE: the password. */
saf_status p12_finish(saf_blob *out, p12_builder *builder, const saf_secret *password, saf_error *err);

/** Turn what p12_finish() made into base64, in lines of 64 without a header (RACF's PKCS12B64). */
saf_status p12_to_text(saf_blob *p12, saf_error *err);

/** SAF_E_USAGE when @p password is none, too long, or none that Java takes. */
saf_status p12_check_password(const saf_secret *password, saf_error *err);

#endif
