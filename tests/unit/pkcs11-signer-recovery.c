#include <support/scratch.h>
#include <support/signers.h>

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

static const char *label_of(key_fate fate)
{
    return fate == KEY_FIXED ? "fixed" : "copied";
}

static void pause_ms(long ms)
{
    struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&pause, NULL);
}

/* ---- what other parts of the process do ---------------------------------------------------------------------- */

static void close_all_sessions(signers *w)
{
    CK_SLOT_ID slot = signers_slot(w);
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CloseAllSessions(slot), CKR_OK);
}

static void log_out(signers *w)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(w->p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(w->p11)->C_Logout(raw), CKR_OK);
    softhsm_cryptoki(w->p11)->C_CloseSession(raw);
}

static void finalise(signers *w)
{
    assert_int_equal(softhsm_cryptoki(w->p11)->C_Finalize(NULL), CKR_OK);
}

static void restart(signers *w)
{
    CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
    finalise(w);
    assert_int_equal(softhsm_cryptoki(w->p11)->C_Initialize(&arguments), CKR_OK);
}

static void (*const disturbances[])(signers *w) = { close_all_sessions, log_out, finalise, restart };
enum { DISTURBANCES = sizeof disturbances / sizeof *disturbances };

static void expect_recovery(key_fate fate)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, label_of(fate), 1, fate);
    OWN(saf_p11_signer) *signer = signers_open(&w, label_of(fate), SAF_P11_HMAC_SHA256);
    for (size_t i = 0; i < DISTURBANCES; i++) {
        signers_expect(signer, 1);
        disturbances[i](&w);
        signers_expect(signer, 1);
        signers_expect(signer, 1);
        assert_int_equal(w.pins_asked, i + 2);
        assert_int_equal(saf_p11_signer_explain(signer, NULL), SAF_OK);
    }
}

TEST(a_lost_login_is_made_again_and_the_call_succeeds)
{
    expect_recovery(KEY_COPYABLE);
    expect_recovery(KEY_FIXED);
}

TEST(a_signer_that_was_closed_after_a_restart_closes_nobody_s_sessions)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    saf_p11_signer *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    signers_expect(signer, 1);
    restart(&w);
    CK_SESSION_HANDLE others[20];
    CK_SESSION_INFO info;
    for (size_t i = 0; i < 20; i++)
        others[i] = softhsm_raw_session(w.p11, "ZWE.IDT");
    saf_p11_signer_close(&signer);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(softhsm_cryptoki(w.p11)->C_GetSessionInfo(others[i], &info), CKR_OK);
}

static void make_key_of_twos(CK_FUNCTION_LIST *cryptoki, CK_SESSION_HANDLE session)
{
    unsigned char value[32];
    memset(value, 2, sizeof value);
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_KEY_TYPE, &type, sizeof type },
                              { CKA_SIGN, &yes, 1 }, { CKA_VALUE, value, sizeof value } };
    CK_OBJECT_HANDLE key;
    assert_int_equal(cryptoki->C_CreateObject(session, wanted, 4, &key), CKR_OK);
}

/* Numbers from 1 on become sessions where they have the bit, else keys, or the other way round: any two numbers are one of each for some bit. */
static void give_numbers_away(signers *w, unsigned bit, bool reverse)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(w->p11);
    CK_SESSION_HANDLE session = softhsm_raw_session(w->p11, "ZWE.IDT");
    assert_int_equal(cryptoki->C_Login(session, CKU_USER, (unsigned char *)SOFTHSM_PIN, strlen(SOFTHSM_PIN)), CKR_OK);
    for (unsigned number = 0; number < 32; number++)
        if ((number >> bit & 1) == reverse)
            make_key_of_twos(cryptoki, session);
        else
            softhsm_raw_session(w->p11, "ZWE.IDT");
}

/* The numbers of sessions and keys begin anew with the module: the signer's are another key's then. */
TEST(a_key_that_got_our_key_s_number_signs_nothing)
{
    for (unsigned pattern = 0; pattern < 10; pattern++) {
        OWN(signers) w = { 0 };
        signers_enter(&w);
        if (pattern == 0)
            signers_add_bytes(&w, "x", 1, KEY_FIXED);
        OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
        signers_expect(signer, 1);
        restart(&w);
        give_numbers_away(&w, pattern / 2, pattern % 2);
        for (int i = 0; i < 3; i++)
            assert_int_not_equal(signers_try(signer, 1), -1);
    }
}

