#include <support/keyring-world.h>
#include <unistd.h>
#include <sys/wait.h>

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
    assert_ok(saf_store_check_audit(&result, w->store, NULL, NULL, &w->err), &w->err);
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

/* Only who has the privilege can log in as somebody, and where login uids are final only once: elsewhere there is nothing to see. */
TEST(a_record_says_who_logged_in)
{
    keyring_world *w = *state;
    int ended;
    pid_t child = fork();
    if (child == 0) {
        FILE *login = fopen("/proc/self/loginuid", "we");
        bool is_set = login && fputs("1", login) >= 0 && fclose(login) == 0;
        saf_store *store = NULL;
        saf_change *change = NULL;
        saf_error err = { 0 };
        if (!is_set)
            _exit(0);
        assert_ok(saf_store_open(&store, "store", NULL, &err), &err);
        assert_ok(saf_change_begin(&change, store, NULL, &err), &err);
        assert_ok(saf_ring_create(change, "A", "Ring", &err), &err);
        assert_ok(saf_change_commit(&change, &err), &err);
        assert_sql("SELECT who LIKE '% (login daemon)' FROM audit ORDER BY number DESC LIMIT 1", "1");
        _exit(0);
    }
    (void)w;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
}

TEST(a_value_cannot_forge_another)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, made.key);
    const saf_cert_alteration alteration = { .new_label = "x\" trust=\"HIGHTRUST\\" };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "A", "web", &alteration, &w->err), &w->err);
    keyring_commit(w, change);
    assert_sql("SELECT details LIKE '%label=\"x\\\" trust=\\\"HIGHTRUST\\\\\" old%' FROM audit ORDER BY number DESC LIMIT 1", "1");
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
    assert_sql("SELECT substr(who || ' ', 1, 5) FROM audit WHERE number = 2", "root "); /* then, perhaps, who logged in */
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

/* What the last record of an action says. */
static void assert_record(const char *action, const char *object, const char *details)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT object FROM audit WHERE action = '%s' ORDER BY number DESC", action);
    assert_sql(sql, object);
    snprintf(sql, sizeof sql, "SELECT details FROM audit WHERE action = '%s' ORDER BY number DESC", action);
    assert_sql(sql, details);
}

/* CERTAUTH/ca with serial 1 and A/web with serial 2, which it issued. */
static void enter_issued(keyring_world *w, test_cert *ca, test_cert *web)
{
    *ca = test_cert_self_signed("CA", 1);
    *web = test_cert_issued("web", 2, ca, NULL);
    keyring_add(w, "CERTAUTH", "ca", ca, ca->key);
    keyring_add(w, "A", "web", web, web->key);
    OWN(saf_cert) *issuer = keyring_find(w, "CERTAUTH", "ca");
    keyring_record(w, issuer, web, "a", "web");
}

TEST(what_a_ca_does_is_recorded_with_effective_values)
{
    keyring_world *w = *state;
    OWN(test_cert) made = { 0 };
    OWN(test_cert) web = { 0 };
    saf_crl_turn turn;
    enter_issued(w, &made, &web);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_revoke(change, ca, "002", SAF_REASON_CERTIFICATE_HOLD, &w->err), &w->err);
    assert_ok(saf_store_revoke(change, ca, "2", SAF_REASON_REMOVE_FROM_CRL, &w->err), &w->err);
    assert_ok(saf_store_next_crl(&turn, change, ca, &w->err), &w->err);
    keyring_commit(w, change);
    assert_record("cert-issue", "CERTAUTH/ca", "serial=2 for=\"A/web\" subject=\"CN=web\"");
    assert_record("cert-revoke", "CERTAUTH/ca", "serial=2 reason=remove-from-crl since=0 subject=\"CN=web\"");
    assert_record("crl-number", "CERTAUTH/ca", "number=1");
    assert_int_equal(check(w).first_bad, 0);
}

