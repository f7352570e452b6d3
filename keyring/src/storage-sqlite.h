/**
 * @file
 * Inside the SQLite engine: statements whose binding remembers its first failure, so that a statement is checked where
 * it runs.
 *
 *     OWN(statement) find = statement_of(storage, "SELECT … WHERE owner = ? AND label = ?");
 *     bind_text(&find, owner);
 *     bind_text(&find, label);
 *     bool row;
 *     SAF_TRY(statement_step(&row, &find, err));
 */
#ifndef KEYRING_STORAGE_SQLITE_H
#define KEYRING_STORAGE_SQLITE_H

#include "storage.h"

#define SQLITE_ENABLE_PREUPDATE_HOOK /* declares it; that the library has it is checked when the build is configured */
#include <sqlite3.h>

/* More than this room has statements; any further ones would be prepared at each use. */
enum { STATEMENTS_KEPT = 128 };

/* A statement that stays prepared. */
struct kept_statement {
    const char *sql; /* NULL: none here, nor after it */
    sqlite3_stmt *handle;
    bool in_use;
};

/* The tables whose rows have MACs. */
typedef enum row_table {
    ROW_CERTIFICATE, ROW_CONNECTION, ROW_CRL, ROW_INTENT, ROW_ISSUED, ROW_KEY, ROW_OWNER, ROW_POLICY, ROW_PUBLICATION, ROW_RING, ROW_TABLES
} row_table;

/* All their columns, in the order of the schema, the MAC last: a row is selected like this where it is to be verified. */
#define CERTIFICATE_ROW \
    "c.id, c.owner, c.label, c.trust, c.der, c.issuer_digest, c.serial, c.subject_hash, c.fingerprint, c.key_id, c.key, c.last_serial, c.not_after," \
    " c.requested_at, c.revoked_at, c.revocation_reason, c.mac"
#define CONNECTION_ROW "n.id, n.ring, n.certificate, n.usage, n.is_default, n.changed, n.mac"
#define CRL_ROW "l.ca_key_id, l.issuer_digest, l.number, l.at, l.mac"
#define INTENT_ROW "t.id, t.kind, t.at, t.uri, t.mac"
#define ISSUED_ROW \
    "i.id, i.ca_key_id, i.issuer_digest, i.serial, i.der, i.fingerprint, i.not_after, i.owner, i.label, i.at, i.revoked_at, i.revocation_reason, i.mac"
#define KEY_ROW "k.id, k.record_id, k.version, k.sealed, k.uri, k.mac"
#define OWNER_ROW "o.name, o.generation, o.mac"
#define POLICY_ROW "p.appl, p.user, p.alg, p.key, p.kid, p.key_use, p.timeout_min, p.any_appl, p.prot_allowed, p.generation, p.mac"
#define PUBLICATION_ROW "p.dir, p.id, p.owner, p.name, p.user, p.with_keys, p.generation, p.is_ended, p.mac"
#define RING_ROW "r.id, r.owner, r.name, r.generation, r.shrunk, r.mac"
enum {
    CERTIFICATE_WIDTH = 17, CONNECTION_WIDTH = 7, CRL_WIDTH = 5, INTENT_WIDTH = 5, ISSUED_WIDTH = 13, KEY_WIDTH = 6, OWNER_WIDTH = 3, POLICY_WIDTH = 11,
    PUBLICATION_WIDTH = 9, RING_WIDTH = 6
};

/* A row in the one form that its MAC is computed of. */
struct row_text {
    unsigned char *data;
    size_t len, room;
};

/* A row that a statement has changed, and that gets its MAC when the statement is done. */
struct unsealed_row;

/* The sum of all rows: as a transaction has changed it. */
struct row_sum {
    unsigned char value[STORAGE_SUM_LEN];
    bool is_spoilt; /* something went wrong: what it belongs to can only be undone */
};

struct storage {
    sqlite3 *db;
    char *path; /* of the database, for texts */
    struct kept_statement kept[STATEMENTS_KEPT];

    const struct storage_authenticator *authenticator; /* NULL: no row can be verified yet */
    void *authenticator_context;
    bool reads_unverified;
    struct row_text row;             /* room for one at a time */
    struct unsealed_row *unsealed;
    size_t unsealed_count;
    bool is_sealing;                 /* only MACs are being written */
    bool is_touched;                 /* a statement has changed rows */
    saf_status refused;              /* a change of a row, SAF_OK: none... */
    row_table altered;               /* ...because that, of this table (else ROW_TABLES), is in row... */
    saf_error failure;               /* ...or for this reason */
    bool sum_is_known;               /* in this write transaction */
    struct row_sum sum, settled;     /* now, and after the last statement that succeeded */
    unsigned char begun[STORAGE_SUM_LEN]; /* the sum when the transaction began */
    saf_buffer place;                /* what that was bound to; empty: it is new */
    struct row_sum *steps;           /* the sums when the steps that are open were begun */
    size_t step_count;
};

