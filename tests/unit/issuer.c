#include <support/issuer-world.h>

#include <base/own-openssl.h>

#include <pthread.h>

static const saf_principal alice = { "alice" };

/* ---- policies ------------------------------------------------------------------------------------------------ */

TEST(no_policy_is_an_error_never_an_unsigned_token)
{
    world *w = *state;
    saf_error err = { 0 };
    saf_idt_result result;
    saf_bytes unsigned_token = saf_bytes_of_text("eyJhbGciOiJub25lIn0.e30.");
    assert_sign_fails(w, SAF_E_NOT_FOUND, "ZOWE");
    assert_fails(saf_issuer_verify(w->lane, &alice, "ZOWE", "BOB", SAF_FROM_APPLICATION, unsigned_token, &result, &err),
                 SAF_E_NOT_FOUND, &err, "ZOWE");
}

TEST(the_most_specific_policy_wins)
{
    world *w = *state;
    world_put_policy_for(w, "*", 5);
    world_put_policy_for(w, "BO*", 10);
    world_put_policy_for(w, "BO%", 15);
    world_put_policy_for(w, "BOB", 20);
    assert_int_equal(world_lifetime(w, "bob"), 20 * 60);
    assert_int_equal(world_lifetime(w, "boz"), 15 * 60);
    assert_int_equal(world_lifetime(w, "borrow"), 10 * 60);
    assert_int_equal(world_lifetime(w, "carol"), 5 * 60);
}

TEST(a_token_that_lives_longer_than_the_policy_allows_is_refused)
{
    world *w = *state;
    world_put_policy_for(w, "*", 10);
    token made = world_sign(w, "bob");
    world_put_policy_for(w, "*", 5);
    atomic_fetch_add(&w->now, 1);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_LIVES_TOO_LONG);
}

TEST(any_appl_lets_other_applications_in)
{
    world *w = *state;
    saf_policy policy = world_policy("HS512", w->hs512_uri);
    policy.any_appl = true;
    world_put(w, &policy);
    token made = world_sign(w, "bob");
    assert_true(world_verify(w, "bob", &made, SAF_FROM_END_USER).any_appl);
}

TEST(an_unsigned_token_is_good_only_between_applications)
{
    world *w = *state;
    world_put_policy(w, "none", "");
    token made = world_sign(w, "bob");
    assert_string_equal(world_look(&made).alg, "none");
    assert_verdict(w, &made, SAF_FROM_APPLICATION, SAF_IDT_GOOD);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_UNSIGNED);
}

TEST(an_unsigned_token_is_never_good_where_a_signature_is_due)
{
    world *w = *state;
    world_put_policy(w, "none", "");
    token made = world_sign(w, "bob");
    world_put_policy(w, "HS512", w->hs512_uri);
    atomic_fetch_add(&w->now, 1);
    assert_verdict(w, &made, SAF_FROM_APPLICATION, SAF_IDT_UNSIGNED);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_UNSIGNED);
}

TEST(a_signed_token_is_not_good_by_a_policy_without_key)
{
    world *w = *state;
    world_put_policy(w, "HS512", w->hs512_uri);
    token made = world_sign(w, "bob");
    world_put_policy(w, "none", "");
    atomic_fetch_add(&w->now, 1);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_WRONG_ALGORITHM);
    assert_verdict(w, &made, SAF_FROM_APPLICATION, SAF_IDT_WRONG_ALGORITHM);
    made = (token) { .text = "rubbish", .len = 7 };
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_BAD_STRUCTURE);
}

/* ---- changes ------------------------------------------------------------------------------------------------- */

TEST(a_policy_change_is_followed_within_the_next_second)
{
    world *w = *state;
    world_put_policy_for(w, "*", 5);
    assert_int_equal(world_lifetime(w, "bob"), 5 * 60);
    world_put_policy_for(w, "*", 7);
    assert_int_equal(world_lifetime(w, "bob"), 5 * 60); /* the store is not asked for each token */
    assert_int_equal(world_lifetime(w, "carol"), 7 * 60);
    atomic_fetch_add(&w->now, 1);
    assert_int_equal(world_lifetime(w, "bob"), 7 * 60);
}

