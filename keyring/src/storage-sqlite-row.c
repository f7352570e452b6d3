#include "storage-sqlite.h"

#include <base/fail.h>

#include <openssl/crypto.h>

/* What one row is: its form for the MAC, and its name for people. */

#define KIND(name, alias, row, width, keys, where) \
    { name, width, keys, "SELECT " row " FROM " name " AS " alias, "UPDATE " name " SET mac = ? WHERE " where }

const struct row_kind ROW_KINDS[ROW_TABLES] = {
    [ROW_CERTIFICATE] = KIND("certificate", "c", CERTIFICATE_ROW, CERTIFICATE_WIDTH, 1, "id = ?"),
    [ROW_CONNECTION] = KIND("connection", "n", CONNECTION_ROW, CONNECTION_WIDTH, 1, "id = ?"),
    [ROW_CRL] = KIND("crl", "l", CRL_ROW, CRL_WIDTH, 2, "ca_key_id = ? AND issuer_digest = ?"),
    [ROW_INTENT] = KIND("intent", "t", INTENT_ROW, INTENT_WIDTH, 1, "id = ?"),
    [ROW_ISSUED] = KIND("issued", "i", ISSUED_ROW, ISSUED_WIDTH, 1, "id = ?"),
    [ROW_KEY] = KIND("key", "k", KEY_ROW, KEY_WIDTH, 1, "id = ?"),
    [ROW_OWNER] = KIND("owner", "o", OWNER_ROW, OWNER_WIDTH, 1, "name = ?"),
    [ROW_POLICY] = KIND("policy", "p", POLICY_ROW, POLICY_WIDTH, 2, "appl = ? AND user = ?"),
    [ROW_PUBLICATION] = KIND("publication", "p", PUBLICATION_ROW, PUBLICATION_WIDTH, 1, "dir = ?"),
    [ROW_RING] = KIND("ring", "r", RING_ROW, RING_WIDTH, 1, "id = ?"),
};

/* ---- the one form ---- */

enum { FIELD_HEAD = 9 };

/* Room for a field of that many bytes; NULL: no memory. */
static unsigned char *extend(struct row_text *row, size_t len)
{
    enum { LEAST = 1024 };
    if (row->room - row->len < len + FIELD_HEAD) {
        size_t room = 2 * (row->room + len + LEAST);
        unsigned char *data = realloc(row->data, room);
        if (!data)
            return NULL;
        row->data = data;
        row->room = room;
    }
    return row->data + row->len;
}

static void put_number(unsigned char out[8], uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(number >> (56 - 8 * i));
}

static bool add_number(struct row_text *row, int64_t number)
{
    unsigned char *out = extend(row, 0);
    if (!out)
        return false;
    *out = 'i';
    put_number(out + 1, (uint64_t)number);
    row->len += FIELD_HEAD;
    return true;
}

static bool add_bytes(struct row_text *row, char type, const void *data, size_t len)
{
    unsigned char *out = extend(row, len);
    if (!out)
        return false;
    *out = (unsigned char)type;
    put_number(out + 1, len);
    if (len)
        memcpy(out + FIELD_HEAD, data, len);
    row->len += FIELD_HEAD + len;
    return true;
}

/* NULL, and what no row has: a REAL. */
static bool add_nothing(struct row_text *row, int type)
{
    unsigned char *out = extend(row, 0);
    if (!out)
        return false;
    *out = type == SQLITE_NULL ? 'n' : 'r';
    row->len++;
    return true;
}

static bool begin_row(struct row_text *row, row_table table)
{
    row->len = 0;
    return add_bytes(row, 't', ROW_KINDS[table].table, strlen(ROW_KINDS[table].table));
}

static bool add_column(struct row_text *row, sqlite3_stmt *rows, int column)
{
    int type = sqlite3_column_type(rows, column);
    if (type == SQLITE_INTEGER)
        return add_number(row, sqlite3_column_int64(rows, column));
    if (type != SQLITE_TEXT && type != SQLITE_BLOB)
        return add_nothing(row, type);
    const void *data = sqlite3_column_blob(rows, column);
    return add_bytes(row, type == SQLITE_TEXT ? 't' : 'b', data, data ? (size_t)sqlite3_column_bytes(rows, column) : 0);
}

