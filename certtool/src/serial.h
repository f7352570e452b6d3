/** @file Serial numbers. */
#ifndef CERTTOOL_SERIAL_H
#define CERTTOOL_SERIAL_H

#include <base/own-openssl.h>

#include <safring/cert.h>

/** Give @p x509 a serial number; @p signer is NULL when it signs itself. */
saf_status serial_set(X509 *x509, saf_serial_kind kind, saf_change *change, const saf_cert *signer, saf_error *err);

#endif
