#include "storage-sqlite.h"

#include <base/fail.h>

#define CERT_COLUMNS \
    "c.id, c.owner, c.label, c.trust, c.der, c.last_serial, k.id IS NOT NULL, k.uri, c.requested_at," \
    " i.revoked_at, i.revocation_reason"
/* One row at most: nothing stops the same certificate from being recorded under two CAs. */
#define CERT_TABLES \
    " FROM certificate AS c LEFT JOIN key AS k ON k.id = c.key LEFT JOIN issued AS i ON i.id =" \
    " (SELECT id FROM issued WHERE fingerprint = c.fingerprint AND revoked_at IS NOT NULL ORDER BY revoked_at LIMIT 1) "
#define SELECT_CERT "SELECT " CERT_COLUMNS CERT_TABLES
enum { CERT_COLUMN_COUNT = 11 };

static saf_key_place key_place(statement *rows)
{
    if (!column_number(rows, 6))
        return SAF_KEY_NONE;
    return column_text(rows, 7) ? SAF_KEY_IN_TOKEN : SAF_KEY_STORED;
}

static saf_status read_trust(saf_trust *out, statement *rows, saf_error *err)
{
    static const saf_trust known[] = { SAF_TRUST, SAF_HIGHTRUST, SAF_NOTRUST };
    int64_t value = column_number(rows, 3);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (value == (uint32_t)known[i]) {
            *out = known[i];
            return SAF_OK;
        }
    return storage_fail_value(rows->storage, "a certificate has an unknown status", err);
}

static saf_status read_cert(struct storage_cert *out, statement *rows, saf_error *err)
{
    *out = (struct storage_cert) {
        .id = column_number(rows, 0),
        .owner = column_text(rows, 1),
        .label = column_text(rows, 2),
        .der = column_blob(rows, 4),
        .last_serial = column_text(rows, 5),
        .key_place = key_place(rows),
        .key_uri = column_text(rows, 7),
        .requested_at = column_number(rows, 8),
        .revoked_at = column_number(rows, 9),
    };
    if (!out->owner || !out->label)
        return saf_fail_memory(err); /* both are NOT NULL */
    SAF_TRY(column_reason(&out->reason, rows, 10, err));
    return read_trust(&out->trust, rows, err);
}

/* The columns after CERT_COLUMNS are usage and default, if the statement asks for them. */
static saf_status visit_all(statement *rows, storage_cert_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    bool in_ring = sqlite3_column_count(rows->handle) > CERT_COLUMN_COUNT;
    while (row) {
        struct storage_cert cert;
        SAF_TRY(read_cert(&cert, rows, err));
        if (in_ring)
            SAF_TRY(column_usage(&cert.usage, &cert.is_default, rows, CERT_COLUMN_COUNT, err));
        SAF_TRY(visit(context, &cert, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_find_cert(struct storage *storage, const char *owner, const char *label,
                             storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_CERT "WHERE c.owner = ? AND c.label = ?");
    bind_text(&find, owner);
    bind_text(&find, label);
    return visit_all(&find, visit, context, err);
}

saf_status storage_find_cert_by_fingerprint(struct storage *storage, saf_bytes fingerprint,
                                            storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_CERT "WHERE c.fingerprint = ? LIMIT 1");
    bind_blob(&find, fingerprint);
    return visit_all(&find, visit, context, err);
}

saf_status storage_find_cert_by_serial(struct storage *storage, saf_bytes issuer_digest, const char *serial,
                                       storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_CERT "WHERE c.issuer_digest = ? AND c.serial = ?");
    bind_blob(&find, issuer_digest);
    bind_text(&find, serial);
    return visit_all(&find, visit, context, err);
}

saf_status storage_visit_key_holders(struct storage *storage, const char *owner, saf_bytes key_id,
                                     storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CERT "WHERE c.owner = ? AND c.key = ?");
    bind_text(&rows, owner);
    bind_blob(&rows, key_id);
    return visit_all(&rows, visit, context, err);
}

/* The + keeps SQLite from reading all of an owner's. */
saf_status storage_visit_certs_of_key(struct storage *storage, const char *owner, saf_bytes key_id,
                                      storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CERT "WHERE +c.owner = ? AND c.key_id = ? ORDER BY c.id");
    bind_text(&rows, owner);
    bind_blob(&rows, key_id);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_visit_subjects(struct storage *storage, uint32_t subject_hash, const char *owner,
                                  storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CERT "WHERE c.subject_hash = ?1"
                                                " ORDER BY c.owner <> ?2, c.owner <> 'CERTAUTH', c.owner, c.label");
    bind_number(&rows, subject_hash);
    bind_text(&rows, owner);
    return visit_all(&rows, visit, context, err);
}

