#include <support/keyring-world.h>

#include <keyring/audit.h>

#include <sqlite3.h>

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text);
    sqlite3_close(db);
}

/* One text, from the first row. */
static void assert_sql(const char *sql, const char *expected)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *find = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &find, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(find), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(find, 0), expected);
    sqlite3_finalize(find);
    sqlite3_close(db);
}

static saf_audit_check check(keyring_world *w)
{
    saf_audit_check result = { 0 };
    assert_ok(saf_store_check_audit(&result, w->store, NULL, &w->err), &w->err);
    return result;
}

/* Records 2 to 4. */
static void make_records(keyring_world *w)
{
    keyring_make_ring(w, "A", "one");
    keyring_make_ring(w, "A", "two");
    keyring_make_ring(w, "A", "three");
}

TEST(an_untouched_trail_is_good)
{
    keyring_world *w = *state;
    make_records(w);
    saf_audit_check result = check(w);
    assert_int_equal(result.records, 4);
    assert_int_equal(result.first_bad, 0);
}

TEST(a_record_says_who_did_what_to_what)
{
    keyring_world *w = *state;
    const saf_principal who = { .user = "ibmuser" };
    OWN(test_cert) made = test_cert_self_signed("one", 0x1F);
    saf_change *change = NULL;
    assert_ok(saf_change_begin(&change, w->store, &who, &w->err), &w->err);
    assert_ok(keyring_try_add(change, "A", "my cert", &made, made.key, &w->err), &w->err);
    keyring_commit(w, change);
    assert_sql("SELECT who FROM audit WHERE number = 2", "IBMUSER");
    assert_sql("SELECT action FROM audit WHERE number = 2", "cert-add");
    assert_sql("SELECT object FROM audit WHERE number = 2", "A/my cert");
    assert_sql("SELECT details FROM audit WHERE number = 2", "trust=TRUST key=stored serial=1F subject=\"CN=one\"");
    assert_sql("SELECT length(fingerprint) FROM audit WHERE number = 2", "32");
}

TEST(a_program_without_principal_is_its_unix_user)
{
    keyring_world *w = *state;
    if (geteuid() != 0)
        skip();
    keyring_make_ring(w, "A", "one");
    assert_sql("SELECT who FROM audit WHERE number = 2", "root");
}

TEST(other_operations_write_records_of_their_own)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_audit(change, "secret-generate", "pkcs11:object=k", "alg=HS512", &w->err), &w->err);
    assert_ok(saf_store_audit(change, "secret-delete", "pkcs11:object=k", NULL, &w->err), &w->err);
    keyring_commit(w, change);
    assert_sql("SELECT details FROM audit WHERE action = 'secret-generate'", "alg=HS512");
    assert_int_equal(check(w).records, 3);
}

static void assert_breaks(keyring_world *w, const char *sql, uint64_t first_bad)
{
    make_records(w);
    run_sql(sql);
    saf_audit_check result = check(w);
    assert_int_equal(result.first_bad, first_bad);
    assert_int_equal(result.records, first_bad - 1);
}

TEST(an_edited_text_breaks_the_chain)
{
    assert_breaks(*state, "UPDATE audit SET object = 'A/other' WHERE number = 3", 3);
}

TEST(an_edited_time_breaks_the_chain)
{
    assert_breaks(*state, "UPDATE audit SET at = at + 1 WHERE number = 2", 2);
}

TEST(text_moved_between_fields_breaks_the_chain)
{
    assert_breaks(*state, "UPDATE audit SET object = substr(object, 2), action = action || substr(object, 1, 1)"
                          " WHERE number = 4", 4);
}

TEST(a_deleted_record_breaks_the_chain)
{
    assert_breaks(*state, "DELETE FROM audit WHERE number = 3", 3);
}

TEST(a_deleted_and_closed_gap_breaks_the_chain)
{
    assert_breaks(*state, "DELETE FROM audit WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4", 3);
}

TEST(a_copied_mac_breaks_the_chain)
{
    assert_breaks(*state, "UPDATE audit SET mac = (SELECT mac FROM audit AS a WHERE a.number = 2) WHERE number = 3", 3);
}

TEST(a_cut_off_end_changes_the_head)
{
    keyring_world *w = *state;
    make_records(w);
    saf_audit_check before = check(w);
    run_sql("DELETE FROM audit WHERE number = 4");
    saf_audit_check after = check(w);
    assert_int_equal(after.first_bad, 0);
    assert_memory_not_equal(before.head, after.head, sizeof before.head);
}

TEST(a_long_trail_is_checked_whole)
{
    enum { MANY = 1203 };
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    for (int i = 0; i < MANY; i++)
        assert_ok(saf_store_audit(change, "test", "object", "", &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(check(w).records, MANY + 1);
    run_sql("UPDATE audit SET details = 'x' WHERE number = 1100");
    assert_int_equal(check(w).first_bad, 1100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(an_untouched_trail_is_good),
        IN_KEYRING(a_record_says_who_did_what_to_what),
        IN_KEYRING(a_program_without_principal_is_its_unix_user),
        IN_KEYRING(other_operations_write_records_of_their_own),
        IN_KEYRING(an_edited_text_breaks_the_chain),
        IN_KEYRING(an_edited_time_breaks_the_chain),
        IN_KEYRING(text_moved_between_fields_breaks_the_chain),
        IN_KEYRING(a_deleted_record_breaks_the_chain),
        IN_KEYRING(a_deleted_and_closed_gap_breaks_the_chain),
        IN_KEYRING(a_copied_mac_breaks_the_chain),
        IN_KEYRING(a_cut_off_end_changes_the_head),
        IN_KEYRING(a_long_trail_is_checked_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
