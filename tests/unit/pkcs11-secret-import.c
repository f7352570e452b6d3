#include <support/scratch.h>
#include <support/token-session.h>

static saf_secret bytes(unsigned char byte, size_t len)
{
    unsigned char value[SAF_P11_SECRET_MAX + 1];
    saf_secret secret = { 0 };
    memset(value, byte, len);
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of(value, len), NULL), SAF_OK);
    return secret;
}

TEST(an_imported_key_is_protected_and_says_where_it_is_from)
{
    OWN(fixture) f = { 0 };
    OWN(saf_secret) value = bytes(0, 32);
    saf_p11_secret secret;
    enter(&f);
    if (saf_p11_import_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "in" }, &value, &f.err) != SAF_OK)
        fail_msg("%s", f.err.text);
    assert_string_equal(secret.check_value, "6620B3"); /* HMAC-SHA-256 with 32 zero bytes over one */
    assert_int_equal(secret.len, 32);
    assert_true(secret.sensitive && !secret.extractable && secret.signs && secret.verifies && !secret.wraps);
    assert_false(secret.local || secret.always_sensitive || secret.never_extractable);
    assert_int_equal(secret.sequence, 1);
}

TEST(an_imported_aes_key_has_the_length_of_one)
{
    OWN(fixture) f = { 0 };
    OWN(saf_secret) good = bytes(0, 16);
    OWN(saf_secret) bad = bytes(0, 20);
    saf_p11_secret secret;
    const saf_p11_secret_spec spec = { .label = "in", .kind = SAF_P11_AES };
    enter(&f);
    assert_int_equal(saf_p11_import_secret(&secret, f.session, &spec, &bad, &f.err), SAF_E_USAGE);
    assert_int_equal(saf_p11_import_secret(&secret, f.session, &spec, &good, &f.err), SAF_OK);
    assert_string_equal(secret.check_value, "66E94B"); /* FIPS 197: AES-128 with a zero key of a zero block */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(an_imported_key_is_protected_and_says_where_it_is_from),
        IN_SOFTHSM(an_imported_aes_key_has_the_length_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
