#include "storage-sqlite.h"

#include <base/fail.h>

/* "Safr": marks the file as ours, in the SQLite header that file(1) shows. */
#define APPLICATION_ID "1398892146"

/* Until a row has its MAC, when the statement that makes it is done: see storage-sqlite-sum.c. It has the same length, so that the row need not move. */
#define MAC " mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000'"

/* issuer_digest narrows the key's list down to one CA: two may share a key under different names. Those that are revoked
 * are few among many, so they have an index of their own for the CA's list of them. */
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
    MAC "," \
    " UNIQUE (ca_key_id, serial)," \
    " CHECK ((owner IS NULL) = (label IS NULL))," \
    " CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))) STRICT;" \
    "CREATE INDEX issued_ca ON issued (ca_key_id, issuer_digest);" \
    "CREATE INDEX issued_revoked ON issued (ca_key_id, issuer_digest) WHERE revoked_at IS NOT NULL;" \
    "CREATE INDEX issued_fingerprint ON issued (fingerprint, revoked_at);"

#define ADDED_IN_2_SQL \
    "CREATE TABLE crl (" \
    " ca_key_id BLOB NOT NULL," \
    " issuer_digest BLOB NOT NULL CHECK (length(issuer_digest) = 32)," \
    " number INTEGER NOT NULL CHECK (number >= 1)," \
    " at INTEGER NOT NULL," \
    MAC "," \
    " PRIMARY KEY (ca_key_id, issuer_digest)) STRICT, WITHOUT ROWID;" \
    "CREATE TABLE intent (" \
    " id INTEGER PRIMARY KEY AUTOINCREMENT," \
    " kind INTEGER NOT NULL CHECK (kind IN (0, 1))," \
    " at INTEGER NOT NULL," \
    " uri TEXT NOT NULL," \
    MAC ") STRICT;" \
    "CREATE INDEX key_uri ON key (uri) WHERE uri IS NOT NULL;"

#define RINGS_SQL \
    "CREATE TABLE ring (" \
    " id INTEGER PRIMARY KEY AUTOINCREMENT," \
    " owner TEXT NOT NULL," \
    " name TEXT NOT NULL," \
    " generation INTEGER NOT NULL," \
    " shrunk INTEGER NOT NULL," \
    MAC "," \
    " UNIQUE (owner, name)) STRICT;" \
    "CREATE TABLE connection (" \
    " id INTEGER PRIMARY KEY AUTOINCREMENT," \
    " ring INTEGER NOT NULL REFERENCES ring (id) ON DELETE CASCADE," \
    " certificate INTEGER NOT NULL REFERENCES certificate (id)," \
    " usage INTEGER NOT NULL CHECK (usage IN (0, 2, 8))," \
    " is_default INTEGER NOT NULL CHECK (is_default IN (0, 1))," \
    " changed INTEGER NOT NULL," \
    MAC "," \
    " UNIQUE (ring, certificate)) STRICT;" \
    "CREATE UNIQUE INDEX connection_default ON connection (ring) WHERE is_default = 1;" \
    "CREATE INDEX connection_certificate ON connection (certificate);" \
    "CREATE INDEX connection_ring ON connection (ring);" \
    "CREATE INDEX connection_changed ON connection (ring, changed);"

#define SETTING_SQL \
    "CREATE TABLE setting (" \
    " name TEXT PRIMARY KEY NOT NULL," \
    " value BLOB NOT NULL," \
    " CHECK (name <> 'master' OR CAST(value AS TEXT) IN ('file', 'passphrase', 'credential', 'token'))) STRICT, WITHOUT ROWID;"

#define OWNER_SQL \
    "CREATE TABLE owner (" \
    " name TEXT PRIMARY KEY NOT NULL," \
    " generation INTEGER NOT NULL," \
    MAC ") STRICT, WITHOUT ROWID;"

