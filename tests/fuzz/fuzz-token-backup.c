/* Whatever passes for a backup of a token says which token it is, and has its token.object. */
#include "fuzz.h"

#include <safring/token.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saf_token_backup_info info;
    saf_error err = { 0 };
    saf_status status = saf_token_backup_read(&info, saf_bytes_of(data, size), &err);
    REQUIRE(status == SAF_OK || status == SAF_E_MALFORMED);
    REQUIRE(status == SAF_OK || *err.text);
    if (status == SAF_OK)
        REQUIRE(strlen(info.label) <= SAF_P11_LABEL_MAX && strlen(info.serial) <= 16 && info.objects < size / 512);
    return 0;
}
