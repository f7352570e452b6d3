#include <support/signers.h>

#include <pthread.h>
#include <sys/wait.h>

/* A child that hangs is one that fails. */
enum { CHILD_LIMIT_SEC = 60 };

typedef int child_work(signers *w, saf_p11_signer *signer);

static pid_t start_child(child_work *work, signers *w, saf_p11_signer *signer)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_LIMIT_SEC);
        _exit(work(w, signer));
    }
    assert_true(child > 0);
    return child;
}

static void expect_end(pid_t child)
{
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (WIFSIGNALED(how))
        fail_msg("the child died: %s", strsignal(WTERMSIG(how)));
    assert_int_equal(WEXITSTATUS(how), 0);
}

static int sign_some(__attribute__((unused)) signers *w, saf_p11_signer *signer)
{
    int failures = 0;
    for (int i = 0; i < 50; i++)
        failures += signers_try(signer, 1) != 0;
    return failures;
}

static int sign_and_count_pins(signers *w, saf_p11_signer *signer)
{
    unsigned before = atomic_load(&w->pins_asked);
    int failures = sign_some(w, signer);
    return failures || atomic_load(&w->pins_asked) != before + 1;
}

static void expect_children(key_fate fate)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, fate == KEY_FIXED ? "fixed" : "copied", 1, fate);
    OWN(saf_p11_signer) *signer = signers_open(&w, fate == KEY_FIXED ? "fixed" : "copied", SAF_P11_HMAC_SHA256);
    signers_expect(signer, 1);
    pid_t first = start_child(sign_and_count_pins, &w, signer);
    signers_expect(signer, 1);
    pid_t second = start_child(sign_and_count_pins, &w, signer);
    signers_expect(signer, 1);
    expect_end(first);
    expect_end(second);
    signers_expect(signer, 1);
    assert_int_equal(w.pins_asked, 1);
}

TEST(a_child_logs_in_for_itself_and_signs)
{
    expect_children(KEY_COPYABLE);
    expect_children(KEY_FIXED);
}

static int fork_again(signers *w, saf_p11_signer *signer)
{
    int how, failures = sign_some(w, signer);
    pid_t child = fork();
    if (child == 0)
        _exit(sign_and_count_pins(w, signer));
    return failures || waitpid(child, &how, 0) != child || how != 0 || sign_some(w, signer);
}

TEST(a_child_of_a_child_signs)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    expect_end(start_child(fork_again, &w, signer));
    signers_expect(signer, 1);
}

static int close_everything(signers *w, saf_p11_signer *signer)
{
    saf_p11_signer_close(&signer);
    saf_p11_close(&w->p11);
    return 0;
}

static int use_another_handle(__attribute__((unused)) signers *w, __attribute__((unused)) saf_p11_signer *signer)
{
    signers own = { 0 };
    signers_enter(&own);
    saf_p11_signer *another = signers_open(&own, "x", SAF_P11_HMAC_SHA256);
    int failures = sign_and_count_pins(&own, another) != 1; /* it has logged in already */
    failures += sign_some(&own, another);
    saf_p11_signer_close(&another);
    saf_p11_close(&own.p11);
    return failures;
}

TEST(what_a_child_closes_or_opens_is_its_own)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    signers_expect(signer, 1);
    expect_end(start_child(close_everything, &w, signer));
    signers_expect(signer, 1);
    expect_end(start_child(use_another_handle, &w, signer));
    signers_expect(signer, 1);
    assert_int_equal(w.pins_asked, 1);
}

/* ---- threads ------------------------------------------------------------------------------------------------- */

typedef struct server {
    pthread_t threads[4];
    saf_p11_signer *signer;
    atomic_bool stop;
    atomic_uint good, bad;
} server;

static void *serve(void *argument)
{
    server *s = argument;
    while (!atomic_load(&s->stop))
        atomic_fetch_add(signers_try(s->signer, 1) == 0 ? &s->good : &s->bad, 1);
    return NULL;
}

static int log_in_meanwhile(signers *w, __attribute__((unused)) saf_p11_signer *signer)
{
    saf_p11_session *session = NULL;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    saf_status status = saf_p11_login(&session, w->p11, &uri, NULL, NULL);
    saf_p11_logout(&session);
    return (int)status;
}

TEST(children_that_are_forked_while_threads_sign_do_not_hang)
{
    enum { CHILDREN = 20 };
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    skip(); /* a sanitizer's own locks do not survive a fork among threads */
#endif
    OWN(signers) w = { 0 };
    server s = { 0 };
    pid_t children[CHILDREN];
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    s.signer = signer;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&s.threads[i], NULL, serve, &s), 0);
    for (int i = 0; i < CHILDREN; i++) {
        unsigned good = atomic_load(&s.good);
        while (atomic_load(&s.good) == good && !atomic_load(&s.bad))
            sched_yield();
        children[i] = start_child(i % 2 ? sign_some : log_in_meanwhile, &w, signer);
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(s.threads[i], NULL);
    for (int i = 0; i < CHILDREN; i++)
        expect_end(children[i]);
    assert_int_equal(atomic_load(&s.bad), 0);
    assert_int_equal(w.pins_asked, 1);
}

/* ---- PINs ---------------------------------------------------------------------------------------------------- */

static saf_status ask_a_program(__attribute__((unused)) void *context, __attribute__((unused)) const saf_p11_token *token,
                                saf_secret *pin, saf_error *err)
{
    int how;
    pid_t child = fork();
    if (child == 0)
        execlp("true", "true", (char *)NULL);
    if (waitpid(child, &how, 0) != child || how != 0)
        return SAF_E_FAILED;
    return saf_secret_set(pin, saf_bytes_of_text(SOFTHSM_PIN), err);
}

TEST(a_function_for_pins_may_start_a_program)
{
    signers setup = { 0 };
    signers_enter(&setup);
    signers_add_bytes(&setup, "x", 1, KEY_COPYABLE);
    signers_free(&setup);
    OWN(signers) w = { 0 };
    saf_p11_options options = { .pin = ask_a_program };
    assert_int_equal(saf_p11_open(&w.p11, &options, NULL), SAF_OK);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    alarm(CHILD_LIMIT_SEC);
    CK_SESSION_HANDLE raw = softhsm_raw_session(w.p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(w.p11)->C_Logout(raw), CKR_OK);
    signers_expect(signer, 1);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_child_logs_in_for_itself_and_signs),
        IN_SOFTHSM(a_child_of_a_child_signs),
        IN_SOFTHSM(what_a_child_closes_or_opens_is_its_own),
        IN_SOFTHSM(children_that_are_forked_while_threads_sign_do_not_hang),
        IN_SOFTHSM(a_function_for_pins_may_start_a_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
