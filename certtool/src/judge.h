/** @file Whether a certificate that comes in deserves trust, as far as the store knows. */
#ifndef CERTTOOL_JUDGE_H
#define CERTTOOL_JUDGE_H

#include "der.h"

typedef struct judgement {
    int is_trusted;     /**< its dates and its chain are valid, and all of its issuers are here, trusted and not revoked */
    int is_self_signed; /**< …of which it has none: only itself speaks for it */
} judgement;

/** @p x509 is what @p der says; @p owner is whose it is to be. Whether it is revoked itself is not known before it is a record. */
saf_status judge(judgement *out, saf_change *change, const char *owner, saf_bytes der, X509 *x509, saf_error *err);

#endif
