#include "storage-sqlite.h"

#include <base/fail.h>

/* "Safr": marks the file as ours, in the SQLite header that file(1) shows. */
#define APPLICATION_ID "1398892146"

/* issuer_digest narrows the key's list down to one CA: two may share a key under different names. Those that are revoked
 * are few among many, so they have indexes of their own: for the CA's list of them, and for a certificate's state. */
#define ISSUED_SQL \
    "CREATE TABLE issued (" \
    " id INTEGER PRIMARY KEY AUTOINCREMENT," \
    " ca_key_id BLOB NOT NULL," \
    " issuer_digest BLOB NOT NULL CHECK (length(issuer_digest) = 32)," \
    " serial TEXT NOT NULL," \
    " der BLOB NOT NULL," \
    " fingerprint BLOB NOT NULL," \
    " not_after INTEGER NOT NULL," \
    " owner TEXT," \
    " label TEXT," \
    " at INTEGER NOT NULL," \
    " revoked_at INTEGER," \
    " revocation_reason INTEGER CHECK (revocation_reason IN (0, 1, 2, 3, 4, 5, 6, 9, 10))," \
    " UNIQUE (ca_key_id, serial)," \
    " CHECK ((owner IS NULL) = (label IS NULL))," \
    " CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))) STRICT;" \
    "CREATE INDEX issued_ca ON issued (ca_key_id, issuer_digest);" \
    "CREATE INDEX issued_revoked ON issued (ca_key_id, issuer_digest) WHERE revoked_at IS NOT NULL;" \
    "CREATE INDEX issued_revoked_fingerprint ON issued (fingerprint, revoked_at) WHERE revoked_at IS NOT NULL;"

#define ADDED_IN_2_SQL \
    "CREATE TABLE crl (" \
    " ca_key_id BLOB NOT NULL," \
    " issuer_digest BLOB NOT NULL CHECK (length(issuer_digest) = 32)," \
    " number INTEGER NOT NULL CHECK (number >= 1)," \
    " at INTEGER NOT NULL," \
    " PRIMARY KEY (ca_key_id, issuer_digest)) STRICT, WITHOUT ROWID;" \
    "CREATE TABLE intent (" \
    " id INTEGER PRIMARY KEY AUTOINCREMENT," \
    " kind INTEGER NOT NULL CHECK (kind IN (0, 1))," \
    " at INTEGER NOT NULL," \
    " uri TEXT NOT NULL) STRICT;" \
    "CREATE INDEX key_uri ON key (uri) WHERE uri IS NOT NULL;"

#define SETTING_SQL \
    "CREATE TABLE setting (" \
    " name TEXT PRIMARY KEY NOT NULL," \
    " value BLOB NOT NULL," \
    " CHECK (name <> 'master' OR CAST(value AS TEXT) IN ('file', 'passphrase', 'credential', 'token'))) STRICT, WITHOUT ROWID;"

/* Not in one text with the rest: C compilers need not take more than 4095 characters. */
static const char ADDED_SQL[] =
    "CREATE INDEX issued_name ON issued (issuer_digest, serial);"
    "CREATE TABLE publication ("
    " dir TEXT PRIMARY KEY NOT NULL,"
    " id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
    " owner TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " user INTEGER NOT NULL CHECK (user BETWEEN 0 AND 0xFFFFFFFE),"
    " with_keys INTEGER NOT NULL CHECK (with_keys IN (0, 1)),"
    " generation INTEGER,"
    " is_ended INTEGER NOT NULL CHECK (is_ended IN (0, 1))) STRICT, WITHOUT ROWID;";

static const char SCHEMA_SQL[] =
    "PRAGMA application_id = " APPLICATION_ID ";"
    "PRAGMA user_version = 2;"
    SETTING_SQL
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
    " requested_at INTEGER,"
    " UNIQUE (owner, label),"
    " UNIQUE (issuer_digest, serial),"
    " CHECK (key IS NULL OR key = key_id)) STRICT;"
    "CREATE INDEX certificate_fingerprint ON certificate (fingerprint);"
    "CREATE INDEX certificate_subject ON certificate (subject_hash);"
    "CREATE INDEX certificate_key ON certificate (key);"
    "CREATE INDEX certificate_key_id ON certificate (key_id);"
    "CREATE INDEX certificate_not_after ON certificate (not_after);"

    ISSUED_SQL ADDED_IN_2_SQL

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
    SAF_TRY(storage_run(storage, SCHEMA_SQL, err));
    return storage_run(storage, ADDED_SQL, err);
}

