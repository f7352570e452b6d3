/** @file The audit trail as its checker sees it. */
#ifndef KEYRING_INTERNAL_AUDIT_H
#define KEYRING_INTERNAL_AUDIT_H

#include <safring/store.h>

/** What a check of the audit trail found. */
typedef struct saf_audit_check {
    uint64_t records;       /**< that are as they were written */
    uint64_t first_bad;     /**< number of the first that is altered, missing or out of place; 0: none */
    unsigned char head[32]; /**< MAC of the last good one: kept elsewhere, it shows later that none was cut off */
} saf_audit_check;

/** Check the chain from its start (function SAF_FN_STORE_READ). A broken chain is an answer, not an error. */
saf_status saf_store_check_audit(saf_audit_check *out, saf_store *store, const saf_principal *who, saf_error *err);

#endif
