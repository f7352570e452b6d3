/** @file A certificate that comes in: what its DER says, read before a change is made. */
#ifndef KEYRING_CERTIFICATE_NEW_H
#define KEYRING_CERTIFICATE_NEW_H

#include "certificate.h"

typedef struct new_cert {
    X509 *x509;
    saf_cert *facts; /* without owner, label, trust and key */
    saf_bytes der;   /* borrowed */
    unsigned char issuer_digest[SAF_FINGERPRINT_LEN];
} new_cert;

/** SAF_E_MALFORMED. @p der must live as long as @p out. */
saf_status new_cert_read(new_cert *out, saf_store *store, saf_bytes der, saf_error *err);

void new_cert_free(new_cert *new);
OWN_VALUE(new_cert, new_cert_free)

/** What of its row the DER says; it borrows from @p new. */
struct storage_new_cert new_cert_row(const new_cert *new);

/** SAF_E_EXISTS when there is one with its issuer and serial; the text says where. */
saf_status new_cert_refuse_known(struct storage *storage, const new_cert *new, saf_error *err);

#endif