TEST(what_becomes_of_a_certificate_is_recorded_with_effective_values)
{
    keyring_world *w = *state;
    OWN(test_cert) made = { 0 };
    OWN(test_cert) web = { 0 };
    enter_issued(w, &made, &web);
    OWN(test_cert) renewed = test_cert_issued("web", 3, &made, web.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    const saf_cert_alteration alteration = { .trust = SAF_NOTRUST, .new_label = "new web" };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_note_request(change, cert, &w->err), &w->err);
    assert_ok(saf_store_replace_cert(change, cert, renewed.der, SAF_TRUST, SAF_REPLACE_ANSWERED, &w->err), &w->err);
    assert_ok(saf_store_alter_cert(change, "A", "web", &alteration, &w->err), &w->err);
    keyring_commit(w, change);
    assert_record("cert-request", "A/web", "serial=2 subject=\"CN=web\"");
    assert_record("cert-replace", "A/web", "trust=TRUST serial=3 old_serial=2 answers_request=yes subject=\"CN=web\"");
    assert_record("cert-alter", "A/web", "trust=NOTRUST label=\"new web\" old_trust=TRUST");
}

TEST(a_rollover_is_recorded_with_its_rings_and_its_intent)
{
    keyring_world *w = *state;
    OWN(test_cert) first = test_cert_self_signed("web", 1);
    OWN(test_cert) second = test_cert_self_signed("web", 2);
    keyring_add_in_token(w, "A", "old", &first, "pkcs11:id=%01");
    keyring_add(w, "A", "new", &second, second.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "old", SAF_DEFAULT);
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    OWN(saf_cert) *new = keyring_find(w, "A", "new");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_roll_over(NULL, change, old, new, &w->err), &w->err);
    assert_ok(saf_store_end_intent(change, 1, &w->err), &w->err);
    keyring_commit(w, change);
    assert_record("ring-rollover", "A/Ring", "certificate=\"A/new\" instead_of=\"A/old\" usage=PERSONAL default=yes");
    assert_record("cert-rollover", "A/old", "successor=\"A/new\" replaced=1 added=0 last_serial=none key=to-destroy"
                                            " certificates_without_key=1");
    assert_record("intent-add", "pkcs11:id=%01", "number=1 kind=destroy-key");
    assert_record("intent-end", "pkcs11:id=%01", "number=1 kind=destroy-key");
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
    assert_memory_not_equal(before.head.mac, after.head.mac, sizeof before.head.mac);
}

static bool holds_anchor(keyring_world *w, const saf_audit_head *anchor)
{
    saf_audit_check result = { 0 };
    assert_ok(saf_store_check_audit(&result, w->store, NULL, anchor, &w->err), &w->err);
    return result.anchor_is_in_it;
}

TEST(a_head_that_was_kept_is_in_the_trail_later)
{
    keyring_world *w = *state;
    saf_audit_head head = check(w).head;
    const saf_audit_head none = { .number = 0 };
    make_records(w);
    assert_true(holds_anchor(w, &head));
    assert_true(holds_anchor(w, &none));
    assert_true(check(w).anchor_is_in_it);
}

TEST(a_cut_off_end_is_seen_against_a_head_that_was_kept)
{
    keyring_world *w = *state;
    make_records(w);
    saf_audit_head head = check(w).head;
    run_sql("DELETE FROM audit WHERE number = 4");
    assert_false(holds_anchor(w, &head));
}

