/* Any bytes as the value of a key: the first byte chooses the form. What is taken has a length that a key can have. */
#include "fuzz.h"

#include <safring/secret-key.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saf_secret value = { 0 };
    saf_error err = { 0 };
    char alg[SAF_P11_ALG_MAX + 1];
    if (!size)
        return 0;
    saf_status status = saf_p11_decode_secret(&value, alg, (saf_p11_value_format)(data[0] % 4), (saf_bytes){ data + 1, size - 1 }, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_MALFORMED);
    REQUIRE((status == SAF_OK) == (value.data != NULL));
    REQUIRE(status != SAF_OK || (value.len >= 1 && value.len <= SAF_P11_SECRET_MAX && strlen(alg) <= SAF_P11_ALG_MAX));
    saf_secret_free(&value);
    return 0;
}
