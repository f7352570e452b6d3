#include "storage-sqlite.h"

#include <base/fail.h>

saf_status storage_has_issued(bool *out, struct storage *storage, const struct storage_ca *ca, const char *serial, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT EXISTS (SELECT 1 FROM issued WHERE ca_key_id = ?1 AND serial = ?2)"
                                                " OR EXISTS (SELECT 1 FROM issued WHERE issuer_digest = ?3 AND serial = ?2)");
    bind_blob(&find, ca->key_id);
    bind_text(&find, serial);
    bind_blob(&find, ca->name_digest);
    int64_t found;
    SAF_TRY(statement_number(&found, &find, err));
    *out = found != 0;
    return SAF_OK;
}

saf_status storage_add_issued(struct storage *storage, const struct storage_ca *ca, const struct storage_issued *issued,
                              saf_error *err)
{
    OWN(statement) add = statement_of(storage, "INSERT INTO issued (ca_key_id, issuer_digest, serial, der, fingerprint,"
                                               " not_after, owner, label, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_blob(&add, ca->key_id);
    bind_blob(&add, ca->name_digest);
    bind_text(&add, issued->serial);
    bind_blob(&add, issued->der);
    bind_blob(&add, issued->fingerprint);
    bind_number(&add, issued->not_after);
    bind_text(&add, issued->owner);
    bind_text(&add, issued->label);
    bind_number(&add, issued->at);
    return statement_run(&add, err);
}

/* ---- reading ---- */

#define SELECT_ISSUED \
    "SELECT " ISSUED_ROW ", EXISTS (SELECT 1 FROM certificate AS c WHERE c.fingerprint = i.fingerprint) FROM issued AS i "

enum { ID, DER = 4, OWNER = 7, LABEL, AT, REVOKED_AT, REASON };

static saf_status read_issued(struct storage_issued *out, statement *rows, saf_error *err)
{
    SAF_TRY(row_verify(rows, ROW_ISSUED, 0, err));
    *out = (struct storage_issued) {
        .id = column_number(rows, ID),
        .owner = column_text(rows, OWNER),
        .label = column_text(rows, LABEL),
        .der = column_blob(rows, DER),
        .at = column_number(rows, AT),
        .revoked_at = column_number(rows, REVOKED_AT),
        .is_current = column_number(rows, ISSUED_WIDTH) != 0,
    };
    return column_reason(&out->reason, rows, REASON, err);
}

static saf_status visit_all(statement *rows, storage_issued_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        struct storage_issued issued;
        SAF_TRY(read_issued(&issued, rows, err));
        SAF_TRY(visit(context, &issued, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

/* Each has an index that gives its page in order: how long the list is does not matter. */
#define OF_CA "INDEXED BY issued_ca WHERE i.ca_key_id = ? AND i.issuer_digest = ? AND i.id > ?"
#define REVOKED_OF_CA \
    "INDEXED BY issued_revoked WHERE i.ca_key_id = ? AND i.issuer_digest = ? AND i.id > ? AND i.revoked_at IS NOT NULL"
#define PAGE " ORDER BY i.id LIMIT ?"

saf_status storage_visit_issued(struct storage *storage, const struct storage_ca *ca, const saf_issued_query *query,
                                storage_issued_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows =
        statement_of(storage, query->only_revoked ? SELECT_ISSUED REVOKED_OF_CA PAGE : SELECT_ISSUED OF_CA PAGE);
    bind_blob(&rows, ca->key_id);
    bind_blob(&rows, ca->name_digest);
    bind_number(&rows, query->after > INT64_MAX ? INT64_MAX : (int64_t)query->after);
    bind_number(&rows, (int64_t)query->limit);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_find_issued(struct storage *storage, const struct storage_ca *ca, const char *serial,
                               storage_issued_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find =
        statement_of(storage, SELECT_ISSUED "WHERE i.ca_key_id = ? AND i.serial = ? AND i.issuer_digest = ?");
    bind_blob(&find, ca->key_id);
    bind_text(&find, serial);
    bind_blob(&find, ca->name_digest);
    return visit_all(&find, visit, context, err);
}

/* ---- revocation ---- */

/* A certificate's row says it, too: what a ring shows is vouched for without reading what its CA has issued. */
static saf_status mark_cert(struct storage *storage, saf_bytes fingerprint, saf_error *err)
{
    int64_t at;
    saf_reason reason;
    OWN(statement) mark = statement_of(storage, "UPDATE certificate SET revoked_at = ?, revocation_reason = ? WHERE fingerprint = ?");
    SAF_TRY(storage_find_revocation(&at, &reason, storage, fingerprint, err));
    bind_optional_number(&mark, at, at);
    bind_optional_number(&mark, reason, at);
    bind_blob(&mark, fingerprint);
    return statement_run(&mark, err);
}

saf_status storage_set_revoked(struct storage *storage, int64_t issued_id, int64_t at, saf_reason reason,
                               saf_error *err)
{
    bool row;
    OWN(statement) set = statement_of(storage, "UPDATE issued SET revoked_at = ?, revocation_reason = ? WHERE id = ?");
    OWN(statement) whose = statement_of(storage, "SELECT fingerprint FROM issued WHERE id = ?");
    bind_optional_number(&set, at, at);
    bind_optional_number(&set, reason, at);
    bind_number(&set, issued_id);
    SAF_TRY(statement_run(&set, err));
    bind_number(&whose, issued_id);
    SAF_TRY(statement_step(&row, &whose, err));
    return row ? mark_cert(storage, column_blob(&whose, 0), err) : SAF_OK;
}

/* All with that fingerprint are read, also those that are not revoked: one that was is altered, not gone. */
saf_status storage_find_revocation(int64_t *at, saf_reason *reason, struct storage *storage, saf_bytes fingerprint, saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT " ISSUED_ROW " FROM issued AS i WHERE i.fingerprint = ? ORDER BY i.revoked_at");
    *at = 0;
    *reason = SAF_REASON_UNSPECIFIED;
    bind_blob(&rows, fingerprint);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        SAF_TRY(row_verify(&rows, ROW_ISSUED, 0, err));
        if (!*at && column_number(&rows, REVOKED_AT)) {
            *at = column_number(&rows, REVOKED_AT);
            SAF_TRY(column_reason(reason, &rows, REASON, err));
        }
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

/* Few are revoked for that; a column with the hash of each key would be for this question alone. */
saf_status storage_visit_compromised(struct storage *storage, saf_bytes public_key, storage_issued_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_ISSUED "INDEXED BY issued_revoked WHERE i.revoked_at IS NOT NULL"
                                                              " AND i.revocation_reason IN (1, 2, 10) AND instr(i.der, ?) > 0 ORDER BY i.revoked_at");
    bind_blob(&rows, public_key);
    return visit_all(&rows, visit, context, err);
}

saf_status storage_has_valid_issued(bool *out, struct storage *storage, const saf_cert *ca, int64_t now, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT EXISTS (SELECT 1 FROM issued WHERE ca_key_id = ?1 AND not_after > ?2"
                                                " AND revoked_at IS NULL AND NOT (owner IS ?3 AND label IS ?4))");
    bind_blob(&find, saf_bytes_of(ca->key_id, sizeof ca->key_id));
    bind_number(&find, now);
    bind_text(&find, ca->owner);
    bind_text(&find, ca->label);
    int64_t found;
    SAF_TRY(statement_number(&found, &find, err));
    *out = found != 0;
    return SAF_OK;
}

/* A list names those that are revoked; that none of the others was is vouched for before it gets its number. */
static saf_status verify_unrevoked(struct storage *storage, const struct storage_ca *ca, saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT " ISSUED_ROW " FROM issued AS i INDEXED BY issued_ca"
                                                " WHERE i.ca_key_id = ? AND i.issuer_digest = ? AND i.revoked_at IS NULL");
    bind_blob(&rows, ca->key_id);
    bind_blob(&rows, ca->name_digest);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        SAF_TRY(row_verify(&rows, ROW_ISSUED, 0, err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

static saf_status previous_crl(saf_crl_turn *out, struct storage *storage, const struct storage_ca *ca, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT " CRL_ROW " FROM crl AS l WHERE l.ca_key_id = ? AND l.issuer_digest = ?");
    bind_blob(&find, ca->key_id);
    bind_blob(&find, ca->name_digest);
    bool row;
    SAF_TRY(statement_step(&row, &find, err));
    if (row)
        SAF_TRY(row_verify(&find, ROW_CRL, 0, err));
    out->number = row ? (uint64_t)column_number(&find, 2) : 0;
    out->previous_at = row ? column_number(&find, 3) : 0;
    return SAF_OK;
}

saf_status storage_next_crl(saf_crl_turn *out, struct storage *storage, const struct storage_ca *ca, int64_t at,
                            saf_error *err)
{
    saf_crl_turn turn;
    OWN(statement) put = statement_of(storage, "INSERT INTO crl (ca_key_id, issuer_digest, number, at) VALUES (?, ?, ?, ?)"
                                               " ON CONFLICT (ca_key_id, issuer_digest) DO UPDATE SET number = excluded.number, at = excluded.at");
    SAF_TRY(verify_unrevoked(storage, ca, err));
    SAF_TRY(previous_crl(&turn, storage, ca, err));
    turn.number++;
    bind_blob(&put, ca->key_id);
    bind_blob(&put, ca->name_digest);
    bind_number(&put, (int64_t)turn.number);
    bind_number(&put, at);
    SAF_TRY(statement_run(&put, err));
    *out = turn;
    return SAF_OK;
}
