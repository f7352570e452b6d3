#include "storage-sqlite.h"

#include <base/fail.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* "Safr": marks the file as ours, in the SQLite header that file(1) shows. */
#define APPLICATION_ID "1398892146"

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

/* ---- statements ---- */

statement statement_of(struct storage *storage, const char *sql)
{
    statement made = { .storage = storage };
    made.code = sqlite3_prepare_v2(storage->db, sql, -1, &made.handle, NULL);
    return made;
}

void statement_free(statement *statement)
{
    sqlite3_finalize(statement->handle);
    statement->handle = NULL;
}

static void note(statement *statement, int code)
{
    if (statement->code == SQLITE_OK)
        statement->code = code;
}

void bind_text(statement *statement, const char *text)
{
    note(statement, sqlite3_bind_text(statement->handle, ++statement->bound, text, -1, SQLITE_STATIC));
}

void bind_blob(statement *statement, saf_bytes bytes)
{
    /* SQLite takes a NULL pointer for NULL, also when the length is 0. */
    const void *data = bytes.data ? (const void *)bytes.data : "";
    note(statement, sqlite3_bind_blob64(statement->handle, ++statement->bound, data, bytes.len, SQLITE_STATIC));
}

void bind_optional_blob(statement *statement, saf_bytes bytes)
{
    if (bytes.len)
        bind_blob(statement, bytes);
    else
        note(statement, sqlite3_bind_null(statement->handle, ++statement->bound));
}

void bind_number(statement *statement, int64_t number)
{
    note(statement, sqlite3_bind_int64(statement->handle, ++statement->bound, number));
}

saf_status statement_step(bool *row, statement *statement, saf_error *err)
{
    int code = statement->code;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement->handle);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return SAF_OK;
    return storage_fail(statement->storage, code, err);
}

saf_status statement_run(statement *statement, saf_error *err)
{
    bool row;
    return statement_step(&row, statement, err);
}

saf_status statement_number(int64_t *out, statement *statement, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, statement, err));
    if (!row)
        return fail_failed(statement->storage, SQLITE_CORRUPT, err);
    *out = column_number(statement, 0);
    return SAF_OK;
}

const char *column_text(statement *statement, int column)
{
    return (const char *)sqlite3_column_text(statement->handle, column);
}

saf_bytes column_blob(statement *statement, int column)
{
    const void *data = sqlite3_column_blob(statement->handle, column);
    return saf_bytes_of(data, data ? (size_t)sqlite3_column_bytes(statement->handle, column) : 0);
}

int64_t column_number(statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

saf_status storage_run(struct storage *storage, const char *sql, saf_error *err)
{
    int code = sqlite3_exec(storage->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? SAF_OK : storage_fail(storage, code, err);
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

static saf_status read_pragma(int64_t *out, struct storage *storage, const char *sql, saf_error *err)
{
    OWN(statement) pragma = statement_of(storage, sql);
    return statement_number(out, &pragma, err);
}

/* Only this may be SAF_E_NOT_FOUND: callers make a store then. */
static saf_status fail_unmade(const char *path, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "there is no store: %s is missing or unfinished", path);
    saf_hint(err, "make one with: safring store init");
    return status;
}

static saf_status check_version(struct storage *storage, storage_mode mode, saf_error *err)
{
    int64_t id, version, tables;
    SAF_TRY(read_pragma(&id, storage, "PRAGMA application_id", err));
    SAF_TRY(read_pragma(&version, storage, "PRAGMA user_version", err));
    SAF_TRY(read_pragma(&tables, storage, "SELECT count(*) FROM sqlite_master", err));
    if (id == 0 && version == 0 && tables == 0)
        return mode == STORAGE_MAKE ? SAF_OK : fail_unmade(storage->path, err);
    if (id != strtoll(APPLICATION_ID, NULL, 10) || version < 1)
        return saf_fail(err, SAF_E_FAILED, "%s is not the database of a store", storage->path);
    if (version > STORAGE_SCHEMA) {
        saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s was made by a newer release: schema %lld, not %d",
                                     storage->path, (long long)version, STORAGE_SCHEMA);
        saf_hint(err, "use that release, or a later one");
        return status;
    }
    return mode == STORAGE_USE ? SAF_OK : saf_fail(err, SAF_E_EXISTS, "%s exists already", storage->path);
}

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
        return fail_unmade(dir, err);
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
        return fail_unmade(storage->path, err);
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
    SAF_TRY(check_version(storage, mode, err));
    *out = GIVE(&storage);
    return SAF_OK;
}

