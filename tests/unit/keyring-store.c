#include <support/keyring-world.h>
#include <support/scratch.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

static mode_t mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    return about.st_mode & 07777;
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void assert_open_fails(saf_status expected, const char *text)
{
    saf_store *store = NULL;
    saf_error err = { 0 };
    assert_fails(saf_store_open(&store, "store", NULL, &err), expected, &err, text);
    assert_null(store);
}

/* ---- making --------------------------------------------------------------------------------------------------- */

TEST(create_makes_a_private_directory)
{
    (void)state;
    assert_int_equal(mode_of("store"), 0700);
    assert_int_equal(mode_of("store/store.db"), 0600);
    assert_int_equal(mode_of("store/master.key"), 0400);
    assert_int_equal(mode_of("store/tokens"), 0700);
    assert_int_equal(mode_of("store/softhsm2.conf"), 0600);
}

TEST(create_refuses_a_store_that_is_complete)
{
    keyring_world *w = *state;
    assert_fails(saf_store_create("store", NULL, &w->err), SAF_E_EXISTS, &w->err, "store store exists already");
}

TEST(create_completes_what_a_killed_one_left)
{
    keyring_world *w = *state;
    saf_store_close(&w->store);
    assert_int_equal(unlink("store/store.db"), 0);
    assert_open_fails(SAF_E_NOT_FOUND, "there is no store");
    assert_int_equal(scratch_write("store/.saf-0123456789abcdef", "half a key", 0600), 0);
    assert_int_equal(close(open("store/store.db", O_CREAT | O_WRONLY, 0600)), 0);
    assert_open_fails(SAF_E_NOT_FOUND, "unfinished");
    assert_ok(saf_store_create("store", NULL, &w->err), &w->err);
    assert_ok(saf_store_open(&w->store, "store", NULL, &w->err), &w->err);
    assert_int_not_equal(access("store/.saf-0123456789abcdef", F_OK), 0);
}

TEST(create_closes_an_empty_directory_to_others)
{
    keyring_world *w = *state;
    assert_int_equal(mkdir("open", 0755), 0);
    assert_ok(saf_store_create("open", NULL, &w->err), &w->err);
    assert_int_equal(mode_of("open"), 0700);
}

TEST(create_leaves_a_directory_with_other_files_alone)
{
    keyring_world *w = *state;
    assert_int_equal(mkdir("home", 0755), 0);
    assert_int_equal(scratch_write("home/letter", "x", 0644), 0);
    assert_fails(saf_store_create("home", NULL, &w->err), SAF_E_CONFLICT, &w->err, "home holds other files");
    assert_int_equal(mode_of("home"), 0755);
}