#define KEY_SQL \
    "CREATE TABLE key (" \
    " id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 32)," \
    " record_id BLOB NOT NULL UNIQUE CHECK (length(record_id) = 16)," \
    " version INTEGER NOT NULL CHECK (version >= 1)," \
    " sealed BLOB," \
    " uri TEXT," \
    MAC "," \
    " CHECK ((sealed IS NULL) <> (uri IS NULL))) STRICT, WITHOUT ROWID;"

/* Whether it is revoked is what issued says of its fingerprint. */
#define CERTIFICATE_SQL \
    "CREATE TABLE certificate (" \
    " id INTEGER PRIMARY KEY AUTOINCREMENT," \
    " owner TEXT NOT NULL," \
    " label TEXT NOT NULL," \
    " trust INTEGER NOT NULL CHECK (trust IN (0x80000000, 0x40000000, 0x20000000))," \
    " der BLOB NOT NULL," \
    " issuer_digest BLOB NOT NULL," \
    " serial TEXT NOT NULL," \
    " subject_hash INTEGER NOT NULL," \
    " fingerprint BLOB NOT NULL," \
    " key_id BLOB NOT NULL," \
    " key BLOB REFERENCES key (id)," \
    " last_serial TEXT," \
    " not_after INTEGER NOT NULL," \
    " requested_at INTEGER," \
    " revoked_at INTEGER," \
    " revocation_reason INTEGER CHECK (revocation_reason IN (0, 1, 2, 3, 4, 5, 6, 9, 10))," \
    MAC "," \
    " UNIQUE (owner, label)," \
    " UNIQUE (issuer_digest, serial)," \
    " CHECK (key IS NULL OR key = key_id)," \
    " CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))) STRICT;" \
    "CREATE INDEX certificate_fingerprint ON certificate (fingerprint);" \
    "CREATE INDEX certificate_subject ON certificate (subject_hash);" \
    "CREATE INDEX certificate_key ON certificate (key);" \
    "CREATE INDEX certificate_key_id ON certificate (key_id);" \
    "CREATE INDEX certificate_not_after ON certificate (not_after);"

#define POLICY_SQL \
    "CREATE TABLE policy (" \
    " appl TEXT NOT NULL," \
    " user TEXT NOT NULL," \
    " alg TEXT NOT NULL," \
    " key TEXT NOT NULL," \
    " kid TEXT NOT NULL," \
    " key_use INTEGER NOT NULL CHECK (key_use IN (0, 1, 2))," \
    " timeout_min INTEGER NOT NULL CHECK (timeout_min BETWEEN 1 AND 1440)," \
    " any_appl INTEGER NOT NULL CHECK (any_appl IN (0, 1))," \
    " prot_allowed INTEGER NOT NULL CHECK (prot_allowed IN (0, 1))," \
    " generation INTEGER NOT NULL," \
    MAC "," \
    " PRIMARY KEY (appl, user)) STRICT, WITHOUT ROWID;"

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
    " is_ended INTEGER NOT NULL CHECK (is_ended IN (0, 1)),"
    MAC ") STRICT, WITHOUT ROWID;";

static const char SCHEMA_SQL[] =
    "PRAGMA application_id = " APPLICATION_ID ";"
    "PRAGMA user_version = 2;"
    SETTING_SQL
    "CREATE TABLE counter (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    OWNER_SQL KEY_SQL;

static const char CERTIFICATES_SQL[] =
    CERTIFICATE_SQL ISSUED_SQL ADDED_IN_2_SQL;

static const char REST_SQL[] =
    RINGS_SQL POLICY_SQL

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
    sum_begin_new(storage);
    SAF_TRY(storage_run(storage, SCHEMA_SQL, err));
    SAF_TRY(storage_run(storage, CERTIFICATES_SQL, err));
    SAF_TRY(storage_run(storage, REST_SQL, err));
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

/* Tables are made anew rather than altered, so that a store that was converted is one that could have been made today, and its rows get MACs as they are
 * copied; the NOT NULL of issued also stops a program of an older release that has the store open. References follow a table that is renamed. Numbers are
 * never used twice, also when the highest row is gone. */
