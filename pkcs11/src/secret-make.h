/** @file How every secret key gets into a token, whatever it is made of. Internal to this room. */
#ifndef SECRET_MAKE_H
#define SECRET_MAKE_H

#include "secret-key.h"

typedef struct p11_secret_order p11_secret_order;

/** C_GenerateKey, C_CreateObject or C_UnwrapKey with the attributes of @p wanted and what it adds to them. */
typedef saf_status (*p11_secret_maker)(CK_OBJECT_HANDLE *out, const saf_p11_session *session, p11_template *wanted,
                                       const p11_secret_order *order, saf_error *err);

struct p11_secret_order {
    saf_p11_secret_spec spec; /* with kind and len */
    const char *check_value;  /* what the key must have; NULL: any */
    bool may_lose_len;        /* by what the maker does: see key-len.h */
    p11_secret_maker make;
    const void *context;      /* the maker's */
};

/** Check the spec, take the guard, give the key a sequence number and its dates, make it, and see that it is as wanted: else it is destroyed again. */
saf_status p11_secret_make(saf_p11_secret *out, saf_p11_session *session, const p11_secret_order *order, saf_error *err);

/** SAF_E_USAGE unless label, length, kind and dates can be a key's. */
saf_status p11_secret_check_spec(const saf_p11_secret_spec *spec, saf_error *err);

/** What a secret key is and does, beside label, id, dates and length. */
typedef enum p11_place { P11_IN_SESSION, P11_IN_TOKEN } p11_place;
void p11_secret_add_kind(p11_template *list, const saf_p11_secret_spec *spec, p11_place place);

#endif
