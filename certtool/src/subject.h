/** @file Distinguished names as people write them. */
#ifndef CERTTOOL_SUBJECT_H
#define CERTTOOL_SUBJECT_H

#include <base/own-openssl.h>

#include <safring/cert.h>

/** Read "CN=…,OU=…": RFC 4514's escapes, but in the order written. NULL and "" are the empty name. SAF_E_USAGE. */
saf_status subject_parse(X509_NAME **out, const char *text, saf_error *err);

#endif
