#include <support/cm.h>

#include <base/clock.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    int64_t seconds;
    const char *text;
} times[] = {
    { 0, "1970-01-01T00:00:00Z" },
    { -1, "1969-12-31T23:59:59Z" },
    { 951782400, "2000-02-29T00:00:00Z" },
    { 1709251199, "2024-02-29T23:59:59Z" },
    { 1796083200, "2026-12-01T00:00:00Z" },
    { 2147483648, "2038-01-19T03:14:08Z" },
    { 253402300799, "9999-12-31T23:59:59Z" },
    { -62167219200, "0000-01-01T00:00:00Z" },
};

enum { TIMES = sizeof times / sizeof *times };

static void assert_refused(const char *text)
{
    int64_t seconds = 42;
    saf_error err = { 0 };
    if (saf_time_parse(&seconds, text, &err) != SAF_E_USAGE)
        fail_msg("accepted \"%s\"", text);
    assert_int_equal(seconds, 42);
    assert_non_null(strstr(err.text, text));
}

TEST(format_writes_rfc3339_in_utc)
{
    char out[SAF_TIME_TEXT_SIZE];
    for (size_t i = 0; i < TIMES; i++)
        assert_string_equal(saf_time_format(out, times[i].seconds), times[i].text);
}

TEST(parse_reads_what_format_writes)
{
    for (size_t i = 0; i < TIMES; i++) {
        int64_t seconds = 42;
        assert_int_equal(saf_time_parse(&seconds, times[i].text, NULL), SAF_OK);
        assert_int_equal(seconds, times[i].seconds);
    }
}

TEST(format_clamps_years_that_have_no_four_digits)
{
    char out[SAF_TIME_TEXT_SIZE];
    assert_string_equal(saf_time_format(out, INT64_MAX), "9999-12-31T23:59:59Z");
    assert_string_equal(saf_time_format(out, INT64_MIN), "0000-01-01T00:00:00Z");
}

TEST(format_does_not_depend_on_the_time_zone)
{
    char out[SAF_TIME_TEXT_SIZE];
    int64_t seconds = 42;
    setenv("TZ", "Pacific/Kiritimati", 1);
    tzset();
    assert_string_equal(saf_time_format(out, 0), "1970-01-01T00:00:00Z");
    assert_int_equal(saf_time_parse(&seconds, "1970-01-01T00:00:00Z", NULL), SAF_OK);
    assert_int_equal(seconds, 0);
    unsetenv("TZ");
    tzset();
}

TEST(parse_refuses_dates_that_do_not_exist)
{
    assert_refused("2023-02-29T00:00:00Z");
    assert_refused("2100-02-29T00:00:00Z");
    assert_refused("2026-04-31T00:00:00Z");
    assert_refused("2026-00-10T00:00:00Z");
    assert_refused("2026-13-10T00:00:00Z");
    assert_refused("2026-01-00T00:00:00Z");
}

TEST(parse_refuses_hours_minutes_and_seconds_that_do_not_exist)
{
    assert_refused("2026-01-01T24:00:00Z");
    assert_refused("2026-01-01T00:60:00Z");
    assert_refused("2026-06-30T23:59:60Z");
}

TEST(parse_refuses_every_other_form)
{
    assert_refused("");
    assert_refused("now");
    assert_refused("2026-12-01");
    assert_refused("2026-12-01 00:00:00Z");
    assert_refused("2026-12-01t00:00:00z");
    assert_refused("2026-12-01T00:00:00");
    assert_refused("2026-12-01T00:00:00+00:00");
    assert_refused("2026-12-01T00:00:00.0Z");
    assert_refused("2026-12-01T00:00:00Zulu");
    assert_refused(" 2026-12-01T00:00:00Z");
    assert_refused("-026-12-01T00:00:00Z");
    assert_refused("12026-12-01T00:00:00Z");
}

TEST(now_lies_between_two_looks_at_the_clock)
{
    int64_t before = time(NULL);
    int64_t now = saf_clock_now();
    assert_true(before <= now && now <= time(NULL));
}

/* clock_gettime(CLOCK_REALTIME) is in the next second some milliseconds before time() is. */
TEST(now_is_not_ahead_of_others_when_the_second_turns)
{
    int64_t begin = time(NULL), others = 0;
    do {
        int64_t now = saf_clock_now();
        others = time(NULL);
        assert_true(now <= others);
    } while (others == begin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_writes_rfc3339_in_utc),
        cmocka_unit_test(parse_reads_what_format_writes),
        cmocka_unit_test(format_clamps_years_that_have_no_four_digits),
        cmocka_unit_test(format_does_not_depend_on_the_time_zone),
        cmocka_unit_test(parse_refuses_dates_that_do_not_exist),
        cmocka_unit_test(parse_refuses_hours_minutes_and_seconds_that_do_not_exist),
        cmocka_unit_test(parse_refuses_every_other_form),
        cmocka_unit_test(now_lies_between_two_looks_at_the_clock),
        cmocka_unit_test(now_is_not_ahead_of_others_when_the_second_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
