#include "storage-sqlite.h"

#include <base/fail.h>

/* The place of a statement, or a free one; NULL: it is in use (a statement may run while it is being visited), or there is no
 * room. */
static struct kept_statement *find_kept(struct storage *storage, const char *sql)
{
    for (size_t i = 0; i < STATEMENTS_KEPT; i++) {
        struct kept_statement *kept = &storage->kept[i];
        if (!kept->sql || kept->sql == sql)
            return kept->in_use ? NULL : kept;
    }
    return NULL;
}

statement statement_of(struct storage *storage, const char *sql)
{
    statement made = { .storage = storage, .kept = find_kept(storage, sql) };
    struct kept_statement *kept = made.kept;
    if (kept && kept->sql)
        made.handle = kept->handle;
    else
        made.code = sqlite3_prepare_v3(storage->db, sql, -1, kept ? SQLITE_PREPARE_PERSISTENT : 0, &made.handle, NULL);
    if (kept && made.code == SQLITE_OK)
        *kept = (struct kept_statement) { .sql = sql, .handle = made.handle, .in_use = true };
    return made;
}

void statement_free(statement *statement)
{
    if (statement->kept && statement->handle) {
        sqlite3_reset(statement->handle);
        sqlite3_clear_bindings(statement->handle); /* what was bound may be gone */
        statement->kept->in_use = false;
    } else {
        sqlite3_finalize(statement->handle);
    }
    statement->handle = NULL;
}

void storage_forget_statements(struct storage *storage)
{
    for (size_t i = 0; i < STATEMENTS_KEPT; i++)
        sqlite3_finalize(storage->kept[i].handle);
    memset(storage->kept, 0, sizeof storage->kept);
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

void bind_optional_number(statement *statement, int64_t number, int64_t unless_0)
{
    if (unless_0)
        bind_number(statement, number);
    else
        note(statement, sqlite3_bind_null(statement->handle, ++statement->bound));
}

void bind_value(statement *statement, const sqlite3_value *value)
{
    note(statement, sqlite3_bind_value(statement->handle, ++statement->bound, value));
}

saf_status statement_step(bool *row, statement *statement, saf_error *err)
{
    int code = statement->code;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement->handle);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return SAF_OK;
    saf_status status = code == SQLITE_DONE ? SAF_OK : storage_fail(statement->storage, code, err);
    saf_status settled = sum_settle(statement->storage, code, status == SAF_OK ? err : NULL);
    return status == SAF_OK ? settled : status;
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
        return storage_fail(statement->storage, SQLITE_CORRUPT, err);
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

bool column_is(statement *statement, int column, const char *text)
{
    const char *has = column_text(statement, column);
    return has && !strcmp(has, text);
}

bool column_is_blob(statement *statement, int column, saf_bytes bytes)
{
    saf_bytes has = column_blob(statement, column);
    return has.len == bytes.len && !memcmp(has.data, bytes.data, has.len);
}

int64_t column_number(statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

saf_status column_usage(saf_usage *usage, saf_default *is_default, statement *rows, int column, saf_error *err)
{
    int64_t use = column_number(rows, column);
    int64_t flag = column_number(rows, column + 1);
    if (use != SAF_USAGE_SITE && use != SAF_USAGE_CERTAUTH && use != SAF_USAGE_PERSONAL)
        return storage_fail_value(rows->storage, "a connection has an unknown usage", err);
    if (flag != 0 && flag != 1)
        return storage_fail_value(rows->storage, "whether a connection is the default", err);
    *usage = (saf_usage)use;
    *is_default = flag ? SAF_DEFAULT : SAF_NOT_DEFAULT;
    return SAF_OK;
}

saf_status column_reason(saf_reason *out, statement *rows, int column, saf_error *err)
{
    int64_t reason = column_number(rows, column);
    if (reason < 0 || reason > SAF_REASON_AA_COMPROMISE || reason == 7 || reason == SAF_REASON_REMOVE_FROM_CRL)
        return storage_fail_value(rows->storage, "a certificate was revoked for an unknown reason", err);
    *out = (saf_reason)reason;
    return SAF_OK;
}

saf_status storage_run(struct storage *storage, const char *sql, saf_error *err)
{
    int code = sqlite3_exec(storage->db, sql, NULL, NULL, NULL);
    saf_status status = code == SQLITE_OK ? SAF_OK : storage_fail(storage, code, err);
    saf_status settled = sum_settle(storage, code, status == SAF_OK ? err : NULL);
    return status == SAF_OK ? settled : status;
}
