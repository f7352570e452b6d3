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

/* Not as a store that is missing: callers make one then. */
TEST(open_says_that_the_master_key_is_missing)
{
    (void)state;
    saf_store *store = NULL;
    saf_error err = { 0 };
    assert_int_equal(unlink("store/master.key"), 0);
    assert_fails(saf_store_open(&store, "store", NULL, &err), SAF_E_FAILED, &err,
                 "the master key store/master.key is missing");
    assert_non_null(strstr(err.hint, "backup"));
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

TEST(a_passphrase_may_be_given_itself)
{
    keyring_world *w = *state;
    OWN(saf_secret) right = { 0 };
    OWN(saf_secret) wrong = { 0 };
    const saf_secret empty = { 0 };
    assert_ok(saf_secret_set(&right, saf_bytes_of_text("correct horse"), &w->err), &w->err);
    assert_ok(saf_secret_set(&wrong, saf_bytes_of_text("battery staple"), &w->err), &w->err);
    saf_store_options options = { .passphrase = &right, .secret_source = "file:ignored" };
    OWN(saf_store) *store = NULL;
    assert_ok(saf_store_create("locked", &options, &w->err), &w->err);
    assert_int_not_equal(access("locked/master.key", F_OK), 0);
    assert_ok(saf_store_open(&store, "locked", &options, &w->err), &w->err);
    saf_store_close(&store);
    options.passphrase = &wrong;
    assert_fails(saf_store_open(&store, "locked", &options, &w->err), SAF_E_DENIED, &w->err, "wrong passphrase");
    options.passphrase = &empty;
    assert_fails(saf_store_open(&store, "locked", &options, &w->err), SAF_E_USAGE, &w->err, "is empty");
}

TEST(a_passphrase_is_refused_where_there_is_a_key_file)
{
    keyring_world *w = *state;
    OWN(saf_secret) passphrase = { 0 };
    OWN(saf_store) *store = NULL;
    saf_store_options options = { .secret_source = "file:nowhere" };
    assert_fails(saf_store_open(&store, "store", &options, &w->err), SAF_E_USAGE, &w->err,
                 "the store store has a key file, not a passphrase");
    assert_ok(saf_secret_set(&passphrase, saf_bytes_of_text("correct horse"), &w->err), &w->err);
    options = (saf_store_options) { .passphrase = &passphrase };
    assert_fails(saf_store_open(&store, "store", &options, &w->err), SAF_E_USAGE, &w->err, "has a key file");
    assert_null(store);
}

TEST(a_source_without_passphrase_is_no_missing_store)
{
    keyring_world *w = *state;
    OWN(saf_store) *store = NULL;
    saf_store_options options = { .secret_source = "file:right" };
    assert_int_equal(scratch_write("right", "correct horse", 0600), 0);
    assert_ok(saf_store_create("locked", &options, &w->err), &w->err);
    options.secret_source = "file:nowhere";
    assert_fails(saf_store_open(&store, "locked", &options, &w->err), SAF_E_DENIED, &w->err, "nowhere");
    options.secret_source = "env:SAFRING_TEST_UNSET";
    assert_fails(saf_store_open(&store, "locked", &options, &w->err), SAF_E_DENIED, &w->err, "SAFRING_TEST_UNSET");
    options.secret_source = "cred:x";
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_fails(saf_store_open(&store, "locked", &options, &w->err), SAF_E_DENIED, &w->err, "credential");
    assert_true(*w->err.hint);
}

/* However it is protected: whoever wants to know opens it. */
TEST(create_says_that_a_store_exists_whatever_the_passphrase)
{
    keyring_world *w = *state;
    const saf_store_options right = { .secret_source = "file:right" };
    const saf_store_options wrong = { .secret_source = "file:wrong" };
    const saf_store_options none = { .secret_source = "file:nowhere" };
    assert_int_equal(scratch_write("right", "correct horse", 0600), 0);
    assert_int_equal(scratch_write("wrong", "battery staple", 0600), 0);
    assert_ok(saf_store_create("locked", &right, &w->err), &w->err);
    assert_int_equal(saf_store_create("locked", &wrong, &w->err), SAF_E_EXISTS);
    assert_int_equal(saf_store_create("locked", &none, &w->err), SAF_E_EXISTS);
    assert_int_equal(saf_store_create("locked", NULL, &w->err), SAF_E_EXISTS);
    assert_int_equal(saf_store_create("store", &right, &w->err), SAF_E_EXISTS);
}

/* ---- whose it is ---------------------------------------------------------------------------------------------- */

enum { NOBODY = 65534, SOMEBODY = 65533 };

/* What opening and making "store" gives as another user: both statuses, in one exit code. */
static int open_and_create(void)
{
    saf_store *store = NULL;
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 255;
    saf_status opened = saf_store_open(&store, "store", NULL, NULL);
    saf_status created = saf_store_create("store", NULL, NULL);
    return (int)opened * 16 + (int)created;
}

static void assert_denied_to_nobody(void)
{
    int answer = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(open_and_create());
    assert_int_equal(waitpid(child, &answer, 0), child);
    assert_true(WIFEXITED(answer));
    assert_int_equal(WEXITSTATUS(answer), SAF_E_DENIED * 16 + SAF_E_DENIED);
}

static void give_away(const char *path, uid_t owner, mode_t mode)
{
    assert_int_equal(lchown(path, owner, owner), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void give_store_away(uid_t owner, mode_t directory, mode_t file)
{
    give_away("store", owner, directory);
    give_away("store/store.db", owner, file);
    give_away("store/master.key", owner, 0400);
    give_away("store/store.lock", owner, 0600);
}

TEST(a_store_that_may_not_be_entered_is_not_a_missing_one)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_denied_to_nobody(); /* the directory that it is in is closed */
    assert_int_equal(chmod(".", 0755), 0);
    assert_denied_to_nobody(); /* the store is */
}

TEST(open_refuses_another_users_store)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(".", 0755), 0);
    give_store_away(SOMEBODY, 0755, 0644);
    give_away("store/master.key", NOBODY, 0400); /* nothing else keeps nobody out */
    assert_denied_to_nobody();
    give_away("store", NOBODY, 0700); /* the database still is somebody's */
    assert_denied_to_nobody();
}

