/* Any text is a subject or refused with a reason; a subject stays one when a part is put behind it or before it. */
#include "fuzz.h"

#include <safring/cert.h>

static saf_status check(const char *text)
{
    saf_error err = { 0 };
    saf_status status = saf_subject_check(text, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_USAGE);
    REQUIRE((status == SAF_OK) == (err.text[0] == '\0'));
    return status;
}

static void check_joined(const char *first, const char *separator, const char *second)
{
    char *joined = NULL;
    REQUIRE(asprintf(&joined, "%s%s%s", first, separator, second) >= 0);
    REQUIRE(check(joined) == SAF_OK);
    free(joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    REQUIRE(text);
    if (check(text) == SAF_OK && text[strspn(text, " \t")]) {
        check_joined(text, ",", "CN=x");
        check_joined("CN=x", "+", text);
    }
    free(text);
    return 0;
}
