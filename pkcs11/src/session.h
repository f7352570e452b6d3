/** @file Sessions and logins, for the rest of this room. */
#ifndef SESSION_H
#define SESSION_H

#include "module.h"

struct saf_p11_session {
    saf_p11 *p11;
    saf_p11_token token;
    CK_SESSION_HANDLE handle;
    unsigned long instance; /* of the module */
};

OWN_HANDLE(saf_p11_session, saf_p11_logout)

/** As saf_p11_login(), with the guard held. */
saf_status p11_login_session(saf_p11_session **out, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *pin,
                             saf_error *err);

#endif
