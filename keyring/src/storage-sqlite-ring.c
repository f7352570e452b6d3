#include "storage-sqlite.h"

#include <base/fail.h>

#define RING_COLUMNS RING_ROW ", (SELECT count(*) FROM connection AS n WHERE n.ring = r.id)"
#define SELECT_RING "SELECT " RING_COLUMNS " FROM ring AS r "

/* @p owner, @p name: which it must be; NULL: any. */
static saf_status visit_rings(statement *rows, const char *owner, const char *name, storage_ring_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        SAF_TRY(row_verify(rows, ROW_RING, 0, err));
        SAF_TRY(row_expect(rows, !name || (column_is(rows, 1, owner) && column_is(rows, 2, name)), err));
        struct storage_ring ring = {
            .id = column_number(rows, 0),
            .owner = column_text(rows, 1),
            .name = column_text(rows, 2),
            .generation = (uint64_t)column_number(rows, 3),
            .size = (uint64_t)column_number(rows, RING_WIDTH),
        };
        if (!ring.owner || !ring.name)
            return saf_fail_memory(err); /* both are NOT NULL */
        if (strlen(ring.owner) > SAF_OWNER_MAX || strlen(ring.name) > SAF_RING_NAME_MAX)
            return storage_fail_value(rows->storage, "a ring has too long a name", err);
        SAF_TRY(visit(context, &ring, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_find_ring(struct storage *storage, const char *owner, const char *name,
                             storage_ring_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_RING "WHERE r.owner = ? AND r.name = ?");
    bind_text(&find, owner);
    bind_text(&find, name);
    return visit_rings(&find, owner, name, visit, context, err);
}

saf_status storage_poll_ring(struct storage_ring_state *out, struct storage *storage, const char *owner, const char *name, saf_error *err)
{
    bool row;
    OWN(statement) find = statement_of(storage, "SELECT " RING_ROW " FROM ring AS r WHERE r.owner = ? AND r.name = ?");
    *out = (struct storage_ring_state) { 0 };
    bind_text(&find, owner);
    bind_text(&find, name);
    SAF_TRY(statement_step(&row, &find, err));
    if (!row)
        return SAF_OK;
    SAF_TRY(row_verify(&find, ROW_RING, 0, err));
    SAF_TRY(row_expect(&find, column_is(&find, 1, owner) && column_is(&find, 2, name), err));
    out->id = column_number(&find, 0);
    out->generation = (uint64_t)column_number(&find, 3);
    out->shrunk = (uint64_t)column_number(&find, 4);
    return SAF_OK;
}

saf_status storage_visit_ring_numbers(struct storage *storage, int64_t ring_id, storage_number_visitor visit, void *context, saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT id FROM connection WHERE ring = ? ORDER BY id");
    bind_number(&rows, ring_id);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        SAF_TRY(visit(context, column_number(&rows, 0), err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

#define PAGE_START SELECT_RING "WHERE (r.owner, r.name) > (?1, ?2)"
#define PAGE_END " ORDER BY r.owner, r.name LIMIT ?3"
#define OF_OWNER " AND r.owner = ?4"
#define OF_CERT \
    " AND r.id IN (SELECT n.ring FROM connection AS n JOIN certificate AS c ON c.id = n.certificate" \
    " WHERE c.owner = ?5 AND c.label = ?6)"

static const char *page_sql(const saf_ring_query *query)
{
    if (query->cert_owner)
        return query->owner ? PAGE_START OF_OWNER OF_CERT PAGE_END : PAGE_START OF_CERT PAGE_END;
    return query->owner ? PAGE_START OF_OWNER PAGE_END : PAGE_START PAGE_END;
}

saf_status storage_visit_rings(struct storage *storage, const saf_ring_query *query, storage_ring_visitor visit,
                               void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, page_sql(query));
    bind_text(&rows, query->after_owner ? query->after_owner : "");
    bind_text(&rows, query->after_name ? query->after_name : "");
    bind_number(&rows, (int64_t)query->limit);
    if (query->owner || query->cert_owner)
        bind_text(&rows, query->owner);
    if (query->cert_owner) {
        bind_text(&rows, query->cert_owner);
        bind_text(&rows, query->cert_label);
    }
    return visit_rings(&rows, NULL, NULL, visit, context, err);
}

saf_status storage_add_ring(struct storage *storage, const char *owner, const char *name, uint64_t generation,
                            saf_error *err)
{
    OWN(statement) add = statement_of(storage, "INSERT INTO ring (owner, name, generation, shrunk) VALUES (?1, ?2, ?3, ?3)");
    bind_text(&add, owner);
    bind_text(&add, name);
    bind_number(&add, (int64_t)generation);
    return statement_run(&add, err);
}

saf_status storage_delete_ring(struct storage *storage, int64_t id, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM ring WHERE id = ?");
    bind_number(&gone, id);
    return statement_run(&gone, err);
}

/* ---- what gives rings a new generation ---- */

/* @p sql has two parameters: the generation, and what it concerns. */
static saf_status stamp(struct storage *storage, const char *sql, uint64_t generation, int64_t id, saf_error *err)
{
    OWN(statement) set = statement_of(storage, sql);
    bind_number(&set, (int64_t)generation);
    bind_number(&set, id);
    return statement_run(&set, err);
}

static saf_status touch(struct storage *storage, int64_t ring_id, uint64_t generation, saf_error *err)
{
    return stamp(storage, "UPDATE ring SET generation = ? WHERE id = ?", generation, ring_id, err);
}

static saf_status note_loss(struct storage *storage, int64_t ring_id, uint64_t generation, saf_error *err)
{
    return stamp(storage, "UPDATE ring SET generation = ?1, shrunk = ?1 WHERE id = ?2", generation, ring_id, err);
}

saf_status storage_touch_rings_of(struct storage *storage, int64_t cert_id, uint64_t generation, saf_error *err)
{
    SAF_TRY(stamp(storage, "UPDATE connection SET changed = ? WHERE certificate = ?", generation, cert_id, err));
    return stamp(storage, "UPDATE ring SET generation = ? WHERE id IN (SELECT ring FROM connection WHERE certificate = ?)", generation, cert_id,
                 err);
}

/* An update in place: a connection that is made again keeps its position. */
static saf_status put_connection(struct storage *storage, int64_t ring_id, int64_t cert_id, saf_usage usage, saf_default is_default,
                                 uint64_t generation, saf_error *err)
{
    OWN(statement) put =
        statement_of(storage, "INSERT INTO connection (ring, certificate, usage, is_default, changed) VALUES (?, ?, ?, ?, ?)"
                              " ON CONFLICT (ring, certificate)"
                              " DO UPDATE SET usage = excluded.usage, is_default = excluded.is_default, changed = excluded.changed");
    bind_number(&put, ring_id);
    bind_number(&put, cert_id);
    bind_number(&put, usage);
    bind_number(&put, is_default == SAF_DEFAULT);
    bind_number(&put, (int64_t)generation);
    return statement_run(&put, err);
}

saf_status storage_connect(struct storage *storage, int64_t ring_id, int64_t cert_id, saf_usage usage, saf_default is_default, uint64_t generation,
                           saf_error *err)
{
    if (is_default == SAF_DEFAULT)
        SAF_TRY(stamp(storage, "UPDATE connection SET is_default = 0, changed = ? WHERE ring = ? AND is_default = 1", generation, ring_id, err));
    SAF_TRY(put_connection(storage, ring_id, cert_id, usage, is_default, generation, err));
    return touch(storage, ring_id, generation, err);
}

saf_status storage_disconnect(bool *removed, struct storage *storage, int64_t ring_id, int64_t cert_id, uint64_t generation, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM connection WHERE ring = ? AND certificate = ?");
    bind_number(&gone, ring_id);
    bind_number(&gone, cert_id);
    SAF_TRY(statement_run(&gone, err));
    *removed = sqlite3_changes(storage->db) > 0;
    return *removed ? note_loss(storage, ring_id, generation, err) : SAF_OK;
}

saf_status storage_disconnect_all(struct storage *storage, int64_t cert_id, uint64_t generation, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM connection WHERE certificate = ?");
    SAF_TRY(stamp(storage, "UPDATE ring SET generation = ?1, shrunk = ?1 WHERE id IN (SELECT ring FROM connection WHERE certificate = ?2)",
                  generation, cert_id, err));
    bind_number(&gone, cert_id);
    return statement_run(&gone, err);
}

saf_status storage_empty_ring(struct storage *storage, int64_t ring_id, uint64_t generation, saf_error *err)
{
    OWN(statement) gone = statement_of(storage, "DELETE FROM connection WHERE ring = ?");
    bind_number(&gone, ring_id);
    SAF_TRY(statement_run(&gone, err));
    return note_loss(storage, ring_id, generation, err);
}

saf_status storage_hand_over(struct storage *storage, int64_t connection_id, int64_t cert_id, uint64_t generation, saf_error *err)
{
    OWN(statement) give = statement_of(storage, "UPDATE connection SET certificate = ?, changed = ? WHERE id = ?");
    bind_number(&give, cert_id);
    bind_number(&give, (int64_t)generation);
    bind_number(&give, connection_id);
    SAF_TRY(statement_run(&give, err));
    return stamp(storage, "UPDATE ring SET generation = ? WHERE id = (SELECT ring FROM connection WHERE id = ?)", generation, connection_id, err);
}

/* ---- one certificate's connections ---- */

#define SELECT_CONNECTION \
    "SELECT " CONNECTION_ROW ", " RING_ROW " FROM connection AS n JOIN ring AS r ON r.id = n.ring "

static saf_status visit_connections(statement *rows, storage_connection_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        SAF_TRY(row_verify(rows, ROW_CONNECTION, 0, err));
        SAF_TRY(row_verify(rows, ROW_RING, CONNECTION_WIDTH, err));
        struct storage_connection connection = {
            .id = column_number(rows, 0),
            .ring_id = column_number(rows, 1),
            .ring_owner = column_text(rows, CONNECTION_WIDTH + 1),
            .ring_name = column_text(rows, CONNECTION_WIDTH + 2),
        };
        if (!connection.ring_owner || !connection.ring_name)
            return saf_fail_memory(err); /* both are NOT NULL */
        SAF_TRY(column_usage(&connection.usage, &connection.is_default, rows, 3, err));
        SAF_TRY(visit(context, &connection, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_visit_connections(struct storage *storage, int64_t cert_id, storage_connection_visitor visit,
                                     void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_CONNECTION "WHERE n.certificate = ? ORDER BY n.id");
    bind_number(&rows, cert_id);
    return visit_connections(&rows, visit, context, err);
}

saf_status storage_find_connection(struct storage *storage, int64_t ring_id, int64_t cert_id,
                                   storage_connection_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_CONNECTION "WHERE n.ring = ? AND n.certificate = ?");
    bind_number(&find, ring_id);
    bind_number(&find, cert_id);
    return visit_connections(&find, visit, context, err);
}
