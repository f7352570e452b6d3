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
    "SELECT i.id, i.owner, i.label, i.der, i.at, i.revoked_at, i.revocation_reason," \
    " EXISTS (SELECT 1 FROM certificate AS c WHERE c.fingerprint = i.fingerprint) FROM issued AS i "

static saf_status read_issued(struct storage_issued *out, statement *rows, saf_error *err)
{
    *out = (struct storage_issued) {
        .id = column_number(rows, 0),
        .owner = column_text(rows, 1),
        .label = column_text(rows, 2),
        .der = column_blob(rows, 3),
        .at = column_number(rows, 4),
        .revoked_at = column_number(rows, 5),
        .is_current = column_number(rows, 7) != 0,
    };
    return column_reason(&out->reason, rows, 6, err);
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

saf_status storage_set_revoked(struct storage *storage, int64_t issued_id, int64_t at, saf_reason reason,
                               saf_error *err)
{
    OWN(statement) set =
        statement_of(storage, "UPDATE issued SET revoked_at = nullif(?1, 0),"
                              " revocation_reason = CASE ?1 WHEN 0 THEN NULL ELSE ?2 END WHERE id = ?3");
    bind_number(&set, at);
    bind_number(&set, reason);
    bind_number(&set, issued_id);
    return statement_run(&set, err);
}

saf_status storage_find_revocation(int64_t *at, saf_reason *reason, struct storage *storage, saf_bytes fingerprint, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT revoked_at, revocation_reason FROM issued INDEXED BY issued_revoked_fingerprint"
                                                " WHERE fingerprint = ? AND revoked_at IS NOT NULL ORDER BY revoked_at LIMIT 1");
    bind_blob(&find, fingerprint);
    bool row;
    SAF_TRY(statement_step(&row, &find, err));
    *at = row ? column_number(&find, 0) : 0;
    *reason = SAF_REASON_UNSPECIFIED;
    return row ? column_reason(reason, &find, 1, err) : SAF_OK;
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

static saf_status previous_crl(saf_crl_turn *out, struct storage *storage, const struct storage_ca *ca, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT number, at FROM crl WHERE ca_key_id = ? AND issuer_digest = ?");
    bind_blob(&find, ca->key_id);
    bind_blob(&find, ca->name_digest);
    bool row;
    SAF_TRY(statement_step(&row, &find, err));
    out->number = row ? (uint64_t)column_number(&find, 0) : 0;
    out->previous_at = row ? column_number(&find, 1) : 0;
    return SAF_OK;
}

saf_status storage_next_crl(saf_crl_turn *out, struct storage *storage, const struct storage_ca *ca, int64_t at,
                            saf_error *err)
{
    saf_crl_turn turn;
    OWN(statement) put = statement_of(storage, "INSERT OR REPLACE INTO crl (ca_key_id, issuer_digest, number, at)"
                                               " VALUES (?, ?, ?, ?)");
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
