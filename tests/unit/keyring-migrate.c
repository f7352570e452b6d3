#include <support/keyring-world.h>

#include <support/scratch.h>

#include <sqlite3.h>
#include <sys/wait.h>

/* ---- a store of an older release ------------------------------------------------------------------------------ */

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text);
    sqlite3_close(db);
}

static char *sql_text(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    char *text = strdup((const char *)sqlite3_column_text(rows, 0));
    sqlite3_finalize(rows);
    sqlite3_close(db);
    return text;
}

static void read_schema(char *out, size_t out_cap)
{
    FILE *file = fopen(SCHEMA_1, "re");
    assert_non_null(file);
    size_t len = fread(out, 1, out_cap - 1, file);
    out[len] = '\0';
    assert_int_equal(fclose(file), 0);
}

static const char COPY_SQL[] =
    "ATTACH 'store/store.db' AS new; PRAGMA foreign_keys = OFF;"
    "INSERT INTO setting SELECT * FROM new.setting WHERE name <> 'sum'; INSERT INTO counter SELECT * FROM new.counter;"
    "INSERT INTO owner SELECT name, generation FROM new.owner; INSERT INTO key SELECT id, record_id, version, sealed, uri FROM new.key;"
    "INSERT INTO certificate SELECT id, owner, label, trust, der, issuer_digest, serial, subject_hash, fingerprint, key_id,"
    " key, last_serial, not_after FROM new.certificate;"
    "INSERT INTO issued SELECT id, ca_key_id, serial, der, fingerprint, not_after, at, revoked_at, revocation_reason"
    " FROM new.issued;"
    "INSERT INTO ring SELECT id, owner, name, generation FROM new.ring;"
    "INSERT INTO connection SELECT id, ring, certificate, usage, is_default FROM new.connection;"
    "INSERT INTO policy SELECT appl, user, alg, key, kid, key_use, timeout_min, any_appl, prot_allowed, generation FROM new.policy; INSERT INTO audit SELECT * FROM new.audit;";

/* The store as it is, but as an older release would have it. */
static void make_old(keyring_world *w)
{
    static char schema[16384];
    saf_store_close(&w->store);
    read_schema(schema, sizeof schema);
    run_sql("old.db", schema);
    run_sql("old.db", COPY_SQL);
    assert_int_equal(chmod("old.db", 0600), 0);
    assert_int_equal(rename("old.db", "store/store.db"), 0);
}

/* CERTAUTH/ca has issued A/leaf, which is in A/Ring. */
static void enter_old(keyring_world *w)
{
    OWN(test_cert) made = test_cert_self_signed("CA", 1);
    OWN(test_cert) leaf = test_cert_issued("leaf", 2, &made, NULL);
    keyring_add(w, "CERTAUTH", "ca", &made, made.key);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    keyring_record(w, ca, &made, NULL, NULL);
    keyring_record(w, ca, &leaf, NULL, NULL);
    keyring_add(w, "A", "leaf", &leaf, leaf.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "leaf", SAF_DEFAULT);
    make_old(w);
}

static void open_store(keyring_world *w)
{
    assert_ok(saf_store_open(&w->store, "store", NULL, &w->err), &w->err);
}

/* ---- converting ----------------------------------------------------------------------------------------------- */

TEST(an_older_store_is_converted_when_it_is_opened)
{
    keyring_world *w = *state;
    enter_old(w);
    open_store(w);
    assert_int_equal(keyring_describe(w).schema, 2);
    OWN(own_text) version = sql_text("store/store.db", "PRAGMA user_version");
    assert_string_equal(version, "2");
}

TEST(what_was_in_an_older_store_is_there)
{
    keyring_world *w = *state;
    OWN(saf_ring) *ring = NULL;
    enter_old(w);
    open_store(w);
    OWN(saf_cert) *leaf = keyring_find(w, "A", "leaf");
    assert_int_equal(leaf->key_place, SAF_KEY_STORED);
    assert_int_equal(leaf->requested_at, 0);
    assert_int_equal(leaf->revoked_at, 0);
    EVP_PKEY *key = NULL;
    assert_ok(saf_store_load_key(&key, w->store, NULL, leaf, &w->err), &w->err);
    EVP_PKEY_free(key);
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", "Ring", &w->err), &w->err);
    assert_int_equal(saf_ring_size(ring), 1);
}

TEST(what_was_issued_before_can_be_listed_and_revoked)
{
    keyring_world *w = *state;
    OWN(saf_issued_page) page = { 0 };
    enter_old(w);
    open_store(w);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    assert_ok(saf_store_list_issued(&page, w->store, NULL, ca, NULL, &w->err), &w->err);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.items[1]->cert->subject, "CN=leaf");
    assert_string_equal(page.items[1]->owner, "");
    assert_true(page.items[1]->is_current);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_revoke(change, ca, "2", SAF_REASON_SUPERSEDED, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_cert) *leaf = keyring_find(w, "A", "leaf");
    assert_true(leaf->revoked_at > 0);
}

/* But for what SQLite keeps. */
static const char TABLES_SQL[] = "SELECT replace(group_concat(sql), char(10), '') FROM (SELECT sql FROM sqlite_master"
                                 " WHERE sql IS NOT NULL AND name <> 'sqlite_sequence' ORDER BY name)";
static const char COLUMNS_SQL[] =
    "SELECT group_concat(name || type || \"notnull\", ' ') FROM pragma_table_info('certificate')";

