/** @file Subject alternative names as people write them. */
#ifndef CERTTOOL_SAN_H
#define CERTTOOL_SAN_H

#include <base/own-openssl.h>

#include <safring/cert.h>

/** Read "dns:…,ip:…,email:…,uri:…"; a name given twice is one name. NULL and "" give an empty list.
 *  SAF_E_USAGE. */
saf_status san_parse(GENERAL_NAMES **out, const char *text, saf_error *err);

/** Add one name of that notation, which may have commas, unless it is there. SAF_E_USAGE. */
saf_status san_add(GENERAL_NAMES *names, const char *text, saf_error *err);

#endif