static const char *const RENAME_SQL[] = {
    "ALTER TABLE setting RENAME TO setting_1;" SETTING_SQL "INSERT INTO setting SELECT name, value FROM setting_1; DROP TABLE setting_1;",
    "ALTER TABLE owner RENAME TO owner_1; ALTER TABLE policy RENAME TO policy_1; ALTER TABLE key RENAME TO key_1;" OWNER_SQL POLICY_SQL KEY_SQL,
    "DROP INDEX issued_fingerprint; DROP INDEX certificate_fingerprint; DROP INDEX certificate_subject; DROP INDEX certificate_key;"
    "DROP INDEX certificate_key_id; DROP INDEX certificate_not_after; ALTER TABLE issued RENAME TO issued_1;"
    "ALTER TABLE certificate RENAME TO certificate_1;" CERTIFICATE_SQL,
    ISSUED_SQL ADDED_IN_2_SQL,
    "DROP INDEX connection_default; DROP INDEX connection_certificate; ALTER TABLE connection RENAME TO connection_1;"
    "ALTER TABLE ring RENAME TO ring_1;" RINGS_SQL,
};
static const char *const COPY_SQL[] = {
    "INSERT INTO owner (name, generation) SELECT name, generation FROM owner_1;",
    "INSERT INTO policy (appl, user, alg, key, kid, key_use, timeout_min, any_appl, prot_allowed, generation)"
    " SELECT appl, user, alg, key, kid, key_use, timeout_min, any_appl, prot_allowed, generation FROM policy_1;",
    "INSERT INTO key (id, record_id, version, sealed, uri) SELECT id, record_id, version, sealed, uri FROM key_1;",
    "INSERT INTO certificate (id, owner, label, trust, der, issuer_digest, serial, subject_hash, fingerprint, key_id, key, last_serial, not_after,"
    " revoked_at, revocation_reason) SELECT c.id, c.owner, c.label, c.trust, c.der, c.issuer_digest, c.serial, c.subject_hash, c.fingerprint, c.key_id,"
    " c.key, c.last_serial, c.not_after, i.revoked_at, i.revocation_reason FROM certificate_1 AS c LEFT JOIN issued AS i ON i.id = (SELECT id FROM issued"
    " WHERE fingerprint = c.fingerprint AND revoked_at IS NOT NULL ORDER BY revoked_at LIMIT 1);",
    "INSERT INTO ring (id, owner, name, generation, shrunk) SELECT id, owner, name, generation, generation FROM ring_1;"
    "INSERT INTO connection (id, ring, certificate, usage, is_default, changed) SELECT n.id, n.ring, n.certificate, n.usage, n.is_default, r.generation"
    " FROM connection_1 AS n JOIN ring_1 AS r ON r.id = n.ring;",
    "DELETE FROM sqlite_sequence WHERE name IN ('ring', 'connection', 'certificate', 'issued');"
    "INSERT INTO sqlite_sequence (name, seq) SELECT substr(name, 1, length(name) - 2), seq"
    " FROM sqlite_sequence WHERE name IN ('ring_1', 'connection_1', 'certificate_1', 'issued_1');",
    "DROP TABLE connection_1; DROP TABLE ring_1; DROP TABLE certificate_1; DROP TABLE key_1; DROP TABLE issued_1; DROP TABLE owner_1; DROP TABLE policy_1;"
    "PRAGMA user_version = 2;",
};

static saf_status run_all(struct storage *storage, const char *const *sql, size_t count, saf_error *err)
{
    for (size_t i = 0; i < count; i++)
        SAF_TRY(storage_run(storage, sql[i], err));
    return SAF_OK;
}

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
    sum_begin_new(storage);
    SAF_TRY(run_all(storage, RENAME_SQL, sizeof RENAME_SQL / sizeof *RENAME_SQL, err));
    SAF_TRY(storage_run(storage, ADDED_SQL, err));
    SAF_TRY(copy_all_issued(storage, issuer, err));
    return run_all(storage, COPY_SQL, sizeof COPY_SQL / sizeof *COPY_SQL, err);
}
