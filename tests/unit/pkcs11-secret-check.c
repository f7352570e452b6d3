#include <support/scratch.h>
#include <support/token-session.h>

static saf_p11_secret_report check(fixture *f, const saf_p11_secret *secret, const saf_p11_secret_wanted *wanted)
{
    saf_p11_secret_report report;
    saf_p11_uri uri = softhsm_uri(secret->uri);
    if (saf_p11_check_secret(&report, f->session, &uri, wanted, &f->err) != SAF_OK)
        fail_msg("%s", f->err.text);
    return report;
}

TEST(check_finds_nothing_in_what_is_made_here)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret hmac, aes;
    enter(&f);
    assert_int_equal(saf_p11_generate_secret(&hmac, f.session, &(saf_p11_secret_spec) { .label = "h", .len = 64 }, &f.err), SAF_OK);
    assert_int_equal(saf_p11_generate_secret(&aes, f.session, &(saf_p11_secret_spec) { .label = "a", .len = 32, .kind = SAF_P11_AES }, &f.err), SAF_OK);
    assert_int_equal(check(&f, &hmac, NULL).count, 0);
    assert_int_equal(check(&f, &aes, NULL).count, 0);
    assert_int_equal(check(&f, &hmac, &(saf_p11_secret_wanted) { .check_value = hmac.check_value }).count, 0);
}

TEST(check_names_each_thing_that_is_not_as_it_should_be)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret secret;
    enter(&f);
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "w", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED, .end_date = 86400 }, &f.err), SAF_OK);
    saf_p11_secret_report report = check(&f, &secret, &(saf_p11_secret_wanted) { .check_value = "000000" });
    assert_int_equal(report.count, 3);
    assert_string_equal(report.findings[0].name, "leaves");
    assert_string_equal(report.findings[1].name, "ended");
    assert_string_equal(report.findings[1].text, "its last day was 1970-01-02");
    assert_string_equal(report.findings[2].name, "check-value");
    assert_int_equal(check(&f, &secret, &(saf_p11_secret_wanted) { .leaving = SAF_P11_LEAVES_WRAPPED }).count, 1);
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "s", .len = 16, .start_date = 4102444800 }, &f.err), SAF_OK);
    report = check(&f, &secret, NULL);
    assert_string_equal(report.findings[0].name, "too-short");
    assert_string_equal(report.findings[1].name, "not-yet");
    assert_string_equal(report.findings[2].name, "unusable");
    saf_p11_uri uri = softhsm_uri(secret.uri);
    assert_int_equal(saf_p11_check_secret(&report, f.session, &uri, &(saf_p11_secret_wanted) { .check_value = "12345" }, &f.err), SAF_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(check_finds_nothing_in_what_is_made_here),
        IN_SOFTHSM(check_names_each_thing_that_is_not_as_it_should_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
