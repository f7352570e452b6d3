/** @file Keys that somebody else has. */
#ifndef CERTTOOL_COMPROMISE_H
#define CERTTOOL_COMPROMISE_H

#include "der.h"

/** Whether @p cert, or another certificate of its owner for the same key, was revoked because the key is compromised: it must not get another
 *  one then. SAF_E_CONFLICT. */
saf_status compromise_check(saf_change *change, const saf_cert *cert, saf_error *err);

#endif
