#include "storage-sqlite.h"

#include <base/fail.h>

saf_status storage_find_key(struct storage *storage, saf_bytes id, storage_key_visitor visit, void *context,
                            saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT " KEY_ROW " FROM key AS k WHERE k.id = ?");
    bind_blob(&find, id);
    bool row;
    SAF_TRY(statement_step(&row, &find, err));
    if (!row)
        return SAF_OK;
    SAF_TRY(row_verify(&find, ROW_KEY, 0, err));
    SAF_TRY(row_expect(&find, column_is_blob(&find, 0, id), err));
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

/* Readers of rings see the difference: a key that cannot be loaded any more. */
static saf_status touch_holders(struct storage *storage, saf_bytes id, uint64_t generation, saf_error *err)
{
    OWN(statement) connections = statement_of(storage, "UPDATE connection SET changed = ?"
                                                       " WHERE certificate IN (SELECT id FROM certificate WHERE key = ?)");
    OWN(statement) rings =
        statement_of(storage, "UPDATE ring SET generation = ? WHERE id IN (SELECT n.ring FROM connection AS n"
                              " JOIN certificate AS c ON c.id = n.certificate WHERE c.key = ?)");
    OWN(statement) owners = statement_of(storage, "INSERT INTO owner (generation, name)"
                                                  " SELECT DISTINCT ?, owner FROM certificate WHERE key = ?"
                                                  " ON CONFLICT (name) DO UPDATE SET generation = excluded.generation");
    bind_number(&connections, (int64_t)generation);
    bind_blob(&connections, id);
    SAF_TRY(statement_run(&connections, err));
    bind_number(&rings, (int64_t)generation);
    bind_blob(&rings, id);
    SAF_TRY(statement_run(&rings, err));
    bind_number(&owners, (int64_t)generation);
    bind_blob(&owners, id);
    return statement_run(&owners, err);
}

saf_status storage_destroy_key(uint64_t *holders, struct storage *storage, saf_bytes id, uint64_t generation, saf_error *err)
{
    OWN(statement) take = statement_of(storage, "UPDATE certificate SET key = NULL, requested_at = NULL WHERE key = ?");
    OWN(statement) gone = statement_of(storage, "DELETE FROM key WHERE id = ?");
    SAF_TRY(touch_holders(storage, id, generation, err));
    bind_blob(&take, id);
    SAF_TRY(statement_run(&take, err));
    *holders = (uint64_t)sqlite3_changes64(storage->db);
    bind_blob(&gone, id);
    return statement_run(&gone, err);
}

saf_status storage_has_key_uri(bool *out, struct storage *storage, const char *uri, saf_error *err)
{
    OWN(statement) find = statement_of(storage, "SELECT EXISTS (SELECT 1 FROM key AS k JOIN certificate AS c ON c.key = k.id"
                                                " WHERE k.uri = ? AND k.uri IS NOT NULL)");
    bind_text(&find, uri);
    int64_t found;
    SAF_TRY(statement_number(&found, &find, err));
    *out = found != 0;
    return SAF_OK;
}
