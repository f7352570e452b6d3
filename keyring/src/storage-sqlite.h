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

#include <sqlite3.h>

/* More than this room has statements; any further ones would be prepared at each use. */
enum { STATEMENTS_KEPT = 128 };

/* A statement that stays prepared. */
struct kept_statement {
    const char *sql; /* NULL: none here, nor after it */
    sqlite3_stmt *handle;
    bool in_use;
};

struct storage {
    sqlite3 *db;
    char *path; /* of the database, for texts */
    struct kept_statement kept[STATEMENTS_KEPT];
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

/** A column's value; a text column that is NULL is NULL. Borrowed until the next step. */
const char *column_text(statement *statement, int column);
saf_bytes column_blob(statement *statement, int column);
int64_t column_number(statement *statement, int column);

/** Two columns of a connection, and why something was revoked (NULL: SAF_REASON_UNSPECIFIED), if a release can have written them. */
saf_status column_usage(saf_usage *usage, saf_default *is_default, statement *rows, int column, saf_error *err);
saf_status column_reason(saf_reason *out, statement *rows, int column, saf_error *err);

#endif
