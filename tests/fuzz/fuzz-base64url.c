/* Whatever decodes has no second spelling, and whatever is encoded decodes to itself. */
#include "fuzz.h"

#include <base/base64url.h>

static void decode_then_encode(saf_bytes text)
{
    size_t len = SIZE_MAX;
    unsigned char *bytes = malloc(saf_base64url_decoded_max(text.len));
    REQUIRE(bytes);
    if (saf_base64url_decode(bytes, &len, text)) {
        REQUIRE(len <= saf_base64url_decoded_max(text.len));
        REQUIRE(saf_base64url_encoded_len(len) == text.len);
        char *again = malloc(text.len + 1);
        REQUIRE(again);
        REQUIRE(saf_base64url_encode(again, saf_bytes_of(bytes, len)) == text.len);
        REQUIRE(memcmp(again, text.data, text.len) == 0);
        free(again);
    }
    free(bytes);
}

static void encode_then_decode(saf_bytes bytes)
{
    size_t text_len = saf_base64url_encoded_len(bytes.len);
    size_t len = SIZE_MAX;
    char *text = malloc(text_len ? text_len : 1);
    unsigned char *again = malloc(saf_base64url_decoded_max(text_len));
    REQUIRE(text && again);
    REQUIRE(saf_base64url_encode(text, bytes) == text_len);
    REQUIRE(saf_base64url_decode(again, &len, saf_bytes_of(text, text_len)));
    REQUIRE(len == bytes.len && memcmp(again, bytes.data, len) == 0);
    free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t none[1];
    saf_bytes input = saf_bytes_of(size ? data : none, size);
    decode_then_encode(input);
    encode_then_decode(input);
    return 0;
}
