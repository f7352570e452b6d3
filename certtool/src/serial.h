/** @file Serial numbers. */
#ifndef CERTTOOL_SERIAL_H
#define CERTTOOL_SERIAL_H

#include "der.h"

/** Append a serial number, an INTEGER in DER. @p counter: whose counter gives sequential ones; NULL: a new self-signed one's, 1. */
saf_status serial_append(saf_buffer *out, saf_serial_kind kind, saf_change *change, const saf_cert *counter, saf_error *err);

#endif