/* ---- keys and PINs that are gone ----------------------------------------------------------------------------- */

static void destroy_keys(void)
{
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
    assert_non_null(session);
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_TOKEN, &yes, 1 } };
    CK_OBJECT_HANDLE key;
    CK_ULONG count;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, wanted, 2), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, &key, 1, &count), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjectsFinal(raw), CKR_OK);
    if (count != 1 || cryptoki->C_DestroyObject(raw, key) != CKR_OK)
        _exit(1);
}

static void in_child(void (*what)(void))
{
    int how;
    pid_t child = fork();
    if (child == 0) {
        what();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

static void expect_end_with_key(key_fate fate)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, label_of(fate), 1, fate);
    OWN(saf_p11_signer) *signer = signers_open(&w, label_of(fate), SAF_P11_HMAC_SHA256);
    signers_expect(signer, 1);
    in_child(destroy_keys);
    pause_ms(1100);
    saf_error err = { 0 };
    assert_int_equal(signers_try(signer, 1), SAF_E_NOT_FOUND);
    assert_int_equal(saf_p11_signer_explain(signer, &err), SAF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "token ZWE.IDT has no secret key"));
    pause_ms(1100);
    assert_int_equal(signers_try(signer, 1), SAF_E_NOT_FOUND);
    signers_add_bytes(&w, label_of(fate), 3, fate);
    pause_ms(1100);
    signers_expect(signer, 3);
    saf_p11_signer_close(&signer);
    saf_p11_close(&w.p11);
    in_child(destroy_keys);
}

TEST(a_key_that_another_process_destroyed_signs_no_more)
{
    expect_end_with_key(KEY_COPYABLE);
    expect_end_with_key(KEY_FIXED);
}

TEST(a_pin_that_is_wrong_by_now_is_tried_once)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    w.pin = "wrong-s3cret";
    log_out(&w);
    saf_error err = { 0 };
    assert_int_equal(signers_try(signer, 1), SAF_E_DENIED);
    assert_int_equal(saf_p11_signer_explain(signer, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "wrong PIN for token ZWE.IDT");
    assert_int_equal(signers_try(signer, 1), SAF_E_DENIED);
    pause_ms(1100);
    assert_int_equal(signers_try(signer, 1), SAF_E_DENIED);
    assert_int_equal(w.pins_asked, 2);
}

/* ---- the token's files --------------------------------------------------------------------------------------- */

/* SoftHSM itself crashes when its sessions are closed under a call, so what closes them takes turns with the calls. */
static pthread_rwlock_t turns = PTHREAD_RWLOCK_INITIALIZER;

typedef struct server {
    pthread_t threads[4];
    saf_p11_signer *signer;
    atomic_bool stop;
    atomic_uint good, wrong, failed;
} server;

static void *serve(void *argument)
{
    server *s = argument;
    while (!atomic_load(&s->stop)) {
        pthread_rwlock_rdlock(&turns);
        int got = signers_try(s->signer, 1);
        pthread_rwlock_unlock(&turns);
        atomic_fetch_add(got == 0 ? &s->good : got < 0 ? &s->wrong : &s->failed, 1);
        sched_yield();
        if (got)
            pause_ms(1);
    }
    return NULL;
}

static void start(server *s, saf_p11_signer *signer)
{
    s->signer = signer;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&s->threads[i], NULL, serve, s), 0);
}

static void stop(server *s)
{
    atomic_store(&s->stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(s->threads[i], NULL);
}

static void wait_for_good(server *s)
{
    unsigned before = atomic_load(&s->good);
    for (int i = 0; i < 500 && atomic_load(&s->good) < before + 20; i++)
        pause_ms(10);
    if (atomic_load(&s->good) < before + 20) {
        saf_error err = { 0 };
        (void)!saf_p11_signer_explain(s->signer, &err);
        stop(s);
        fail_msg("it does not sign again: %s", err.text);
    }
}

typedef enum manner { IN_TURN, MEANWHILE } manner;

static void expect_service(void (*disturb)(signers *w), manner how, int times, key_fate fate)
{
    OWN(signers) w = { 0 };
    server s = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, label_of(fate), 1, fate);
    OWN(saf_p11_signer) *signer = signers_open(&w, label_of(fate), SAF_P11_HMAC_SHA256);
    start(&s, signer);
    for (int i = 0; i < times; i++) {
        wait_for_good(&s);
        if (how == IN_TURN)
            pthread_rwlock_wrlock(&turns);
        disturb(&w);
        if (how == IN_TURN)
            pthread_rwlock_unlock(&turns);
    }
    wait_for_good(&s);
    stop(&s);
    assert_int_equal(atomic_load(&s.wrong), 0);
}

