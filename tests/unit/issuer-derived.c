/* Key use "derived": keys for one day each, made by a master in the token. */
#include <support/issuer-world.h>

#include <safring/idt.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const saf_principal alice = { "alice" };

enum { DAY = 86400, EPOCH = 20717 };

#define MASTER_URI "pkcs11:token=ISSUER;object=master;type=secret-key"
#define MIDNIGHT ((int64_t)(EPOCH + 1) * DAY) /* where EPOCH ends */

static const unsigned char master_bytes[64] = "the master, whose bytes only this test and the token know, yes!";

/* ---- the world ----------------------------------------------------------------------------------------------- */

static void create_master(world *w)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    char label[] = "master";
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_KEY_TYPE, &type, sizeof type }, { CKA_TOKEN, &yes, 1 },
                              { CKA_PRIVATE, &yes, 1 },           { CKA_SENSITIVE, &yes, 1 },           { CKA_EXTRACTABLE, &no, 1 },
                              { CKA_SIGN, &yes, 1 },              { CKA_LABEL, label, 6 },           { CKA_VALUE, (void *)master_bytes, 64 } };
    saf_p11_session *login = softhsm_login(w->p11, "ISSUER");
    CK_SESSION_HANDLE session = softhsm_raw_session(w->p11, "ISSUER");
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CreateObject(session, wanted, 9, &key), CKR_OK);
    saf_p11_logout(&login);
}

static saf_policy derived_policy(const char *alg, const char *uri)
{
    saf_policy policy = world_policy(alg, uri);
    policy.key_use = SAF_KEY_USE_DERIVED;
    return policy;
}

static void put_derived(world *w)
{
    saf_policy policy = derived_policy("HS512", MASTER_URI);
    policy.timeout_min = 60;
    world_put(w, &policy);
}

/* With a policy of an hour, at noon. */
static int enter(void **state)
{
    if (world_enter(state) != 0)
        return -1;
    world *w = *state;
    create_master(w);
    put_derived(w);
    atomic_store(&w->now, MIDNIGHT - DAY / 2);
    return 0;
}

#define IN_DERIVED(test) cmocka_unit_test_setup_teardown(test, enter, world_leave)

static void at(world *w, int64_t now)
{
    atomic_store(&w->now, now);
}

static void assert_kid(const token *made, const char *kid)
{
    assert_string_equal(world_look(made).kid, kid);
}

/* ---- the judge: libcrypto with the master's bytes ------------------------------------------------------------- */

static size_t judge_derive(unsigned char out[64], const char *alg, int64_t epoch)
{
    static const char label[] = "safring idt derived key 1", identity[] = MASTER_URI;
    unsigned char input[256];
    size_t len = 0;
    unsigned out_len = 0;
    const EVP_MD *md = !strcmp(alg, "HS256") ? EVP_sha256() : !strcmp(alg, "HS384") ? EVP_sha384() : EVP_sha512();
    memcpy(input, label, sizeof label);
    len += sizeof label;
    memcpy(input + len, identity, sizeof identity);
    len += sizeof identity;
    memcpy(input + len, alg, strlen(alg) + 1);
    len += strlen(alg) + 1;
    for (int shift = 56; shift >= 0; shift -= 8)
        input[len++] = (unsigned char)(epoch >> shift);
    assert_non_null(HMAC(md, master_bytes, sizeof master_bytes, input, len, out, &out_len));
    return out_len;
}

static saf_idt_verdict judge(const token *made, const char *alg, const char *kid, int64_t epoch, int64_t (*now)(void *), void *context)
{
    unsigned char key[64];
    saf_idt_alg parsed;
    saf_idt_verifier *verifier = NULL;
    saf_idt_lane *lane = NULL;
    saf_idt_result result;
    saf_idt_lane_options options = { .now = now, .now_context = context };
    saf_idt_rules rules = { .kid = kid };
    size_t len = judge_derive(key, alg, epoch);
    assert_int_equal(saf_idt_alg_parse(&parsed, alg, NULL), SAF_OK);
    assert_int_equal(saf_idt_verifier_from_bytes(&verifier, parsed, saf_bytes_of(key, len), &rules, NULL), SAF_OK);
    assert_int_equal(saf_idt_lane_open(&lane, &options, NULL), SAF_OK);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(made->text, made->len), NULL, &result), SAF_OK);
    saf_idt_verdict verdict = result.verdict;
    saf_idt_lane_close(&lane);
    saf_idt_verifier_free(&verifier);
    return verdict;
}

