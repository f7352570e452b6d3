/** @file Keys that somebody else has. */
#ifndef CERTTOOL_COMPROMISE_H
#define CERTTOOL_COMPROMISE_H

#include "der.h"

/** Whether @p cert, or any other certificate for the same key that a CA of this store signed, was revoked because the key is compromised: it must not get
 *  another one then. SAF_E_CONFLICT. */
saf_status compromise_check(saf_change *change, const saf_cert *cert, saf_error *err);

/** Likewise of a key that comes from elsewhere; @p whose names it in the text. SAF_E_CONFLICT. */
saf_status compromise_check_key(saf_change *change, const X509_PUBKEY *key, const char *whose, saf_error *err);

#endif
