/** @file Certificates as objects of a token. Internal to this room. */
#ifndef CERT_OBJECT_H
#define CERT_OBJECT_H

#include "object.h"

#include <base/own-openssl.h>

/** Read one certificate in DER and nothing behind it. SAF_E_MALFORMED. */
saf_status cert_object_read(X509 **out, saf_bytes der, saf_error *err);

/** Put it into the token with the label and id of @p name, in the place of others with that id; with the guard held. */
saf_status cert_object_put(const saf_p11_session *session, const saf_p11_uri *name, X509 *x509, saf_bytes der, saf_error *err);

#endif
