#include "storage-sqlite.h"

#include <base/fail.h>
#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

static saf_status status_of_code(int code)
{
    switch (code & 0xFF) {
    case SQLITE_NOMEM:
        return SAF_E_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SAF_E_BUSY;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return SAF_E_DENIED;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? SAF_E_MEMORY : SAF_E_IO;
    case SQLITE_FULL:
        return SAF_E_IO;
    default:
        return SAF_E_FAILED;
    }
}

static saf_status fail_failed(struct storage *storage, int code, saf_error *err)
{
    int primary = code & 0xFF;
    if (primary == SQLITE_NOTADB)
        return saf_fail(err, SAF_E_FAILED, "%s is not a database", storage->path);
    if (primary == SQLITE_CORRUPT)
        return saf_fail(err, SAF_E_FAILED, "the database %s is damaged", storage->path);
    return saf_fail(err, SAF_E_FAILED, "database %s: %s", storage->path, sqlite3_errmsg(storage->db));
}

static saf_status fail_busy(struct storage *storage, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_BUSY, "the database %s is locked by another process", storage->path);
    saf_hint(err, "try again");
    return status;
}

saf_status storage_fail(struct storage *storage, int code, saf_error *err)
{
    saf_status status = status_of_code(code);
    switch (status) {
    case SAF_E_MEMORY:
        return saf_fail_memory(err);
    case SAF_E_BUSY:
        return fail_busy(storage, err);
    case SAF_E_DENIED:
        return saf_fail(err, status, "cannot open or write the database %s: %s", storage->path,
                        sqlite3_errstr(code & 0xFF));
    case SAF_E_IO:
        return saf_fail(err, status, "cannot read or write the database %s: %s", storage->path,
                        sqlite3_errstr(code & 0xFF));
    default:
        return fail_failed(storage, code, err);
    }
}

saf_status storage_fail_value(const struct storage *storage, const char *what, saf_error *err)
{
    return saf_fail(err, SAF_E_FAILED, "the database %s is damaged: %s", storage->path, what);
}

/* ---- opening ---- */

/* synchronous=EXTRA also flushes the directory after the journal's end, without which a power cut may bring the journal
 * back and undo a commit that was reported. */
static const char SETUP_SQL[] = "PRAGMA journal_mode = DELETE;"
                                "PRAGMA foreign_keys = ON;"
                                "PRAGMA trusted_schema = OFF;"
                                "PRAGMA synchronous = EXTRA;"
                                "PRAGMA mmap_size = 0;"
                                "PRAGMA cell_size_check = ON;"
                                "PRAGMA secure_delete = ON;"
                                "PRAGMA temp_store = MEMORY;";

