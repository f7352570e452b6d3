#include <support/keyring-world.h>

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- all or nothing ------------------------------------------------------------------------------------------- */

static void fill(saf_change *change, saf_error *err)
{
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    assert_ok(keyring_try_add(change, "A", "one", &made, made.key, err), err);
    assert_ok(saf_ring_create(change, "A", "Ring", err), err);
    const saf_connect_request request = {
        .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = "one", .usage = SAF_USAGE_PERSONAL
    };
    assert_ok(saf_ring_connect(change, &request, err), err);
}

static void assert_same(const saf_store_info *before, const saf_store_info *after)
{
    assert_int_equal(before->certificates, after->certificates);
    assert_int_equal(before->rings, after->rings);
    assert_int_equal(before->policies, after->policies);
    assert_int_equal(before->audit_records, after->audit_records);
}

TEST(an_abandoned_change_leaves_nothing)
{
    keyring_world *w = *state;
    saf_store_info before = keyring_describe(w);
    saf_change *change = keyring_begin(w);
    fill(change, &w->err);
    saf_change_abandon(&change);
    assert_null(change);
    saf_store_info after = keyring_describe(w);
    assert_same(&before, &after);
    saf_change_abandon(&change);
}

TEST(reads_inside_a_change_see_it_and_others_do_not)
{
    keyring_world *w = *state;
    OWN(saf_store) *other = keyring_open_again(w);
    saf_cert *unseen = NULL;
    saf_change *change = keyring_begin(w);
    assert_ptr_equal(saf_change_store(change), w->store);
    fill(change, &w->err);
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    assert_non_null(cert);
    assert_int_equal(saf_store_find_cert(&unseen, other, NULL, "A", "one", NULL), SAF_E_NOT_FOUND);
    keyring_commit(w, change);
    OWN(saf_cert) *seen = NULL;
    assert_ok(saf_store_find_cert(&seen, other, NULL, "A", "one", &w->err), &w->err);
}

TEST(a_failed_call_leaves_nothing_in_a_change_that_is_committed)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    OWN(test_cert) other = test_cert_self_signed("two", 1);
    keyring_add(w, "A", "one", &made, NULL);
    saf_store_info before = keyring_describe(w);
    saf_change *change = keyring_begin(w);
    assert_int_equal(keyring_try_add(change, "A", "one", &other, other.key, &w->err), SAF_E_EXISTS);
    assert_int_equal(saf_ring_delete(change, "A", "none", &w->err), SAF_E_NOT_FOUND);
    keyring_commit(w, change);
    saf_store_info after = keyring_describe(w);
    assert_same(&before, &after);
}

TEST(one_change_at_a_time_on_a_store)
{
    keyring_world *w = *state;
    saf_change *second = NULL;
    saf_change *change = keyring_begin(w);
    assert_fails(saf_change_begin(&second, w->store, NULL, &w->err), SAF_E_USAGE, &w->err, "is open already");
    saf_change_abandon(&change);
}

TEST(another_writer_is_told_that_the_store_is_busy)
{
    keyring_world *w = *state;
    const saf_store_options impatient = { .busy_timeout_ms = 50 };
    OWN(saf_store) *other = NULL;
    saf_change *second = NULL;
    assert_ok(saf_store_open(&other, "store", &impatient, &w->err), &w->err);
    saf_change *change = keyring_begin(w);
    assert_fails(saf_change_begin(&second, other, NULL, &w->err), SAF_E_BUSY, &w->err, "locked by another process");
    assert_true(*w->err.hint);
    saf_change_abandon(&change);
}

/* ---- a key that comes later ----------------------------------------------------------------------------------- */

static saf_status try_add_key(keyring_world *w, const char *owner, const char *label, EVP_PKEY *key)
{
    OWN(saf_cert) *cert = keyring_find(w, owner, label);
    OWN(saf_change) *change = keyring_begin(w);
    saf_status status = saf_store_add_key(change, cert, key, &w->err);
    if (status == SAF_OK)
        keyring_commit(w, GIVE(&change));
    return status;
}