TEST(root_opens_another_users_store_but_makes_none_there)
{
    keyring_world *w = *state;
    if (geteuid() != 0)
        skip();
    OWN(saf_store) *store = NULL;
    give_store_away(NOBODY, 0700, 0600);
    assert_ok(saf_store_open(&store, "store", NULL, &w->err), &w->err);
    assert_int_equal(mkdir("theirs", 0700), 0);
    give_away("theirs", NOBODY, 0700);
    assert_fails(saf_store_create("theirs", NULL, &w->err), SAF_E_DENIED, &w->err,
                 "theirs belongs to another user (uid 65534)");
    assert_non_null(strstr(w->err.hint, "chown 0 theirs"));
    assert_int_not_equal(access("theirs/store.lock", F_OK), 0);
}

TEST(create_refuses_what_another_user_put_there)
{
    keyring_world *w = *state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir("open", 0777), 0);
    assert_int_equal(scratch_write("open/softhsm2.conf", "directories.tokendir = /home/mallory", 0644), 0);
    give_away("open/softhsm2.conf", NOBODY, 0644);
    assert_fails(saf_store_create("open", NULL, &w->err), SAF_E_DENIED, &w->err,
                 "open/softhsm2.conf belongs to another user");
}

TEST(open_refuses_what_others_may_write)
{
    (void)state;
    saf_store *store = NULL;
    saf_error err = { 0 };
    assert_int_equal(chmod("store", 0770), 0);
    assert_fails(saf_store_open(&store, "store", NULL, &err), SAF_E_DENIED, &err, "others may write store (mode 0770)");
    assert_non_null(strstr(err.hint, "chmod go-w store"));
    assert_int_equal(chmod("store", 0755), 0);
    assert_int_equal(chmod("store/store.db", 0602), 0);
    assert_open_fails(SAF_E_DENIED, "others may write store/store.db (mode 0602)");
    assert_int_equal(chmod("store/store.db", 0644), 0);
    assert_int_equal(saf_store_open(&store, "store", NULL, &err), SAF_OK);
    saf_store_close(&store);
}

/* ---- damage --------------------------------------------------------------------------------------------------- */

static int sql_code(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return code;
}

/* The schema refuses the value; a hand that gets past it is noticed. */
static void damage(const char *sql)
{
    char text[200];
    assert_int_equal(sql_code(sql), SQLITE_CONSTRAINT);
    snprintf(text, sizeof text, "PRAGMA ignore_check_constraints = ON; %s", sql);
    assert_int_equal(sql_code(text), SQLITE_OK);
}

static void fill(keyring_world *w)
{
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    keyring_add(w, "A", "one", &made, NULL);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "one", SAF_DEFAULT);
}

TEST(an_unknown_status_is_damage)
{
    keyring_world *w = *state;
    saf_cert *cert = NULL;
    fill(w);
    damage("UPDATE certificate SET trust = 0");
    assert_fails(saf_store_find_cert(&cert, w->store, NULL, "A", "one", &w->err), SAF_E_FAILED, &w->err,
                 "certificate A/one was altered");
}

static void assert_ring_damaged(keyring_world *w, const char *text)
{
    saf_ring *ring = NULL;
    assert_fails(saf_ring_open(&ring, w->store, NULL, "A", "Ring", &w->err), SAF_E_FAILED, &w->err, text);
}