static bool add_value(struct row_text *row, sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    if (type == SQLITE_INTEGER)
        return add_number(row, sqlite3_value_int64(value));
    if (type != SQLITE_TEXT && type != SQLITE_BLOB)
        return add_nothing(row, type);
    const void *data = sqlite3_value_blob(value);
    return add_bytes(row, type == SQLITE_TEXT ? 't' : 'b', data, data ? (size_t)sqlite3_value_bytes(value) : 0);
}

saf_status row_of_statement(statement *rows, row_table table, int column, saf_error *err)
{
    struct row_text *row = &rows->storage->row;
    bool ok = begin_row(row, table);
    for (int i = 0; ok && i < ROW_KINDS[table].width - 1; i++)
        ok = add_column(row, rows->handle, column + i);
    return ok ? SAF_OK : saf_fail_memory(err);
}

saf_status row_of_change(struct storage *storage, row_table table, bool is_new, saf_bytes *mac, saf_error *err)
{
    sqlite3_value *value = NULL;
    int last = ROW_KINDS[table].width - 1, code = SQLITE_OK;
    bool ok = begin_row(&storage->row, table);
    for (int i = 0; ok && i <= last; i++) {
        code = is_new ? sqlite3_preupdate_new(storage->db, i, &value) : sqlite3_preupdate_old(storage->db, i, &value);
        if (code != SQLITE_OK)
            return storage_fail(storage, code, err);
        ok = i == last || add_value(&storage->row, value);
    }
    if (!ok)
        return saf_fail_memory(err);
    const void *data = sqlite3_value_blob(value);
    *mac = saf_bytes_of(data, data ? (size_t)sqlite3_value_bytes(value) : 0);
    return SAF_OK;
}

/* ---- its MAC ---- */

saf_status row_mac(unsigned char out[STORAGE_ROW_MAC_LEN], struct storage *storage, saf_error *err)
{
    if (!storage->authenticator)
        return saf_fail(err, SAF_E_FAILED, "the rows of the database %s are read before its store is unlocked", storage->path);
    return storage->authenticator->mac(storage->authenticator_context, out, saf_bytes_of(storage->row.data, storage->row.len), err);
}

saf_status row_verify(statement *rows, row_table table, int column, saf_error *err)
{
    unsigned char mac[STORAGE_ROW_MAC_LEN];
    if (rows->storage->reads_unverified)
        return SAF_OK;
    SAF_TRY(row_of_statement(rows, table, column, err));
    SAF_TRY(row_mac(mac, rows->storage, err));
    saf_bytes has = column_blob(rows, column + ROW_KINDS[table].width - 1);
    return has.len == sizeof mac && !CRYPTO_memcmp(has.data, mac, sizeof mac) ? SAF_OK : row_fail(rows->storage, table, err);
}

saf_status row_expect(const statement *rows, bool is_it, saf_error *err)
{
    if (is_it || rows->storage->reads_unverified)
        return SAF_OK;
    return storage_fail_value(rows->storage, "an index leads to another row", err);
}

/* ---- its name ---- */

/* A field of a row: 0 is the table's name, then the columns. A number's bytes are its own. */
static saf_bytes field(const struct row_text *row, int index)
{
    size_t at = 0;
    for (int i = 0; at < row->len; i++) {
        char type = (char)row->data[at];
        uint64_t number = 0;
        if (type == 'n' || type == 'r') {
            if (i == index)
                break;
            at++;
            continue;
        }
        for (int k = 1; k < FIELD_HEAD; k++)
            number = number << 8 | row->data[at + (size_t)k];
        if (i == index)
            return type == 'i' ? saf_bytes_of(row->data + at + 1, 8) : saf_bytes_of(row->data + at + FIELD_HEAD, (size_t)number);
        at += FIELD_HEAD + (type == 'i' ? 0 : (size_t)number);
    }
    return saf_bytes_of("", 0);
}

static void add_text(saf_buffer *out, const struct row_text *row, int index)
{
    enum { TEXT_MAX = 120 };
    saf_bytes text = field(row, index);
    saf_buffer_append(out, saf_bytes_of(text.data, text.len < TEXT_MAX ? text.len : TEXT_MAX));
}