typedef struct statement {
    struct storage *storage;
    struct kept_statement *kept; /* NULL: it is finalized after use */
    sqlite3_stmt *handle;
    int code;  /* the first failure, or SQLITE_OK */
    int bound; /* parameters bound so far */
} statement;

/** @p sql is a string constant: statements are kept by its address, because preparing them takes longer than running most. */
statement statement_of(struct storage *storage, const char *sql);
void statement_free(statement *statement);
OWN_VALUE(statement, statement_free)

/** Before the database is closed. */
void storage_forget_statements(struct storage *storage);

/* Each binds the next parameter, ?1 first. What is bound must live as long as the statement. */
void bind_text(statement *statement, const char *text); /* NULL: NULL */
void bind_blob(statement *statement, saf_bytes bytes);
void bind_optional_blob(statement *statement, saf_bytes bytes); /* empty: NULL */
void bind_number(statement *statement, int64_t number);
void bind_optional_number(statement *statement, int64_t number, int64_t unless_0); /* 0: NULL */
void bind_value(statement *statement, const sqlite3_value *value);

/** The next row, if there is one. */
saf_status statement_step(bool *row, statement *statement, saf_error *err);

/** For statements without result. */
saf_status statement_run(statement *statement, saf_error *err);

/** For statements with exactly one row of one number. */
saf_status statement_number(int64_t *out, statement *statement, saf_error *err);

/** Run SQL without parameters. */
saf_status storage_run(struct storage *storage, const char *sql, saf_error *err);

/** Report a value that no release writes: only a foreign hand, or a dying disk, can have. */
saf_status storage_fail_value(const struct storage *storage, const char *what, saf_error *err);

/** Turn a code of SQLite's into a status and a text that names the database. */
saf_status storage_fail(struct storage *storage, int code, saf_error *err);

/** Refuse a database that is not a store's, or (STORAGE_MAKE) is one, or is of a newer release. */
saf_status storage_check_schema(struct storage *storage, storage_mode mode, saf_error *err);

/** Report that there is no store yet. */
saf_status storage_fail_unmade(const char *path, saf_error *err);

/** Refuse a row that was altered. Its columns begin at @p column of a statement that selects them as above; none has been read yet. */
saf_status row_verify(statement *rows, row_table table, int column, saf_error *err);

/** Refuse a row that another was looked up as: an index that was altered leads to it. */
saf_status row_expect(const statement *rows, bool is_it, saf_error *err);

/** Watch all changes of rows from now on. */
void sum_watch(struct storage *storage);

/** What a statement's end means for the rows that it changed: they get their MACs, or, when it failed, they are as before. */
saf_status sum_settle(struct storage *storage, int code, saf_error *err);

/** At the beginning, before the commit and at the end of a transaction. */
saf_status sum_begin(struct storage *storage, saf_error *err);
saf_status sum_finish(struct storage *storage, saf_error *err);
void sum_end(struct storage *storage);

/** A database without rows, or whose rows are vouched for from now on. */
void sum_begin_new(struct storage *storage);

/** At the beginning and the end of a step. */
saf_status sum_begin_step(struct storage *storage, saf_error *err);
void sum_keep_step(struct storage *storage);
void sum_undo_step(struct storage *storage);

void sum_free(struct storage *storage);

/** A part of storage_check(): visit what is wrong with the rows and their sum. */
saf_status sum_check(struct storage *storage, storage_fault_visitor visit, void *context, saf_error *err);

/** The statement's row in its one form, into storage->row. */
saf_status row_of_statement(statement *rows, row_table table, int column, saf_error *err);

/** Either value of the row that is being changed, likewise; *mac: the one that it has. Only within the hook. */
saf_status row_of_change(struct storage *storage, row_table table, bool is_new, saf_bytes *mac, saf_error *err);

/** Compute the MAC of storage->row. */
saf_status row_mac(unsigned char out[STORAGE_ROW_MAC_LEN], struct storage *storage, saf_error *err);

/** Append how people call storage->row. */
void row_describe(saf_buffer *out, struct storage *storage, row_table table);

/** Report that storage->row was altered. */
saf_status row_fail(struct storage *storage, row_table table, saf_error *err);

struct row_kind {
    const char *table;
    int width;  /* columns, with the MAC */
    int keys;   /* so many of the first are its primary key */
    const char *select_sql; /* all */
    const char *seal_sql;   /* the MAC, then the primary key */
};

/** Of each table. */
extern const struct row_kind ROW_KINDS[ROW_TABLES];

/** A column's value; a text column that is NULL is NULL. Borrowed until the next step. */
const char *column_text(statement *statement, int column);
saf_bytes column_blob(statement *statement, int column);
bool column_is(statement *statement, int column, const char *text);
bool column_is_blob(statement *statement, int column, saf_bytes bytes);
int64_t column_number(statement *statement, int column);

/** Two columns of a connection, and why something was revoked (NULL: SAF_REASON_UNSPECIFIED), if a release can have written them. */
saf_status column_usage(saf_usage *usage, saf_default *is_default, statement *rows, int column, saf_error *err);
saf_status column_reason(saf_reason *out, statement *rows, int column, saf_error *err);

#endif
