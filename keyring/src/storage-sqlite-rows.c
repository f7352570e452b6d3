#include "storage-sqlite.h"

#include <base/fail.h>

/* Rows for a check: nothing about them is taken for granted. */

static const char *text_or_empty(statement *rows, int column)
{
    const char *text = column_text(rows, column);
    return text ? text : "";
}

saf_status storage_visit_raw_certs(struct storage *storage, int64_t after, size_t limit, storage_raw_cert_visitor visit, void *context,
                                   saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT id, owner, label, der, issuer_digest, serial, subject_hash, fingerprint, key_id,"
                                                " not_after, last_serial FROM certificate WHERE id > ? ORDER BY id LIMIT ?");
    bind_number(&rows, after);
    bind_number(&rows, (int64_t)limit);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        const struct storage_raw_cert cert = {
            .id = column_number(&rows, 0),
            .owner = text_or_empty(&rows, 1),
            .label = text_or_empty(&rows, 2),
            .der = column_blob(&rows, 3),
            .issuer_digest = column_blob(&rows, 4),
            .serial = text_or_empty(&rows, 5),
            .subject_hash = column_number(&rows, 6),
            .fingerprint = column_blob(&rows, 7),
            .key_id = column_blob(&rows, 8),
            .not_after = column_number(&rows, 9),
            .last_serial = column_text(&rows, 10),
        };
        SAF_TRY(visit(context, &cert, err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

saf_status storage_visit_raw_keys(struct storage *storage, saf_bytes after, size_t limit, storage_raw_key_visitor visit, void *context,
                                  saf_error *err)
{
    bool row;
    OWN(statement) rows =
        statement_of(storage, "SELECT k.id, k.record_id, k.version, k.sealed, k.uri, c.owner, c.label, c.der FROM key AS k"
                              " LEFT JOIN certificate AS c ON c.id = (SELECT min(id) FROM certificate WHERE key = k.id)"
                              " WHERE k.id > ? ORDER BY k.id LIMIT ?");
    bind_blob(&rows, after);
    bind_number(&rows, (int64_t)limit);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        const struct storage_raw_key key = {
            .key = {
                .id = column_blob(&rows, 0),
                .record_id = column_blob(&rows, 1),
                .version = (uint32_t)column_number(&rows, 2),
                .sealed = column_blob(&rows, 3),
                .uri = column_text(&rows, 4),
            },
            .owner = column_text(&rows, 5),
            .label = column_text(&rows, 6),
            .der = column_blob(&rows, 7),
        };
        SAF_TRY(visit(context, &key, err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

saf_status storage_visit_raw_issued(struct storage *storage, int64_t after, size_t limit, storage_raw_issued_visitor visit, void *context,
                                    saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT id, ca_key_id, issuer_digest, serial, der, fingerprint, not_after, owner, label"
                                                " FROM issued WHERE id > ? ORDER BY id LIMIT ?");
    bind_number(&rows, after);
    bind_number(&rows, (int64_t)limit);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        const struct storage_raw_issued issued = {
            .id = column_number(&rows, 0),
            .ca_key_id = column_blob(&rows, 1),
            .issuer_digest = column_blob(&rows, 2),
            .serial = text_or_empty(&rows, 3),
            .der = column_blob(&rows, 4),
            .fingerprint = column_blob(&rows, 5),
            .not_after = column_number(&rows, 6),
            .owner = column_text(&rows, 7),
            .label = column_text(&rows, 8),
        };
        SAF_TRY(visit(context, &issued, err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

saf_status storage_visit_settings(struct storage *storage, storage_setting_visitor visit, void *context, saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT name, value FROM setting ORDER BY name");
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        SAF_TRY(visit(context, text_or_empty(&rows, 0), column_blob(&rows, 1), err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}