/* A token of any key and kid, for the world's clock. */
static token forge(world *w, saf_bytes key, const char *kid)
{
    token made = { .len = 0 };
    saf_idt_signer *signer = NULL;
    saf_idt_lane *lane = NULL;
    saf_idt_claims claims = { .sub = saf_bytes_of_text("BOB"), .aud = saf_bytes_of_text("ZOWE"), .lifetime_sec = 600 };
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS512, key, kid, NULL), SAF_OK);
    assert_int_equal(saf_idt_lane_open(&lane, &w->clock, NULL), SAF_OK);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, made.text, sizeof made.text, &made.len), SAF_OK);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
    return made;
}

/* ---- derivation ---------------------------------------------------------------------------------------------- */

static void key_is_as_documented(world *w, const char *alg)
{
    saf_policy policy = derived_policy(alg, MASTER_URI);
    world_put(w, &policy);
    atomic_fetch_add(&w->now, 1);
    token made = world_sign(w, "bob");
    assert_string_equal(world_look(&made).alg, alg);
    assert_kid(&made, "epoch.20717");
    assert_int_equal(judge(&made, alg, "epoch.20717", EPOCH, w->clock.now, w), SAF_IDT_GOOD);
    assert_int_equal(judge(&made, alg, "epoch.20717", EPOCH + 1, w->clock.now, w), SAF_IDT_BAD_SIGNATURE);
    assert_good(w, &made);
}

TEST(a_derived_key_is_what_libcrypto_derives_from_the_masters_bytes)
{
    key_is_as_documented(*state, "HS256");
    key_is_as_documented(*state, "HS384");
    key_is_as_documented(*state, "HS512");
}

TEST(the_way_in_which_a_uri_is_written_changes_no_key)
{
    world *w = *state;
    token made = world_sign(w, "bob");
    saf_policy policy = derived_policy("HS512", "pkcs11:type=secret-key;object=m%61ster;token=ISSUER?pin-source=file:pin");
    policy.timeout_min = 60;
    world_put(w, &policy);
    atomic_fetch_add(&w->now, 1);
    assert_good(w, &made);
}

TEST(the_kid_says_policy_and_day)
{
    world *w = *state;
    saf_policy policy = derived_policy("HS512", MASTER_URI);
    snprintf(policy.kid, sizeof policy.kid, "jwt-1");
    world_put(w, &policy);
    token made = world_sign(w, "bob");
    assert_kid(&made, "jwt-1.20717");
    memset(policy.kid, 'k', 56);
    world_put(w, &policy);
    atomic_fetch_add(&w->now, 1);
    made = world_sign(w, "bob");
    assert_kid(&made, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk.20717");
    assert_good(w, &made);
}

TEST(policies_of_one_master_accept_each_others_tokens)
{
    world *w = *state;
    token made = world_sign(w, "bob");
    saf_policy policy = derived_policy("HS512", MASTER_URI);
    policy.timeout_min = 60;
    snprintf(policy.user, sizeof policy.user, "BOB");
    world_put(w, &policy);
    atomic_fetch_add(&w->now, 1);
    assert_good(w, &made);
}

/* ---- days ---------------------------------------------------------------------------------------------------- */

TEST(tokens_of_yesterday_are_good_until_they_end)
{
    world *w = *state;
    at(w, MIDNIGHT - 1);
    token made = world_sign(w, "bob");
    assert_kid(&made, "epoch.20717");
    at(w, MIDNIGHT);
    assert_good(w, &made);
    token next = world_sign(w, "bob");
    assert_kid(&next, "epoch.20718");
    at(w, MIDNIGHT + 3598);
    assert_good(w, &made);
    at(w, MIDNIGHT + 3599);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_EXPIRED);
    assert_good(w, &next);
    at(w, MIDNIGHT + 3600 + 120);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_WRONG_KID);
}

TEST(a_process_that_begins_after_midnight_verifies_tokens_of_yesterday)
{
    world *w = *state;
    at(w, MIDNIGHT - 1);
    token made = world_sign(w, "bob");
    at(w, MIDNIGHT + 600);
    world_reopen_p11(w);
    assert_good(w, &made);
    at(w, MIDNIGHT + 7200);
    world_reopen_p11(w);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_WRONG_KID);
}

TEST(a_signer_whose_clock_is_ahead_is_known_within_the_leeway)
{
    world *w = *state;
    world_close_issuer(w);
    w->leeway_sec = SAF_IDT_LEEWAY_MAX_SEC;
    world_open_issuer(w);
    at(w, MIDNIGHT);
    token made = world_sign(w, "bob");
    at(w, MIDNIGHT - SAF_IDT_LEEWAY_MAX_SEC);
    assert_good(w, &made);
    at(w, MIDNIGHT - SAF_IDT_LEEWAY_MAX_SEC - 1);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_NOT_YET_VALID);
    at(w, MIDNIGHT - 7200);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_WRONG_KID);
    made = world_sign(w, "bob");
    assert_kid(&made, "epoch.20717");
}

