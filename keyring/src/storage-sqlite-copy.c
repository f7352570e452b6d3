#include "storage-sqlite.h"

#include <base/fail.h>

#include <time.h>

/* Some megabytes at a time, between which others may write. Each write of another process begins the copy anew, so after a few times it is made
 * in one go. */
enum { PAGES_PER_STEP = 512, ATTEMPTS = 4, WAIT_MS = 20, WAITS_MAX = 500 };

typedef struct storage copy_storage;

static void close_copy(copy_storage *copy)
{
    storage_forget_statements(copy);
    sqlite3_close(copy->db);
    copy->db = NULL;
}

OWN_VALUE(copy_storage, close_copy)

static saf_status open_copy(copy_storage *copy, int flags, saf_error *err)
{
    /* Nobody else opens a copy on its way, and on NFS its owner's flock() would keep out SQLite's own locks. */
    int code = sqlite3_open_v2(copy->path, &copy->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, "unix-none");
    if (code != SQLITE_OK)
        return storage_fail(copy, code, err);
    sqlite3_extended_result_codes(copy->db, 1);
    return SAF_OK;
}

static void wait_a_little(void)
{
    const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };
    nanosleep(&pause, NULL);
}

struct copying {
    sqlite3_backup *backup;
    int copied;   /* pages, after the last step */
    int restarts;
    int waits;
};

/* *code: SQLITE_OK to go on. */
static void step_copy(int *code, struct copying *copying)
{
    *code = sqlite3_backup_step(copying->backup, copying->restarts < ATTEMPTS ? PAGES_PER_STEP : -1);
    if ((*code == SQLITE_BUSY || *code == SQLITE_LOCKED) && copying->waits++ < WAITS_MAX) {
        wait_a_little();
        *code = SQLITE_OK;
        return;
    }
    int copied = sqlite3_backup_pagecount(copying->backup) - sqlite3_backup_remaining(copying->backup);
    if (copied <= copying->copied)
        copying->restarts++;
    copying->copied = copied;
}

static int run_copy(struct copying *copying, saf_store_progress_fn progress, void *context)
{
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
        step_copy(&code, copying);
        if (progress)
            progress(context, (uint64_t)copying->copied, (uint64_t)sqlite3_backup_pagecount(copying->backup));
    }
    return code;
}

saf_status storage_copy(struct storage *storage, const char *path, saf_store_progress_fn progress, void *context, saf_error *err)
{
    OWN(copy_storage) copy = { .path = (char *)(uintptr_t)path };
    SAF_TRY(open_copy(&copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, err));
    /* A copy that was cut short is thrown away: it needs no journal. Its owner flushes it. */
    SAF_TRY(storage_run(&copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", err));
    struct copying copying = { .backup = sqlite3_backup_init(copy.db, "main", storage->db, "main") };
    if (!copying.backup)
        return storage_fail(&copy, sqlite3_errcode(copy.db), err);
    int code = run_copy(&copying, progress, context);
    int end = sqlite3_backup_finish(copying.backup);
    if (code != SQLITE_DONE)
        return storage_fail(code == SQLITE_BUSY || code == SQLITE_LOCKED ? storage : &copy, code, err);
    return end == SQLITE_OK ? SAF_OK : storage_fail(&copy, end, err);
}

/* ---- verifying ---- */

static saf_status check_text(struct storage *copy, const char *sql, const char *expected, const char *what, saf_error *err)
{
    OWN(statement) rows = statement_of(copy, sql);
    bool row;
    SAF_TRY(statement_step(&row, &rows, err));
    const char *text = row ? column_text(&rows, 0) : NULL;
    if (text && !strcmp(text, expected))
        return SAF_OK;
    return saf_fail(err, SAF_E_FAILED, "%s: %s: %.200s", copy->path, what, text ? text : "nothing");
}

saf_status storage_verify_copy(const char *path, const char *id, saf_error *err)
{
    OWN(copy_storage) copy = { .path = (char *)(uintptr_t)path };
    SAF_TRY(open_copy(&copy, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, err));
    SAF_TRY(storage_check_schema(&copy, STORAGE_USE, err));
    SAF_TRY(check_text(&copy, "PRAGMA integrity_check(1)", "ok", "the copy is damaged", err));
    return check_text(&copy, "SELECT CAST(value AS TEXT) FROM setting WHERE name = 'store-id'", id, "the copy is of another store", err);
}
