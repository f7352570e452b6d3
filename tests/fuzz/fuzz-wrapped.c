/* Any bytes as the file of a wrapped key: they are refused with a reason, or say something that holds together. */
#include "fuzz.h"

#include <safring/secret-key.h>

#include <string.h>

static void check_about(const saf_p11_wrapped *about)
{
    REQUIRE(*about->label && strlen(about->label) <= SAF_P11_OBJECT_MAX);
    REQUIRE(about->kind == SAF_P11_HMAC || about->kind == SAF_P11_AES);
    REQUIRE(about->len >= 1 && about->len <= SAF_P11_SECRET_MAX);
    REQUIRE(strlen(about->check_value) == 6);
    REQUIRE(about->by_passphrase || (*about->key_label && strlen(about->key_check_value) == 6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saf_p11_wrapped about;
    saf_error err = { 0 };
    saf_status status = saf_p11_read_wrapped(&about, (saf_bytes){ data, size }, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_MALFORMED || status == SAF_E_UNSUPPORTED);
    REQUIRE((status == SAF_OK) == !*err.text);
    if (status == SAF_OK)
        check_about(&about);
    return 0;
}
