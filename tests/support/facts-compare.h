/** @file Holds the two ways to read a certificate's facts against each other. */
#ifndef SUPPORT_FACTS_COMPARE_H
#define SUPPORT_FACTS_COMPARE_H

#include "facts-quick.h"

#include <base/own-openssl.h>

static inline bool facts_same_text(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* Libcrypto does not know the type of a public key that it cannot decode, a point that is not on its curve, say; the certificate names it. */
static inline bool facts_same_key(const saf_cert *quick, const saf_cert *slow)
{
    if (!strcmp(slow->key_type, "unknown") && !strncmp(quick->key_type, "ec:", 3))
        return true;
    return !strcmp(quick->key_type, slow->key_type) && quick->key_bits == slow->key_bits;
}

/** The name of the first field that differs, or NULL. */
static inline const char *facts_first_difference(const saf_cert *quick, const saf_cert *slow)
{
    if (!facts_same_text(quick->subject, slow->subject))
        return "subject";
    if (!facts_same_text(quick->issuer, slow->issuer))
        return "issuer";
    if (!facts_same_text(quick->serial, slow->serial))
        return "serial";
    if (quick->not_before != slow->not_before || quick->not_after != slow->not_after)
        return "validity";
    if (memcmp(quick->fingerprint, slow->fingerprint, SAF_FINGERPRINT_LEN) != 0)
        return "fingerprint";
    if (memcmp(quick->key_id, slow->key_id, SAF_FINGERPRINT_LEN) != 0)
        return "key_id";
    if (!facts_same_key(quick, slow))
        return "key";
    if (quick->is_ca != slow->is_ca)
        return "is_ca";
    return quick->self_issued != slow->self_issued ? "self_issued" : NULL;
}

/** NULL when both ways agree about @p der: what the quick one takes, libcrypto takes as well, with the same facts. *quick: whether it took it. */
static inline const char *facts_difference(bool *quick, saf_bytes der)
{
    saf_cert *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    const char *difference = NULL;
    OWN(X509) *x509 = NULL;
    *quick = a && b && facts_quick_fill(a, der, NULL);
    if (*quick && facts_parse(&x509, der, NULL) != SAF_OK)
        difference = "whether it is a certificate";
    else if (*quick && facts_read_x509(b, x509, der, NULL) != SAF_OK)
        difference = "whether it has facts";
    else if (*quick)
        difference = facts_first_difference(a, b);
    saf_cert_free(&a);
    saf_cert_free(&b);
    return difference;
}

#endif
