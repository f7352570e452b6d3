/** @file What a key pair is to be: checked, named, and as Cryptoki wants it. Internal to this room. */
#ifndef PAIR_SPEC_H
#define PAIR_SPEC_H

#include "session.h"

enum { P11_CURVE_MAX = 16 }; /* the DER of a curve's OID or name */

/** CKA_EC_PARAMS: the DER of a named curve's OID, or of Ed25519's name. len is 0 for RSA. */
typedef struct p11_curve {
    unsigned char der[P11_CURVE_MAX];
    size_t len;
} p11_curve;

/** PKCS#11 3.0, 2.3.5, has two forms for it, and tokens may know one. SoftHSM 2.6.1 knows both, and leaks memory wherever it reads the name:
 *  that is not when a key is made by the OID, but at each signature whatever it was made by, because it writes the name into the private key itself. */
typedef enum p11_edwards_form { P11_EDWARDS_BY_OID, P11_EDWARDS_BY_NAME } p11_edwards_form;

void p11_curve_of_edwards(p11_curve *out, p11_edwards_form form);

/** SAF_E_USAGE unless label, kind, size and id are good. Fills @p curve. */
saf_status p11_pair_check(p11_curve *curve, const saf_p11_pair_spec *spec, saf_error *err);

/** 16 random bytes, unless the spec has an id. */
saf_status p11_pair_make_id(saf_p11_pair_spec *spec, saf_error *err);

/** The URI of the private key that will have this spec's label and id. */
saf_status p11_pair_format_uri(char out[SAF_P11_URI_MAX + 1], const saf_p11_session *session, const saf_p11_pair_spec *spec,
                               saf_error *err);

/** Token, label and id of the private key that @p uri names, with the guard held. Statuses as saf_p11_find_pair(). */
saf_status p11_pair_read_name(saf_p11_uri *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_error *err);

#endif
