/* Any text is a list of alternative names or refused with a reason; a list stays one when it is put behind itself. */
#include "fuzz.h"

#include <safring/cert.h>

static saf_status check(const char *text)
{
    saf_error err = { 0 };
    saf_status status = saf_san_check(text, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_USAGE);
    REQUIRE((status == SAF_OK) == (err.text[0] == '\0'));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    char *twice = NULL;
    REQUIRE(text && asprintf(&twice, "%s,%s", text, text) >= 0);
    if (check(text) == SAF_OK && *text)
        REQUIRE(check(twice) == SAF_OK);
    free(twice);
    free(text);
    return 0;
}
