#include "issued.h"

#include <base/fail.h>

#include <ctype.h>
#include <string.h>

/* RFC 5280 5.3.1, with hyphens as everywhere on the command line. */
static const struct {
    saf_reason reason;
    const char *name;
} REASONS[] = {
    { SAF_REASON_UNSPECIFIED, "unspecified" },
    { SAF_REASON_KEY_COMPROMISE, "key-compromise" },
    { SAF_REASON_CA_COMPROMISE, "ca-compromise" },
    { SAF_REASON_AFFILIATION_CHANGED, "affiliation-changed" },
    { SAF_REASON_SUPERSEDED, "superseded" },
    { SAF_REASON_CESSATION_OF_OPERATION, "cessation-of-operation" },
    { SAF_REASON_CERTIFICATE_HOLD, "certificate-hold" },
    { SAF_REASON_REMOVE_FROM_CRL, "remove-from-crl" },
    { SAF_REASON_PRIVILEGE_WITHDRAWN, "privilege-withdrawn" },
    { SAF_REASON_AA_COMPROMISE, "aa-compromise" },
};

enum { REASON_COUNT = sizeof REASONS / sizeof *REASONS };

/* "keyCompromise" is "key-compromise" without the hyphen. */
static bool is_name(const char *text, const char *name)
{
    bool has_hyphens = strchr(text, '-') != NULL;
    for (; *name; name++) {
        if (*name == '-' && !has_hyphens)
            continue;
        if (tolower((unsigned char)*text++) != *name)
            return false;
    }
    return !*text;
}

saf_status saf_reason_parse(saf_reason *out, const char *name, saf_error *err)
{
    for (size_t i = 0; name && i < REASON_COUNT; i++)
        if (is_name(name, REASONS[i].name)) {
            *out = REASONS[i].reason;
            return SAF_OK;
        }
    return saf_fail(err, SAF_E_USAGE,
                    "\"%.80s\" is not a reason for a revocation; known are unspecified, key-compromise, ca-compromise, "
                    "affiliation-changed, superseded, cessation-of-operation, certificate-hold, remove-from-crl, "
                    "privilege-withdrawn and aa-compromise",
                    name ? name : "");
}

static const char *find_name(saf_reason reason)
{
    for (size_t i = 0; i < REASON_COUNT; i++)
        if (REASONS[i].reason == reason)
            return REASONS[i].name;
    return NULL;
}

bool reason_is_known(saf_reason reason)
{
    return find_name(reason) != NULL;
}

const char *saf_reason_name(saf_reason reason)
{
    const char *name = find_name(reason);
    return name ? name : "unspecified";
}
