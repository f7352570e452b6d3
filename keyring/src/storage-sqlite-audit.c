#include "storage-sqlite.h"

#include <base/fail.h>

#define SELECT_AUDIT "SELECT number, at, who, action, object, details, fingerprint, mac FROM audit "

static saf_status visit_all(statement *rows, storage_audit_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        struct storage_audit record = {
            .number = (uint64_t)column_number(rows, 0),
            .at = column_number(rows, 1),
            .who = column_text(rows, 2),
            .action = column_text(rows, 3),
            .object = column_text(rows, 4),
            .details = column_text(rows, 5),
            .fingerprint = column_blob(rows, 6),
            .mac = column_blob(rows, 7),
        };
        if (!record.who || !record.action || !record.object || !record.details)
            return saf_fail_memory(err); /* all are NOT NULL */
        SAF_TRY(visit(context, &record, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_last_audit(struct storage *storage, storage_audit_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_AUDIT "ORDER BY number DESC LIMIT 1");
    return visit_all(&rows, visit, context, err);
}

saf_status storage_visit_audit(struct storage *storage, uint64_t after, size_t limit, storage_audit_visitor visit,
                               void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_AUDIT "WHERE number > ? ORDER BY number LIMIT ?");
    bind_number(&rows, (int64_t)after);
    bind_number(&rows, (int64_t)limit);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_add_audit(struct storage *storage, const struct storage_audit *record, saf_error *err)
{
    OWN(statement) add = statement_of(storage, "INSERT INTO audit (number, at, who, action, object, details,"
                                               " fingerprint, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    bind_number(&add, (int64_t)record->number);
    bind_number(&add, record->at);
    bind_text(&add, record->who);
    bind_text(&add, record->action);
    bind_text(&add, record->object);
    bind_text(&add, record->details);
    bind_optional_blob(&add, record->fingerprint);
    bind_blob(&add, record->mac);
    return statement_run(&add, err);
}