/* Killed at random moments: afterwards there is a store, or the next call makes one. */
TEST(create_survives_being_killed)
{
    keyring_world *w = *state;
    for (int i = 0; i < 30; i++) {
        char dir[16];
        snprintf(dir, sizeof dir, "killed-%d", i);
        pid_t child = fork();
        if (child == 0)
            _exit(saf_store_create(dir, NULL, NULL) == SAF_OK ? 0 : 1);
        usleep((useconds_t)i * 1000);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        saf_status status = saf_store_create(dir, NULL, &w->err);
        if (status != SAF_E_EXISTS)
            assert_ok(status, &w->err);
        OWN(saf_store) *store = NULL;
        assert_ok(saf_store_open(&store, dir, NULL, &w->err), &w->err);
    }
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

TEST(open_names_a_store_that_is_not_there)
{
    (void)state;
    saf_store *store = NULL;
    saf_error err = { 0 };
    assert_fails(saf_store_open(&store, "nowhere", NULL, &err), SAF_E_NOT_FOUND, &err, "nowhere");
    assert_non_null(strstr(err.hint, "safring store init"));
}

TEST(open_refuses_a_master_key_that_others_may_read)
{
    (void)state;
    assert_int_equal(chmod("store/master.key", 0440), 0);
    assert_open_fails(SAF_E_DENIED, "others may read the master key store/master.key");
}

TEST(open_refuses_another_stores_master_key)
{
    keyring_world *w = *state;
    assert_ok(saf_store_create("other", NULL, &w->err), &w->err);
    assert_int_equal(rename("other/master.key", "store/master.key"), 0);
    assert_open_fails(SAF_E_DENIED, "master.key is not the one of store store");
}

TEST(open_says_that_the_master_key_is_missing)
{
    (void)state;
    assert_int_equal(unlink("store/master.key"), 0);
    assert_open_fails(SAF_E_NOT_FOUND, "master.key");
}

TEST(open_refuses_a_newer_schema)
{
    (void)state;
    run_sql("PRAGMA user_version = 99");
    assert_open_fails(SAF_E_UNSUPPORTED, "was made by a newer release: schema 99");
}

TEST(open_refuses_a_foreign_database)
{
    (void)state;
    run_sql("PRAGMA application_id = 1");
    assert_open_fails(SAF_E_FAILED, "store.db is not the database of a store");
}

TEST(open_refuses_what_is_no_database)
{
    (void)state;
    assert_int_equal(scratch_write("store/store.db", "this is a letter and no database at all, really", 0600), 0);
    assert_open_fails(SAF_E_FAILED, "store.db is not a database");
}

TEST(open_refuses_a_symbolic_link_for_the_database)
{
    (void)state;
    assert_int_equal(rename("store/store.db", "elsewhere.db"), 0);
    assert_int_equal(symlink("../elsewhere.db", "store/store.db"), 0);
    assert_open_fails(SAF_E_DENIED, "store.db");
}

TEST(open_follows_a_symbolic_link_to_the_directory)
{
    keyring_world *w = *state;
    OWN(saf_store) *store = NULL;
    assert_int_equal(symlink("store", "link"), 0);
    assert_ok(saf_store_open(&store, "link", NULL, &w->err), &w->err);
    assert_string_equal(saf_store_dir(store), "link");
}

/* ---- passphrase ----------------------------------------------------------------------------------------------- */

TEST(a_passphrase_locks_the_store)
{
    keyring_world *w = *state;
    const saf_store_options right = { .secret_source = "file:right" };
    const saf_store_options wrong = { .secret_source = "file:wrong" };
    OWN(saf_store) *store = NULL;
    assert_int_equal(scratch_write("right", "correct horse", 0600), 0);
    assert_int_equal(scratch_write("wrong", "battery staple", 0600), 0);
    assert_ok(saf_store_create("locked", &right, &w->err), &w->err);
    assert_int_not_equal(access("locked/master.key", F_OK), 0);
    assert_fails(saf_store_open(&store, "locked", &wrong, &w->err), SAF_E_DENIED, &w->err,
                 "wrong passphrase for store locked");
    assert_fails(saf_store_open(&store, "locked", NULL, &w->err), SAF_E_DENIED, &w->err, "locked with a passphrase");
    assert_ok(saf_store_open(&store, "locked", &right, &w->err), &w->err);
    saf_store_info info;
    assert_ok(saf_store_describe(&info, store, NULL, &w->err), &w->err);
    assert_int_equal(info.master, SAF_MASTER_PASSPHRASE);
}

/* ---- describing ----------------------------------------------------------------------------------------------- */

TEST(describe_counts_what_is_there)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    keyring_add(w, "CERTAUTH", "ca", &ca, ca.key);
    keyring_make_ring(w, "IBMUSER", "one");
    saf_store_info info = keyring_describe(w);
    assert_int_equal(strlen(info.id), 36);
    assert_int_equal(info.schema, 1);
    assert_int_equal(info.master, SAF_MASTER_FILE);
    assert_int_equal(info.certificates, 1);
    assert_int_equal(info.rings, 1);
    assert_int_equal(info.policies, 0);
    assert_int_equal(info.audit_records, 3);
    assert_true(info.created > 1600000000);
}