static int64_t number_of(const struct row_text *row, int index)
{
    uint64_t number = 0;
    saf_bytes bytes = field(row, index);
    for (size_t i = 0; i < bytes.len && i < 8; i++)
        number = number << 8 | bytes.data[i];
    return (int64_t)number;
}

static void add_two(saf_buffer *out, const struct row_text *row, const char *what, const char *between)
{
    saf_buffer_append_text(out, what);
    add_text(out, row, 1);
    saf_buffer_append_text(out, between);
    add_text(out, row, 2);
}

static void add_hex(saf_buffer *out, const struct row_text *row, int index)
{
    saf_bytes bytes = field(row, index);
    for (size_t i = 0; i < bytes.len && i < SAF_FINGERPRINT_LEN; i++)
        saf_buffer_printf(out, "%02x", bytes.data[i]);
}

/* Which ring it is: nothing vouches for that, but it is what the row claims. */
static void describe_connection(saf_buffer *out, struct storage *storage)
{
    bool row = false;
    OWN(statement) find = statement_of(storage, "SELECT owner || '/' || name FROM ring WHERE id = ?");
    bind_number(&find, number_of(&storage->row, 2));
    saf_status status = statement_step(&row, &find, NULL);
    const char *ring = status == SAF_OK && row ? column_text(&find, 0) : NULL;
    saf_buffer_printf(out, "connection %lld of ring %.300s", (long long)number_of(&storage->row, 1), ring ? ring : "(none)");
}

/* Whose it is; else its number. */
static void describe_key(saf_buffer *out, struct storage *storage)
{
    bool row = false;
    OWN(statement) find = statement_of(storage, "SELECT owner || '/' || label FROM certificate WHERE key = ? ORDER BY id LIMIT 1");
    bind_blob(&find, field(&storage->row, 1));
    saf_status status = statement_step(&row, &find, NULL);
    const char *cert = status == SAF_OK && row ? column_text(&find, 0) : NULL;
    saf_buffer_printf(out, "the private key %s%.300s", cert ? "of " : "", cert ? cert : "");
    if (!cert)
        add_hex(out, &storage->row, 1);
}

void row_describe(saf_buffer *out, struct storage *storage, row_table table)
{
    const struct row_text *row = &storage->row;
    switch (table) {
    case ROW_CERTIFICATE:
        saf_buffer_append_text(out, "certificate ");
        add_text(out, row, 2);
        saf_buffer_append_text(out, "/");
        add_text(out, row, 3);
        return;
    case ROW_CONNECTION:
        describe_connection(out, storage);
        return;
    case ROW_CRL:
        saf_buffer_append_text(out, "the number of the last CRL under the key ");
        add_hex(out, row, 1);
        return;
    case ROW_INTENT:
        saf_buffer_printf(out, "intent %lld", (long long)number_of(row, 1));
        return;
    case ROW_ISSUED:
        saf_buffer_printf(out, "issued certificate %lld (serial ", (long long)number_of(row, 1));
        add_text(out, row, 4);
        saf_buffer_append_text(out, ")");
        return;
    case ROW_KEY:
        describe_key(out, storage);
        return;
    case ROW_OWNER:
        saf_buffer_append_text(out, "the generation of owner ");
        add_text(out, row, 1);
        return;
    case ROW_POLICY:
        add_two(out, row, "policy JWT.", ".");
        saf_buffer_append_text(out, ".SAF");
        return;
    case ROW_PUBLICATION:
        saf_buffer_append_text(out, "the publication in ");
        add_text(out, row, 1);
        return;
    case ROW_RING:
        saf_buffer_append_text(out, "ring ");
        add_text(out, row, 2);
        saf_buffer_append_text(out, "/");
        add_text(out, row, 3);
        return;
    case ROW_TABLES:
        return;
    }
}

saf_status row_fail(struct storage *storage, row_table table, saf_error *err)
{
    OWN(saf_buffer) name = { 0 };
    row_describe(&name, storage, table);
    SAF_TRY(saf_buffer_check(&name, err));
    saf_status status = saf_fail(err, SAF_E_FAILED, "%s was altered in the database %s", saf_buffer_text(&name), storage->path);
    saf_hint(err, "see what else was: safring store check; then restore a backup");
    return status;
}