TEST(an_unknown_usage_is_damage)
{
    keyring_world *w = *state;
    fill(w);
    damage("UPDATE connection SET usage = 264"); /* 8 in its last byte */
    assert_ring_damaged(w, "connection 1 of ring A/Ring was altered");
}

TEST(an_unknown_default_is_damage)
{
    keyring_world *w = *state;
    fill(w);
    damage("UPDATE connection SET is_default = 2");
    assert_ring_damaged(w, "connection 1 of ring A/Ring was altered");
}

TEST(an_unknown_reason_is_damage)
{
    keyring_world *w = *state;
    saf_cert *found = NULL;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    keyring_add(w, "A", "one", &made, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    keyring_record(w, cert, &made, "A", "one");
    damage("UPDATE certificate SET revoked_at = 1, revocation_reason = 8");
    assert_fails(saf_store_find_cert(&found, w->store, NULL, "A", "one", &w->err), SAF_E_FAILED, &w->err,
                 "certificate A/one was altered");
}

TEST(an_unknown_kind_of_intent_is_damage)
{
    keyring_world *w = *state;
    saf_intent_page page = { 0 };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_intent(NULL, change, SAF_INTENT_MAKE_KEY, "pkcs11:id=%01", &w->err), &w->err);
    keyring_commit(w, change);
    damage("UPDATE intent SET kind = 2");
    assert_fails(saf_store_list_intents(&page, w->store, NULL, &w->err), SAF_E_FAILED, &w->err,
                 "intent 1 was altered");
}

static void assert_policy_damaged(keyring_world *w, const char *sql)
{
    const saf_policy policy = { .appl = "ZOWE", .user = "*", .alg = "none", .timeout_min = 5 };
    saf_policy found;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_put_policy(change, &policy, &w->err), &w->err);
    keyring_commit(w, change);
    damage(sql);
    assert_fails(saf_store_find_policy(&found, w->store, NULL, "ZOWE", "*", &w->err), SAF_E_FAILED, &w->err,
                 "policy JWT.ZOWE.*.SAF was altered");
    assert_int_equal(sql_code("DELETE FROM policy"), SQLITE_OK);
}

TEST(unknown_values_of_a_policy_are_damage)
{
    keyring_world *w = *state;
    assert_policy_damaged(w, "UPDATE policy SET key_use = 3");
    assert_policy_damaged(w, "UPDATE policy SET timeout_min = 0");
    assert_policy_damaged(w, "UPDATE policy SET timeout_min = 4294967301");
    assert_policy_damaged(w, "UPDATE policy SET any_appl = 2");
    assert_policy_damaged(w, "UPDATE policy SET prot_allowed = -1");
}

TEST(an_unknown_kind_of_master_key_is_damage)
{
    (void)state;
    damage("UPDATE setting SET value = x'6e6f6e65' WHERE name = 'master'");
    assert_open_fails(SAF_E_FAILED, "is damaged: the kind of its master key");
}

TEST(a_key_that_is_nowhere_is_damage)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    keyring_add(w, "A", "one", &made, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    damage("UPDATE key SET sealed = NULL");
    assert_fails(saf_store_load_key(&key, w->store, NULL, cert, &w->err), SAF_E_FAILED, &w->err, "the private key of A/one was altered");
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
    assert_int_equal(info.schema, 2);
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
        IN_KEYRING(a_passphrase_may_be_given_itself),
        IN_KEYRING(a_passphrase_is_refused_where_there_is_a_key_file),
        IN_KEYRING(a_source_without_passphrase_is_no_missing_store),
        IN_KEYRING(create_says_that_a_store_exists_whatever_the_passphrase),
        IN_KEYRING(a_store_that_may_not_be_entered_is_not_a_missing_one),
        IN_KEYRING(open_refuses_another_users_store),
        IN_KEYRING(root_opens_another_users_store_but_makes_none_there),
        IN_KEYRING(create_refuses_what_another_user_put_there),
        IN_KEYRING(open_refuses_what_others_may_write),
        IN_KEYRING(an_unknown_status_is_damage),
        IN_KEYRING(an_unknown_usage_is_damage),
        IN_KEYRING(an_unknown_default_is_damage),
        IN_KEYRING(an_unknown_reason_is_damage),
        IN_KEYRING(an_unknown_kind_of_intent_is_damage),
        IN_KEYRING(unknown_values_of_a_policy_are_damage),
        IN_KEYRING(an_unknown_kind_of_master_key_is_damage),
        IN_KEYRING(a_key_that_is_nowhere_is_damage),
        IN_KEYRING(describe_counts_what_is_there),
        IN_KEYRING(default_dir_follows_the_environment),
        IN_KEYRING(a_question_names_user_function_and_object),
        IN_KEYRING(no_decision_means_no),
        IN_KEYRING(a_change_asks_for_the_principal_it_was_begun_for),
        IN_KEYRING(every_function_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
