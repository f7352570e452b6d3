/** @file The audit trail: written inside each change, chained by MACs (FORMAT.md describes what they cover). */
#ifndef KEYRING_AUDIT_H
#define KEYRING_AUDIT_H

#include "store.h"

/** Append a record to the change: what happened, to what, the certificate concerned (NULL: none), formatted details. */
saf_status audit_write(saf_change *change, const char *action, const char *object, const unsigned char *fingerprint,
                       saf_error *err, const char *format, ...) __attribute__((format(printf, 6, 7)));

/** The same for an object OWNER/NAME. */
saf_status audit_write_object(saf_change *change, const char *action, const char *owner, const char *name,
                              const unsigned char *fingerprint, saf_error *err, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/** The MAC of a record that follows one with the MAC @p previous (zeros: the first). */
saf_status audit_compute_mac(unsigned char out[STORAGE_MAC_LEN], const saf_secret *key, const unsigned char previous[STORAGE_MAC_LEN],
                             const struct storage_audit *record, saf_error *err);

#endif
