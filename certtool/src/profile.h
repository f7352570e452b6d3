/** @file What each profile puts into a certificate. */
#ifndef CERTTOOL_PROFILE_H
#define CERTTOOL_PROFILE_H

#include <safring/cert.h>

enum { PROFILE_COUNT = SAF_PROFILE_ZOWE + 1 };

/** Extensions in the notation of OpenSSL's configuration (x509v3_config(5)). */
typedef struct profile_facts {
    const char *name;
    const char *key_usage;           /**< for keys that sign only */
    const char *key_usage_transport; /**< for RSA, which also encrypts (TLS 1.2 key transport) */
    const char *extended_key_usage;  /**< NULL: none */
    unsigned valid_days;             /**< when nobody says */
} profile_facts;

/** NULL when @p profile is none. */
const profile_facts *profile_facts_of(saf_profile profile);

#endif