TEST(a_signer_whose_clock_is_behind_is_known_within_the_leeway)
{
    world *w = *state;
    world_close_issuer(w);
    w->leeway_sec = SAF_IDT_LEEWAY_MAX_SEC;
    world_open_issuer(w);
    at(w, MIDNIGHT - 1);
    token made = world_sign(w, "bob");
    at(w, MIDNIGHT + 3600 - 2 + SAF_IDT_LEEWAY_MAX_SEC);
    assert_good(w, &made);
    at(w, MIDNIGHT + 3600 + SAF_IDT_LEEWAY_MAX_SEC);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_EXPIRED);
}

TEST(any_clock_is_followed)
{
    world *w = *state;
    static const int64_t jumps[] = { 0, 1, 7, -30, 365, 4000, -4000, 0 };
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        char kid[SAF_IDT_KID_MAX + 1];
        at(w, MIDNIGHT - 60 + jumps[i] * DAY);
        snprintf(kid, sizeof kid, "epoch.%d", (int)(EPOCH + jumps[i]));
        token made = world_sign(w, "bob");
        assert_kid(&made, kid);
        assert_good(w, &made);
    }
    at(w, 5);
    assert_sign_fails(w, SAF_E_FAILED, "there is no key of epoch 0");
}

/* ---- what reaches the token ---------------------------------------------------------------------------------- */

static CK_C_SignInit honest_sign_init;
static atomic_int calls;

static CK_RV count_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    atomic_fetch_add(&calls, 1);
    return honest_sign_init(session, mechanism, key);
}

static void begin_to_count(world *w)
{
    honest_sign_init = softhsm_cryptoki(w->p11)->C_SignInit;
    softhsm_cryptoki(w->p11)->C_SignInit = count_sign_init;
    atomic_store(&calls, 0);
}

static int end_count(world *w)
{
    softhsm_cryptoki(w->p11)->C_SignInit = honest_sign_init;
    return atomic_load(&calls);
}

TEST(a_derivation_calls_the_token)
{
    world *w = *state;
    begin_to_count(w);
    world_sign(w, "bob");
    assert_true(end_count(w) > 0);
}

TEST(tokens_call_no_token)
{
    world *w = *state;
    token made = world_sign(w, "bob");
    begin_to_count(w);
    for (int i = 0; i < 100; i++) {
        atomic_fetch_add(&w->now, 1);
        world_sign(w, "bob");
        assert_good(w, &made);
    }
    assert_int_equal(end_count(w), 0);
}

TEST(a_foreign_kid_is_refused_without_the_token)
{
    static const char *const kids[] = { "epoch.20716", "epoch.20718", "epoch.20719", "epoch.0",  "epoch.99999999999", "epoch.-1", "epoch.020717",
                                        "epoch.20717 ", "other.20717", ".20717",     "epoch", "20717" };
    world *w = *state;
    world_sign(w, "bob");
    begin_to_count(w);
    for (size_t i = 0; i < sizeof kids / sizeof *kids; i++) {
        token forged = forge(w, saf_bytes_of(master_bytes, 64), kids[i]);
        atomic_fetch_add(&w->now, 1);
        assert_verdict(w, &forged, SAF_FROM_END_USER, SAF_IDT_WRONG_KID);
    }
    token forged = forge(w, saf_bytes_of(master_bytes, 64), NULL);
    assert_verdict(w, &forged, SAF_FROM_APPLICATION, SAF_IDT_WRONG_KID);
    forged = forge(w, saf_bytes_of(master_bytes, 64), "epoch.20717");
    assert_verdict(w, &forged, SAF_FROM_END_USER, SAF_IDT_BAD_SIGNATURE);
    assert_int_equal(end_count(w), 0);
}

/* ---- the token is away --------------------------------------------------------------------------------------- */

static void take_token_away(world *w)
{
    saf_p11_uri uri = softhsm_uri(MASTER_URI);
    saf_p11_token where;
    saf_error err = { 0 };
    assert_ok(saf_p11_find_token(&where, w->p11, &uri, &err), &err);
    assert_int_equal(rename("tokens", "away"), 0);
    assert_int_equal(mkdir("tokens", 0700), 0);
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CloseAllSessions(where.slot), CKR_OK);
}

static void bring_token_back(void)
{
    (void)unlink("tokens/.safring.lock"); /* of the attempts */
    assert_int_equal(rmdir("tokens"), 0);
    assert_int_equal(rename("away", "tokens"), 0);
}