TEST(a_key_may_come_later_and_rings_stay)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, NULL);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "web", SAF_DEFAULT);
    uint64_t ring = keyring_poll(w, "A", "Ring"), owned = keyring_poll(w, "A", "*");
    assert_ok(try_add_key(w, "A", "web", made.key), &w->err);
    assert_true(keyring_poll(w, "A", "Ring") > ring);
    assert_true(keyring_poll(w, "A", "*") > owned);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
    EVP_PKEY *key = NULL;
    assert_ok(saf_store_load_key(&key, w->store, NULL, cert, &w->err), &w->err);
    assert_int_equal(EVP_PKEY_eq(key, made.key), 1);
    EVP_PKEY_free(key);
}

TEST(a_key_that_comes_later_is_checked)
{
    keyring_world *w = *state;
    OWN(test_cert) one = test_cert_self_signed("one", 1);
    OWN(test_cert) two = test_cert_self_signed("two", 1);
    keyring_add(w, "A", "one", &one, NULL);
    assert_fails(try_add_key(w, "A", "one", two.key), SAF_E_USAGE, &w->err, "does not belong to the certificate");
    assert_fails(try_add_key(w, "A", "one", NULL), SAF_E_USAGE, &w->err, "no private key given");
    assert_ok(try_add_key(w, "A", "one", one.key), &w->err);
    assert_fails(try_add_key(w, "A", "one", one.key), SAF_E_EXISTS, &w->err, "A/one has a private key already");
}

TEST(a_key_that_comes_later_is_for_the_certificate_that_was_meant)
{
    keyring_world *w = *state;
    OWN(test_cert) old = test_cert_self_signed("old", 1);
    OWN(test_cert) new = test_cert_self_signed("new", 1);
    keyring_add(w, "A", "web", &old, NULL);
    OWN(saf_cert) *meant = keyring_find(w, "A", "web");
    OWN(saf_change) *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "web", SAF_NO_FORCE, &w->err), &w->err);
    assert_fails(saf_store_add_key(change, meant, old.key, &w->err), SAF_E_NOT_FOUND, &w->err, "A/web");
    assert_ok(keyring_try_add(change, "A", "web", &new, NULL, &w->err), &w->err);
    assert_fails(saf_store_add_key(change, meant, old.key, &w->err), SAF_E_CONFLICT, &w->err, "replaced meanwhile");
}

TEST(a_key_that_comes_later_asks_to_add)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_add_key(change, cert, made.key, &w->err), SAF_E_DENIED, &w->err, "cert-add on A/web");
}

/* ---- steps ---------------------------------------------------------------------------------------------------- */

static saf_change_step *begin_step(keyring_world *w, saf_change *change)
{
    saf_change_step *step = NULL;
    assert_ok(saf_change_step_begin(&step, change, &w->err), &w->err);
    return step;
}

static size_t count_rings(keyring_world *w)
{
    OWN(saf_ring_page) page = { 0 };
    assert_ok(saf_store_list_rings(&page, w->store, NULL, NULL, &w->err), &w->err);
    return page.count;
}

TEST(a_step_that_is_undone_leaves_the_rest_of_the_change)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_create(change, "A", "before", &w->err), &w->err);
    saf_change_step *step = begin_step(w, change);
    assert_ok(saf_ring_create(change, "A", "undone", &w->err), &w->err);
    saf_change_step_undo(&step);
    assert_null(step);
    assert_ok(saf_ring_create(change, "A", "after", &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(count_rings(w), 2);
    assert_true(keyring_poll(w, "A", "after") > keyring_poll(w, "A", "before"));
    saf_change_step_undo(&step);
}

TEST(a_step_that_is_kept_is_part_of_the_change)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    saf_change_step *step = begin_step(w, change);
    assert_ok(saf_ring_create(change, "A", "kept", &w->err), &w->err);
    assert_ok(saf_change_step_keep(&step, &w->err), &w->err);
    assert_null(step);
    keyring_commit(w, change);
    assert_int_equal(count_rings(w), 1);
}

TEST(an_inner_step_may_be_undone_and_the_outer_kept)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    saf_change_step *outer = begin_step(w, change);
    assert_ok(saf_ring_create(change, "A", "outer", &w->err), &w->err);
    saf_change_step *inner = begin_step(w, change);
    assert_ok(saf_ring_create(change, "A", "inner", &w->err), &w->err);
    saf_change_step_undo(&inner);
    assert_ok(saf_change_step_keep(&outer, &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(count_rings(w), 1);
    assert_int_not_equal(keyring_poll(w, "A", "outer"), 0);
}

TEST(an_outer_step_that_is_undone_takes_the_inner_with_it)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    saf_change_step *outer = begin_step(w, change);
    saf_change_step *inner = begin_step(w, change);
    assert_ok(saf_ring_create(change, "A", "inner", &w->err), &w->err);
    assert_ok(saf_change_step_keep(&inner, &w->err), &w->err);
    saf_change_step_undo(&outer);
    keyring_commit(w, change);
    assert_int_equal(count_rings(w), 0);
}

