#include "storage-sqlite.h"

#include <base/fail.h>

/* ---- private keys ---- */

saf_status storage_find_key(struct storage *storage, saf_bytes id, storage_key_visitor visit, void *context,
                            saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT id, record_id, version, sealed, uri FROM key WHERE id = ?");
    bind_blob(&find, id);
    bool row;
    SAF_TRY(statement_step(&row, &find, err));
    if (!row)
        return SAF_OK;
    struct storage_key key = {
        .id = column_blob(&find, 0),
        .record_id = column_blob(&find, 1),
        .version = (uint32_t)column_number(&find, 2),
        .sealed = column_blob(&find, 3),
        .uri = column_text(&find, 4),
    };
    if ((key.sealed.len > 0) == (key.uri != NULL))
        return storage_fail_value(storage, "a private key is neither sealed nor in a token, or both", err);
    return visit(context, &key, err);
}

saf_status storage_add_key(struct storage *storage, const struct storage_key *key, saf_error *err)
{
    OWN(statement) add =
        statement_of(storage, "INSERT INTO key (id, record_id, version, sealed, uri) VALUES (?, ?, ?, ?, ?)");
    bind_blob(&add, key->id);
    bind_blob(&add, key->record_id);
    bind_number(&add, key->version);
    bind_optional_blob(&add, key->sealed);
    bind_text(&add, key->uri);
    return statement_run(&add, err);
}

saf_status storage_drop_unused_key(struct storage *storage, saf_bytes id, saf_error *err)
{
    OWN(statement) drop = statement_of(storage, "DELETE FROM key WHERE id = ?1"
                                                " AND NOT EXISTS (SELECT 1 FROM certificate WHERE key = ?1)");
    bind_blob(&drop, id);
    return statement_run(&drop, err);
}

/* ---- certificates ---- */

#define CERT_COLUMNS "c.id, c.owner, c.label, c.trust, c.der, c.last_serial, k.id IS NOT NULL, k.uri"
#define CERT_TABLES " FROM certificate AS c LEFT JOIN key AS k ON k.id = c.key "
#define SELECT_CERT "SELECT " CERT_COLUMNS CERT_TABLES
enum { CERT_COLUMN_COUNT = 8 };

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

static saf_status read_usage(struct storage_cert *out, statement *rows, saf_error *err)
{
    int64_t usage = column_number(rows, CERT_COLUMN_COUNT);
    int64_t is_default = column_number(rows, CERT_COLUMN_COUNT + 1);
    if (usage != SAF_USAGE_SITE && usage != SAF_USAGE_CERTAUTH && usage != SAF_USAGE_PERSONAL)
        return storage_fail_value(rows->storage, "a connection has an unknown usage", err);
    if (is_default != 0 && is_default != 1)
        return storage_fail_value(rows->storage, "whether a connection is the default", err);
    out->usage = (saf_usage)usage;
    out->is_default = is_default ? SAF_DEFAULT : SAF_NOT_DEFAULT;
    return SAF_OK;
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
    };
    if (!out->owner || !out->label)
        return saf_fail_memory(err); /* both are NOT NULL */
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
            SAF_TRY(read_usage(&cert, rows, err));
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

saf_status storage_visit_subjects(struct storage *storage, uint32_t subject_hash, const char *owner,
                                  storage_cert_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CERT "WHERE c.subject_hash = ?1"
                                                " ORDER BY c.owner <> ?2, c.owner <> 'CERTAUTH', c.owner, c.label");
    bind_number(&rows, subject_hash);
    bind_text(&rows, owner);
    return visit_all(&rows, visit, context, err);
}

/* Row values make a page begin in the index, however long the listing is. */
#define PAGE_OF_OWNER SELECT_CERT "WHERE (c.owner, c.label) > (?1, ?2) AND c.owner = ?4" \
                                  " ORDER BY c.owner, c.label LIMIT ?3"
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

/* ---- what CAs have issued ---- */

saf_status storage_has_issued(bool *out, struct storage *storage, saf_bytes ca_key_id, const char *serial,
                              saf_error *err)
{
    OWN(statement) find =
        statement_of(storage, "SELECT count(*) FROM issued WHERE ca_key_id = ? AND serial = ?");
    bind_blob(&find, ca_key_id);
    bind_text(&find, serial);
    int64_t count;
    SAF_TRY(statement_number(&count, &find, err));
    *out = count > 0;
    return SAF_OK;
}

saf_status storage_add_issued(struct storage *storage, const struct storage_issued *issued, saf_error *err)
{
    OWN(statement) add = statement_of(storage, "INSERT INTO issued (ca_key_id, serial, der, fingerprint, not_after, at)"
                                               " VALUES (?, ?, ?, ?, ?, ?)");
    bind_blob(&add, issued->ca_key_id);
    bind_text(&add, issued->serial);
    bind_blob(&add, issued->der);
    bind_blob(&add, issued->fingerprint);
    bind_number(&add, issued->not_after);
    bind_number(&add, issued->at);
    return statement_run(&add, err);
}
