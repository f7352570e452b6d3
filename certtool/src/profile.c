#include "profile.h"
#include "quote.h"

#include <base/fail.h>

#include <assert.h>

/* RFC 5280 4.2.1.3: conforming CAs mark keyUsage critical.
 * RFC 5280 4.2.1.12: extendedKeyUsage may be either; critical ones break old peers. */
static const profile_facts PROFILES[] = {
    [SAF_PROFILE_CA] = { "ca", "critical,digitalSignature,keyCertSign,cRLSign",
                         "critical,digitalSignature,keyCertSign,cRLSign", NULL, SAF_VALID_DAYS_CA },
    [SAF_PROFILE_SERVER] = { "server", "critical,digitalSignature", "critical,digitalSignature,keyEncipherment",
                             "serverAuth", SAF_VALID_DAYS_LEAF },
    [SAF_PROFILE_CLIENT] = { "client", "critical,digitalSignature", "critical,digitalSignature,keyEncipherment",
                             "clientAuth", SAF_VALID_DAYS_LEAF },
    [SAF_PROFILE_ZOWE] = { "zowe", "critical,digitalSignature", "critical,digitalSignature,keyEncipherment",
                           "serverAuth,clientAuth", SAF_VALID_DAYS_LEAF },
};

static_assert(sizeof PROFILES / sizeof *PROFILES == PROFILE_COUNT);

const profile_facts *profile_facts_of(saf_profile profile)
{
    return (unsigned)profile < PROFILE_COUNT ? &PROFILES[profile] : NULL;
}

saf_status saf_profile_parse(saf_profile *out, const char *name, saf_error *err)
{
    for (unsigned i = 0; name && i < PROFILE_COUNT; i++)
        if (i != SAF_PROFILE_CA && !strcmp(name, PROFILES[i].name)) {
            *out = (saf_profile)i;
            return SAF_OK;
        }
    return saf_fail(err, SAF_E_USAGE, "\"%s\" is not a profile; known are server, client and zowe", quote_text(name ? name : "").text);
}
