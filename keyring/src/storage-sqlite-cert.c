#include "storage-sqlite.h"

#include <base/fail.h>

#define CERT_TABLES " FROM certificate AS c LEFT JOIN key AS k ON k.id = c.key "
#define CERT_COLUMNS CERTIFICATE_ROW ", " KEY_ROW
#define SELECT_CERT "SELECT " CERT_COLUMNS CERT_TABLES
/* In CERTIFICATE_ROW, and after it KEY_ROW and perhaps CONNECTION_ROW. */
enum { ID, OWNER, LABEL, TRUST, DER, FINGERPRINT = 8, KEY_ID, KEY, LAST_SERIAL, REQUESTED_AT = 13, REVOKED_AT, REASON };
enum { KEY_AT = CERTIFICATE_WIDTH, KEY_URI = KEY_AT + 4, CONNECTION_AT = KEY_AT + KEY_WIDTH, USAGE = CONNECTION_AT + 3 };

static saf_key_place key_place(statement *rows)
{
    if (!column_blob(rows, KEY_AT).len)
        return SAF_KEY_NONE;
    return column_text(rows, KEY_URI) ? SAF_KEY_IN_TOKEN : SAF_KEY_STORED;
}

static saf_status read_trust(saf_trust *out, statement *rows, saf_error *err)
{
    static const saf_trust known[] = { SAF_TRUST, SAF_HIGHTRUST, SAF_NOTRUST };
    int64_t value = column_number(rows, TRUST);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (value == (uint32_t)known[i]) {
            *out = known[i];
            return SAF_OK;
        }
    return storage_fail_value(rows->storage, "a certificate has an unknown status", err);
}

/* Where a key is follows from its record. That of a sealed one is verified when it is opened; an altered one would not open anyway. */
static saf_status verify_cert(statement *rows, saf_error *err)
{
    SAF_TRY(row_verify(rows, ROW_CERTIFICATE, 0, err));
    if (sqlite3_column_type(rows->handle, KEY_URI) == SQLITE_NULL)
        return SAF_OK;
    SAF_TRY(row_verify(rows, ROW_KEY, KEY_AT, err));
    return row_expect(rows, column_is_blob(rows, KEY_AT, column_blob(rows, KEY)), err);
}

static saf_status read_cert(struct storage_cert *out, statement *rows, saf_error *err)
{
    SAF_TRY(verify_cert(rows, err));
    *out = (struct storage_cert) {
        .id = column_number(rows, ID),
        .owner = column_text(rows, OWNER),
        .label = column_text(rows, LABEL),
        .der = column_blob(rows, DER),
        .last_serial = column_text(rows, LAST_SERIAL),
        .key_place = key_place(rows),
        .key_uri = column_text(rows, KEY_URI),
        .requested_at = column_number(rows, REQUESTED_AT),
        .revoked_at = column_number(rows, REVOKED_AT),
        .fingerprint = column_blob(rows, FINGERPRINT),
        .key_id = column_blob(rows, KEY_ID),
    };
    if (!out->owner || !out->label)
        return saf_fail_memory(err); /* both are NOT NULL */
    SAF_TRY(column_reason(&out->reason, rows, REASON, err));
    return read_trust(&out->trust, rows, err);
}

static saf_status read_connection(struct storage_cert *out, statement *rows, int64_t ring_id, saf_error *err)
{
    SAF_TRY(row_verify(rows, ROW_CONNECTION, CONNECTION_AT, err));
    SAF_TRY(row_expect(rows, column_number(rows, CONNECTION_AT + 1) == ring_id && column_number(rows, CONNECTION_AT + 2) == out->id, err));
    out->connection = column_number(rows, CONNECTION_AT);
    return column_usage(&out->usage, &out->is_default, rows, USAGE, err);
}

/* What the rows must be of, whichever an index leads to: NULL, empty and 0 are anybody's. */
struct wanted {
    const char *owner, *label;
    saf_bytes fingerprint, key_id;
    int64_t ring_id; /* the statement also selects the connections to it */
};

static bool is_wanted(statement *rows, const struct wanted *wanted)
{
    return (!wanted->owner || column_is(rows, OWNER, wanted->owner)) && (!wanted->label || column_is(rows, LABEL, wanted->label)) &&
           (!wanted->fingerprint.len || column_is_blob(rows, FINGERPRINT, wanted->fingerprint)) &&
           (!wanted->key_id.len || column_is_blob(rows, KEY_ID, wanted->key_id));
}

