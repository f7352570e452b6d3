#include "storage-sqlite.h"

#include <base/fail.h>

#define SELECT_INTENT "SELECT " INTENT_ROW " FROM intent AS t "

static saf_status read_intent(saf_intent *out, statement *rows, saf_error *err)
{
    SAF_TRY(row_verify(rows, ROW_INTENT, 0, err));
    int64_t kind = column_number(rows, 1);
    const char *uri = column_text(rows, 3);
    if (!uri)
        return saf_fail_memory(err); /* it is NOT NULL */
    if (kind != SAF_INTENT_MAKE_KEY && kind != SAF_INTENT_DESTROY_KEY)
        return storage_fail_value(rows->storage, "an intent has an unknown kind", err);
    if (strlen(uri) > SAF_KEY_URI_MAX)
        return storage_fail_value(rows->storage, "an intent has too long a URI", err);
    *out = (saf_intent) {
        .number = (uint64_t)column_number(rows, 0),
        .kind = (saf_intent_kind)kind,
        .at = column_number(rows, 2),
    };
    memcpy(out->uri, uri, strlen(uri) + 1);
    return SAF_OK;
}

static saf_status visit_all(statement *rows, storage_intent_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        saf_intent intent;
        SAF_TRY(read_intent(&intent, rows, err));
        SAF_TRY(visit(context, &intent, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_add_intent(struct storage *storage, saf_intent *intent, saf_error *err)
{
    OWN(statement) add = statement_of(storage, "INSERT INTO intent (kind, at, uri) VALUES (?, ?, ?)");
    bind_number(&add, intent->kind);
    bind_number(&add, intent->at);
    bind_text(&add, intent->uri);
    SAF_TRY(statement_run(&add, err));
    intent->number = (uint64_t)sqlite3_last_insert_rowid(storage->db);
    return SAF_OK;
}

saf_status storage_find_intent(struct storage *storage, uint64_t number, storage_intent_visitor visit, void *context,
                               saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_INTENT "WHERE id = ?");
    bind_number(&find, (int64_t)number);
    return visit_all(&find, visit, context, err);
}

saf_status storage_visit_intents(struct storage *storage, size_t limit, storage_intent_visitor visit, void *context,
                                 saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_INTENT "ORDER BY id LIMIT ?");
    bind_number(&rows, (int64_t)limit);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_delete_intent(struct storage *storage, uint64_t number, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM intent WHERE id = ?");
    bind_number(&gone, (int64_t)number);
    return statement_run(&gone, err);
}