static saf_status configure(struct storage *storage, unsigned busy_timeout_ms, saf_error *err)
{
    sqlite3_extended_result_codes(storage->db, 1);
    sqlite3_busy_timeout(storage->db, busy_timeout_ms > INT32_MAX ? INT32_MAX : (int)busy_timeout_ms);
    sqlite3_db_config(storage->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(storage->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(storage->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    return storage_run(storage, SETUP_SQL, err);
}

/* SQLite would make the file with the umask's mode, and the journal takes the database's. */
static saf_status make_file(const char *path, saf_error *err)
{
    /* Not opened when it is there: closing it would release the locks that this process has on it (POSIX). */
    OWN(own_fd) file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0 && errno != EEXIST)
        return saf_fail_errno(err, "cannot make %s", path);
    return SAF_OK;
}

static bool is_missing(int number)
{
    return number == ENOENT || number == ENOTDIR;
}

/* SQLITE_OPEN_NOFOLLOW refuses a symbolic link anywhere in the path; links above the store are the administrator's
 * business, so they are resolved first. */
static saf_status find_path(struct storage *storage, const char *dir, saf_error *err)
{
    OWN(own_text) real = realpath(dir, NULL);
    if (!real && is_missing(errno))
        return storage_fail_unmade(dir, err);
    if (!real)
        return saf_fail_errno(err, "cannot open the store %s", dir);
    return asprintf(&storage->path, "%s/store.db", real) < 0 ? saf_fail_memory(err) : SAF_OK;
}

/* What may not be looked at may well be there. */
static saf_status check_there(const struct storage *storage, saf_error *err)
{
    struct stat about;
    if (lstat(storage->path, &about) == 0)
        return SAF_OK;
    if (is_missing(errno))
        return storage_fail_unmade(storage->path, err);
    return saf_fail_errno(err, "cannot open the database %s", storage->path);
}

typedef struct storage storage_handle;
OWN_HANDLE(storage_handle, storage_close)

saf_status storage_open(struct storage **out, const char *dir, storage_mode mode, unsigned busy_timeout_ms,
                        saf_error *err)
{
    OWN(storage_handle) *storage = calloc(1, sizeof *storage);
    if (!storage)
        return saf_fail_memory(err);
    SAF_TRY(find_path(storage, dir, err));
    SAF_TRY(mode == STORAGE_MAKE ? make_file(storage->path, err) : check_there(storage, err));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(storage->path, &storage->db, flags, NULL);
    if (code != SQLITE_OK)
        return storage_fail(storage, code, err);
    SAF_TRY(configure(storage, busy_timeout_ms, err));
    sum_watch(storage);
    SAF_TRY(storage_check_schema(storage, mode, err));
    *out = GIVE(&storage);
    return SAF_OK;
}

void storage_close(struct storage **storage)
{
    if (!*storage)
        return;
    storage_forget_statements(*storage);
    sum_free(*storage);
    sqlite3_close((*storage)->db);
    free((*storage)->path);
    free(*storage);
    *storage = NULL;
}

void storage_authenticate_with(struct storage *storage, const struct storage_authenticator *authenticator, void *context)
{
    storage->authenticator = authenticator;
    storage->authenticator_context = context;
}

void storage_read_unverified(struct storage *storage, bool unverified)
{
    storage->reads_unverified = unverified;
}

/* ---- transactions ---- */

static saf_status run_kept(struct storage *storage, const char *sql, saf_error *err)
{
    OWN(statement) kept = statement_of(storage, sql);
    return statement_run(&kept, err);
}

saf_status storage_begin_read(struct storage *storage, saf_error *err)
{
    return run_kept(storage, "BEGIN DEFERRED", err);
}

saf_status storage_begin_write(struct storage *storage, saf_error *err)
{
    SAF_TRY(run_kept(storage, "BEGIN IMMEDIATE", err));
    saf_status status = sum_begin(storage, err);
    if (status != SAF_OK)
        storage_rollback(storage);
    return status;
}

/* The journal is gone, so the change has happened; what failed is flushing the directory that it is gone from, without which a power cut may bring it
 * back. Once more, then it is the caller's to know. */
static saf_status flush_again(const struct storage *storage, saf_error *err)
{
    OWN(own_text) path = strdup(storage->path);
    if (!path)
        return saf_fail_memory(err);
    if (saf_directory_sync(dirname(path), NULL) == SAF_OK)
        return SAF_OK;
    return saf_fail(err, SAF_E_IO, "the change of %s is made, but could not be flushed to disk: a power cut may undo it", storage->path);
}

/* On a full disk SQLite may have rolled back by itself; then there is nothing left to commit, which COMMIT reports. */
saf_status storage_commit(struct storage *storage, saf_error *err)
{
    saf_status status = sum_finish(storage, err);
    if (status != SAF_OK) {
        storage_rollback(storage);
        return status;
    }
    status = run_kept(storage, "COMMIT", err);
    bool is_done = status != SAF_OK && sqlite3_extended_errcode(storage->db) == SQLITE_IOERR_DIR_FSYNC;
    if (status == SAF_OK)
        sum_end(storage);
    else
        storage_rollback(storage);
    return is_done ? flush_again(storage, err) : status;
}

void storage_rollback(struct storage *storage)
{
    if (!sqlite3_get_autocommit(storage->db))
        sqlite3_exec(storage->db, "ROLLBACK", NULL, NULL, NULL);
    sum_end(storage);
}

static saf_status fail_undone(const struct storage *storage, saf_error *err)
{
    return saf_fail(err, SAF_E_IO, "the change of %s was undone after an earlier failure", storage->path);
}

/* All steps have one name: SQLite means the innermost. */
saf_status storage_begin_step(struct storage *storage, saf_error *err)
{
    /* Without a transaction SAVEPOINT would open one of its own, and keeping the step would commit it. */
    if (sqlite3_get_autocommit(storage->db))
        return fail_undone(storage, err);
    SAF_TRY(run_kept(storage, "SAVEPOINT step", err));
    saf_status status = sum_begin_step(storage, err);
    if (status != SAF_OK) /* no memory: nothing is to go on */
        storage_rollback(storage);
    return status;
}

saf_status storage_keep_step(struct storage *storage, saf_error *err)
{
    if (sqlite3_get_autocommit(storage->db))
        return fail_undone(storage, err);
    SAF_TRY(run_kept(storage, "RELEASE step", err));
    sum_keep_step(storage);
    return SAF_OK;
}

/* If even this fails, only the whole change can be undone. */
void storage_undo_step(struct storage *storage)
{
    if (sqlite3_get_autocommit(storage->db))
        return;
    if (sqlite3_exec(storage->db, "ROLLBACK TO step; RELEASE step", NULL, NULL, NULL) != SQLITE_OK)
        storage_rollback(storage);
    else
        sum_undo_step(storage);
}

/* ---- settings and counters ---- */

saf_status storage_find_setting(bool *found, saf_buffer *out, struct storage *storage, const char *name, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT value FROM setting WHERE name = ?");
    bind_text(&find, name);
    SAF_TRY(statement_step(found, &find, err));
    if (*found)
        saf_buffer_append(out, column_blob(&find, 0));
    return saf_buffer_check(out, err);
}

saf_status storage_get_setting(saf_buffer *out, struct storage *storage, const char *name, saf_error *err)
{
    bool found;
    SAF_TRY(storage_find_setting(&found, out, storage, name, err));
    if (!found)
        return saf_fail(err, SAF_E_FAILED, "the database %s is damaged: no setting %s", storage->path, name);
    return SAF_OK;
}

saf_status storage_put_setting(struct storage *storage, const char *name, saf_bytes value, saf_error *err)
{
    OWN(statement) put = statement_of(storage, "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)");
    bind_text(&put, name);
    bind_blob(&put, value);
    return statement_run(&put, err);
}

saf_status storage_delete_setting(struct storage *storage, const char *name, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM setting WHERE name = ?");
    bind_text(&gone, name);
    return statement_run(&gone, err);
}

saf_status storage_get_counter(uint64_t *out, struct storage *storage, const char *name, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT coalesce(max(value), 0) FROM counter WHERE name = ?");
    bind_text(&find, name);
    int64_t value;
    SAF_TRY(statement_number(&value, &find, err));
    *out = (uint64_t)value;
    return SAF_OK;
}

saf_status storage_put_counter(struct storage *storage, const char *name, uint64_t value, saf_error *err)
{
    OWN(statement) put = statement_of(storage, "INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)");
    bind_text(&put, name);
    bind_number(&put, (int64_t)value);
    return statement_run(&put, err);
}

saf_status storage_next_generation(uint64_t *out, struct storage *storage, saf_error *err)
{
    OWN(statement) next = statement_of(storage, "INSERT INTO counter (name, value) VALUES ('change', 1)"
                                                " ON CONFLICT (name) DO UPDATE SET value = value + 1"
                                                " RETURNING value");
    int64_t value;
    SAF_TRY(statement_number(&value, &next, err));
    *out = (uint64_t)value;
    return SAF_OK;
}

saf_status storage_get_owner(uint64_t *generation, struct storage *storage, const char *owner, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT " OWNER_ROW " FROM owner AS o WHERE o.name = ?");
    bind_text(&find, owner);
    bool row;
    *generation = 0;
    SAF_TRY(statement_step(&row, &find, err));
    if (!row)
        return SAF_OK;
    SAF_TRY(row_verify(&find, ROW_OWNER, 0, err));
    SAF_TRY(row_expect(&find, column_is(&find, 0, owner), err));
    *generation = (uint64_t)column_number(&find, 1);
    return SAF_OK;
}

saf_status storage_put_owner(struct storage *storage, const char *owner, uint64_t generation, saf_error *err)
{
    OWN(statement) put = statement_of(storage, "INSERT INTO owner (name, generation) VALUES (?, ?)"
                                               " ON CONFLICT (name) DO UPDATE SET generation = excluded.generation");
    bind_text(&put, owner);
    bind_number(&put, (int64_t)generation);
    return statement_run(&put, err);
}

saf_status storage_count(saf_store_info *out, struct storage *storage, saf_error *err)
{
    OWN(statement) count = statement_of(storage, "SELECT (SELECT count(*) FROM certificate),"
                                                 " (SELECT count(*) FROM ring), (SELECT count(*) FROM policy),"
                                                 " (SELECT count(*) FROM audit)");
    bool row;
    SAF_TRY(statement_step(&row, &count, err));
    out->certificates = (uint64_t)column_number(&count, 0);
    out->rings = (uint64_t)column_number(&count, 1);
    out->policies = (uint64_t)column_number(&count, 2);
    out->audit_records = (uint64_t)column_number(&count, 3);
    return SAF_OK;
}
