#include <support/keyring-world.h>
#include <support/scratch.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/wait.h>

OWN_VALUE(saf_store_problems, saf_store_problems_free)

static mode_t mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    return about.st_mode & 07777;
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void back_up(keyring_world *w)
{
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, made.key);
    assert_ok(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), &w->err);
}

/* ---- backup --------------------------------------------------------------------------------------------------- */

TEST(a_backup_is_a_private_file_and_nothing_else_is_left)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(mode_of("backup.db"), 0600);
    assert_int_equal(scratch_count(), 2);
}

TEST(a_backup_replaces_nothing)
{
    keyring_world *w = *state;
    assert_int_equal(scratch_write("backup.db", "letter", 0600), 0);
    assert_fails(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), SAF_E_EXISTS, &w->err, "backup.db exists already");
    assert_int_equal(scratch_count(), 2);
}

/* Who may exchange the draft gets a copy of the store in a file of his own. */
TEST(nothing_is_backed_up_where_others_could_exchange_it)
{
    keyring_world *w = *state;
    assert_int_equal(mkdir("open", 0700), 0);
    assert_int_equal(chmod("open", 0777), 0);
    assert_fails(saf_store_backup(w->store, NULL, "open/backup.db", NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "could exchange");
    assert_non_null(strstr(w->err.hint, "only you can write"));
    assert_int_equal(chmod("open", 01777), 0);
    assert_ok(saf_store_backup(w->store, NULL, "open/backup.db", NULL, NULL, &w->err), &w->err);
    assert_int_equal(mkdir("open/theirs", 0755), 0);
    assert_int_equal(mkdir("open/theirs/mine", 0755), 0);
    if (chown("open/theirs", 65534, (gid_t)-1) != 0)
        skip();
    assert_fails(saf_store_backup(w->store, NULL, "open/theirs/backup.db", NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "could exchange");
    assert_fails(saf_store_backup(w->store, NULL, "open/theirs/mine/backup.db", NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "open/theirs");
    assert_int_equal(symlink("open/theirs", "link"), 0);
    assert_fails(saf_store_backup(w->store, NULL, "link/backup.db", NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "could exchange");
}

TEST(a_backup_to_nowhere_fails)
{
    keyring_world *w = *state;
    assert_fails(saf_store_backup(w->store, NULL, "none/backup.db", NULL, NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "none/backup.db");
    assert_fails(saf_store_backup(w->store, NULL, "store/", NULL, NULL, &w->err), SAF_E_USAGE, &w->err, "does not name a file");
}

TEST(what_a_killed_backup_left_is_removed_by_the_next)
{
    keyring_world *w = *state;
    assert_int_equal(scratch_write(".backup.db.saf-backup", "half", 0600), 0);
    back_up(w);
    assert_int_equal(scratch_count(), 2);
    assert_int_equal(link("backup.db", ".backup.db.saf-backup"), 0); /* killed when it was there already */
    assert_fails(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), SAF_E_EXISTS, &w->err, "backup.db exists already");
    assert_int_equal(scratch_count(), 2);
}

TEST(a_backup_that_another_one_is_writing_is_left_alone)
{
    keyring_world *w = *state;
    assert_int_equal(scratch_write(".backup.db.saf-backup", "half", 0600), 0);
    OWN(own_fd) living = open(".backup.db.saf-backup", O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(living, LOCK_EX), 0);
    assert_fails(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), SAF_E_BUSY, &w->err, "another process is writing");
    assert_int_equal(scratch_count(), 2);
}

TEST(a_backup_leaves_what_is_in_its_way)
{
    keyring_world *w = *state;
    assert_int_equal(symlink("elsewhere", ".backup.db.saf-backup"), 0);
    assert_fails(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), SAF_E_CONFLICT, &w->err, "is in the way");
}

TEST(a_backup_during_a_change_of_ones_own_is_refused)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    assert_fails(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), SAF_E_USAGE, &w->err, "is open");
    saf_change_abandon(&change);
}

TEST(a_backup_is_for_administrators)
{
    keyring_world *w = *state;
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_backup(w->store, NULL, "backup.db", NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "store-admin");
    assert_int_equal(scratch_count(), 1);
}

/* Each change makes two rings, so a copy that is not of one moment would have an odd number. */
static int write_on(int done)
{
    char byte;
    int count = 0;
    saf_store *store = NULL;
    if (saf_store_open(&store, "store", NULL, NULL) != SAF_OK)
        return 1;
    while (read(done, &byte, 1) < 0) {
        char one[16], two[16];
        saf_change *change = NULL;
        snprintf(one, sizeof one, "a%d", count);
        snprintf(two, sizeof two, "b%d", count++);
        if (saf_change_begin(&change, store, NULL, NULL) != SAF_OK || saf_ring_create(change, "A", one, NULL) != SAF_OK ||
            saf_ring_create(change, "A", two, NULL) != SAF_OK || saf_change_commit(&change, NULL) != SAF_OK)
            return 2;
    }
    saf_store_close(&store);
    return count > 0 ? 0 : 3;
}

