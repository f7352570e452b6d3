/** @file Time as seconds since 1970-01-01 UTC, and its RFC 3339 text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <safring/status.h>

#include <stdint.h>

enum { SAF_TIME_TEXT_SIZE = 24 }; /* "2026-12-01T00:00:00Z", room for a sign and a fifth digit */

/** Now, by the clock of time(3), which libcrypto judges certificates by. */
int64_t saf_clock_now(void);

/** "2026-12-01T00:00:00Z"; years outside 0000-9999 are clamped. Returns @p out. */
char *saf_time_format(char out[SAF_TIME_TEXT_SIZE], int64_t seconds);

/** Read exactly that form. SAF_E_USAGE. */
saf_status saf_time_parse(int64_t *seconds, const char *text, saf_error *err);

#endif
