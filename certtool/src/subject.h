/** @file Distinguished names as people write them. */
#ifndef CERTTOOL_SUBJECT_H
#define CERTTOOL_SUBJECT_H

#include <base/own-openssl.h>

#include <safring/cert.h>

/** Read "CN=…,OU=…": RFC 4514's escapes, but in the order written. NULL and "" are the empty name. SAF_E_USAGE. */
saf_status subject_parse(X509_NAME **out, const char *text, saf_error *err);

/** Whether a foreign name, of @p what, is text that can be shown and compared. SAF_E_MALFORMED. */
saf_status subject_check_name(const X509_NAME *name, const char *what, saf_error *err);

/** Copy a name into DER, which its own bytes need not be. */
saf_status subject_copy(X509_NAME **out, const X509_NAME *name, saf_error *err);

#endif