TEST(a_change_is_followed_also_when_the_clock_is_set_back)
{
    world *w = *state;
    world_put_policy_for(w, "*", 5);
    assert_int_equal(world_lifetime(w, "bob"), 5 * 60);
    world_put_policy_for(w, "*", 7);
    atomic_fetch_sub(&w->now, 3600);
    assert_int_equal(world_lifetime(w, "bob"), 7 * 60);
}

TEST(a_new_key_in_the_ring_is_followed)
{
    world *w = *state;
    OWN(EVP_PKEY) *old = EVP_EC_gen("P-256");
    OWN(EVP_PKEY) *new = EVP_EC_gen("P-256");
    world_make_ring(w);
    world_add_to_ring(w, "old", old, SAF_TRUST);
    world_put_policy(w, "ES256", "safkeyring://ZWESVUSR/Tokens");
    token made = world_sign(w, "bob");
    world_add_to_ring(w, "new", new, SAF_TRUST);
    assert_good(w, &made);
    atomic_fetch_add(&w->now, 1);
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_BAD_SIGNATURE);
    made = world_sign(w, "bob");
    assert_good(w, &made);
}

TEST(a_ring_that_is_deleted_ends_signing)
{
    world *w = *state;
    saf_error err = { 0 };
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    world_make_ring(w);
    world_add_to_ring(w, "signer", key, SAF_TRUST);
    world_put_policy(w, "ES256", "safkeyring://ZWESVUSR/Tokens");
    world_sign(w, "bob");
    saf_change *change = world_begin(w);
    assert_ok(saf_ring_delete(change, "ZWESVUSR", "Tokens", &err), &err);
    assert_ok(saf_change_commit(&change, &err), &err);
    atomic_fetch_add(&w->now, 1);
    assert_sign_fails(w, SAF_E_NOT_FOUND, "ZWESVUSR/Tokens");
}

/* ---- callers ------------------------------------------------------------------------------------------------- */

TEST(the_authority_may_deny)
{
    world *w = *state;
    saf_error err = { 0 };
    saf_idt_result result;
    world_put_policy(w, "HS512", w->hs512_uri);
    token made = world_sign(w, "bob");
    w->bob_is_denied = true;
    assert_sign_fails(w, SAF_E_DENIED, "");
    assert_fails(saf_issuer_verify(w->lane, &alice, "ZOWE", "BOB", SAF_FROM_END_USER, saf_bytes_of(made.text, made.len),
                                   &result, &err),
                 SAF_E_DENIED, &err, "");
    world_sign(w, "carol");
}

