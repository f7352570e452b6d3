/** @file Keeping a foreign certificate, alone or as part of a file. */
#ifndef CERTTOOL_IMPORT_H
#define CERTTOOL_IMPORT_H

#include "judge.h"

/** What the certificate is to whoever imports it. */
typedef enum import_role {
    IMPORT_MEANT,         /**< the one that was asked for */
    IMPORT_CAME_ALONG,    /**< a CA that the file brought: it renews nothing */
    IMPORT_CAME_WITH_TRUST /**< the same, and it is trusted although nobody but itself speaks for it */
} import_role;

/** One import on its way. Everything is borrowed. */
typedef struct import_job {
    saf_change *change;
    const saf_import_request *request;
    import_role role;
    const char *owner; /**< folded */
    X509 *x509;
    const saf_cert *facts; /**< what it says */
    judgement verdict;
    int is_revoked; /**< by a CA of this store */
    int is_compromised; /**< its key, as a CA of this store says */
} import_job;

static inline void saf_imported_clear(saf_imported *imported)
{
    saf_cert_free(&imported->cert);
}

OWN_VALUE(saf_imported, saf_imported_clear)

/** saf_cert_import() for a role. @p out is untouched on failure. */
saf_status import_cert(saf_imported *out, saf_change *change, const saf_import_request *request, import_role role, saf_error *err);

/** The record of these bytes, whoever has it. SAF_OK with *out NULL: there is none. */
saf_status import_find_same(saf_cert **out, saf_change *change, saf_bytes der, saf_error *err);

/** What a certificate that comes in does to those that are there with its key. */
typedef struct import_renewal {
    saf_cert *old;       /**< owned: the one it would renew; NULL: there is none */
    const char *refusal; /**< why it does not; static; NULL: it does */
} import_renewal;

static inline void import_renewal_clear(import_renewal *renewal)
{
    saf_cert_free(&renewal->old);
}

OWN_VALUE(import_renewal, import_renewal_clear)

/** What is there with the very same bytes is left aside. SAF_E_CONFLICT: it would renew, but several. */
saf_status import_find_renewal(import_renewal *out, const import_job *job, saf_error *err);

#endif
