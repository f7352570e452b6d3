#include "storage-sqlite.h"

#include <base/fail.h>
#include <base/grow.h>

#include <openssl/crypto.h>

/* The engine sees each row that a statement changes, whatever the statement is (preupdate hook): the old one must be what its MAC says, the new one gets
 * a MAC when the statement is done, and the sum of all rows loses the one and gains the other. */

enum { PRIMARY_MAX = 2 };

struct unsealed_row {
    row_table table;
    sqlite3_value *keys[PRIMARY_MAX];
    unsigned char mac[STORAGE_ROW_MAC_LEN];
};

/* ---- arithmetic modulo 2^256 ---- */

static void add(unsigned char sum[STORAGE_SUM_LEN], const unsigned char weight[STORAGE_SUM_LEN])
{
    unsigned carry = 0;
    for (int i = STORAGE_SUM_LEN - 1; i >= 0; i--) {
        carry += (unsigned)sum[i] + weight[i];
        sum[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

static void subtract(unsigned char sum[STORAGE_SUM_LEN], const unsigned char weight[STORAGE_SUM_LEN])
{
    int borrow = 0;
    for (int i = STORAGE_SUM_LEN - 1; i >= 0; i--) {
        int digit = sum[i] - weight[i] - borrow;
        borrow = digit < 0;
        sum[i] = (unsigned char)digit;
    }
}

static saf_status weigh(unsigned char out[STORAGE_SUM_LEN], struct storage *storage, const unsigned char mac[STORAGE_ROW_MAC_LEN], saf_error *err)
{
    return storage->authenticator->weigh(storage->authenticator_context, out, saf_bytes_of(mac, STORAGE_ROW_MAC_LEN), err);
}

/* ---- one row changes ---- */

static void forget_unsealed(struct storage *storage)
{
    for (size_t i = 0; i < storage->unsealed_count; i++)
        for (int k = 0; k < PRIMARY_MAX; k++)
            sqlite3_value_free(storage->unsealed[i].keys[k]);
    free(storage->unsealed);
    storage->unsealed = NULL;
    storage->unsealed_count = 0;
}

/* An altered row is never vouched for anew, nor its loss. */
static saf_status lose_row(struct storage *storage, row_table table, saf_error *err)
{
    saf_bytes has;
    unsigned char mac[STORAGE_ROW_MAC_LEN], weight[STORAGE_SUM_LEN];
    SAF_TRY(row_of_change(storage, table, false, &has, err));
    SAF_TRY(row_mac(mac, storage, err));
    if (has.len != sizeof mac || CRYPTO_memcmp(has.data, mac, sizeof mac) != 0) {
        storage->altered = table;
        return SAF_E_FAILED;
    }
    SAF_TRY(weigh(weight, storage, mac, err));
    subtract(storage->sum.value, weight);
    return SAF_OK;
}

static struct unsealed_row *add_unsealed(struct storage *storage)
{
    struct unsealed_row *rows = saf_grow(storage->unsealed, storage->unsealed_count, sizeof *rows);
    if (!rows)
        return NULL;
    storage->unsealed = rows;
    rows[storage->unsealed_count] = (struct unsealed_row) { .table = ROW_TABLES };
    return &rows[storage->unsealed_count++];
}

static saf_status gain_row(struct storage *storage, row_table table, saf_error *err)
{
    saf_bytes none;
    unsigned char weight[STORAGE_SUM_LEN];
    struct unsealed_row *row = add_unsealed(storage);
    if (!row)
        return saf_fail_memory(err);
    row->table = table;
    SAF_TRY(row_of_change(storage, table, true, &none, err));
    SAF_TRY(row_mac(row->mac, storage, err));
    for (int i = 0; i < ROW_KINDS[table].keys; i++) {
        sqlite3_value *value;
        int code = sqlite3_preupdate_new(storage->db, i, &value);
        if (code != SQLITE_OK)
            return storage_fail(storage, code, err);
        if (!(row->keys[i] = sqlite3_value_dup(value)))
            return saf_fail_memory(err);
    }
    SAF_TRY(weigh(weight, storage, row->mac, err));
    add(storage->sum.value, weight);
    return SAF_OK;
}

static row_table table_of(const char *name)
{
    int table = 0;
    while (table < ROW_TABLES && strcmp(ROW_KINDS[table].table, name) != 0)
        table++;
    return (row_table)table;
}

/* It may not run statements, nor refuse: what is wrong is reported when the statement is done. */
static void watch(void *context, sqlite3 *db, int operation, const char *database, const char *name, sqlite3_int64 old_id, sqlite3_int64 new_id)
{
    struct storage *storage = context;
    row_table table = table_of(name);
    (void)db;
    (void)old_id;
    (void)new_id;
    if (table == ROW_TABLES || storage->is_sealing || storage->refused != SAF_OK || strcmp(database, "main") != 0)
        return;
    storage->is_touched = true;
    storage->altered = ROW_TABLES;
    storage->refused = operation == SQLITE_INSERT ? SAF_OK : lose_row(storage, table, &storage->failure);
    if (storage->refused == SAF_OK && operation != SQLITE_DELETE)
        storage->refused = gain_row(storage, table, &storage->failure);
}

void sum_watch(struct storage *storage)
{
    sqlite3_preupdate_hook(storage->db, watch, storage);
}

/* ---- a statement is done ---- */

static saf_status seal_row(struct storage *storage, const struct unsealed_row *row, saf_error *err)
{
    OWN(statement) seal = statement_of(storage, ROW_KINDS[row->table].seal_sql);
    bind_blob(&seal, saf_bytes_of(row->mac, sizeof row->mac));
    for (int i = 0; i < ROW_KINDS[row->table].keys; i++)
        bind_value(&seal, row->keys[i]);
    return statement_run(&seal, err);
}

static saf_status seal_rows(struct storage *storage, saf_error *err)
{
    saf_status status = SAF_OK;
    storage->is_sealing = true;
    for (size_t i = 0; i < storage->unsealed_count && status == SAF_OK; i++)
        status = seal_row(storage, &storage->unsealed[i], err);
    storage->is_sealing = false;
    return status;
}

static saf_status report_refusal(struct storage *storage, saf_error *err)
{
    saf_status status = storage->refused;
    storage->refused = SAF_OK;
    if (storage->altered != ROW_TABLES)
        return row_fail(storage, storage->altered, err);
    if (err)
        *err = storage->failure;
    return status;
}

saf_status sum_settle(struct storage *storage, int code, saf_error *err)
{
    if (!storage->is_touched || storage->is_sealing)
        return SAF_OK;
    saf_status status = storage->refused != SAF_OK ? report_refusal(storage, err) : SAF_OK;
    storage->is_touched = false;
    if (code != SQLITE_OK && code != SQLITE_DONE) /* SQLite has undone what the statement did */
        storage->sum = storage->settled;
    else if (status == SAF_OK)
        status = seal_rows(storage, err);
    forget_unsealed(storage);
    if (status != SAF_OK)
        storage->sum.is_spoilt = true;
    storage->settled = storage->sum;
    return status;
}

/* ---- a transaction ---- */

/* What a sum is bound to: the number and the MAC of the last audit record. */
static saf_status read_place(saf_buffer *out, struct storage *storage, saf_error *err)
{
    OWN(statement) last = statement_of(storage, "SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1");
    bool row;
    SAF_TRY(statement_step(&row, &last, err));
    saf_buffer_printf(out, " after %lld ", row ? (long long)column_number(&last, 0) : 0);
    if (row)
        saf_buffer_append(out, column_blob(&last, 1));
    return saf_buffer_check(out, err);
}

static saf_status open_sum(unsigned char out[STORAGE_SUM_LEN], struct storage *storage, const saf_buffer *place, saf_error *err)
{
    bool found;
    OWN(saf_buffer) sealed = { 0 };
    SAF_TRY(storage_find_setting(&found, &sealed, storage, STORAGE_SUM_SETTING, err));
    saf_status status = !found ? SAF_E_DENIED
                               : storage->authenticator->open(storage->authenticator_context, out, saf_buffer_bytes(&sealed), saf_buffer_bytes(place), err);
    if (status != SAF_E_DENIED && status != SAF_E_FAILED)
        return status;
    status = saf_fail(err, SAF_E_FAILED, "the sum of the records in the database %s was altered, or the end of its audit trail was removed or put back",
                      storage->path);
    saf_hint(err, "see what else was: safring store check; then restore a backup");
    return status;
}

static saf_status load_sum(struct storage *storage, saf_error *err)
{
    saf_buffer_free(&storage->place);
    SAF_TRY(read_place(&storage->place, storage, err));
    SAF_TRY(open_sum(storage->begun, storage, &storage->place, err));
    memcpy(storage->sum.value, storage->begun, sizeof storage->begun);
    storage->settled = storage->sum;
    storage->sum_is_known = true;
    return SAF_OK;
}

/* A database that is being made, or is of an older schema, has no sum yet. */
saf_status sum_begin(struct storage *storage, saf_error *err)
{
    unsigned schema;
    sum_end(storage);
    SAF_TRY(storage_get_schema(&schema, storage, err));
    return storage->authenticator && schema == STORAGE_SCHEMA ? load_sum(storage, err) : SAF_OK;
}

void sum_begin_new(struct storage *storage)
{
    storage->sum_is_known = true;
    storage->sum = storage->settled = (struct row_sum) { .is_spoilt = storage->sum.is_spoilt };
    saf_buffer_free(&storage->place);
}

static bool is_same(const struct storage *storage, const saf_buffer *place)
{
    return !memcmp(storage->begun, storage->sum.value, sizeof storage->begun) && storage->place.len == place->len &&
           !memcmp(storage->place.data, place->data, place->len);
}

static saf_status write_sum(struct storage *storage, saf_error *err)
{
    OWN(saf_buffer) place = { 0 }, sealed = { 0 };
    SAF_TRY(read_place(&place, storage, err));
    if (is_same(storage, &place))
        return SAF_OK;
    SAF_TRY(storage->authenticator->seal(storage->authenticator_context, &sealed, saf_bytes_of(storage->sum.value, sizeof storage->sum.value),
                                         saf_buffer_bytes(&place), err));
    return storage_put_setting(storage, STORAGE_SUM_SETTING, saf_buffer_bytes(&sealed), err);
}

/* After SQLite has rolled back by itself, COMMIT says so. */
saf_status sum_finish(struct storage *storage, saf_error *err)
{
    if (sqlite3_get_autocommit(storage->db))
        return SAF_OK;
    if (storage->sum.is_spoilt)
        return saf_fail(err, SAF_E_FAILED, "a change of %s that was refused cannot be committed", storage->path);
    return storage->sum_is_known && storage->authenticator ? write_sum(storage, err) : SAF_OK;
}

void sum_end(struct storage *storage)
{
    forget_unsealed(storage);
    storage->is_touched = false;
    storage->refused = SAF_OK;
    storage->sum_is_known = false;
    storage->sum = storage->settled = (struct row_sum) { .is_spoilt = false };
    storage->step_count = 0;
    free(storage->steps);
    storage->steps = NULL;
}

void sum_free(struct storage *storage)
{
    sum_end(storage);
    saf_buffer_free(&storage->place);
    free(storage->row.data);
    storage->row = (struct row_text) { 0 };
}

/* ---- steps ---- */

saf_status sum_begin_step(struct storage *storage, saf_error *err)
{
    struct row_sum *steps = saf_grow(storage->steps, storage->step_count, sizeof *steps);
    if (!steps)
        return saf_fail_memory(err);
    storage->steps = steps;
    steps[storage->step_count++] = storage->sum;
    return SAF_OK;
}

void sum_keep_step(struct storage *storage)
{
    if (storage->step_count)
        storage->step_count--;
}

void sum_undo_step(struct storage *storage)
{
    forget_unsealed(storage);
    storage->is_touched = false;
    storage->refused = SAF_OK;
    if (storage->step_count)
        storage->sum = storage->settled = storage->steps[--storage->step_count];
}

/* ---- checking ---- */

struct row_check {
    struct storage *storage;
    storage_fault_visitor visit;
    void *context;
    unsigned char sum[STORAGE_SUM_LEN]; /* of the MACs that are there */
};

static saf_status report_row(struct row_check *check, row_table table, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    row_describe(&text, check->storage, table);
    saf_buffer_append_text(&text, " was altered");
    SAF_TRY(saf_buffer_check(&text, err));
    return check->visit(check->context, saf_buffer_text(&text), err);
}

static saf_status check_row(struct row_check *check, statement *rows, row_table table, saf_error *err)
{
    unsigned char mac[STORAGE_ROW_MAC_LEN], weight[STORAGE_SUM_LEN];
    SAF_TRY(row_of_statement(rows, table, 0, err));
    SAF_TRY(row_mac(mac, check->storage, err));
    saf_bytes has = column_blob(rows, ROW_KINDS[table].width - 1);
    bool is_sound = has.len == sizeof mac && !CRYPTO_memcmp(has.data, mac, sizeof mac);
    if (has.len == sizeof mac)
        memcpy(mac, has.data, sizeof mac);
    SAF_TRY(weigh(weight, check->storage, mac, err));
    add(check->sum, weight);
    return is_sound ? SAF_OK : report_row(check, table, err);
}

static saf_status check_table(struct row_check *check, row_table table, saf_error *err)
{
    bool row;
    OWN(statement) rows = statement_of(check->storage, ROW_KINDS[table].select_sql);
    SAF_TRY(statement_step(&row, &rows, err));
    while (row) {
        SAF_TRY(check_row(check, &rows, table, err));
        SAF_TRY(statement_step(&row, &rows, err));
    }
    return SAF_OK;
}

static saf_status compare_sum(struct row_check *check, saf_error *err)
{
    unsigned char sum[STORAGE_SUM_LEN];
    OWN(saf_buffer) place = { 0 };
    struct storage *storage = check->storage;
    SAF_TRY(read_place(&place, storage, err));
    if (storage->sum_is_known)
        memcpy(sum, storage->sum.value, sizeof sum);
    else
        SAF_TRY(open_sum(sum, storage, &place, err));
    if (!memcmp(sum, check->sum, sizeof sum))
        return SAF_OK;
    return check->visit(check->context, "records were added, removed or put back to an older state", err);
}

static saf_status check_all(struct row_check *check, saf_error *err)
{
    for (int table = 0; table < ROW_TABLES; table++)
        SAF_TRY(check_table(check, (row_table)table, err));
    return compare_sum(check, err);
}

/* All at once: between two transactions a change would alter the sum. Within a change, it is the change's. */
saf_status sum_check(struct storage *storage, storage_fault_visitor visit, void *context, saf_error *err)
{
    struct row_check check = { .storage = storage, .visit = visit, .context = context };
    if (!sqlite3_get_autocommit(storage->db))
        return check_all(&check, err);
    SAF_TRY(storage_begin_read(storage, err));
    saf_status status = check_all(&check, err);
    storage_rollback(storage);
    return status;
}