static void request_fails(world *w, const saf_issuer_request *request, size_t room, saf_status expected, const char *text)
{
    saf_error err = { 0 };
    char out[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    assert_fails(saf_issuer_sign(w->lane, &alice, request, out, room, &len, &err), expected, &err, text);
}

TEST(requests_that_are_not_valid_are_refused)
{
    static const char *const amr[9] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
    static const char *const quoted[] = { "a\"b" };
    world *w = *state;
    enum { room = SAF_IDT_TOKEN_MAX };
    world_put_policy(w, "HS512", w->hs512_uri);
    request_fails(w, &(saf_issuer_request) { "ZOWE", "TOOLONG89", NULL, 0 }, room, SAF_E_USAGE, "user \"TOOLONG89\"");
    request_fails(w, &(saf_issuer_request) { "ZOWE", "", NULL, 0 }, room, SAF_E_USAGE, "user \"\"");
    request_fails(w, &(saf_issuer_request) { "ZOWE", "A*", NULL, 0 }, room, SAF_E_USAGE, "user \"A*\"");
    request_fails(w, &(saf_issuer_request) { "ZO WE", "BOB", NULL, 0 }, room, SAF_E_USAGE, "application \"ZO WE\"");
    request_fails(w, &(saf_issuer_request) { "ZOWE", "BOB", amr, 9 }, room, SAF_E_USAGE, "amr has at most 8");
    request_fails(w, &(saf_issuer_request) { "ZOWE", "BOB", quoted, 1 }, room, SAF_E_USAGE, "amr has at most 8");
    request_fails(w, &(saf_issuer_request) { "ZOWE", "BOB", NULL, 0 }, 20, SAF_E_SPACE, "needs room for");
}

TEST(an_issuer_needs_a_store_and_a_sane_leeway)
{
    world *w = *state;
    saf_error err = { 0 };
    saf_issuer *issuer = NULL;
    saf_issuer_options options = { .leeway_sec = 1 };
    assert_fails(saf_issuer_open(&issuer, &options, &err), SAF_E_USAGE, &err, "store");
    options = (saf_issuer_options) { .store = w->store, .leeway_sec = SAF_IDT_LEEWAY_MAX_SEC + 1 };
    assert_fails(saf_issuer_open(&issuer, &options, &err), SAF_E_USAGE, &err, "leeway");
    assert_null(issuer);
    saf_issuer_close(&issuer);
    saf_issuer_close(NULL);
    saf_issuer_lane_close(NULL);
}

/* ---- threads ------------------------------------------------------------------------------------------------- */

typedef struct worker {
    saf_issuer_lane *lane;
    pthread_t thread;
    atomic_bool stop;
    atomic_int rounds;
    int good;
} worker;

/* cmocka's assertions are for the main thread. */
static int sign_and_verify(saf_issuer_lane *lane, const char *user)
{
    token made;
    saf_idt_result result;
    return world_try_sign(lane, user, &made, NULL) == SAF_OK &&
           saf_issuer_verify(lane, &alice, "ZOWE", user, SAF_FROM_END_USER, saf_bytes_of(made.text, made.len), &result,
                             NULL) == SAF_OK &&
           result.verdict == SAF_IDT_GOOD;
}

static void *work(void *context)
{
    static const char *const users[] = { "A", "B", "C", "D", "E", "F", "G", "H", "I", "J" };
    worker *self = context;
    while (!atomic_load(&self->stop))
        self->good += sign_and_verify(self->lane, users[atomic_fetch_add(&self->rounds, 1) % 10]);
    return NULL;
}

static void start(worker *worker, world *w)
{
    saf_error err = { 0 };
    assert_ok(saf_issuer_lane_open(&worker->lane, w->issuer, &err), &err);
    assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
}

static void stop(worker *worker)
{
    atomic_store(&worker->stop, true);
    assert_int_equal(pthread_join(worker->thread, NULL), 0);
    saf_issuer_lane_close(&worker->lane);
    assert_int_equal(worker->good, worker->rounds);
}

/* One round may have begun before the clock moved, so the second one from here has seen the change. */
static void wait_for_two_rounds(worker *worker)
{
    int seen = atomic_load(&worker->rounds);
    while (atomic_load(&worker->rounds) < seen + 2)
        usleep(100);
}

/* The lifetime only grows and the key stays, so that every token is good by the policy before and after it. */
TEST(two_threads_go_on_while_policies_change)
{
    world *w = *state;
    worker workers[2] = { 0 };
    world_reopen_p11(w);
    world_put_policy_for(w, "*", 5);
    for (int i = 0; i < 2; i++)
        start(&workers[i], w);
    for (unsigned minutes = 6; minutes <= 25; minutes++) {
        world_put_policy_for(w, "*", minutes);
        atomic_fetch_add(&w->now, 1);
        for (int i = 0; i < 2; i++)
            wait_for_two_rounds(&workers[i]);
    }
    for (int i = 0; i < 2; i++)
        stop(&workers[i]);
    assert_int_equal(world_lifetime(w, "A"), 25 * 60);
    assert_int_equal(w->pins_asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(no_policy_is_an_error_never_an_unsigned_token),
        IN_WORLD(the_most_specific_policy_wins),
        IN_WORLD(a_token_that_lives_longer_than_the_policy_allows_is_refused),
        IN_WORLD(any_appl_lets_other_applications_in),
        IN_WORLD(an_unsigned_token_is_good_only_between_applications),
        IN_WORLD(an_unsigned_token_is_never_good_where_a_signature_is_due),
        IN_WORLD(a_signed_token_is_not_good_by_a_policy_without_key),
        IN_WORLD(a_policy_change_is_followed_within_the_next_second),
        IN_WORLD(a_change_is_followed_also_when_the_clock_is_set_back),
        IN_WORLD(a_new_key_in_the_ring_is_followed),
        IN_WORLD(a_ring_that_is_deleted_ends_signing),
        IN_WORLD(the_authority_may_deny),
        IN_WORLD(requests_that_are_not_valid_are_refused),
        IN_WORLD(an_issuer_needs_a_store_and_a_sane_leeway),
        IN_WORLD(two_threads_go_on_while_policies_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
