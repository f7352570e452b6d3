#include "storage-sqlite.h"

#include <base/fail.h>

/* What the generation of a publication is compared with: its ring's, or, for a virtual ring, its owner's. */
#define RING_NOW \
    "CASE WHEN p.name = '*' THEN coalesce((SELECT o.generation FROM owner AS o WHERE o.name =" \
    " CASE p.owner WHEN '*AUTH*' THEN 'CERTAUTH' WHEN '*SITE*' THEN 'SITE' ELSE p.owner END), 0)" \
    " ELSE (SELECT r.generation FROM ring AS r WHERE r.owner = p.owner AND r.name = p.name) END"
#define IS_DUE "(p.is_ended = 1 OR p.generation IS NOT " RING_NOW ")"
#define SELECT_PUBLICATION \
    "SELECT " PUBLICATION_ROW ", " IS_DUE \
    " FROM publication AS p "

static saf_status check_row(const struct storage_publication *row, const struct storage *storage, saf_error *err)
{
    if (!row->dir || !row->owner || !row->name)
        return saf_fail_memory(err); /* all are NOT NULL */
    if (row->id.len != STORAGE_RECORD_ID_LEN || strlen(row->dir) > STORAGE_DIR_MAX || strlen(row->owner) > SAF_OWNER_MAX ||
        strlen(row->name) > SAF_RING_NAME_MAX)
        return storage_fail_value(storage, "a publication has a wrong name", err);
    return SAF_OK;
}

/* @p dir: which it must be; NULL: any. */
static saf_status visit_publications(statement *rows, const char *dir, storage_publication_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        SAF_TRY(row_verify(rows, ROW_PUBLICATION, 0, err));
        SAF_TRY(row_expect(rows, !dir || column_is(rows, 0, dir), err));
        struct storage_publication publication = {
            .dir = column_text(rows, 0),
            .id = column_blob(rows, 1),
            .owner = column_text(rows, 2),
            .name = column_text(rows, 3),
            .user = (uint32_t)column_number(rows, 4),
            .with_keys = column_number(rows, 5) != 0,
            .is_written = sqlite3_column_type(rows->handle, 6) != SQLITE_NULL,
            .generation = (uint64_t)column_number(rows, 6),
            .is_ended = column_number(rows, 7) != 0,
            .is_due = column_number(rows, PUBLICATION_WIDTH) != 0,
        };
        SAF_TRY(check_row(&publication, rows->storage, err));
        SAF_TRY(visit(context, &publication, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_find_publication(struct storage *storage, const char *dir, storage_publication_visitor visit, void *context,
                                    saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_PUBLICATION "WHERE p.dir = ?");
    bind_text(&find, dir);
    return visit_publications(&find, dir, visit, context, err);
}

saf_status storage_visit_publications(struct storage *storage, storage_publication_visitor visit, void *context, saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_PUBLICATION "ORDER BY p.dir");
    return visit_publications(&rows, NULL, visit, context, err);
}

saf_status storage_visit_due_dirs(struct storage *storage, storage_dir_visitor visit, void *context, saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(storage, "SELECT p.dir FROM publication AS p WHERE " IS_DUE " ORDER BY p.dir");
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        const char *dir = column_text(&rows, 0);
        SAF_TRY(dir ? visit(context, dir, err) : saf_fail_memory(err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

saf_status storage_has_due_publication(bool *out, struct storage *storage, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT EXISTS (SELECT 1 FROM publication AS p WHERE " IS_DUE ")");
    int64_t found;
    SAF_TRY(statement_number(&found, &find, err));
    *out = found != 0;
    return SAF_OK;
}

saf_status storage_put_publication(struct storage *storage, const struct storage_publication *publication, saf_error *err)
{
    OWN(statement) put = statement_of(storage, "INSERT INTO publication (dir, id, owner, name, user, with_keys, generation, is_ended)"
                                               " VALUES (?, ?, ?, ?, ?, ?, NULL, 0) ON CONFLICT (dir) DO UPDATE SET id = excluded.id,"
                                               " owner = excluded.owner, name = excluded.name, user = excluded.user,"
                                               " with_keys = excluded.with_keys, generation = NULL, is_ended = 0");
    bind_text(&put, publication->dir);
    bind_blob(&put, publication->id);
    bind_text(&put, publication->owner);
    bind_text(&put, publication->name);
    bind_number(&put, publication->user);
    bind_number(&put, publication->with_keys);
    return statement_run(&put, err);
}

/* Not what was published anew, or ended, while it was written. */
saf_status storage_set_published(struct storage *storage, const struct storage_publication *publication, saf_error *err)
{
    OWN(statement) set = statement_of(storage, "UPDATE publication SET generation = ? WHERE dir = ? AND id = ? AND user = ?"
                                               " AND with_keys = ? AND is_ended = 0");
    bind_number(&set, (int64_t)publication->generation);
    bind_text(&set, publication->dir);
    bind_blob(&set, publication->id);
    bind_number(&set, publication->user);
    bind_number(&set, publication->with_keys);
    return statement_run(&set, err);
}

saf_status storage_end_publications(uint64_t *count, struct storage *storage, const char *owner, const char *name, const char *dir,
                                    saf_error *err)
{
    OWN(statement) end = statement_of(storage, "UPDATE publication SET is_ended = 1 WHERE owner = ?1 AND name = ?2"
                                               " AND dir = coalesce(?3, dir) AND is_ended = 0");
    bind_text(&end, owner);
    bind_text(&end, name);
    bind_text(&end, dir);
    SAF_TRY(statement_run(&end, err));
    *count = (uint64_t)sqlite3_changes64(storage->db);
    return SAF_OK;
}

saf_status storage_drop_publications(uint64_t *count, struct storage *storage, saf_error *err)
{
    OWN(statement) drop = statement_of(storage, "DELETE FROM publication WHERE dir IS NOT NULL"); /* one by one, or the sum would not see it */
    SAF_TRY(statement_run(&drop, err));
    *count = (uint64_t)sqlite3_changes64(storage->db);
    return SAF_OK;
}

saf_status storage_drop_ended_publication(struct storage *storage, const char *dir, saf_error *err)
{
    OWN(statement) drop = statement_of(storage, "DELETE FROM publication WHERE dir = ? AND is_ended = 1");
    bind_text(&drop, dir);
    return statement_run(&drop, err);
}