void storage_close(struct storage **storage)
{
    if (!*storage)
        return;
    sqlite3_close((*storage)->db);
    free((*storage)->path);
    free(*storage);
    *storage = NULL;
}

/* ---- schema ---- */

static const char SCHEMA_SQL[] =
    "PRAGMA application_id = " APPLICATION_ID ";"
    "PRAGMA user_version = 1;"
    "CREATE TABLE setting ("
    " name TEXT PRIMARY KEY NOT NULL,"
    " value BLOB NOT NULL,"
    " CHECK (name <> 'master' OR CAST(value AS TEXT) IN ('file', 'passphrase'))) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE owner (name TEXT PRIMARY KEY NOT NULL, generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE key ("
    " id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 32),"
    " record_id BLOB NOT NULL UNIQUE CHECK (length(record_id) = 16),"
    " version INTEGER NOT NULL CHECK (version >= 1),"
    " sealed BLOB,"
    " uri TEXT,"
    " CHECK ((sealed IS NULL) <> (uri IS NULL))) STRICT, WITHOUT ROWID;"

    "CREATE TABLE certificate ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " owner TEXT NOT NULL,"
    " label TEXT NOT NULL,"
    " trust INTEGER NOT NULL CHECK (trust IN (0x80000000, 0x40000000, 0x20000000)),"
    " der BLOB NOT NULL,"
    " issuer_digest BLOB NOT NULL,"
    " serial TEXT NOT NULL,"
    " subject_hash INTEGER NOT NULL,"
    " fingerprint BLOB NOT NULL,"
    " key_id BLOB NOT NULL,"
    " key BLOB REFERENCES key (id),"
    " last_serial TEXT,"
    " not_after INTEGER NOT NULL,"
    " UNIQUE (owner, label),"
    " UNIQUE (issuer_digest, serial),"
    " CHECK (key IS NULL OR key = key_id)) STRICT;"
    "CREATE INDEX certificate_fingerprint ON certificate (fingerprint);"
    "CREATE INDEX certificate_subject ON certificate (subject_hash);"
    "CREATE INDEX certificate_key ON certificate (key);"
    "CREATE INDEX certificate_key_id ON certificate (key_id);"
    "CREATE INDEX certificate_not_after ON certificate (not_after);"

    "CREATE TABLE issued ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " ca_key_id BLOB NOT NULL,"
    " serial TEXT NOT NULL,"
    " der BLOB NOT NULL,"
    " fingerprint BLOB NOT NULL,"
    " not_after INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " revoked_at INTEGER,"
    " revocation_reason INTEGER,"
    " UNIQUE (ca_key_id, serial)) STRICT;"
    "CREATE INDEX issued_fingerprint ON issued (fingerprint);"

    "CREATE TABLE ring ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " owner TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " generation INTEGER NOT NULL,"
    " UNIQUE (owner, name)) STRICT;"

    "CREATE TABLE connection ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " ring INTEGER NOT NULL REFERENCES ring (id) ON DELETE CASCADE,"
    " certificate INTEGER NOT NULL REFERENCES certificate (id),"
    " usage INTEGER NOT NULL CHECK (usage IN (0, 2, 8)),"
    " is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),"
    " UNIQUE (ring, certificate)) STRICT;"
    "CREATE UNIQUE INDEX connection_default ON connection (ring) WHERE is_default = 1;"
    "CREATE INDEX connection_certificate ON connection (certificate);"

    "CREATE TABLE policy ("
    " appl TEXT NOT NULL,"
    " user TEXT NOT NULL,"
    " alg TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " kid TEXT NOT NULL,"
    " key_use INTEGER NOT NULL CHECK (key_use IN (0, 1, 2)),"
    " timeout_min INTEGER NOT NULL CHECK (timeout_min BETWEEN 1 AND 1440),"
    " any_appl INTEGER NOT NULL CHECK (any_appl IN (0, 1)),"
    " prot_allowed INTEGER NOT NULL CHECK (prot_allowed IN (0, 1)),"
    " generation INTEGER NOT NULL,"
    " PRIMARY KEY (appl, user)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE audit ("
    " number INTEGER PRIMARY KEY NOT NULL,"
    " at INTEGER NOT NULL,"
    " who TEXT NOT NULL,"
    " action TEXT NOT NULL,"
    " object TEXT NOT NULL,"
    " details TEXT NOT NULL,"
    " fingerprint BLOB,"
    " mac BLOB NOT NULL) STRICT;";