static int odd_rings(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *find = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) % 2 FROM ring", -1, &find, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(find), SQLITE_ROW);
    int odd = sqlite3_column_int(find, 0);
    sqlite3_finalize(find);
    sqlite3_close(db);
    return odd;
}

TEST(others_write_while_a_backup_is_made_and_it_is_of_one_moment)
{
    enum { BACKUPS = 10 };
    keyring_world *w = *state;
    int done[2], status;
    run_sql("store/store.db", "INSERT INTO owner (name, generation) SELECT 'B' || randomblob(0) || printf('%06d', value), 0 FROM (WITH RECURSIVE n(value) AS"
                              " (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 100000) SELECT value FROM n)");
    assert_int_equal(pipe2(done, O_NONBLOCK), 0);
    pid_t child = fork();
    if (child == 0) {
        close(done[1]);
        _exit(write_on(done[0]));
    }
    for (int i = 0; i < BACKUPS; i++) {
        char path[16];
        snprintf(path, sizeof path, "b%d.db", i);
        assert_ok(saf_store_backup(w->store, NULL, path, NULL, NULL, &w->err), &w->err);
        assert_int_equal(odd_rings(path), 0);
    }
    close(done[1]);
    close(done[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- restore -------------------------------------------------------------------------------------------------- */

static void assert_sound(const char *dir, const saf_store_options *options)
{
    saf_error err = { 0 };
    OWN(saf_store) *store = NULL;
    OWN(saf_store_problems) problems = { 0 };
    assert_ok(saf_store_open(&store, dir, options, &err), &err);
    assert_ok(saf_store_check(&problems, store, NULL, NULL, NULL, &err), &err);
    if (problems.count)
        fail_msg("%s", problems.texts[0]);
}

TEST(a_restored_store_is_the_one_that_was_backed_up)
{
    keyring_world *w = *state;
    OWN(saf_store) *copy = NULL;
    OWN(saf_cert) *cert = NULL;
    saf_store_info info;
    EVP_PKEY *key = NULL;
    back_up(w);
    assert_ok(saf_store_restore("copy", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    assert_int_equal(mode_of("copy"), 0700);
    assert_int_equal(mode_of("copy/store.db"), 0600);
    assert_int_equal(mode_of("copy/master.key"), 0400);
    assert_int_equal(mode_of("copy/tokens"), 0700);
    assert_sound("copy", NULL);
    assert_ok(saf_store_open(&copy, "copy", NULL, &w->err), &w->err);
    assert_ok(saf_store_describe(&info, copy, NULL, &w->err), &w->err);
    assert_string_equal(info.id, keyring_describe(w).id);
    assert_ok(saf_store_find_cert(&cert, copy, NULL, "A", "web", &w->err), &w->err);
    assert_ok(saf_store_load_key(&key, copy, NULL, cert, &w->err), &w->err);
    EVP_PKEY_free(key);
    assert_int_equal(scratch_count(), 3);
}

TEST(tokens_of_a_restored_store_are_its_own)
{
    keyring_world *w = *state;
    char line[4200] = "";
    OWN(own_text) expected = NULL;
    OWN(own_text) here = getcwd(NULL, 0);
    back_up(w);
    assert_ok(saf_store_restore("copy/", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    FILE *file = fopen("copy/softhsm2.conf", "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_true(asprintf(&expected, "directories.tokendir = %s/copy/tokens\n", here) > 0);
    assert_string_equal(line, expected);
}

static void assert_restore_fails(keyring_world *w, const char *backup, const char *key_file, saf_status status, const char *text)
{
    int before = scratch_count();
    assert_fails(saf_store_restore("copy", backup, NULL, key_file, &w->err), status, &w->err, text);
    assert_int_equal(scratch_count(), before);
}

OWN_VALUE(saf_publication_page, saf_publication_page_free)

/* A link in the place of a directory is not followed: nothing can be written or removed there. */
static void hide(const char *dir)
{
    char away[32];
    snprintf(away, sizeof away, "%s.away", dir);
    assert_int_equal(rename(dir, away), 0);
    assert_int_equal(symlink(away, dir), 0);
}

static void show(const char *dir)
{
    char away[32];
    snprintf(away, sizeof away, "%s.away", dir);
    assert_int_equal(unlink(dir), 0);
    assert_int_equal(rename(away, dir), 0);
}

/* One of the two is due, one has ended: neither is the restored store's business. */
TEST(a_restored_store_has_no_publications)
{
    keyring_world *w = *state;
    OWN(saf_store) *copy = NULL;
    OWN(saf_publication_page) page = { 0 };
    keyring_make_ring(w, "A", "Ring");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_publish(change, "A", "Ring", "due", geteuid(), true, &w->err), &w->err);
    assert_ok(saf_ring_publish(change, "A", "Ring", "ended", geteuid(), true, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(test_cert) made = test_cert_self_signed("new", 77);
    keyring_add(w, "A", "new", &made, NULL);
    hide("due");
    hide("ended");
    const saf_connect_request request = { .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = "new", .usage = SAF_USAGE_PERSONAL };
    change = keyring_begin(w);
    assert_ok(saf_ring_connect(change, &request, &w->err), &w->err);
    assert_ok(saf_ring_unpublish(change, "A", "Ring", "ended", &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(saf_store_unpublished(w->store, &w->err), 2);
    back_up(w);
    show("due");
    show("ended");
    assert_int_equal(unlink("due/ring.saf"), 0);
    assert_ok(saf_store_restore("copy", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    assert_int_equal(access("due/ring.saf", F_OK), -1);
    assert_int_equal(access("ended/ring.saf", F_OK), 0);
    assert_ok(saf_store_open(&copy, "copy", NULL, &w->err), &w->err);
    assert_ok(saf_store_list_publications(&page, copy, NULL, &w->err), &w->err);
    assert_int_equal(page.count, 0);
}

TEST(nothing_is_restored_where_others_could_exchange_it)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(mkdir("open", 0700), 0);
    assert_int_equal(chmod("open", 0777), 0);
    assert_fails(saf_store_restore("open/copy", "backup.db", NULL, "store/master.key", &w->err), SAF_E_DENIED, &w->err, "could exchange");
    assert_int_equal(chmod("open", 01777), 0);
    assert_ok(saf_store_restore("open/copy", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    assert_int_equal(mkdir("open/theirs", 0755), 0);
    if (chown("open/theirs", 65534, (gid_t)-1) != 0)
        skip();
    assert_fails(saf_store_restore("open/theirs/copy", "backup.db", NULL, "store/master.key", &w->err), SAF_E_DENIED, &w->err, "could exchange");
}

TEST(restore_replaces_no_directory)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(mkdir("copy", 0700), 0);
    assert_restore_fails(w, "backup.db", "store/master.key", SAF_E_EXISTS, "copy exists already");
}

TEST(restore_wants_the_key_file_of_that_store)
{
    keyring_world *w = *state;
    back_up(w);
    assert_ok(saf_store_create("other", NULL, &w->err), &w->err);
    assert_restore_fails(w, "backup.db", NULL, SAF_E_DENIED, "has its master key in a file");
    assert_restore_fails(w, "backup.db", "other/master.key", SAF_E_DENIED, "is not the one of store");
    assert_restore_fails(w, "backup.db", "backup.db", SAF_E_MALFORMED, "is not a master key");
    assert_restore_fails(w, "backup.db", "none", SAF_E_NOT_FOUND, "none");
}

TEST(restore_refuses_what_is_no_backup)
{
    keyring_world *w = *state;
    back_up(w);
    run_sql("other.db", "CREATE TABLE x (y)");
    assert_int_equal(scratch_write("text", "SQLite format 3", 0600), 0);
    assert_restore_fails(w, "other.db", "store/master.key", SAF_E_MALFORMED, "is not the backup of a store");
    assert_restore_fails(w, "text", "store/master.key", SAF_E_MALFORMED, "is not the backup of a store");
    assert_restore_fails(w, "store", "store/master.key", SAF_E_MALFORMED, "regular file");
    assert_restore_fails(w, "none", "store/master.key", SAF_E_NOT_FOUND, "none");
}

TEST(restore_refuses_a_database_with_half_of_a_change_in_it)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(scratch_write("backup.db-journal", "x", 0600), 0);
    assert_restore_fails(w, "backup.db", "store/master.key", SAF_E_MALFORMED, "with a journal");
}

TEST(restore_refuses_a_store_with_problems_and_names_the_first)
{
    keyring_world *w = *state;
    back_up(w);
    run_sql("backup.db", "UPDATE certificate SET not_after = 1");
    assert_restore_fails(w, "backup.db", "store/master.key", SAF_E_FAILED, "certificate A/web was altered");
}

TEST(restore_refuses_half_a_file)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(truncate("backup.db", 8192), 0);
    int before = scratch_count();
    assert_int_not_equal(saf_store_restore("copy", "backup.db", NULL, "store/master.key", &w->err), SAF_OK);
    assert_int_equal(scratch_count(), before);
}

TEST(what_a_killed_restore_left_is_removed_by_the_next)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(mkdir(".copy.saf-restore", 0700), 0);
    assert_int_equal(scratch_write(".copy.saf-restore/store.db", "half", 0600), 0);
    assert_int_equal(scratch_write(".copy.saf-restore/master.key", "half", 0400), 0);
    assert_ok(saf_store_restore("copy", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    assert_sound("copy", NULL);
    assert_int_equal(scratch_count(), 3);
}

TEST(a_restore_leaves_what_is_in_its_way)
{
    keyring_world *w = *state;
    back_up(w);
    assert_int_equal(mkdir(".copy.saf-restore", 0755), 0);
    assert_restore_fails(w, "backup.db", "store/master.key", SAF_E_CONFLICT, "is in the way");
}

TEST(a_passphrase_restores_a_store_that_has_one)
{
    keyring_world *w = *state;
    OWN(saf_secret) passphrase = { 0 };
    assert_ok(saf_secret_set(&passphrase, saf_bytes_of_text("correct horse"), &w->err), &w->err);
    const saf_rekey_store request = { .kind = SAF_MASTER_PASSPHRASE, .secret = &passphrase };
    const saf_store_options options = { .passphrase = &passphrase };
    assert_ok(saf_store_rekey(w->store, NULL, &request, &w->err), &w->err);
    back_up(w);
    assert_restore_fails(w, "backup.db", NULL, SAF_E_DENIED, "locked with a passphrase");
    assert_ok(saf_store_restore("copy", "backup.db", &options, NULL, &w->err), &w->err);
    assert_sound("copy", &options);
    assert_int_not_equal(access("copy/master.key", F_OK), 0);
}

TEST(a_restore_is_in_the_audit_trail_of_the_new_store)
{
    keyring_world *w = *state;
    OWN(saf_store) *copy = NULL;
    saf_audit_check before, after;
    back_up(w);
    assert_ok(saf_store_check_audit(&before, w->store, NULL, NULL, &w->err), &w->err);
    assert_ok(saf_store_restore("copy", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    assert_ok(saf_store_open(&copy, "copy", NULL, &w->err), &w->err);
    assert_ok(saf_store_check_audit(&after, copy, NULL, &before.head, &w->err), &w->err);
    assert_true(after.anchor_is_in_it);
    assert_int_equal(after.records, before.records + 1);
}

TEST(a_backup_that_is_older_than_an_anchor_shows)
{
    keyring_world *w = *state;
    OWN(saf_store) *copy = NULL;
    saf_audit_check before, after;
    back_up(w);
    keyring_make_ring(w, "A", "later");
    assert_ok(saf_store_check_audit(&before, w->store, NULL, NULL, &w->err), &w->err);
    assert_ok(saf_store_restore("copy", "backup.db", NULL, "store/master.key", &w->err), &w->err);
    assert_ok(saf_store_open(&copy, "copy", NULL, &w->err), &w->err);
    assert_ok(saf_store_check_audit(&after, copy, NULL, &before.head, &w->err), &w->err);
    assert_false(after.anchor_is_in_it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(a_backup_is_a_private_file_and_nothing_else_is_left),
        IN_KEYRING(a_backup_replaces_nothing),
        IN_KEYRING(nothing_is_backed_up_where_others_could_exchange_it),
        IN_KEYRING(a_backup_to_nowhere_fails),
        IN_KEYRING(what_a_killed_backup_left_is_removed_by_the_next),
        IN_KEYRING(a_backup_that_another_one_is_writing_is_left_alone),
        IN_KEYRING(a_backup_leaves_what_is_in_its_way),
        IN_KEYRING(a_backup_during_a_change_of_ones_own_is_refused),
        IN_KEYRING(a_backup_is_for_administrators),
        IN_KEYRING(others_write_while_a_backup_is_made_and_it_is_of_one_moment),
        IN_KEYRING(a_restored_store_is_the_one_that_was_backed_up),
        IN_KEYRING(tokens_of_a_restored_store_are_its_own),
        IN_KEYRING(a_restored_store_has_no_publications),
        IN_KEYRING(nothing_is_restored_where_others_could_exchange_it),
        IN_KEYRING(restore_replaces_no_directory),
        IN_KEYRING(restore_wants_the_key_file_of_that_store),
        IN_KEYRING(restore_refuses_what_is_no_backup),
        IN_KEYRING(restore_refuses_a_database_with_half_of_a_change_in_it),
        IN_KEYRING(restore_refuses_a_store_with_problems_and_names_the_first),
        IN_KEYRING(restore_refuses_half_a_file),
        IN_KEYRING(what_a_killed_restore_left_is_removed_by_the_next),
        IN_KEYRING(a_restore_leaves_what_is_in_its_way),
        IN_KEYRING(a_passphrase_restores_a_store_that_has_one),
        IN_KEYRING(a_restore_is_in_the_audit_trail_of_the_new_store),
        IN_KEYRING(a_backup_that_is_older_than_an_anchor_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
