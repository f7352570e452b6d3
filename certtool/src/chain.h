/** @file Who signed a certificate, as far as the store knows, and whether that makes a valid path. */
#ifndef CERTTOOL_CHAIN_H
#define CERTTOOL_CHAIN_H

#include "der.h"

enum { CHAIN_MAX = 16 };

/** Append to @p out the issuers of @p cert, nearest first; @p x509 is @p cert's. Only those that chain_may_vouch() are looked at. @p cert need
 *  not be in the store: its owner, der and fingerprint are enough. *complete: 1 when the last of them, or @p cert itself, is self-signed. */
saf_status chain_find(saf_cert_page *out, int *complete, saf_store *store, const saf_principal *who,
                      const saf_cert *cert, X509 *x509, saf_error *err);

/** Whether what @p ca signed may be believed of a certificate of @p owner (folded) for that: what another user has in the store is that
 *  user's opinion only. */
int chain_may_vouch(const saf_cert *ca, const char *owner);

/** Whether somebody said so: a status that we do not know is none. */
static inline int chain_trusts(const saf_cert *cert)
{
    return cert->trust == SAF_TRUST || cert->trust == SAF_HIGHTRUST;
}

/** As libcrypto has it: not in the second that notAfter names any more. */
static inline bool chain_has_ended(const saf_cert *cert, int64_t now)
{
    return cert->not_after <= now;
}

/** Whether the names chain, the key identifiers agree, and the signature is the issuer's. Failures mean no. */
int chain_is_issuer(X509 *issuer, X509 *x509);

/** The same for what strangers made, who can give many certificates one name and keys that take long: each signature that is looked at takes
 *  one off *left, and with none left the answer is no. */
int chain_is_issuer_within(unsigned *left, X509 *issuer, X509 *x509);

int chain_is_self_signed(X509 *x509);

/** A CA, trusted, in date, and not revoked as far as the store knows. */
int chain_is_usable(const saf_cert *cert);

/** Append what chain_find() found to @p out, in its order. */
saf_status chain_read(x509_stack *out, const saf_cert_page *issuers, saf_error *err);

/** What libcrypto said about a path. */
typedef struct path_verdict {
    int error; /**< X509_V_OK, or the X509_V_ERR_… that X509_verify_cert_error_string() has the words for */
    int depth; /**< of the certificate that broke a rule: 0 the first, 1 its issuer, … */
} path_verdict;

/** Validate the path from @p x509 over @p issuers (RFC 5280 6.1: dates at @p when, CA flags, path lengths, name constraints,
 *  unknown critical extensions). Its last certificate is the trust anchor, self-signed or not. */
path_verdict chain_validate(X509 *x509, x509_stack *issuers, int64_t when);

#endif
