/** @file Labels for certificates that nobody named. */
#ifndef CERTTOOL_LABEL_H
#define CERTTOOL_LABEL_H

#include "der.h"

/** @p wanted or, when @p owner is CERTAUTH and has another certificate of that label, @p wanted with a number: CAs come in with
 *  bundles, under labels that nobody chose; elsewhere a taken label is the user's to solve. SAF_E_USAGE: @p wanted is no label. */
saf_status label_free_variant(char out[SAF_LABEL_MAX + 1], saf_change *change, const char *owner, const char *wanted, saf_error *err);

/** "LABEL00000001" or one of those that follow, as RACF names them: one that @p owner does not have. */
saf_status label_next(char out[SAF_LABEL_MAX + 1], saf_change *change, const char *owner, saf_error *err);

/** The common name, cut to a label's length between characters. 0 when there is none, or it is none that a label may be. */
int label_of_common_name(char out[SAF_LABEL_MAX + 1], X509 *x509);

#endif
