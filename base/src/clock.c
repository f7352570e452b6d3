#include <base/clock.h>
#include <base/fail.h>

#include <string.h>
#include <time.h>

static const int64_t first_second = -62167219200; /* 0000-01-01T00:00:00Z */
static const int64_t last_second = 253402300799;  /* 9999-12-31T23:59:59Z */

/* Not clock_gettime(CLOCK_REALTIME), whose second turns up to a tick earlier: libcrypto and most others judge by time(), and what begins
 * now has to have begun for them. */
int64_t saf_clock_now(void)
{
    return time(NULL);
}

char *saf_time_format(char out[SAF_TIME_TEXT_SIZE], int64_t seconds)
{
    time_t clamped = seconds < first_second ? first_second : seconds > last_second ? last_second : seconds;
    struct tm tm = { 0 };
    gmtime_r(&clamped, &tm);
    snprintf(out, SAF_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    return out;
}

/* Every digit of the pattern is any digit of the text, everything else is itself. */
static int has_shape(const char *text, const char *pattern)
{
    for (; *pattern; text++, pattern++) {
        int is_digit = *text >= '0' && *text <= '9';
        if (*pattern == '0' ? !is_digit : *text != *pattern)
            return 0;
    }
    return *text == '\0';
}

static int number(const char *digits, int len)
{
    int value = 0;
    for (int i = 0; i < len; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

/* timegm() carries the 31st of February over into March; what it changed was not a date. */
static int is_unchanged(const struct tm *asked, const struct tm *carried)
{
    return asked->tm_year == carried->tm_year && asked->tm_mon == carried->tm_mon &&
           asked->tm_mday == carried->tm_mday && asked->tm_hour == carried->tm_hour &&
           asked->tm_min == carried->tm_min && asked->tm_sec == carried->tm_sec;
}

saf_status saf_time_parse(int64_t *seconds, const char *text, saf_error *err)
{
    if (!has_shape(text, "0000-00-00T00:00:00Z"))
        return saf_fail(err, SAF_E_USAGE, "\"%s\" is not a time of the form 2026-12-01T00:00:00Z", text);
    struct tm asked = {
        .tm_year = number(text, 4) - 1900,
        .tm_mon = number(text + 5, 2) - 1,
        .tm_mday = number(text + 8, 2),
        .tm_hour = number(text + 11, 2),
        .tm_min = number(text + 14, 2),
        .tm_sec = number(text + 17, 2),
    };
    struct tm carried = asked;
    int64_t result = timegm(&carried);
    if (!is_unchanged(&asked, &carried))
        return saf_fail(err, SAF_E_USAGE, "there is no time %s", text);
    *seconds = result;
    return SAF_OK;
}
