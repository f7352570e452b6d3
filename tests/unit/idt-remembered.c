/* Tokens that a lane remembers: what is not asked of the key again, and what is judged all the same. */
#include <support/idt-token.h>

typedef struct fixture {
    saf_idt_lane *lane;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier; /* through a callback, which counts */
    size_t calls;
    int64_t now;
    char token[SAF_IDT_TOKEN_MAX];
    size_t len;
} fixture;

/* The MAC of token_secret(), as a key in a token would compute it. */
static saf_status counted_mac(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    fixture *f = context;
    saf_bytes secret = token_secret();
    f->calls++;
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret.data, secret.len, message.data, message.len, out, SAF_IDT_SIGNATURE_MAX, out_len)
               ? SAF_OK
               : SAF_E_FAILED;
}

static saf_idt_lane *remembering_lane(fixture *f, size_t tokens)
{
    saf_idt_lane *lane = NULL;
    const saf_idt_lane_options options = { .now = token_now, .now_context = &f->now, .remembered_tokens = tokens };
    assert_int_equal(token_lane_open(&lane, &options), SAF_OK);
    return lane;
}

static int open_fixture(void **state)
{
    static fixture f;
    const saf_idt_rules rules = { .any_appl = true };
    saf_idt_claims claims = token_claims();
    f = (fixture) { .now = TOKEN_NOW, .signer = token_signer(SAF_IDT_HS256, NULL) };
    f.lane = remembering_lane(&f, 16);
    assert_int_equal(saf_idt_verifier_from_callback(&f.verifier, SAF_IDT_HS256, counted_mac, &f, &rules, NULL), SAF_OK);
    assert_int_equal(saf_idt_sign(f.lane, f.signer, &claims, f.token, sizeof f.token, &f.len), SAF_OK);
    *state = &f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    saf_idt_lane_close(&f->lane);
    saf_idt_signer_free(&f->signer);
    saf_idt_verifier_free(&f->verifier);
    return 0;
}

static saf_idt_verdict verdict_of(fixture *f, const char *sub, const char *aud)
{
    saf_idt_result result;
    const saf_idt_expect expect = { saf_bytes_of_text(sub), saf_bytes_of_text(aud), NULL };
    assert_int_equal(saf_idt_verify(f->lane, f->verifier, saf_bytes_of(f->token, f->len), &expect, &result), SAF_OK);
    if (result.verdict == SAF_IDT_GOOD) {
        assert_memory_equal(result.sub.data, "IBMUSER", 7);
        assert_memory_equal(result.aud.data, "ZOWEAPPL", 8);
        assert_int_equal(result.jti.len, SAF_IDT_ID_LEN);
    }
    return result.verdict;
}

TEST(a_token_that_comes_again_is_not_put_to_the_key)
{
    fixture *f = *state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(verdict_of(f, "IBMUSER", "ZOWEAPPL"), SAF_IDT_GOOD);
    assert_int_equal(f->calls, 1);
}

TEST(a_lane_that_was_not_asked_remembers_nothing)
{
    fixture *f = *state;
    saf_idt_lane_close(&f->lane);
    f->lane = remembering_lane(f, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(verdict_of(f, "IBMUSER", "ZOWEAPPL"), SAF_IDT_GOOD);
    assert_int_equal(f->calls, 3);
}

TEST(a_lane_that_forgot_asks_the_key_again)
{
    fixture *f = *state;
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
    saf_idt_lane_forget(f->lane);
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
    assert_int_equal(f->calls, 2);
}

TEST(a_remembered_token_is_judged_anew)
{
    fixture *f = *state;
    assert_int_equal(verdict_of(f, "IBMUSER", "ZOWEAPPL"), SAF_IDT_GOOD);
    assert_int_equal(verdict_of(f, "OTHER", "ZOWEAPPL"), SAF_IDT_WRONG_SUBJECT);
    assert_int_equal(verdict_of(f, "IBMUSER", "CICS"), SAF_IDT_WRONG_AUDIENCE);
    f->now = TOKEN_NOW - 1;
    assert_int_equal(verdict_of(f, "IBMUSER", "ZOWEAPPL"), SAF_IDT_NOT_YET_VALID);
    f->now = TOKEN_NOW + 300;
    assert_int_equal(verdict_of(f, "IBMUSER", "ZOWEAPPL"), SAF_IDT_EXPIRED);
    f->now = TOKEN_NOW + 299;
    assert_int_equal(verdict_of(f, "IBMUSER", "ZOWEAPPL"), SAF_IDT_GOOD);
    assert_int_equal(f->calls, 1);
}

TEST(a_remembered_token_can_be_revoked)
{
    fixture *f = *state;
    saf_idt_revoked *revoked = NULL;
    saf_idt_result result;
    const saf_idt_revoked_user user = { saf_bytes_of_text("IBMUSER"), TOKEN_NOW + 1 };
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
    assert_int_equal(saf_idt_revoked_new(&revoked, NULL, 0, &user, 1, NULL), SAF_OK);
    const saf_idt_expect expect = { .revoked = revoked };
    assert_int_equal(saf_idt_verify(f->lane, f->verifier, saf_bytes_of(f->token, f->len), &expect, &result), SAF_OK);
    assert_int_equal(result.verdict, SAF_IDT_REVOKED);
    saf_idt_revoked_free(&revoked);
}

TEST(another_token_is_not_taken_for_a_remembered_one)
{
    fixture *f = *state;
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
    for (size_t i = 0; i < f->len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            f->token[i] ^= (char)(1 << bit);
            assert_int_not_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
            f->token[i] ^= (char)(1 << bit);
        }
    }
    f->len--;
    assert_int_not_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
}

