/**
 * @file
 * How the code of the house reports a failure: `return saf_fail(err, SAF_E_NOT_FOUND, "no ring %s/%s", …)`.
 *
 * The lowest function that knows what the user would recognise (owner, ring, label, path) writes the
 * text; callers pass it up unchanged. Texts begin in lower case and have no full stop. All of them
 * accept err == NULL. See <safring/status.h> for the convention.
 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include <safring/status.h>

#include <stdio.h>

/** Record a failure and return @p status. */
saf_status saf_fail(saf_error *err, saf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As saf_fail(), with the status that errno stands for (ENOENT: not found, EACCES: denied, else I/O)
 *  and ": " and its text appended. */
saf_status saf_fail_errno(saf_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** As saf_fail() with SAF_E_FAILED, and the reason of OpenSSL's first queued error appended; empties the queue. */
saf_status saf_fail_openssl(saf_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The one text for "no memory". */
saf_status saf_fail_memory(saf_error *err);

/** Add what to do next to the failure recorded in @p err. Replaces an earlier hint. */
void saf_hint(saf_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Beside our own status, say what z/OS would have answered. */
void saf_fail_codes(saf_error *err, int saf, int racf, int reason);

/** `SAF_TRY(f(…));` leaves the function with f's status unless that is SAF_OK. */
#define SAF_TRY(call) \
    do { \
        saf_status try_status_ = (call); \
        if (try_status_ != SAF_OK) \
            return try_status_; \
    } while (0)

#endif