TEST(default_dir_follows_the_environment)
{
    (void)state;
    char dir[64];
    setenv("SAFRING_HOME", "/opt/safring", 1);
    assert_int_equal(saf_store_default_dir(dir, sizeof dir, NULL), SAF_OK);
    assert_string_equal(dir, "/opt/safring");
    assert_int_equal(saf_store_default_dir(dir, 5, NULL), SAF_E_SPACE);
    unsetenv("SAFRING_HOME");
    if (geteuid() == 0) {
        assert_int_equal(saf_store_default_dir(dir, sizeof dir, NULL), SAF_OK);
        assert_string_equal(dir, "/var/lib/safring");
    }
}

/* ---- authority ------------------------------------------------------------------------------------------------ */

TEST(a_question_names_user_function_and_object)
{
    keyring_world *w = *state;
    const saf_principal who = { .user = "alice" };
    saf_cert *cert = NULL;
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_find_cert(&cert, w->store, &who, "zwesvusr", "web", &w->err), SAF_E_DENIED, &w->err,
                 "ALICE has no authority for cert-list on ZWESVUSR/web");
    assert_codes(&w->err, 8, 8, 8);
    assert_int_equal(w->function, SAF_FN_CERT_LIST);
    assert_string_equal(w->user, "ALICE");
    assert_string_equal(w->owner, "ZWESVUSR");
    assert_string_equal(w->name, "web");
}

TEST(no_decision_means_no)
{
    keyring_world *w = *state;
    saf_cert_page page = { 0 };
    keyring_use_authority(w);
    w->decision = SAF_NO_DECISION;
    assert_fails(saf_store_list_certs(&page, w->store, NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "cert-list");
    w->decision = SAF_ALLOW;
    assert_ok(saf_store_list_certs(&page, w->store, NULL, NULL, &w->err), &w->err);
}

TEST(a_change_asks_for_the_principal_it_was_begun_for)
{
    keyring_world *w = *state;
    char user[] = "bob";
    const saf_principal who = { .user = user };
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *change = NULL;
    assert_ok(saf_change_begin(&change, w->store, &who, &w->err), &w->err);
    memset(user, 'x', 3);
    assert_string_equal(saf_change_principal(change)->user, "BOB");
    assert_fails(saf_ring_create(change, "IBMUSER", "r", &w->err), SAF_E_DENIED, &w->err,
                 "BOB has no authority for ring-create on IBMUSER/r");
}

TEST(every_function_has_a_name)
{
    (void)state;
    for (int i = SAF_FN_STORE_READ; i <= SAF_FN_TOKEN_VERIFY; i++)
        assert_string_not_equal(saf_function_name((saf_function)i), "unknown");
    assert_string_equal(saf_function_name((saf_function)1000), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(create_makes_a_private_directory),
        IN_KEYRING(create_refuses_a_store_that_is_complete),
        IN_KEYRING(create_completes_what_a_killed_one_left),
        IN_KEYRING(create_closes_an_empty_directory_to_others),
        IN_KEYRING(create_leaves_a_directory_with_other_files_alone),
        IN_KEYRING(create_survives_being_killed),
        IN_KEYRING(open_names_a_store_that_is_not_there),
        IN_KEYRING(open_refuses_a_master_key_that_others_may_read),
        IN_KEYRING(open_refuses_another_stores_master_key),
        IN_KEYRING(open_says_that_the_master_key_is_missing),
        IN_KEYRING(open_refuses_a_newer_schema),
        IN_KEYRING(open_refuses_a_foreign_database),
        IN_KEYRING(open_refuses_what_is_no_database),
        IN_KEYRING(open_refuses_a_symbolic_link_for_the_database),
        IN_KEYRING(open_follows_a_symbolic_link_to_the_directory),
        IN_KEYRING(a_passphrase_locks_the_store),
        IN_KEYRING(describe_counts_what_is_there),
        IN_KEYRING(default_dir_follows_the_environment),
        IN_KEYRING(a_question_names_user_function_and_object),
        IN_KEYRING(no_decision_means_no),
        IN_KEYRING(a_change_asks_for_the_principal_it_was_begun_for),
        IN_KEYRING(every_function_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
