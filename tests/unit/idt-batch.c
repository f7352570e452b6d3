#include <support/idt-token.h>

enum { JOBS = 33, ROOM = 1024 };

typedef struct fixture {
    saf_idt_lane *lane;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier;
    char tokens[JOBS][ROOM];
    saf_idt_sign_job sign[JOBS];
    saf_idt_verify_job verify[JOBS];
} fixture;

static int open_fixture(void **state)
{
    static fixture f;
    f = (fixture) { .lane = token_lane(NULL) };
    f.signer = token_signer(SAF_IDT_HS256, NULL);
    f.verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    for (size_t i = 0; i < JOBS; i++)
        f.sign[i] = (saf_idt_sign_job) { .claims = token_claims(), .out = f.tokens[i], .out_cap = ROOM };
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

static void sign_all(fixture *f)
{
    assert_int_equal(saf_idt_sign_batch(f->lane, f->signer, f->sign, JOBS), SAF_OK);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(f->sign[i].status, SAF_OK);
        f->verify[i] = (saf_idt_verify_job) {
            .token = saf_bytes_of(f->tokens[i], f->sign[i].out_len),
            .expect = { saf_bytes_of_text("IBMUSER"), saf_bytes_of_text("ZOWEAPPL") },
            .verdict = SAF_IDT_EXPIRED,
        };
    }
}

TEST(a_batch_verifies_what_a_batch_signed)
{
    fixture *f = *state;
    sign_all(f);
    assert_int_equal(saf_idt_verify_batch(f->lane, f->verifier, f->verify, JOBS), SAF_OK);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(f->verify[i].status, SAF_OK);
        assert_int_equal(f->verify[i].verdict, SAF_IDT_GOOD);
    }
}

TEST(a_batch_makes_the_tokens_that_single_calls_make)
{
    fixture *f = *state;
    char token[ROOM];
    size_t len = 0;
    sign_all(f);
    assert_int_equal(saf_idt_sign(f->lane, f->signer, &f->sign[0].claims, token, sizeof token, &len), SAF_OK);
    assert_int_equal(len, f->sign[0].out_len);
    assert_memory_equal(token, f->tokens[0], len);
}

TEST(a_bad_job_does_not_stop_the_batch)
{
    fixture *f = *state;
    f->sign[3].claims.sub = saf_bytes_of_text("no name");
    f->sign[5].out_cap = 10;
    assert_int_equal(saf_idt_sign_batch(f->lane, f->signer, f->sign, JOBS), SAF_E_USAGE);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(f->sign[i].status, i == 3 ? SAF_E_USAGE : i == 5 ? SAF_E_SPACE : SAF_OK);
}

TEST(a_bad_token_is_a_verdict_and_not_a_failure_of_the_batch)
{
    fixture *f = *state;
    sign_all(f);
    f->tokens[7][f->sign[7].out_len - 2] ^= 1;
    f->verify[8].expect.sub = saf_bytes_of_text("OTHER");
    assert_int_equal(saf_idt_verify_batch(f->lane, f->verifier, f->verify, JOBS), SAF_OK);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(f->verify[i].verdict == SAF_IDT_GOOD, i != 7 && i != 8);
    assert_int_equal(f->verify[8].verdict, SAF_IDT_WRONG_SUBJECT);
}

static saf_status mac_gone(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    (void)context, (void)message, (void)out, (void)out_len;
    return SAF_E_TOKEN_GONE;
}

TEST(a_job_that_could_not_be_told_is_not_good)
{
    fixture *f = *state;
    saf_idt_verifier *broken = NULL;
    sign_all(f);
    f->verify[0].verdict = SAF_IDT_GOOD;
    assert_int_equal(saf_idt_verifier_from_callback(&broken, SAF_IDT_HS256, mac_gone, NULL, NULL, NULL), SAF_OK);
    assert_int_equal(saf_idt_verify_batch(f->lane, broken, f->verify, JOBS), SAF_E_TOKEN_GONE);
    assert_int_equal(f->verify[0].status, SAF_E_TOKEN_GONE);
    assert_int_not_equal(f->verify[0].verdict, SAF_IDT_GOOD);
    saf_idt_verifier_free(&broken);
}

TEST(an_empty_batch_is_done)
{
    fixture *f = *state;
    assert_int_equal(saf_idt_sign_batch(f->lane, f->signer, NULL, 0), SAF_OK);
    assert_int_equal(saf_idt_verify_batch(f->lane, f->verifier, NULL, 0), SAF_OK);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_batch_verifies_what_a_batch_signed),
        WITH_FIXTURE(a_batch_makes_the_tokens_that_single_calls_make),
        WITH_FIXTURE(a_bad_job_does_not_stop_the_batch),
        WITH_FIXTURE(a_bad_token_is_a_verdict_and_not_a_failure_of_the_batch),
        WITH_FIXTURE(a_job_that_could_not_be_told_is_not_good),
        WITH_FIXTURE(an_empty_batch_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
