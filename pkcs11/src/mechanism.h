/** @file What tokens compute: mechanisms by name, and whether a token has one. Internal to this room. */
#ifndef MECHANISM_H
#define MECHANISM_H

#include "module.h"

/** "CKM_SHA256_HMAC"; "CKM 0x…" for one that nobody here uses, written to @p room. */
const char *p11_mechanism_name(char room[24], CK_MECHANISM_TYPE mechanism);

/** Whether the token says that it has the mechanism for that use (CKF_SIGN, CKF_ENCRYPT, …). */
bool p11_has_mechanism(const saf_p11 *p11, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_FLAGS use);

/** SAF_E_UNSUPPORTED unless it has: "token ZWE.IDT cannot <what>: it lacks CKM_SHA256_HMAC". */
saf_status p11_require_mechanism(const saf_p11 *p11, const saf_p11_token *token, CK_MECHANISM_TYPE mechanism, CK_FLAGS use,
                                 const char *what, saf_error *err);

#endif