/* ---- which schema ---- */

static saf_status read_pragma(int64_t *out, struct storage *storage, const char *sql, saf_error *err)
{
    OWN(statement) pragma = statement_of(storage, sql);
    return statement_number(out, &pragma, err);
}

/* Only this may be SAF_E_NOT_FOUND: callers make a store then. */
saf_status storage_fail_unmade(const char *path, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "there is no store: %s is missing or unfinished", path);
    saf_hint(err, "make one with: safring store init");
    return status;
}

saf_status storage_check_schema(struct storage *storage, storage_mode mode, saf_error *err)
{
    int64_t id, version, tables;
    SAF_TRY(read_pragma(&id, storage, "PRAGMA application_id", err));
    SAF_TRY(read_pragma(&version, storage, "PRAGMA user_version", err));
    SAF_TRY(read_pragma(&tables, storage, "SELECT count(*) FROM sqlite_master", err));
    if (id == 0 && version == 0 && tables == 0)
        return mode == STORAGE_MAKE ? SAF_OK : storage_fail_unmade(storage->path, err);
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

saf_status storage_get_schema(unsigned *out, struct storage *storage, saf_error *err)
{
    int64_t version;
    SAF_TRY(read_pragma(&version, storage, "PRAGMA user_version", err));
    *out = (unsigned)version;
    return SAF_OK;
}

/* ---- from schema 1 ---- */

/* Tables are made anew rather than altered, so that a store that was converted is one that could have been made today; the
 * NOT NULL of issued also stops a program of an older release that has the store open. */
static const char RENAME_SQL[] = "ALTER TABLE setting RENAME TO setting_1;" SETTING_SQL
                                 "INSERT INTO setting SELECT name, value FROM setting_1;"
                                 "DROP TABLE setting_1;"
                                 "ALTER TABLE issued RENAME TO issued_1;"
                                 "DROP INDEX issued_fingerprint;" ISSUED_SQL ADDED_IN_2_SQL
                                 "ALTER TABLE certificate ADD COLUMN requested_at INTEGER;";
static const char FINISH_SQL[] = "DROP TABLE issued_1;"
                                 "PRAGMA user_version = 2;";

static saf_status copy_issued(struct storage *storage, statement *row, storage_digester issuer, saf_error *err)
{
    unsigned char digest[SAF_FINGERPRINT_LEN];
    OWN(statement) add =
        statement_of(storage, "INSERT INTO issued (id, ca_key_id, issuer_digest, serial, der, fingerprint, not_after,"
                              " at, revoked_at, revocation_reason)"
                              " SELECT id, ca_key_id, ?1, serial, der, fingerprint, not_after, at, revoked_at,"
                              " revocation_reason FROM issued_1 WHERE id = ?2");
    SAF_TRY(issuer(digest, column_blob(row, 1), err));
    bind_blob(&add, saf_bytes_of(digest, sizeof digest));
    bind_number(&add, column_number(row, 0));
    return statement_run(&add, err);
}

static saf_status copy_all_issued(struct storage *storage, storage_digester issuer, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, "SELECT id, der FROM issued_1 ORDER BY id");
    bool row;
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        SAF_TRY(copy_issued(storage, &rows, issuer, err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

saf_status storage_upgrade_schema(struct storage *storage, storage_digester issuer, saf_error *err)
{
    SAF_TRY(storage_run(storage, RENAME_SQL, err));
    SAF_TRY(storage_run(storage, ADDED_SQL, err));
    SAF_TRY(copy_all_issued(storage, issuer, err));
    return storage_run(storage, FINISH_SQL, err);
}
