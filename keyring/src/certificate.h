/** @file Certificates as the rest of the room uses them. */
#ifndef KEYRING_CERTIFICATE_H
#define KEYRING_CERTIFICATE_H

#include "store.h"

#include <openssl/x509.h>

OWN_HANDLE(saf_cert, saf_cert_free)
OWN_VALUE(saf_cert_page, saf_cert_page_free)

/** Make a certificate from a row. */
saf_status cert_from_row(saf_cert **out, const struct storage_cert *row, saf_error *err);

/** Append a certificate, which the page takes over, also after a failure. */
saf_status cert_page_take(saf_cert_page *page, saf_cert **cert, saf_error *err);

/** One certificate and its row's number. */
typedef struct found_cert {
    int64_t id;
    saf_cert *cert;
} found_cert;

void found_cert_free(found_cert *found);
OWN_VALUE(found_cert, found_cert_free)

/** For storage_find_cert…(): take the row. */
saf_status cert_take_found(void *context, const struct storage_cert *row, saf_error *err);

/** By a folded owner and label. SAF_E_NOT_FOUND, codes 8/8/44. */
saf_status cert_find(found_cert *out, struct storage *storage, const char *owner, const char *label,
                     saf_error *err);

/** The one that the caller's record was read from, as it is now. SAF_E_NOT_FOUND; SAF_E_CONFLICT: the label means another certificate
 *  by now. */
saf_status cert_find_same(found_cert *out, struct storage *storage, const saf_cert *cert, saf_error *err);

/** As cert_find_same(), but a renewed one, of the same key, does too. */
saf_status cert_find_same_key(found_cert *out, struct storage *storage, const saf_cert *cert, saf_error *err);

/** Report that there is no such certificate. */
saf_status cert_fail_not_found(saf_error *err, const char *owner, const char *label);

/** Note a change of an owner's certificates. */
saf_status cert_touch_owner(struct storage *storage, const char *owner, saf_error *err);

/** Note a change of a certificate that its owner's virtual ring and the rings it is in show. */
saf_status cert_touch(struct storage *storage, const found_cert *found, saf_error *err);

/** "TRUST", "HIGHTRUST", "NOTRUST", or NULL. */
const char *cert_trust_name(saf_trust trust);

/** SAF_E_CONFLICT: only its key can revoke certificates that are still valid. */
saf_status cert_refuse_in_use(struct storage *storage, const saf_cert *cert, saf_error *err);

#endif
