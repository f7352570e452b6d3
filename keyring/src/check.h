/** @file The parts of a check of the whole store. Each reads page by page and reports what it finds. */
#ifndef KEYRING_CHECK_H
#define KEYRING_CHECK_H

#include "store.h"

enum { CHECK_PAGE = 100, CHECK_PROBLEMS_MAX = 1000 };

typedef struct check check;
struct check {
    saf_store *store;
    const saf_principal *who;
    saf_store_problems found;
    saf_store_progress_fn progress; /* NULL: nobody asks */
    void *context;
    uint64_t done, total;
};

/** One sentence. Beyond CHECK_PROBLEMS_MAX nothing is added. */
saf_status check_report(check *check, saf_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** One more of the total is done. */
void check_advance(check *check);

saf_status check_certificates(check *check, saf_error *err);
saf_status check_issued(check *check, saf_error *err);
saf_status check_keys(check *check, saf_error *err);
saf_status check_publications(check *check, saf_error *err);
saf_status check_files(check *check, saf_error *err);

#endif