TEST(the_next_key_is_there_before_its_day)
{
    world *w = *state;
    at(w, MIDNIGHT - 599);
    token made = world_sign(w, "bob");
    take_token_away(w);
    at(w, MIDNIGHT);
    assert_good(w, &made);
    made = world_sign(w, "bob");
    assert_kid(&made, "epoch.20718");
    assert_int_equal(judge(&made, "HS512", "epoch.20718", EPOCH + 1, w->clock.now, w), SAF_IDT_GOOD);
}

static void assert_verify_fails(world *w, const token *seen, const char *text)
{
    saf_error err = { 0 };
    saf_idt_result result;
    assert_fails(saf_issuer_verify(w->lane, &alice, "ZOWE", "BOB", SAF_FROM_END_USER, saf_bytes_of(seen->text, seen->len), &result, &err),
                 SAF_E_TOKEN_GONE, &err, text);
    assert_int_not_equal(result.verdict, SAF_IDT_GOOD);
}

TEST(a_token_that_is_away_is_missed_when_the_day_is_over)
{
    static const char cause[] = "policy JWT.ZOWE.*.SAF: its key of epoch 20718 could not be derived: no token ISSUER";
    unsigned char key[64];
    world *w = *state;
    token made = world_sign(w, "bob");
    take_token_away(w);
    at(w, MIDNIGHT - 60);
    made = world_sign(w, "bob"); /* the next key cannot be derived, and nobody needs it */
    assert_good(w, &made);
    at(w, MIDNIGHT - 1);
    world_sign(w, "bob");
    at(w, MIDNIGHT + 1);
    assert_sign_fails(w, SAF_E_TOKEN_GONE, cause);
    assert_good(w, &made);
    judge_derive(key, "HS512", EPOCH + 1);
    token other = forge(w, saf_bytes_of(key, 64), "epoch.20718"); /* another server's, perhaps */
    assert_verify_fails(w, &other, cause);
    token foreign = forge(w, saf_bytes_of(key, 64), "epoch.20719");
    assert_verdict(w, &foreign, SAF_FROM_END_USER, SAF_IDT_WRONG_KID);
    at(w, MIDNIGHT + DAY / 2);
    assert_sign_fails(w, SAF_E_TOKEN_GONE, cause); /* now there is no key at all */
    assert_verify_fails(w, &other, cause);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_WRONG_KID);
    assert_verdict(w, &(token) { .text = "rubbish", .len = 7 }, SAF_FROM_END_USER, SAF_IDT_BAD_STRUCTURE);
    bring_token_back();
    usleep(1100000); /* a signer tries no more often than once a second */
    at(w, MIDNIGHT + DAY / 2 + 1);
    made = world_sign(w, "bob");
    assert_good(w, &made);
}

TEST(a_master_that_is_destroyed_signs_to_the_end_of_its_day)
{
    world *w = *state;
    saf_error err = { 0 };
    world_sign(w, "bob");
    saf_p11_uri uri = softhsm_uri(MASTER_URI);
    OWN(saf_p11_session) *session = softhsm_login(w->p11, "ISSUER");
    assert_ok(saf_p11_destroy_secret(session, &uri, SAF_P11_ONE_VERSION, &err), &err);
    usleep(1100000); /* a copy of it may sign for a second */
    at(w, MIDNIGHT - 1);
    world_sign(w, "bob");
    at(w, MIDNIGHT);
    assert_sign_fails(w, SAF_E_NOT_FOUND, "its key of epoch 20718 could not be derived: ");
}

/* ---- threads and processes ----------------------------------------------------------------------------------- */

typedef struct worker {
    world *w;
    saf_issuer_lane *lane;
    pthread_t thread;
    atomic_bool stop;
    atomic_int rounds;
    int good;
    token last;
} worker;

static saf_idt_verdict verify_in(saf_issuer_lane *lane, const token *seen)
{
    saf_idt_result result;
    if (saf_issuer_verify(lane, &alice, "ZOWE", "BOB", SAF_FROM_END_USER, saf_bytes_of(seen->text, seen->len), &result, NULL) != SAF_OK)
        return SAF_IDT_BAD_SIGNATURE;
    return result.verdict;
}

/* The token before is looked at too, which is of the day before once. cmocka's assertions are for the main thread. */
static void *work(void *context)
{
    worker *self = context;
    while (!atomic_load(&self->stop)) {
        token made = { .len = 0 };
        bool good = world_try_sign(self->lane, "bob", &made, NULL) == SAF_OK && verify_in(self->lane, &made) == SAF_IDT_GOOD;
        good = good && (!self->last.len || verify_in(self->lane, &self->last) == SAF_IDT_GOOD);
        self->last = made;
        self->good += good;
        atomic_fetch_add(&self->rounds, 1);
    }
    return NULL;
}