TEST(a_converted_store_is_one_that_could_have_been_made_today)
{
    keyring_world *w = *state;
    enter_old(w);
    open_store(w);
    assert_ok(saf_store_create("other", NULL, &w->err), &w->err);
    OWN(own_text) converted = sql_text("store/store.db", TABLES_SQL);
    OWN(own_text) made = sql_text("other/store.db", TABLES_SQL);
    assert_string_equal(converted, made);
    OWN(own_text) converted_columns = sql_text("store/store.db", COLUMNS_SQL);
    OWN(own_text) made_columns = sql_text("other/store.db", COLUMNS_SQL);
    assert_string_equal(converted_columns, made_columns);
    OWN(own_text) sound = sql_text("store/store.db", "PRAGMA integrity_check");
    assert_string_equal(sound, "ok");
}

TEST(the_conversion_is_in_the_audit_trail)
{
    keyring_world *w = *state;
    saf_audit_check check;
    enter_old(w);
    open_store(w);
    OWN(own_text) last = sql_text("store/store.db", "SELECT action || ' ' || details FROM audit ORDER BY number DESC LIMIT 1");
    assert_string_equal(last, "store-upgrade schema=2 old_schema=1");
    assert_ok(saf_store_check_audit(&check, w->store, NULL, NULL, &w->err), &w->err);
    assert_int_equal(check.first_bad, 0);
}

TEST(a_store_is_converted_once)
{
    keyring_world *w = *state;
    enter_old(w);
    open_store(w);
    uint64_t records = keyring_describe(w).audit_records;
    saf_store_close(&w->store);
    open_store(w);
    assert_int_equal(keyring_describe(w).audit_records, records);
}

/* ---- what may go wrong ---------------------------------------------------------------------------------------- */

TEST(processes_that_convert_at_once_all_succeed)
{
    enum { PROCESSES = 6 };
    keyring_world *w = *state;
    int start[2];
    enter_old(w);
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        if (child == 0) {
            char byte;
            saf_store *store = NULL;
            close(start[1]);
            int failed = read(start[0], &byte, 1) != 0 || saf_store_open(&store, "store", NULL, NULL) != SAF_OK;
            saf_store_close(&store);
            _exit(failed);
        }
        assert_true(child > 0);
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    open_store(w);
    OWN(own_text) count = sql_text("store/store.db", "SELECT count(*) FROM audit WHERE action = 'store-upgrade'");
    assert_string_equal(count, "1");
}

TEST(a_conversion_that_fails_leaves_the_store_as_it_was)
{
    keyring_world *w = *state;
    enter_old(w);
    run_sql("store/store.db", "UPDATE issued SET der = x'00' WHERE serial = '2'");
    assert_fails(saf_store_open(&w->store, "store", NULL, &w->err), SAF_E_FAILED, &w->err,
                 "an issued certificate cannot be read");
    OWN(own_text) version = sql_text("store/store.db", "PRAGMA user_version");
    assert_string_equal(version, "1");
    OWN(own_text) tables = sql_text("store/store.db", "SELECT count(*) FROM sqlite_master WHERE name IN ('issued_1', 'crl')");
    assert_string_equal(tables, "0");
}

/* As a user who may read everything, but write nothing: 0, or what is wrong. */
static int open_as_reader(void)
{
    enum { NOBODY = 65534 };
    saf_store *store = NULL;
    saf_error err = { 0 };
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 2;
    saf_status status = saf_store_open(&store, "store", NULL, &err);
    saf_store_close(&store);
    return status == SAF_E_DENIED && strstr(err.text, "schema 1, not 2") && strstr(err.text, "cannot be written") ? 0 : 1;
}

TEST(an_older_store_that_cannot_be_written_is_named)
{
    keyring_world *w = *state;
    int status;
    if (geteuid() != 0)
        skip();
    enter_old(w);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(chmod("store", 0755), 0);
    assert_int_equal(chmod("store/store.db", 0444), 0);
    assert_int_equal(chown("store/master.key", 65534, 65534), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(open_as_reader());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int sql_code(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return code;
}

TEST(an_older_program_that_has_the_store_open_records_nothing_that_would_be_overlooked)
{
    static const char INSERT_SQL[] = "INSERT INTO issued (ca_key_id, serial, der, fingerprint, not_after, at)"
                                     " VALUES (x'00', '1', x'00', x'00', 0, 0)";
    keyring_world *w = *state;
    enter_old(w);
    open_store(w);
    assert_int_equal(sql_code(INSERT_SQL), SQLITE_CONSTRAINT);
}

TEST(who_cannot_unlock_a_store_does_not_convert_it)
{
    keyring_world *w = *state;
    enter_old(w);
    assert_int_equal(unlink("store/master.key"), 0);
    assert_int_equal(saf_store_open(&w->store, "store", NULL, NULL), SAF_E_FAILED);
    OWN(own_text) version = sql_text("store/store.db", "PRAGMA user_version");
    assert_string_equal(version, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(an_older_store_is_converted_when_it_is_opened),
        IN_KEYRING(what_was_in_an_older_store_is_there),
        IN_KEYRING(what_was_issued_before_can_be_listed_and_revoked),
        IN_KEYRING(a_converted_store_is_one_that_could_have_been_made_today),
        IN_KEYRING(the_conversion_is_in_the_audit_trail),
        IN_KEYRING(a_store_is_converted_once),
        IN_KEYRING(processes_that_convert_at_once_all_succeed),
        IN_KEYRING(a_conversion_that_fails_leaves_the_store_as_it_was),
        IN_KEYRING(an_older_store_that_cannot_be_written_is_named),
        IN_KEYRING(an_older_program_that_has_the_store_open_records_nothing_that_would_be_overlooked),
        IN_KEYRING(who_cannot_unlock_a_store_does_not_convert_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
