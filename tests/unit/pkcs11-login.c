#include <support/scratch.h>
#include <support/softhsm.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { NOBODY = 65534, NOBODYS_GROUP = 65533 };

/* Stands before the C library's: what root names by its path may be another file by then. */
static int chown_count;

int chown(const char *path, uid_t user, gid_t group)
{
    chown_count++;
    return (int)syscall(SYS_fchownat, AT_FDCWD, path, user, group, 0);
}

static void make_token(void)
{
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_init_token(p11, "ZWE.IDT");
}

TEST(login_refuses_a_wrong_pin_and_does_not_repeat_it)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) wrong = softhsm_secret("wrong-s3cret");
    saf_error err = { 0 };
    saf_p11_session *session = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    assert_int_equal(saf_p11_login(&session, p11, &uri, &wrong, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "wrong PIN for token ZWE.IDT");
    assert_null(session);
    session = softhsm_login(p11, "ZWE.IDT");
    saf_p11_logout(&session);
    assert_null(session);
}

TEST(login_needs_a_pin)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    saf_error err = { 0 };
    saf_p11_session *session = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    assert_int_equal(saf_p11_login(&session, p11, &uri, NULL, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "token ZWE.IDT needs a PIN");
}

TEST(login_names_the_token_that_is_missing)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    saf_error err = { 0 };
    saf_p11_session *session = NULL;
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_p11_uri uri = softhsm_uri("pkcs11:token=NOWHERE");
    assert_int_equal(saf_p11_login(&session, p11, &uri, &pin, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "no token NOWHERE");
}

TEST(several_sessions_share_one_login)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_session) *first = softhsm_login(p11, "ZWE.IDT");
    OWN(saf_p11_session) *second = softhsm_login(p11, "ZWE.IDT");
    saf_p11_logout(&first);
    OWN(saf_p11_secret_list) list = { 0 };
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, second, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, NULL),
                     SAF_OK);
    saf_p11_logout(&second);
    first = softhsm_login(p11, "ZWE.IDT"); /* still logged in: no second C_Login */
    assert_int_equal(saf_p11_list_secrets(&list, first, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 1);
}

TEST(a_login_of_somebody_else_does_not_count)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_error err = { 0 };
    saf_p11_session *session = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    CK_SESSION_HANDLE other = softhsm_raw_session(p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(p11)->C_Login(other, CKU_USER, pin.data, pin.len), CKR_OK);
    assert_int_equal(saf_p11_login(&session, p11, &uri, &pin, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "another part of this process is logged in to token ZWE.IDT");
}

/* ---- a login that was lost ---- */

static void log_out_behind_its_back(saf_p11 *p11)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(p11)->C_Logout(raw), CKR_OK);
    softhsm_cryptoki(p11)->C_CloseSession(raw);
}

static void close_sessions_behind_its_back(saf_p11 *p11)
{
    saf_p11_token token;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    assert_int_equal(saf_p11_find_token(&token, p11, &uri, NULL), SAF_OK);
    assert_int_equal(softhsm_cryptoki(p11)->C_CloseAllSessions(token.slot), CKR_OK);
}

/* Private objects are seen by who is logged in. */
static void expect_one_secret(saf_p11 *p11)
{
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, session, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 1);
}

TEST(a_lost_login_is_made_again)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, session, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, NULL),
                     SAF_OK);
    log_out_behind_its_back(p11);
    expect_one_secret(p11);
    close_sessions_behind_its_back(p11);
    expect_one_secret(p11);
    expect_one_secret(p11);
}

