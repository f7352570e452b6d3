#include <support/idt-token.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static saf_idt_lane *real_lane(void)
{
    saf_idt_lane *lane = NULL;
    assert_int_equal(token_lane_open(&lane, NULL), SAF_OK);
    return lane;
}

/* Sign and verify one token with the lane, and give its jti. */
static void next_id(saf_idt_lane *lane, char id[SAF_IDT_ID_LEN])
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_result result;
    saf_idt_claims claims = token_claims();
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), NULL, &result), SAF_OK);
    assert_int_equal(result.verdict, SAF_IDT_GOOD);
    assert_int_equal(result.jti.len, SAF_IDT_ID_LEN);
    memcpy(id, result.jti.data, SAF_IDT_ID_LEN);
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
}

TEST(the_clock_is_real_unless_another_is_given)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_result result;
    saf_idt_claims claims = token_claims();
    saf_idt_lane *lane = real_lane();
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    int64_t before = time(NULL);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), NULL, &result), SAF_OK);
    assert_int_equal(result.verdict, SAF_IDT_GOOD);
    assert_in_range(result.iat, before, time(NULL));
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
    saf_idt_lane_close(&lane);
}

TEST(an_impossible_clock_is_a_failure)
{
    static const int64_t wrong[] = { -1, INT64_MIN, INT64_MAX, (int64_t)1 << 53 };
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_claims claims = token_claims();
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t now = wrong[i];
        saf_idt_lane *lane = token_lane(&now);
        assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_E_FAILED);
        saf_idt_lane_close(&lane);
    }
    saf_idt_signer_free(&signer);
}

static saf_status id_gone(void *context, char out[SAF_IDT_ID_LEN])
{
    (void)context, (void)out;
    return SAF_E_BUSY;
}

static saf_status id_with_quotes(void *context, char out[SAF_IDT_ID_LEN])
{
    (void)context;
    memset(out, '"', SAF_IDT_ID_LEN);
    return SAF_OK;
}

static saf_status sign_with_ids(saf_status (*id)(void *, char[SAF_IDT_ID_LEN]))
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    const saf_idt_lane_options options = { .id = id };
    saf_idt_lane *lane = NULL;
    saf_idt_claims claims = token_claims();
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    assert_int_equal(token_lane_open(&lane, &options), SAF_OK);
    saf_status status = saf_idt_sign(lane, signer, &claims, token, sizeof token, &len);
    saf_idt_signer_free(&signer);
    saf_idt_lane_close(&lane);
    return status;
}

TEST(a_source_of_ids_is_not_trusted)
{
    assert_int_equal(sign_with_ids(token_id), SAF_OK);
    assert_int_equal(sign_with_ids(id_gone), SAF_E_BUSY);
    assert_int_equal(sign_with_ids(id_with_quotes), SAF_E_FAILED);
}

static bool is_upper_hex(const char id[SAF_IDT_ID_LEN])
{
    for (size_t i = 0; i < SAF_IDT_ID_LEN; i++)
        if (!memchr("0123456789ABCDEF", id[i], 16))
            return false;
    return true;
}

/* More than one buffer's worth, so that the pool is filled again on the way. */
TEST(ids_are_hex_and_never_the_same)
{
    enum { COUNT = 200 };
    static char ids[COUNT][SAF_IDT_ID_LEN];
    saf_idt_lane *lane = real_lane();
    for (size_t i = 0; i < COUNT; i++) {
        next_id(lane, ids[i]);
        assert_true(is_upper_hex(ids[i]));
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(ids[i], ids[j], SAF_IDT_ID_LEN);
    }
    saf_idt_lane_close(&lane);
}