/* As somebody does who restores files. */
static void copy_store(const char *from, const char *to)
{
    char bytes[65536];
    size_t len;
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    assert_non_null(in);
    assert_non_null(out);
    while ((len = fread(bytes, 1, sizeof bytes, in)) > 0)
        assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

TEST(an_old_copy_that_went_on_is_seen_against_a_head_that_was_kept)
{
    keyring_world *w = *state;
    copy_store("store/store.db", "old.db");
    make_records(w);
    saf_audit_head head = check(w).head;
    saf_store_close(&w->store);
    copy_store("old.db", "store/store.db");
    w->store = keyring_open_again(w);
    keyring_make_ring(w, "B", "four");
    keyring_make_ring(w, "B", "five");
    keyring_make_ring(w, "B", "six");
    assert_int_equal(check(w).records, head.number);
    assert_int_equal(check(w).first_bad, 0);
    assert_false(holds_anchor(w, &head));
}

TEST(a_head_is_written_and_read)
{
    keyring_world *w = *state;
    char text[100], small[60];
    saf_audit_head head = check(w).head, again;
    assert_ok(saf_audit_head_format(text, sizeof text, &head, &w->err), &w->err);
    assert_int_equal(strncmp(text, "1:", 2), 0);
    assert_int_equal(strlen(text), 2 + 64);
    assert_ok(saf_audit_head_parse(&again, text, &w->err), &w->err);
    assert_int_equal(again.number, head.number);
    assert_memory_equal(again.mac, head.mac, sizeof head.mac);
    assert_int_equal(saf_audit_head_format(small, sizeof small, &head, NULL), SAF_E_SPACE);
}

TEST(what_is_no_head_is_refused)
{
    static const char *const wrong[] = { "", "1", "1:", "1:00", ":00", "x:00", "-1:00", "1:zz" };
    keyring_world *w = *state;
    saf_audit_head head;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(saf_audit_head_parse(&head, wrong[i], &w->err), SAF_E_USAGE, &w->err, "is not the head");
}

OWN_VALUE(saf_audit_page, saf_audit_page_free)

TEST(records_are_listed_page_by_page)
{
    keyring_world *w = *state;
    OWN(saf_audit_page) first = { 0 };
    OWN(saf_audit_page) rest = { 0 };
    OWN(saf_audit_page) none = { 0 };
    make_records(w);
    assert_ok(saf_store_list_audit(&first, w->store, NULL, 0, 3, &w->err), &w->err);
    assert_int_equal(first.count, 3);
    assert_string_equal(first.records[0].action, "store-create");
    assert_string_equal(first.records[1].object, "A/one");
    assert_ok(saf_store_list_audit(&rest, w->store, NULL, first.records[2].number, 0, &w->err), &w->err);
    assert_int_equal(rest.count, 1);
    assert_int_equal(rest.records[0].number, 4);
    assert_false(rest.records[0].has_fingerprint);
    assert_ok(saf_store_list_audit(&none, w->store, NULL, UINT64_MAX, 0, &w->err), &w->err);
    assert_int_equal(none.count, 0);
}

TEST(the_trail_is_for_who_may_read_the_store)
{
    keyring_world *w = *state;
    OWN(saf_audit_page) page = { 0 };
    saf_audit_check result;
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_list_audit(&page, w->store, NULL, 0, 0, &w->err), SAF_E_DENIED, &w->err, "store-read");
    assert_fails(saf_store_check_audit(&result, w->store, NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "store-read");
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
        IN_KEYRING(a_record_says_who_logged_in),
        IN_KEYRING(a_value_cannot_forge_another),
        IN_KEYRING(a_record_says_who_did_what_to_what),
        IN_KEYRING(a_program_without_principal_is_its_unix_user),
        IN_KEYRING(other_operations_write_records_of_their_own),
        IN_KEYRING(what_a_ca_does_is_recorded_with_effective_values),
        IN_KEYRING(what_becomes_of_a_certificate_is_recorded_with_effective_values),
        IN_KEYRING(a_rollover_is_recorded_with_its_rings_and_its_intent),
        IN_KEYRING(an_edited_text_breaks_the_chain),
        IN_KEYRING(an_edited_time_breaks_the_chain),
        IN_KEYRING(text_moved_between_fields_breaks_the_chain),
        IN_KEYRING(a_deleted_record_breaks_the_chain),
        IN_KEYRING(a_deleted_and_closed_gap_breaks_the_chain),
        IN_KEYRING(a_copied_mac_breaks_the_chain),
        IN_KEYRING(a_cut_off_end_changes_the_head),
        IN_KEYRING(a_head_that_was_kept_is_in_the_trail_later),
        IN_KEYRING(a_cut_off_end_is_seen_against_a_head_that_was_kept),
        IN_KEYRING(an_old_copy_that_went_on_is_seen_against_a_head_that_was_kept),
        IN_KEYRING(a_head_is_written_and_read),
        IN_KEYRING(what_is_no_head_is_refused),
        IN_KEYRING(records_are_listed_page_by_page),
        IN_KEYRING(the_trail_is_for_who_may_read_the_store),
        IN_KEYRING(a_long_trail_is_checked_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
