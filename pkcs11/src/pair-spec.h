/** @file What a key pair is to be: checked, named, and as Cryptoki wants it. Internal to this room. */
#ifndef PAIR_SPEC_H
#define PAIR_SPEC_H

#include "session.h"

enum { P11_CURVE_MAX = 16 }; /* the DER of a curve's OID */

/** CKA_EC_PARAMS: the DER of a named curve's OID. len is 0 for RSA. */
typedef struct p11_curve {
    unsigned char der[P11_CURVE_MAX];
    size_t len;
} p11_curve;

/** SAF_E_USAGE unless label, kind, size and id are good. Fills @p curve. */
saf_status p11_pair_check(p11_curve *curve, const saf_p11_pair_spec *spec, saf_error *err);

/** 16 random bytes, unless the spec has an id. */
saf_status p11_pair_make_id(saf_p11_pair_spec *spec, saf_error *err);

/** The URI of the private key that will have this spec's label and id. */
saf_status p11_pair_format_uri(char out[SAF_P11_URI_MAX + 1], const saf_p11_session *session, const saf_p11_pair_spec *spec,
                               saf_error *err);

#endif