/* Forks and gives the id that the child's lane makes next. */
static void id_in_child(saf_idt_lane *lane, char id[SAF_IDT_ID_LEN])
{
    int ends[2];
    int status = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char mine[SAF_IDT_ID_LEN];
        next_id(lane, mine);
        _exit(write(ends[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], id, SAF_IDT_ID_LEN), SAF_IDT_ID_LEN);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

TEST(a_forked_process_makes_other_ids)
{
    char ids[4][SAF_IDT_ID_LEN];
    saf_idt_lane *lane = real_lane();
    next_id(lane, ids[0]); /* fills the pool before the forks */
    id_in_child(lane, ids[1]);
    id_in_child(lane, ids[2]);
    next_id(lane, ids[3]);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(ids[i], ids[j], SAF_IDT_ID_LEN);
    saf_idt_lane_close(&lane);
}

TEST(a_lane_keeps_more_keys_than_it_has_room_for)
{
    enum { KEYS = 40 };
    saf_idt_signer *signers[KEYS];
    saf_idt_verifier *verifiers[KEYS];
    saf_idt_lane *lane = token_lane(NULL);
    for (size_t i = 0; i < KEYS; i++) {
        unsigned char key[64] = { (unsigned char)i };
        assert_int_equal(saf_idt_signer_from_bytes(&signers[i], SAF_IDT_HS256, saf_bytes_of(key, sizeof key), NULL, NULL), SAF_OK);
        assert_int_equal(saf_idt_verifier_from_bytes(&verifiers[i], SAF_IDT_HS256, saf_bytes_of(key, sizeof key), NULL, NULL), SAF_OK);
    }
    for (size_t i = 0; i < (size_t)KEYS * KEYS; i++) {
        char token[SAF_IDT_TOKEN_MAX];
        size_t len = 0;
        saf_idt_result result;
        saf_idt_claims claims = token_claims();
        assert_int_equal(saf_idt_sign(lane, signers[i % KEYS], &claims, token, sizeof token, &len), SAF_OK);
        assert_int_equal(saf_idt_verify(lane, verifiers[i / KEYS], saf_bytes_of(token, len), NULL, &result), SAF_OK);
        assert_int_equal(result.verdict, i % KEYS == i / KEYS ? SAF_IDT_GOOD : SAF_IDT_BAD_SIGNATURE);
    }
    for (size_t i = 0; i < KEYS; i++) {
        saf_idt_signer_free(&signers[i]);
        saf_idt_verifier_free(&verifiers[i]);
    }
    saf_idt_lane_close(&lane);
}

/* What one thread does with the shared signer and verifier; its answer is the number of tokens that were not good. */
typedef struct shared {
    const saf_idt_signer *signer;
    const saf_idt_verifier *verifier;
} shared;

static void *sign_and_verify(void *argument)
{
    const shared *s = argument;
    uintptr_t failures = 0;
    saf_idt_lane *lane = NULL;
    saf_idt_claims claims = token_claims();
    if (token_lane_open(&lane, NULL) != SAF_OK)
        return (void *)1;
    for (int i = 0; i < 200; i++) {
        char token[SAF_IDT_TOKEN_MAX];
        size_t len = 0;
        saf_idt_result result;
        if (saf_idt_sign(lane, s->signer, &claims, token, sizeof token, &len) != SAF_OK ||
            saf_idt_verify(lane, s->verifier, saf_bytes_of(token, len), NULL, &result) != SAF_OK || result.verdict != SAF_IDT_GOOD)
            failures++;
    }
    saf_idt_lane_close(&lane);
    return (void *)failures;
}

static void assert_threads_share(saf_idt_alg alg)
{
    pthread_t threads[4];
    EVP_PKEY *key = token_key(alg);
    saf_idt_signer *signer = token_signer(alg, key);
    saf_idt_verifier *verifier = token_verifier(alg, key, NULL);
    shared s = { signer, verifier };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_and_verify, &s), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failures = NULL;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
    EVP_PKEY_free(key);
}

TEST(threads_share_signers_and_verifiers)
{
    assert_threads_share(SAF_IDT_HS256);
    assert_threads_share(SAF_IDT_PS256);
    assert_threads_share(SAF_IDT_ES256);
    assert_threads_share(SAF_IDT_EDDSA);
}

TEST(a_lane_that_forgot_its_keys_prepares_them_anew)
{
    char id[SAF_IDT_ID_LEN];
    saf_idt_lane *lane = real_lane();
    next_id(lane, id);
    saf_idt_lane_forget(lane);
    next_id(lane, id);
    saf_idt_lane_close(&lane);
}

TEST(closing_and_freeing_nothing_is_allowed)
{
    saf_idt_lane *lane = NULL;
    saf_idt_signer *signer = NULL;
    saf_idt_verifier *verifier = NULL;
    saf_idt_lane_close(NULL);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(NULL);
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(NULL);
    saf_idt_verifier_free(&verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_is_real_unless_another_is_given),
        cmocka_unit_test(an_impossible_clock_is_a_failure),
        cmocka_unit_test(a_source_of_ids_is_not_trusted),
        cmocka_unit_test(ids_are_hex_and_never_the_same),
        cmocka_unit_test(a_forked_process_makes_other_ids),
        cmocka_unit_test(a_lane_keeps_more_keys_than_it_has_room_for),
        cmocka_unit_test(threads_share_signers_and_verifiers),
        cmocka_unit_test(a_lane_that_forgot_its_keys_prepares_them_anew),
        cmocka_unit_test(closing_and_freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