TEST(another_verifier_asks_its_own_key)
{
    fixture *f = *state;
    const saf_idt_rules rules = { .kid = "other" };
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
    saf_idt_verifier_free(&f->verifier);
    assert_int_equal(saf_idt_verifier_from_callback(&f->verifier, SAF_IDT_HS256, counted_mac, f, NULL, NULL), SAF_OK);
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_GOOD);
    assert_int_equal(f->calls, 2);
    saf_idt_verifier_free(&f->verifier);
    assert_int_equal(saf_idt_verifier_from_callback(&f->verifier, SAF_IDT_HS256, counted_mac, f, &rules, NULL), SAF_OK);
    assert_int_equal(verdict_of(f, "", ""), SAF_IDT_WRONG_KID);
}

/* Many more than there is room for: some are forgotten, none is mistaken. */
TEST(tokens_that_find_no_room_are_verified_all_the_same)
{
    enum { TOKENS = 100 };
    static char tokens[TOKENS][1024];
    size_t lens[TOKENS];
    fixture *f = *state;
    saf_idt_claims claims = token_claims();
    for (size_t i = 0; i < TOKENS; i++)
        assert_int_equal(saf_idt_sign(f->lane, f->signer, &claims, tokens[i], sizeof tokens[i], &lens[i]), SAF_OK);
    for (size_t i = 0; i < (size_t)3 * TOKENS; i++) {
        saf_idt_result result;
        assert_int_equal(saf_idt_verify(f->lane, f->verifier, saf_bytes_of(tokens[i % TOKENS], lens[i % TOKENS]), NULL, &result), SAF_OK);
        assert_int_equal(result.verdict, SAF_IDT_GOOD);
    }
    assert_in_range(f->calls, TOKENS, 3 * TOKENS);
}

/* Several applications are more than is remembered; the token is good all the same, for each of them. */
TEST(a_token_for_several_applications_is_put_to_the_key_each_time)
{
    static const char payload[] = "{\"jti\":\"a\",\"iss\":\"saf\",\"sub\":\"IBMUSER\",\"aud\":[\"A\",\"B\"],\"iat\":1790000000,\"exp\":1790000300}";
    fixture *f = *state;
    const saf_idt_expect expect = { .aud = saf_bytes_of_text("B") };
    saf_idt_result result;
    f->len = token_of(f->token, f->signer, saf_bytes_of_text(TOKEN_HEADER), saf_bytes_of_text(payload));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(saf_idt_verify(f->lane, f->verifier, saf_bytes_of(f->token, f->len), &expect, &result), SAF_OK);
        assert_int_equal(result.verdict, SAF_IDT_GOOD);
    }
    assert_int_equal(f->calls, 2);
}

TEST(too_many_to_remember_are_refused)
{
    saf_idt_lane *lane = NULL;
    const saf_idt_lane_options options = { .remembered_tokens = (1 << 20) + 1 };
    assert_int_equal(saf_idt_lane_open(&lane, &options, NULL), SAF_E_USAGE);
    assert_null(lane);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_token_that_comes_again_is_not_put_to_the_key),
        WITH_FIXTURE(a_lane_that_was_not_asked_remembers_nothing),
        WITH_FIXTURE(a_lane_that_forgot_asks_the_key_again),
        WITH_FIXTURE(a_remembered_token_is_judged_anew),
        WITH_FIXTURE(a_remembered_token_can_be_revoked),
        WITH_FIXTURE(another_token_is_not_taken_for_a_remembered_one),
        WITH_FIXTURE(another_verifier_asks_its_own_key),
        WITH_FIXTURE(tokens_that_find_no_room_are_verified_all_the_same),
        WITH_FIXTURE(a_token_for_several_applications_is_put_to_the_key_each_time),
        cmocka_unit_test(too_many_to_remember_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
