#include <support/cm.h>

#include <base/own.h>

#include <safring/secret-key.h>

static void expect_decoded(saf_p11_value_format format, const char *text, const char *value, const char *wanted_alg)
{
    OWN(saf_secret) secret = { 0 };
    char alg[SAF_P11_ALG_MAX + 1];
    saf_error err = { 0 };
    if (saf_p11_decode_secret(&secret, alg, format, saf_bytes_of_text(text), &err) != SAF_OK)
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(secret.len, strlen(value));
    assert_memory_equal(secret.data, value, secret.len);
    assert_string_equal(alg, wanted_alg);
}

static void expect_refused(saf_p11_value_format format, const char *text)
{
    OWN(saf_secret) secret = { 0 };
    char alg[SAF_P11_ALG_MAX + 1];
    saf_error err = { 0 };
    assert_int_equal(saf_p11_decode_secret(&secret, alg, format, saf_bytes_of_text(text), &err), SAF_E_MALFORMED);
    assert_null(secret.data);
}

TEST(decode_takes_all_forms)
{
    expect_decoded(SAF_P11_RAW, "abc\n", "abc\n", "");
    expect_decoded(SAF_P11_HEX, "616263\n", "abc", "");
    expect_decoded(SAF_P11_HEX, "6A6b", "jk", "");
    expect_decoded(SAF_P11_BASE64URL, "YWJj\n", "abc", "");
    expect_decoded(SAF_P11_BASE64URL, "YWI", "ab", "");
    expect_decoded(SAF_P11_JWK, "{\"kty\":\"oct\",\"k\":\"YWJj\"}", "abc", "");
    expect_decoded(SAF_P11_JWK, "{\"kty\":\"oct\",\"alg\":\"HS512\",\"use\":\"sig\",\"kid\":\"1\",\"k\":\"YWJj\"}", "abc", "HS512");
}

TEST(decode_is_strict)
{
    static const char *const hex[] = { "", "\n", "6", "61 62", "0x61", "6g", "61\n\n" };
    static const char *const base64url[] = { "", "YWJj=", "YW+j", "Y", "YWJ/", "YWJj\r\n", "YWK" };
    static const char *const jwk[] = { "", "{}", "{\"kty\":\"RSA\",\"k\":\"YWJj\"}", "{\"kty\":\"oct\"}", "{\"kty\":\"oct\",\"k\":\"\"}",
                                       "{\"kty\":\"oct\",\"k\":1}", "{\"kty\":\"oct\",\"k\":\"YWJj\",\"k\":\"YWJj\"}",
                                       "{\"kty\":\"oct\",\"k\":\"YWJj\",\"alg\":\"HS512\",\"use\":\"enc\"}",
                                       "{\"kty\":\"oct\",\"k\":\"YWJj\",\"alg\":7}", "{\"kty\":\"oct\",\"k\":\"YWJj\"} x", "[]" };
    for (size_t i = 0; i < sizeof hex / sizeof *hex; i++)
        expect_refused(SAF_P11_HEX, hex[i]);
    for (size_t i = 0; i < sizeof base64url / sizeof *base64url; i++)
        expect_refused(SAF_P11_BASE64URL, base64url[i]);
    for (size_t i = 0; i < sizeof jwk / sizeof *jwk; i++)
        expect_refused(SAF_P11_JWK, jwk[i]);
    expect_refused(SAF_P11_RAW, "");
}

TEST(decode_bounds_the_length)
{
    char text[2 * SAF_P11_SECRET_MAX + 4];
    memset(text, '0', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    expect_refused(SAF_P11_RAW, text);
    text[sizeof text - 2] = '\0';
    expect_refused(SAF_P11_HEX, text);
    expect_refused(SAF_P11_BASE64URL, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_takes_all_forms),
        cmocka_unit_test(decode_is_strict),
        cmocka_unit_test(decode_bounds_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