/* Row values make a page begin in the index, however long the listing is; within one owner, only a label does. */
#define PAGE_OF_OWNER SELECT_CERT "WHERE (c.owner, c.label) > (?1, ?2) AND c.owner = ?4" \
                                  " AND c.label > iif(?1 = ?4, ?2, '') ORDER BY c.owner, c.label LIMIT ?3"
#define PAGE_OF_ALL SELECT_CERT "WHERE (c.owner, c.label) > (?1, ?2) ORDER BY c.owner, c.label LIMIT ?3"

saf_status storage_visit_certs(struct storage *storage, const saf_cert_query *query, storage_cert_visitor visit,
                               void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, query->owner ? PAGE_OF_OWNER : PAGE_OF_ALL);
    bind_text(&rows, query->after_owner ? query->after_owner : "");
    bind_text(&rows, query->after_label ? query->after_label : "");
    bind_number(&rows, (int64_t)query->limit);
    if (query->owner)
        bind_text(&rows, query->owner);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_visit_owned(struct storage *storage, const char *owner, storage_cert_visitor visit,
                               void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CERT "WHERE c.owner = ? ORDER BY c.id");
    bind_text(&rows, owner);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_visit_ring(struct storage *storage, int64_t ring_id, storage_cert_visitor visit, void *context,
                              saf_error *err)
{
    OWN(statement) rows =
        statement_of(storage, "SELECT " CERT_COLUMNS ", n.usage, n.is_default" CERT_TABLES
                              "JOIN connection AS n ON n.certificate = c.id WHERE n.ring = ? ORDER BY n.id");
    bind_number(&rows, ring_id);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_add_cert(struct storage *storage, const struct storage_new_cert *cert, saf_error *err)
{
    OWN(statement) add =
        statement_of(storage, "INSERT INTO certificate (owner, label, trust, der, issuer_digest, serial,"
                              " subject_hash, fingerprint, key_id, key, not_after)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_text(&add, cert->owner);
    bind_text(&add, cert->label);
    bind_number(&add, (uint32_t)cert->trust);
    bind_blob(&add, cert->der);
    bind_blob(&add, cert->issuer_digest);
    bind_text(&add, cert->serial);
    bind_number(&add, cert->subject_hash);
    bind_blob(&add, cert->fingerprint);
    bind_blob(&add, cert->key_id);
    bind_optional_blob(&add, cert->has_key ? cert->key_id : saf_bytes_of(NULL, 0));
    bind_number(&add, cert->not_after);
    return statement_run(&add, err);
}

saf_status storage_set_key(struct storage *storage, int64_t cert_id, saf_error *err)
{
    OWN(statement) set = statement_of(storage, "UPDATE certificate SET key = key_id WHERE id = ?");
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}

saf_status storage_delete_cert(struct storage *storage, int64_t id, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM certificate WHERE id = ?");
    bind_number(&gone, id);
    return statement_run(&gone, err);
}

saf_status storage_set_last_serial(struct storage *storage, int64_t cert_id, const char *serial, saf_error *err)
{
    OWN(statement) set = statement_of(storage, "UPDATE certificate SET last_serial = ? WHERE id = ?");
    bind_text(&set, serial);
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}

saf_status storage_set_label(struct storage *storage, int64_t cert_id, const char *label, saf_error *err)
{
    OWN(statement) set = statement_of(storage, "UPDATE certificate SET label = ? WHERE id = ?");
    bind_text(&set, label);
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}

saf_status storage_set_trust(struct storage *storage, int64_t cert_id, saf_trust trust, saf_error *err)
{
    OWN(statement) set = statement_of(storage, "UPDATE certificate SET trust = ? WHERE id = ?");
    bind_number(&set, (uint32_t)trust);
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}

saf_status storage_set_requested(struct storage *storage, int64_t cert_id, int64_t at, saf_error *err)
{
    OWN(statement) set = statement_of(storage, "UPDATE certificate SET requested_at = ? WHERE id = ?");
    bind_number(&set, at);
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}

saf_status storage_replace_cert(struct storage *storage, int64_t cert_id, const struct storage_new_cert *cert,
                                saf_error *err)
{
    OWN(statement) set =
        statement_of(storage, "UPDATE certificate SET trust = ?, der = ?, issuer_digest = ?, serial = ?,"
                              " subject_hash = ?, fingerprint = ?, not_after = ?, requested_at = NULL WHERE id = ?");
    bind_number(&set, (uint32_t)cert->trust);
    bind_blob(&set, cert->der);
    bind_blob(&set, cert->issuer_digest);
    bind_text(&set, cert->serial);
    bind_number(&set, cert->subject_hash);
    bind_blob(&set, cert->fingerprint);
    bind_number(&set, cert->not_after);
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}
