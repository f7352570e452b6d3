#include <support/scratch.h>
#include <support/softhsm.h>

#include <signal.h>
#include <sys/wait.h>

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

TEST(a_read_only_token_can_be_used)
{
    saf_p11_secret secret;
    {
        OWN(saf_p11) *p11 = softhsm_open();
        softhsm_init_token(p11, "ZWE.IDT");
        OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
        assert_int_equal(saf_p11_generate_secret(&secret, session, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, NULL),
                         SAF_OK);
    }
    if (geteuid() == 0)
        skip(); /* root may write everything */
    assert_int_equal(system("chmod -R a-w tokens"), 0);
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
    saf_p11_uri uri = softhsm_uri(secret.uri);
    assert_int_equal(saf_p11_find_secret(&secret, session, &uri, NULL), SAF_OK);
    assert_int_equal(system("chmod -R u+w tokens"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        IN_SOFTHSM(a_read_only_token_can_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
