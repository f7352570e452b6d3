/** @file Tokens, for callers that hold the guard. Internal to this room. */
#ifndef TOKEN_H
#define TOKEN_H

#include "module.h"

OWN_VALUE(saf_p11_token_list, saf_p11_token_list_free)

/** As saf_p11_list_tokens(), with the guard held. */
saf_status p11_list_tokens(saf_p11_token_list *out, saf_p11 *p11, saf_error *err);

/** As saf_p11_find_token(), with the guard held. */
saf_status p11_find_token(saf_p11_token *out, saf_p11 *p11, const saf_p11_uri *uri, saf_error *err);

/** SAF_E_USAGE unless the PIN has 4 to 255 bytes (libp11 and SoftHSM take no more). @p what names it ("PIN", "SO PIN"). */
saf_status p11_check_pin(const saf_secret *pin, const char *what, saf_error *err);

#endif
