#include <support/cm.h>

#include <base/base64url.h>

#include <stdio.h>
#include <stdlib.h>

/* RFC 4648 section 10, without the padding; RFC 7515 appendix C */
static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    { "", "" },
    { "f", "Zg" },
    { "fo", "Zm8" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg" },
    { "fooba", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy" },
    { "\x03\xec\xff\xe0\xc1", "A-z_4ME" },
};

enum { VECTORS = sizeof vectors / sizeof *vectors };

/* Exactly as much room as the header asks for, so that a sanitizer sees one byte too many. */
static int decode(char **out, size_t *out_len, const char *text, size_t len)
{
    *out = malloc(saf_base64url_decoded_max(len));
    assert_non_null(*out);
    return saf_base64url_decode((unsigned char *)*out, out_len, saf_bytes_of(text, len));
}

static void assert_refused(const char *text, size_t len)
{
    char *out;
    size_t out_len = 99;
    if (decode(&out, &out_len, text, len))
        fail_msg("decoded \"%s\"", text);
    assert_int_equal(out_len, 99);
    free(out);
}

TEST(encode_gives_the_texts_of_the_rfc)
{
    for (size_t i = 0; i < VECTORS; i++) {
        saf_bytes bytes = saf_bytes_of_text(vectors[i].bytes);
        size_t len = strlen(vectors[i].text);
        assert_int_equal(saf_base64url_encoded_len(bytes.len), len);
        char *out = malloc(len + 1);
        assert_non_null(out);
        assert_int_equal(saf_base64url_encode(out, bytes), len);
        assert_memory_equal(out, vectors[i].text, len);
        free(out);
    }
}

TEST(decode_gives_the_bytes_of_the_rfc)
{
    for (size_t i = 0; i < VECTORS; i++) {
        char *out;
        size_t len;
        assert_true(decode(&out, &len, vectors[i].text, strlen(vectors[i].text)));
        assert_int_equal(len, strlen(vectors[i].bytes));
        assert_memory_equal(out, vectors[i].bytes, len);
        free(out);
    }
}

TEST(every_length_survives_the_round_trip)
{
    unsigned char bytes[259], back[262];
    char text[352];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 151 + 7);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        size_t back_len = 0;
        size_t text_len = saf_base64url_encode(text, saf_bytes_of(bytes, len));
        assert_int_equal(text_len, saf_base64url_encoded_len(len));
        assert_true(saf_base64url_decode(back, &back_len, saf_bytes_of(text, text_len)));
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
    }
}

TEST(decode_refuses_padding)
{
    assert_refused("Zg==", 4);
    assert_refused("Zm8=", 4);
    assert_refused("Zg=", 3);
    assert_refused("Zm9v====", 8);
}

TEST(decode_refuses_the_plain_base64_alphabet)
{
    assert_refused("A+z/", 4);
    assert_refused("A/", 2);
}

TEST(decode_refuses_white_space)
{
    assert_refused(" Zm9v", 5);
    assert_refused("Zm9v\n", 5);
    assert_refused("Zm9 v", 5);
    assert_refused("Zm\r\n9vYg", 8);
}

TEST(decode_refuses_a_length_that_no_value_has)
{
    assert_refused("Z", 1);
    assert_refused("Zm9vY", 5);
}

TEST(decode_refuses_zero_bytes_and_high_bytes)
{
    assert_refused("Zm9\0", 4);
    assert_refused("\0\0", 2);
    assert_refused("Zm9\xff", 4);
    assert_refused("\x80g", 2);
}

/* RFC 4648 3.5 */
TEST(decode_refuses_pad_bits_that_are_not_zero)
{
    assert_refused("Zh", 2);
    assert_refused("Zm9", 3);
    assert_refused("Zm9vYh", 6);
}

/* Whatever decodes, encodes to the same text: there is no second spelling. */
static void assert_canonical(const char *text, size_t len)
{
    unsigned char bytes[8];
    char again[8];
    size_t bytes_len;
    if (!saf_base64url_decode(bytes, &bytes_len, saf_bytes_of(text, len)))
        return;
    if (saf_base64url_encode(again, saf_bytes_of(bytes, bytes_len)) != len || memcmp(again, text, len) != 0)
        fail_msg("\"%.*s\" is a second spelling", (int)len, text);
}

TEST(every_value_has_one_spelling)
{
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char text[] = { (char)a, (char)b, (char)(a ^ b), 'A' };
            assert_canonical(text, 2);
            assert_canonical(text, 3);
            assert_canonical(text, 4);
        }
}

TEST(decode_accepts_64_characters_and_no_others)
{
    int accepted = 0;
    for (int c = 0; c < 256; c++) {
        const char text[] = { 'A', 'A', 'A', (char)c };
        unsigned char bytes[5];
        size_t len;
        accepted += saf_base64url_decode(bytes, &len, saf_bytes_of(text, sizeof text));
    }
    assert_int_equal(accepted, 64);
}

TEST(nothing_may_be_borrowed_from_nowhere)
{
    size_t len = 99;
    unsigned char out[2];
    assert_int_equal(saf_base64url_encode((char *)out, saf_bytes_of(NULL, 0)), 0);
    assert_true(saf_base64url_decode(out, &len, saf_bytes_of(NULL, 0)));
    assert_int_equal(len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_gives_the_texts_of_the_rfc),
        cmocka_unit_test(decode_gives_the_bytes_of_the_rfc),
        cmocka_unit_test(every_length_survives_the_round_trip),
        cmocka_unit_test(decode_refuses_padding),
        cmocka_unit_test(decode_refuses_the_plain_base64_alphabet),
        cmocka_unit_test(decode_refuses_white_space),
        cmocka_unit_test(decode_refuses_a_length_that_no_value_has),
        cmocka_unit_test(decode_refuses_zero_bytes_and_high_bytes),
        cmocka_unit_test(decode_refuses_pad_bits_that_are_not_zero),
        cmocka_unit_test(every_value_has_one_spelling),
        cmocka_unit_test(decode_accepts_64_characters_and_no_others),
        cmocka_unit_test(nothing_may_be_borrowed_from_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