TEST(after_a_lost_login_the_pin_counts_again)
{
    make_token();
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) wrong = softhsm_secret("wrong-s3cret");
    saf_error err = { 0 };
    OWN(saf_p11_session) *session = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    softhsm_log_in_and_out(p11, "ZWE.IDT");
    assert_int_equal(saf_p11_login(&session, p11, &uri, NULL, NULL), SAF_OK);
    saf_p11_logout(&session);
    log_out_behind_its_back(p11);
    assert_int_equal(saf_p11_login(&session, p11, &uri, &wrong, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "wrong PIN for token ZWE.IDT");
    assert_int_equal(saf_p11_login(&session, p11, &uri, NULL, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "token ZWE.IDT needs a PIN");
    softhsm_log_in_and_out(p11, "ZWE.IDT");
}

/* ---- SoftHSM 2.6.1's weak spot ---- */

static off_t size_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

TEST(an_emptied_token_object_is_restored)
{
    make_token();
    OWN(own_text) object = softhsm_token_file("token.object");
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    off_t size = size_of(object);
    assert_true(size > 0);
    assert_int_equal(size_of(copy), size);
    assert_int_equal(truncate(object, 0), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    assert_int_equal(size_of(object), size);
    softhsm_log_in_and_out(p11, "ZWE.IDT");
}

TEST(without_a_copy_nothing_is_restored)
{
    make_token();
    OWN(own_text) object = softhsm_token_file("token.object");
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    assert_int_equal(truncate(object, 0), 0);
    assert_int_equal(truncate(copy, 0), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK);
    assert_int_equal(list.count, 0);
    assert_int_equal(size_of(object), 0);
}

TEST(a_login_makes_a_missing_copy)
{
    make_token();
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    assert_int_equal(unlink(copy), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    assert_int_equal(access(copy, F_OK), -1);
    softhsm_log_in_and_out(p11, "ZWE.IDT");
    assert_true(size_of(copy) > 0);
}

TEST(a_wrong_pin_does_not_touch_the_copy)
{
    make_token();
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    assert_int_equal(truncate(copy, 7), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) wrong = softhsm_secret("wrong-s3cret");
    saf_p11_session *session = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    assert_int_equal(saf_p11_login(&session, p11, &uri, &wrong, NULL), SAF_E_DENIED);
    assert_int_equal(size_of(copy), 7);
}

TEST(a_restored_token_object_keeps_owner_and_mode)
{
    if (geteuid() != 0)
        skip();
    make_token();
    OWN(own_text) object = softhsm_token_file("token.object");
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    assert_int_equal(unlink(copy), 0);
    assert_int_equal(lchown(object, NOBODY, NOBODYS_GROUP), 0);
    assert_int_equal(chmod(object, 0640), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_log_in_and_out(p11, "ZWE.IDT"); /* makes the copy */
    assert_int_equal(truncate(object, 0), 0);
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK); /* restores the object */
    const char *const paths[] = { object, copy };
    for (size_t i = 0; i < 2; i++) {
        struct stat about;
        assert_int_equal(stat(paths[i], &about), 0);
        assert_true(about.st_size > 0);
        assert_int_equal(about.st_uid, NOBODY);
        assert_int_equal(about.st_gid, NOBODYS_GROUP);
        assert_int_equal(about.st_mode & 07777, 0640);
    }
    assert_int_equal(chown_count, 0);
}

TEST(nothing_is_restored_behind_a_linked_directory)
{
    make_token();
    assert_int_equal(mkdir("elsewhere", 0700), 0);
    assert_int_equal(scratch_write("elsewhere/token.object", "", 0600), 0);
    assert_int_equal(scratch_write("elsewhere/token.object.safring", "planted", 0600), 0);
    assert_int_equal(symlink("../elsewhere", "tokens/link"), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    assert_non_null(p11);
    assert_int_equal(size_of("elsewhere/token.object"), 0);
}

TEST(a_copy_that_is_a_link_is_not_used)
{
    make_token();
    OWN(own_text) object = softhsm_token_file("token.object");
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    assert_int_equal(truncate(object, 0), 0);
    assert_int_equal(link(copy, "secret"), 0); /* of somebody else, whose file root could read */
    OWN(saf_p11) *p11 = softhsm_open();
    assert_int_equal(size_of(object), 0);
    assert_int_equal(unlink(copy), 0);
    char *here = getcwd(NULL, 0);
    OWN(own_text) target = NULL;
    assert_true(asprintf(&target, "%s/secret", here) > 0);
    free(here);
    assert_int_equal(symlink(target, copy), 0);
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK);
    assert_int_equal(size_of(object), 0);
}

/* In a child: log in, list, log out, @p rounds times; the exit code is the status. */
static void log_in_and_exit(int rounds)
{
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    saf_secret pin = { 0 };
    saf_error err = { 0 };
    saf_status status = saf_secret_set(&pin, saf_bytes_of_text(SOFTHSM_PIN), &err);
    for (int i = 0; status == SAF_OK && i < rounds; i++) {
        saf_p11 *p11 = NULL;
        saf_p11_session *session = NULL;
        status = saf_p11_open(&p11, NULL, &err);
        if (status == SAF_OK)
            status = saf_p11_login(&session, p11, &uri, &pin, &err);
        saf_p11_logout(&session);
        saf_p11_close(&p11);
    }
    if (status != SAF_OK)
        fprintf(stderr, "%s\n", err.text);
    saf_secret_free(&pin);
    _exit((int)status);
}

TEST(parallel_logins_all_succeed)
{
    enum { PROCESSES = 6, ROUNDS = 12 };
    pid_t maker = fork(); /* SoftHSM is loaded in children only: it does not survive a fork */
    if (maker == 0) {
        make_token();
        _exit(0);
    }
    assert_int_equal(waitpid(maker, NULL, 0), maker);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            log_in_and_exit(ROUNDS);
    for (int i = 0; i < PROCESSES; i++) {
        int how;
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), SAF_OK);
    }
}

TEST(killed_logins_lose_nothing_and_disturb_nobody)
{
    enum { KILLS = 40 };
    pid_t maker = fork();
    if (maker == 0) {
        make_token();
        _exit(0);
    }
    assert_int_equal(waitpid(maker, NULL, 0), maker);
    pid_t survivor = fork();
    if (survivor == 0)
        log_in_and_exit(100);
    for (int i = 0; i < KILLS; i++) {
        pid_t child = fork();
        if (child == 0)
            log_in_and_exit(1000);
        usleep((useconds_t)(5000 + i * 977 % 40000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    int how;
    assert_int_equal(waitpid(survivor, &how, 0), survivor);
    assert_int_equal(how, 0);
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_log_in_and_out(p11, "ZWE.IDT");
}

/* ---- who gets the lock ---- */

/* Let others than root reach the test's directory. */
static void open_doors(void)
{
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(chmod("softhsm2.conf", 0644), 0);
}

static saf_status status_of_child(pid_t child)
{
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return (saf_status)WEXITSTATUS(how);
}

static saf_status log_in_as(uid_t user)
{
    pid_t child = fork();
    if (child == 0) {
        if (user != geteuid() && (setgid(NOBODYS_GROUP) != 0 || setuid(user) != 0))
            _exit(255);
        log_in_and_exit(2);
    }
    return status_of_child(child);
}

/* In a child, because SoftHSM does not survive a fork; root's, or ours. */
static void make_token_in_a_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        make_token();
        _exit(0);
    }
    assert_int_equal(status_of_child(child), SAF_OK);
}

static void give_tokens_to_nobody(mode_t mode)
{
    assert_int_equal(system("chown -R 65534:65533 tokens"), 0);
    assert_int_equal(chmod("tokens", mode), 0);
    assert_int_equal(unlink("tokens/.safring.lock"), 0);
}

static void expect_lock(uid_t user, gid_t group, mode_t mode)
{
    struct stat about;
    assert_int_equal(lstat("tokens/.safring.lock", &about), 0);
    assert_int_equal(about.st_uid, user);
    assert_int_equal(about.st_gid, group);
    assert_int_equal(about.st_mode & 07777, mode);
}

TEST(root_makes_the_lock_for_the_owner)
{
    if (geteuid() != 0)
        skip();
    open_doors();
    make_token_in_a_child();
    give_tokens_to_nobody(0700);
    assert_int_equal(log_in_as(0), SAF_OK);
    expect_lock(NOBODY, NOBODYS_GROUP, 0600);
    assert_int_equal(log_in_as(NOBODY), SAF_OK);
}

TEST(root_makes_the_lock_for_the_group)
{
    if (geteuid() != 0)
        skip();
    open_doors();
    make_token_in_a_child();
    give_tokens_to_nobody(02770);
    assert_int_equal(log_in_as(0), SAF_OK);
    expect_lock(NOBODY, NOBODYS_GROUP, 0660);
    assert_int_equal(log_in_as(NOBODY), SAF_OK);
}

TEST(a_member_makes_the_lock_for_the_group)
{
    if (geteuid() != 0)
        skip();
    open_doors();
    make_token_in_a_child();
    give_tokens_to_nobody(0770);
    assert_int_equal(lchown("tokens", 0, NOBODYS_GROUP), 0);
    assert_int_equal(log_in_as(NOBODY), SAF_OK);
    expect_lock(NOBODY, NOBODYS_GROUP, 0660);
}

TEST(who_may_write_is_refused_without_the_lock)
{
    if (geteuid() != 0)
        skip();
    open_doors();
    make_token_in_a_child();
    give_tokens_to_nobody(0700);
    assert_int_equal(scratch_write("tokens/.safring.lock", "", 0600), 0); /* root's */
    assert_int_equal(log_in_as(NOBODY), SAF_E_DENIED);
    assert_int_equal(lchown("tokens", 0, 0), 0); /* token.object is still his */
    assert_int_equal(chmod("tokens", 0755), 0);
    assert_int_equal(log_in_as(NOBODY), SAF_E_DENIED);
}

static void expect_refusal_to_open(void)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    assert_int_not_equal(saf_p11_open(&p11, NULL, &err), SAF_OK);
    assert_non_null(strstr(err.text, "tokens/.safring.lock"));
    assert_null(p11);
}

TEST(a_lock_that_is_no_file_is_a_failure)
{
    assert_int_equal(symlink("../elsewhere", "tokens/.safring.lock"), 0);
    expect_refusal_to_open();
    assert_int_equal(access("elsewhere", F_OK), -1);
    assert_int_equal(unlink("tokens/.safring.lock"), 0);
    assert_int_equal(mkdir("tokens/.safring.lock", 0700), 0);
    expect_refusal_to_open();
}

/* As a server has it that may read its token and nothing else. */
TEST(a_read_only_token_can_be_used)
{
    bool is_root = geteuid() == 0;
    open_doors();
    make_token_in_a_child();
    assert_int_equal(system(is_root ? "chmod -R a+rX,go-w tokens" : "chmod -R a-w tokens"), 0);
    assert_int_equal(log_in_as(is_root ? NOBODY : geteuid()), SAF_OK);
    assert_int_equal(system("chmod -R u+w tokens"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(root_makes_the_lock_for_the_owner),
        IN_SOFTHSM(root_makes_the_lock_for_the_group),
        IN_SOFTHSM(a_member_makes_the_lock_for_the_group),
        IN_SOFTHSM(who_may_write_is_refused_without_the_lock),
        IN_SOFTHSM(a_read_only_token_can_be_used),
        IN_SOFTHSM(parallel_logins_all_succeed),
        IN_SOFTHSM(killed_logins_lose_nothing_and_disturb_nobody),
        IN_SOFTHSM(login_refuses_a_wrong_pin_and_does_not_repeat_it),
        IN_SOFTHSM(login_needs_a_pin),
        IN_SOFTHSM(login_names_the_token_that_is_missing),
        IN_SOFTHSM(several_sessions_share_one_login),
        IN_SOFTHSM(a_login_of_somebody_else_does_not_count),
        IN_SOFTHSM(an_emptied_token_object_is_restored),
        IN_SOFTHSM(without_a_copy_nothing_is_restored),
        IN_SOFTHSM(a_login_makes_a_missing_copy),
        IN_SOFTHSM(a_wrong_pin_does_not_touch_the_copy),
        IN_SOFTHSM(a_lost_login_is_made_again),
        IN_SOFTHSM(after_a_lost_login_the_pin_counts_again),
        IN_SOFTHSM(a_restored_token_object_keeps_owner_and_mode),
        IN_SOFTHSM(nothing_is_restored_behind_a_linked_directory),
        IN_SOFTHSM(a_copy_that_is_a_link_is_not_used),
        IN_SOFTHSM(a_lock_that_is_no_file_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