TEST(a_failed_call_inside_a_step_leaves_the_step)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    saf_change_step *step = begin_step(w, change);
    assert_ok(saf_ring_create(change, "A", "one", &w->err), &w->err);
    assert_int_equal(saf_ring_create(change, "A", "one", &w->err), SAF_E_EXISTS);
    assert_ok(saf_change_step_keep(&step, &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(count_rings(w), 1);
}

/* ---- processes ------------------------------------------------------------------------------------------------ */

/* In a child: no assertions, and out by _exit(). */
static int add_some(const char *prefix, int count)
{
    saf_store *store = NULL;
    int failed = saf_store_open(&store, "store", NULL, NULL) != SAF_OK;
    for (int i = 0; i < count && !failed; i++) {
        char label[SAF_LABEL_MAX + 1];
        saf_change *change = NULL;
        snprintf(label, sizeof label, "%s%d", prefix, i);
        test_cert made = test_cert_self_signed(label, 1);
        failed = saf_change_begin(&change, store, NULL, NULL) != SAF_OK ||
                 keyring_try_add(change, "A", label, &made, made.key, NULL) != SAF_OK ||
                 saf_change_commit(&change, NULL) != SAF_OK;
        test_cert_free(&made);
    }
    saf_store_close(&store);
    return failed;
}

TEST(processes_that_add_at_once_lose_nothing)
{
    enum { PROCESSES = 4, EACH = 12 };
    keyring_world *w = *state;
    for (int i = 0; i < PROCESSES; i++) {
        char prefix[] = { (char)('a' + i), '-', 0 };
        pid_t child = fork();
        if (child == 0)
            _exit(add_some(prefix, EACH));
        assert_true(child > 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    saf_store_info info = keyring_describe(w);
    assert_int_equal(info.certificates, PROCESSES * EACH);
    assert_int_equal(info.audit_records, 1 + PROCESSES * EACH);
}

/* Adds pairs for ever; each pair is one change. */
static void add_pairs(void)
{
    saf_store *store = NULL;
    if (saf_store_open(&store, "store", NULL, NULL) != SAF_OK)
        _exit(1);
    for (int i = 0;; i++) {
        char label[SAF_LABEL_MAX + 1];
        saf_change *change = NULL;
        snprintf(label, sizeof label, "%d-%d", (int)getpid(), i);
        test_cert made = test_cert_self_signed(label, 1);
        if (saf_change_begin(&change, store, NULL, NULL) != SAF_OK ||
            keyring_try_add(change, "A", label, &made, made.key, NULL) != SAF_OK ||
            saf_ring_create(change, "A", label, NULL) != SAF_OK || saf_change_commit(&change, NULL) != SAF_OK)
            _exit(1);
        test_cert_free(&made);
    }
}

TEST(a_process_killed_in_mid_change_leaves_nothing)
{
    keyring_world *w = *state;
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0)
            add_pairs();
        usleep((useconds_t)(5000 + i * 1700));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        saf_store_info info = keyring_describe(w);
        assert_int_equal(info.certificates, info.rings);
        assert_int_equal(info.audit_records, 1 + 2 * info.rings);
    }
}

TEST(a_child_of_fork_does_not_commit_its_parents_change)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    fill(change, &w->err);
    pid_t child = fork();
    if (child == 0) {
        int failed = saf_change_commit(&change, NULL) != SAF_E_USAGE || change;
        saf_store_close(&w->store);
        _exit(failed);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    keyring_commit(w, change);
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    assert_non_null(cert);
}

TEST(generations_begin_at_the_time_and_are_given_once)
{
    keyring_world *w = *state;
    uint64_t before = (uint64_t)time(NULL) * 1000000;
    keyring_make_ring(w, "A", "First");
    keyring_make_ring(w, "A", "Second");
    assert_true(keyring_poll(w, "A", "First") >= before);
    assert_true(keyring_poll(w, "A", "Second") > keyring_poll(w, "A", "First"));
}

TEST(a_call_without_a_store_is_refused)
{
    keyring_world *w = *state;
    uint64_t generation;
    assert_fails(saf_ring_poll(&generation, NULL, NULL, "A", "Ring", &w->err), SAF_E_USAGE, &w->err, "no store");
}

TEST(a_child_of_fork_cannot_use_the_store)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    fill(change, &w->err);
    pid_t child = fork();
    if (child == 0) {
        saf_cert *cert = NULL;
        int failed = saf_store_find_cert(&cert, w->store, NULL, "A", "one", NULL) != SAF_E_USAGE ||
                     saf_ring_create(change, "A", "r", NULL) != SAF_E_USAGE;
        saf_change_abandon(&change);
        saf_store_close(&w->store);
        _exit(failed);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    keyring_commit(w, change);
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    assert_non_null(cert);
}

/* ---- a full disk ---------------------------------------------------------------------------------------------- */

/* In a child whose files may not grow: what a full disk looks like. */
static int add_without_room(void)
{
    const struct rlimit none = { .rlim_cur = 64 * 1024, .rlim_max = 64 * 1024 };
    saf_store *store = NULL;
    saf_change *change = NULL;
    saf_error err = { 0 };
    signal(SIGXFSZ, SIG_IGN);
    if (saf_store_open(&store, "store", NULL, NULL) != SAF_OK || setrlimit(RLIMIT_FSIZE, &none) != 0 ||
        saf_change_begin(&change, store, NULL, NULL) != SAF_OK)
        return 1;
    saf_status status = SAF_OK;
    for (int i = 0; i < 2000 && status == SAF_OK; i++) {
        char name[SAF_RING_NAME_MAX + 1];
        snprintf(name, sizeof name, "%0200d", i);
        status = saf_ring_create(change, "A", name, &err);
    }
    if (status == SAF_OK)
        status = saf_change_commit(&change, &err);
    int wrong = status != SAF_E_IO || !strstr(err.text, "store.db");
    saf_change_abandon(&change);
    saf_store_close(&store);
    return wrong;
}

TEST(a_full_disk_is_reported_and_leaves_nothing)
{
    keyring_world *w = *state;
    saf_store_info before = keyring_describe(w);
    pid_t child = fork();
    if (child == 0)
        _exit(add_without_room());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    saf_store_info after = keyring_describe(w);
    assert_same(&before, &after);
}

/* ---- what SQLite is told -------------------------------------------------------------------------------------- */

TEST(the_database_uses_a_rollback_journal)
{
    (void)state;
    sqlite3 *db = NULL;
    sqlite3_stmt *mode = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &mode, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(mode), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(mode, 0), "delete");
    sqlite3_finalize(mode);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(an_abandoned_change_leaves_nothing),
        IN_KEYRING(reads_inside_a_change_see_it_and_others_do_not),
        IN_KEYRING(a_failed_call_leaves_nothing_in_a_change_that_is_committed),
        IN_KEYRING(one_change_at_a_time_on_a_store),
        IN_KEYRING(another_writer_is_told_that_the_store_is_busy),
        IN_KEYRING(a_key_may_come_later_and_rings_stay),
        IN_KEYRING(a_key_that_comes_later_is_checked),
        IN_KEYRING(a_key_that_comes_later_is_for_the_certificate_that_was_meant),
        IN_KEYRING(a_key_that_comes_later_asks_to_add),
        IN_KEYRING(a_step_that_is_undone_leaves_the_rest_of_the_change),
        IN_KEYRING(a_step_that_is_kept_is_part_of_the_change),
        IN_KEYRING(an_inner_step_may_be_undone_and_the_outer_kept),
        IN_KEYRING(an_outer_step_that_is_undone_takes_the_inner_with_it),
        IN_KEYRING(a_failed_call_inside_a_step_leaves_the_step),
        IN_KEYRING(processes_that_add_at_once_lose_nothing),
        IN_KEYRING(a_process_killed_in_mid_change_leaves_nothing),
        IN_KEYRING(a_child_of_fork_does_not_commit_its_parents_change),
        IN_KEYRING(generations_begin_at_the_time_and_are_given_once),
        IN_KEYRING(a_call_without_a_store_is_refused),
        IN_KEYRING(a_child_of_fork_cannot_use_the_store),
        IN_KEYRING(a_full_disk_is_reported_and_leaves_nothing),
        IN_KEYRING(the_database_uses_a_rollback_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
