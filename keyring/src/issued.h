/** @file What CAs have issued, as the rest of the room uses it. */
#ifndef KEYRING_ISSUED_H
#define KEYRING_ISSUED_H

#include "certificate.h"

/** A CA as the store knows it: a certificate that is there, and the name that its key signs in. */
typedef struct issuer {
    found_cert cert;
    unsigned char name_digest[SAF_FINGERPRINT_LEN];
} issuer;

void issuer_free(issuer *issuer);
OWN_VALUE(issuer, issuer_free)

/** SAF_E_NOT_FOUND; SAF_E_CONFLICT: the caller's record is of another key than the label's certificate now. */
saf_status issuer_find(issuer *out, saf_store *store, const saf_cert *ca, saf_error *err);

/** It borrows from @p issuer. */
struct storage_ca issuer_row(const issuer *issuer);

/** Whether it is one that RFC 5280 has. */
bool reason_is_known(saf_reason reason);

OWN_HANDLE(saf_issued, saf_issued_free)
OWN_VALUE(saf_issued_page, saf_issued_page_free)

/** By its serial, in hex of any case, with or without leading zeros. SAF_E_NOT_FOUND, SAF_E_USAGE. */
saf_status issued_find(saf_issued **out, saf_store *store, const issuer *issuer, const char *serial, saf_error *err);

#endif