static saf_status visit_wanted(statement *rows, const struct wanted *wanted, storage_cert_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        struct storage_cert cert;
        SAF_TRY(read_cert(&cert, rows, err));
        SAF_TRY(row_expect(rows, is_wanted(rows, wanted), err));
        if (wanted->ring_id)
            SAF_TRY(read_connection(&cert, rows, wanted->ring_id, err));
        SAF_TRY(visit(context, &cert, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

static saf_status visit_all(statement *rows, storage_cert_visitor visit, void *context, saf_error *err)
{
    const struct wanted anybody = { .owner = NULL };
    return visit_wanted(rows, &anybody, visit, context, err);
}

saf_status storage_find_cert(struct storage *storage, const char *owner, const char *label,
                             storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_CERT "WHERE c.owner = ? AND c.label = ?");
    const struct wanted wanted = { .owner = owner, .label = label };
    bind_text(&find, owner);
    bind_text(&find, label);
    return visit_wanted(&find, &wanted, visit, context, err);
}

saf_status storage_find_cert_by_fingerprint(struct storage *storage, saf_bytes fingerprint,
                                            storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_CERT "WHERE c.fingerprint = ? LIMIT 1");
    const struct wanted wanted = { .fingerprint = fingerprint };
    bind_blob(&find, fingerprint);
    return visit_wanted(&find, &wanted, visit, context, err);
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
    const struct wanted wanted = { .owner = owner, .key_id = key_id };
    bind_text(&rows, owner);
    bind_blob(&rows, key_id);
    return visit_wanted(&rows, &wanted, visit, context, err);
}

/* The + keeps SQLite from reading all of an owner's. */
saf_status storage_visit_certs_of_key(struct storage *storage, const char *owner, saf_bytes key_id,
                                      storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CERT "WHERE +c.owner = ? AND c.key_id = ? ORDER BY c.id");
    const struct wanted wanted = { .owner = owner, .key_id = key_id };
    bind_text(&rows, owner);
    bind_blob(&rows, key_id);
    return visit_wanted(&rows, &wanted, visit, context, err);
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
    const struct wanted wanted = { .owner = owner };
    bind_text(&rows, owner);
    return visit_wanted(&rows, &wanted, visit, context, err);
}

#define RING_ALL "SELECT " CERT_COLUMNS ", " CONNECTION_ROW CERT_TABLES "JOIN connection AS n ON n.certificate = c.id WHERE n.ring = ?1"

/* Two statements, so that each has an index of its own: all in their order, or the few that have changed. */
saf_status storage_visit_ring(struct storage *storage, int64_t ring_id, uint64_t since, storage_cert_visitor visit, void *context,
                              saf_error *err)
{
    OWN(statement) rows = statement_of(storage, since ? RING_ALL " AND n.changed > ?2 ORDER BY n.id" : RING_ALL " ORDER BY n.id");
    const struct wanted wanted = { .ring_id = ring_id };
    bind_number(&rows, ring_id);
    if (since)
        bind_number(&rows, (int64_t)since);
    return visit_wanted(&rows, &wanted, visit, context, err);
}

/* A certificate that was revoked before it came here, or while it was away, is so at once. */
static saf_status bind_revocation(statement *statement, saf_bytes fingerprint, saf_error *err)
{
    int64_t at;
    saf_reason reason;
    SAF_TRY(storage_find_revocation(&at, &reason, statement->storage, fingerprint, err));
    bind_optional_number(statement, at, at);
    bind_optional_number(statement, reason, at);
    return SAF_OK;
}

saf_status storage_add_cert(struct storage *storage, const struct storage_new_cert *cert, saf_error *err)
{
    OWN(statement) add =
        statement_of(storage, "INSERT INTO certificate (owner, label, trust, der, issuer_digest, serial,"
                              " subject_hash, fingerprint, key_id, key, not_after, revoked_at, revocation_reason)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
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
    SAF_TRY(bind_revocation(&add, cert->fingerprint, err));
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
                              " subject_hash = ?, fingerprint = ?, not_after = ?, revoked_at = ?, revocation_reason = ?,"
                              " requested_at = NULL WHERE id = ?");
    bind_number(&set, (uint32_t)cert->trust);
    bind_blob(&set, cert->der);
    bind_blob(&set, cert->issuer_digest);
    bind_text(&set, cert->serial);
    bind_number(&set, cert->subject_hash);
    bind_blob(&set, cert->fingerprint);
    bind_number(&set, cert->not_after);
    SAF_TRY(bind_revocation(&set, cert->fingerprint, err));
    bind_number(&set, cert_id);
    return statement_run(&set, err);
}
