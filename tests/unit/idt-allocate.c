/* Nothing is allocated per token, once a lane has met its keys: with keys from bytes on the paths that hash themselves not by libcrypto either. */
#include <support/idt-token.h>

enum { JOBS = 20, ROOM = 1024, ROUNDS = 50 };

/* Every allocation of the process goes through here. */
static unsigned long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

typedef struct fixture {
    saf_idt_lane *lane;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier;
    char tokens[JOBS][ROOM];
    saf_idt_sign_job sign[JOBS];
    saf_idt_verify_job verify[JOBS];
} fixture;

/* The status of whatever went wrong; checked outside, because checking allocates. */
static int work(fixture *f)
{
    char token[ROOM];
    size_t len = 0;
    saf_idt_result result = { 0 };
    saf_idt_claims claims = token_claims();
    int wrong = saf_idt_sign(f->lane, f->signer, &claims, token, sizeof token, &len) != SAF_OK ||
                saf_idt_verify(f->lane, f->verifier, saf_bytes_of(token, len), NULL, &result) != SAF_OK || result.verdict != SAF_IDT_GOOD ||
                saf_idt_sign_batch(f->lane, f->signer, f->sign, JOBS) != SAF_OK;
    for (size_t i = 0; i < JOBS; i++)
        f->verify[i] = (saf_idt_verify_job) { .token = saf_bytes_of(f->tokens[i], f->sign[i].out_len) };
    return wrong || saf_idt_verify_batch(f->lane, f->verifier, f->verify, JOBS) != SAF_OK || f->verify[JOBS - 1].verdict != SAF_IDT_GOOD;
}

static unsigned long allocations_of(saf_idt_alg alg)
{
    static fixture f;
    int64_t now = TOKEN_NOW;
    f = (fixture) { token_lane(&now), token_signer(alg, NULL), token_verifier(alg, NULL, NULL) };
    for (size_t i = 0; i < JOBS; i++)
        f.sign[i] = (saf_idt_sign_job) { .claims = token_claims(), .out = f.tokens[i], .out_cap = ROOM };
    int wrong = work(&f);
    unsigned long before = allocations;
    for (int i = 0; i < ROUNDS; i++) {
        now++;
        wrong |= work(&f);
    }
    unsigned long made = allocations - before;
    assert_false(wrong);
    saf_idt_lane_close(&f.lane);
    saf_idt_signer_free(&f.signer);
    saf_idt_verifier_free(&f.verifier);
    return made;
}

static bool lane_hashes_itself(saf_idt_alg alg)
{
    saf_idt_lane *lane = token_lane(NULL);
    const char *path = saf_idt_lane_path(lane);
    bool does = strcmp(path, "avx512") == 0 || (strcmp(path, "sha-ni") == 0 && alg == SAF_IDT_HS256);
    saf_idt_lane_close(&lane);
    return does;
}

TEST(no_token_costs_an_allocation)
{
    static const saf_idt_alg algs[] = { SAF_IDT_HS256, SAF_IDT_HS384, SAF_IDT_HS512 };
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++)
        if (lane_hashes_itself(algs[i]))
            assert_int_equal(allocations_of(algs[i]), 0);
        else /* libcrypto's HMAC takes two each time it is set back */
            assert_in_range(allocations_of(algs[i]), 0, ROUNDS * (2 * JOBS + 2) * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_token_costs_an_allocation) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