static void wait_for_two_rounds(worker *worker)
{
    int seen = atomic_load(&worker->rounds);
    while (atomic_load(&worker->rounds) < seen + 2)
        usleep(100);
}

static void walk(world *w, worker workers[2], int64_t from, int64_t until, int64_t step)
{
    for (int64_t now = from; now <= until; now += step) {
        at(w, now);
        for (int i = 0; i < 2; i++)
            wait_for_two_rounds(&workers[i]);
    }
}

/* Slowly over midnight, at noon by leaps: no leap is longer than a token lives. */
TEST(two_threads_go_on_while_days_pass)
{
    world *w = *state;
    worker workers[2] = { 0 };
    saf_error err = { 0 };
    at(w, MIDNIGHT - 700);
    for (int i = 0; i < 2; i++) {
        assert_ok(saf_issuer_lane_open(&workers[i].lane, w->issuer, &err), &err);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int day = 0; day < 3; day++) {
        int64_t midnight = MIDNIGHT + (int64_t)day * DAY;
        walk(w, workers, midnight - 620, midnight - 590, 5);
        walk(w, workers, midnight - 3, midnight + 3, 1);
        walk(w, workers, midnight + 1800, midnight + DAY - 700, 1800);
    }
    for (int i = 0; i < 2; i++) {
        atomic_store(&workers[i].stop, true);
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        saf_issuer_lane_close(&workers[i].lane);
        assert_int_equal(workers[i].good, workers[i].rounds);
    }
    assert_int_equal(w->pins_asked, 0);
}

/* In the child, with a store and an issuer of its own, as the contract says, and the module that the parent opened. */
static int sign_in_child(world *w, int out)
{
    saf_store *store = NULL;
    saf_issuer *issuer = NULL;
    saf_issuer_lane *lane = NULL;
    token made;
    saf_error err = { 0 };
    saf_issuer_options options = { .p11 = w->p11, .lane = &w->clock };
    if (saf_store_open(&store, "store", NULL, &err) != SAF_OK)
        return 1;
    options.store = store;
    if (saf_issuer_open(&issuer, &options, &err) != SAF_OK || saf_issuer_lane_open(&lane, issuer, &err) != SAF_OK)
        return 2;
    for (int day = 0; day < 2; day++, atomic_fetch_add(&w->now, DAY))
        if (world_try_sign(lane, "bob", &made, &err) != SAF_OK || verify_in(lane, &made) != SAF_IDT_GOOD)
            return 3;
    return write(out, made.text, made.len) == (ssize_t)made.len ? 0 : 4;
}

TEST(a_child_derives_the_same_keys)
{
    world *w = *state;
    int pipe_ends[2], how = 0;
    token made = { .len = 0 };
    world_sign(w, "bob");
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(sign_in_child(w, pipe_ends[1]));
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(WEXITSTATUS(how), 0);
    made.len = (size_t)read(pipe_ends[0], made.text, sizeof made.text);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    atomic_fetch_add(&w->now, DAY);
    assert_good(w, &made);
    world_sign(w, "bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DERIVED(a_derived_key_is_what_libcrypto_derives_from_the_masters_bytes),
        IN_DERIVED(the_way_in_which_a_uri_is_written_changes_no_key),
        IN_DERIVED(the_kid_says_policy_and_day),
        IN_DERIVED(policies_of_one_master_accept_each_others_tokens),
        IN_DERIVED(tokens_of_yesterday_are_good_until_they_end),
        IN_DERIVED(a_process_that_begins_after_midnight_verifies_tokens_of_yesterday),
        IN_DERIVED(a_signer_whose_clock_is_ahead_is_known_within_the_leeway),
        IN_DERIVED(a_signer_whose_clock_is_behind_is_known_within_the_leeway),
        IN_DERIVED(any_clock_is_followed),
        IN_DERIVED(a_derivation_calls_the_token),
        IN_DERIVED(tokens_call_no_token),
        IN_DERIVED(a_foreign_kid_is_refused_without_the_token),
        IN_DERIVED(the_next_key_is_there_before_its_day),
        IN_DERIVED(a_token_that_is_away_is_missed_when_the_day_is_over),
        IN_DERIVED(a_master_that_is_destroyed_signs_to_the_end_of_its_day),
        IN_DERIVED(two_threads_go_on_while_days_pass),
        IN_DERIVED(a_child_derives_the_same_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