TEST(four_threads_sign_on_while_their_sessions_are_closed)
{
    expect_service(close_all_sessions, IN_TURN, 5, KEY_COPYABLE);
    expect_service(close_all_sessions, IN_TURN, 5, KEY_FIXED);
}

TEST(four_threads_sign_on_while_they_are_logged_out)
{
    expect_service(log_out, IN_TURN, 5, KEY_COPYABLE);
    expect_service(log_out, IN_TURN, 5, KEY_FIXED);
}

static void move_away_and_back(__attribute__((unused)) signers *w)
{
    assert_int_equal(rename("tokens", "away"), 0);
    assert_int_equal(mkdir("tokens", 0700), 0);
    pause_ms(1500);
    assert_int_equal(rmdir("tokens") == 0 || system("rm -rf tokens") == 0, true);
    assert_int_equal(rename("away", "tokens"), 0);
}

TEST(four_threads_sign_on_while_the_module_is_started_anew)
{
    expect_service(restart, IN_TURN, 5, KEY_COPYABLE);
    expect_service(restart, IN_TURN, 5, KEY_FIXED);
}

TEST(four_threads_sign_again_when_the_token_s_files_are_back)
{
    expect_service(move_away_and_back, MEANWHILE, 2, KEY_COPYABLE);
    expect_service(move_away_and_back, MEANWHILE, 2, KEY_FIXED);
}

static void replace_files(__attribute__((unused)) signers *w)
{
    assert_int_equal(system("cp -a tokens fresh && mv tokens old && mv fresh tokens && rm -rf old"), 0);
}

TEST(four_threads_sign_on_when_the_token_s_files_are_replaced)
{
    expect_service(replace_files, MEANWHILE, 3, KEY_COPYABLE);
    expect_service(replace_files, MEANWHILE, 3, KEY_FIXED);
}

TEST(a_token_that_is_away_is_said_to_be_and_asked_for_once_a_second)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_FIXED);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    assert_int_equal(rename("tokens", "away"), 0);
    assert_int_equal(mkdir("tokens", 0700), 0);
    saf_error err = { 0 };
    assert_int_equal(signers_try(signer, 1), SAF_E_TOKEN_GONE);
    assert_int_equal(saf_p11_signer_explain(signer, &err), SAF_E_TOKEN_GONE);
    assert_string_equal(err.text, "no token ZWE.IDT");
    assert_int_equal(system("rm -rf tokens"), 0);
    assert_int_equal(rename("away", "tokens"), 0);
    assert_int_equal(signers_try(signer, 1), SAF_E_TOKEN_GONE);
    pause_ms(1100);
    signers_expect(signer, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_lost_login_is_made_again_and_the_call_succeeds),
        IN_SOFTHSM(a_signer_that_was_closed_after_a_restart_closes_nobody_s_sessions),
        IN_SOFTHSM(a_key_that_got_our_key_s_number_signs_nothing),
        IN_SOFTHSM(a_key_that_another_process_destroyed_signs_no_more),
        IN_SOFTHSM(a_pin_that_is_wrong_by_now_is_tried_once),
        IN_SOFTHSM(four_threads_sign_on_while_their_sessions_are_closed),
        IN_SOFTHSM(four_threads_sign_on_while_they_are_logged_out),
        IN_SOFTHSM(four_threads_sign_on_while_the_module_is_started_anew),
        IN_SOFTHSM(four_threads_sign_again_when_the_token_s_files_are_back),
        IN_SOFTHSM(four_threads_sign_on_when_the_token_s_files_are_replaced),
        IN_SOFTHSM(a_token_that_is_away_is_said_to_be_and_asked_for_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
