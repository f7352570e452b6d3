/** @file A new token of SoftHSM and a session that is logged in to it: what tests of keys in tokens begin with. */
#ifndef SUPPORT_TOKEN_SESSION_H
#define SUPPORT_TOKEN_SESSION_H

#include <support/softhsm.h>

typedef struct fixture {
    saf_p11 *p11;
    saf_p11_session *session;
    saf_error err;
} fixture;

static inline void fixture_free(fixture *f)
{
    saf_p11_logout(&f->session);
    saf_p11_close(&f->p11);
}

OWN_VALUE(fixture, fixture_free)

static inline void enter(fixture *f)
{
    f->p11 = softhsm_open();
    softhsm_init_token(f->p11, "ZWE.IDT");
    f->session = softhsm_login(f->p11, "ZWE.IDT");
}

#endif