saf_status storage_make_schema(struct storage *storage, saf_error *err)
{
    return storage_run(storage, SCHEMA_SQL, err);
}

/* ---- transactions ---- */

saf_status storage_begin_read(struct storage *storage, saf_error *err)
{
    return storage_run(storage, "BEGIN DEFERRED", err);
}

saf_status storage_begin_write(struct storage *storage, saf_error *err)
{
    return storage_run(storage, "BEGIN IMMEDIATE", err);
}

/* On a full disk SQLite may have rolled back by itself; then there is nothing left to commit, which COMMIT reports. */
saf_status storage_commit(struct storage *storage, saf_error *err)
{
    saf_status status = storage_run(storage, "COMMIT", err);
    if (status != SAF_OK)
        storage_rollback(storage);
    return status;
}

void storage_rollback(struct storage *storage)
{
    if (!sqlite3_get_autocommit(storage->db))
        sqlite3_exec(storage->db, "ROLLBACK", NULL, NULL, NULL);
}

saf_status storage_begin_step(struct storage *storage, saf_error *err)
{
    /* Without a transaction SAVEPOINT would open one of its own, and keeping the step would commit it. */
    if (sqlite3_get_autocommit(storage->db))
        return saf_fail(err, SAF_E_IO, "the change of %s was undone after an earlier failure", storage->path);
    return storage_run(storage, "SAVEPOINT step", err);
}

saf_status storage_keep_step(struct storage *storage, saf_error *err)
{
    return storage_run(storage, "RELEASE step", err);
}

/* If even this fails, only the whole change can be undone. */
void storage_undo_step(struct storage *storage)
{
    if (sqlite3_get_autocommit(storage->db))
        return;
    if (sqlite3_exec(storage->db, "ROLLBACK TO step; RELEASE step", NULL, NULL, NULL) != SQLITE_OK)
        storage_rollback(storage);
}

/* ---- settings and counters ---- */

saf_status storage_get_setting(saf_buffer *out, struct storage *storage, const char *name, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT value FROM setting WHERE name = ?");
    bind_text(&find, name);
    bool row;
    SAF_TRY(statement_step(&row, &find, err));
    if (!row)
        return saf_fail(err, SAF_E_FAILED, "the database %s is damaged: no setting %s", storage->path, name);
    saf_buffer_append(out, column_blob(&find, 0));
    return saf_buffer_check(out, err);
}

saf_status storage_put_setting(struct storage *storage, const char *name, saf_bytes value, saf_error *err)
{
    OWN(statement) put = statement_of(storage, "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)");
    bind_text(&put, name);
    bind_blob(&put, value);
    return statement_run(&put, err);
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
    OWN(statement) find = statement_of(storage, "SELECT coalesce(max(generation), 0) FROM owner WHERE name = ?");
    bind_text(&find, owner);
    int64_t value;
    SAF_TRY(statement_number(&value, &find, err));
    *generation = (uint64_t)value;
    return SAF_OK;
}

saf_status storage_put_owner(struct storage *storage, const char *owner, uint64_t generation, saf_error *err)
{
    OWN(statement) put = statement_of(storage, "INSERT OR REPLACE INTO owner (name, generation) VALUES (?, ?)");
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
