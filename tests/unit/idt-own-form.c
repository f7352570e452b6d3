/*
 * Tokens in the form that signers here write are read by a reader of their own. A header with a space in it sends the same payload through the
 * general reader: whatever the payload is, both say the same.
 */
#include <support/idt-token.h>

#define SPACED_HEADER "{\"alg\":\"HS256\" }"

static const char plain[] = "{\"iss\":\"saf\",\"aud\":\"ZOWEAPPL\",\"iat\":1790000000,\"exp\":1790000300,\"amr\":[\"mfa-comp\",\"saf-pwd\"],"
                            "\"sub\":\"IBMUSER\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}";
static const char for_any[] = "{\"iss\":\"saf\",\"aud\":[\"A\",\"*ANYAPPL*\"],\"iat\":1790000000,\"exp\":1790086400,"
                              "\"sub\":\"#$@\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}";

typedef struct fixture {
    saf_idt_lane *lane;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier;
} fixture;

static int open_fixture(void **state)
{
    static fixture f;
    const saf_idt_rules rules = { .any_appl = true };
    f = (fixture) { token_lane(NULL), token_signer(SAF_IDT_HS256, NULL), token_verifier(SAF_IDT_HS256, NULL, &rules) };
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

static void assert_same_bytes(saf_bytes a, saf_bytes b)
{
    assert_int_equal(a.len, b.len);
    if (a.len)
        assert_memory_equal(a.data, b.data, a.len);
}

static saf_idt_verdict read_by(const fixture *f, const char *header, saf_bytes payload, const saf_idt_expect *expect, saf_idt_result *result)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = token_of(token, f->signer, saf_bytes_of_text(header), payload);
    assert_int_equal(saf_idt_verify(f->lane, f->verifier, saf_bytes_of(token, len), expect, result), SAF_OK);
    return result->verdict;
}

/* The first result borrows from the lane, so what is compared is kept. */
static void assert_read_alike(const fixture *f, saf_bytes payload, const saf_idt_expect *expect)
{
    saf_idt_result own, general;
    unsigned char jti[SAF_IDT_REVOKED_ID_MAX], sub[SAF_IDT_SUBJECT_MAX], aud[SAF_IDT_AUDIENCE_MAX], amr[SAF_IDT_AMR_MAX][SAF_IDT_AMR_LEN_MAX];
    if (read_by(f, TOKEN_HEADER, payload, expect, &own) == SAF_IDT_GOOD) {
        memcpy(jti, own.jti.data, own.jti.len);
        memcpy(sub, own.sub.data, own.sub.len);
        memcpy(aud, own.aud.data, own.aud.len);
        for (size_t i = 0; i < own.amr_count; i++)
            memcpy(amr[i], own.amr[i].data, own.amr[i].len);
    }
    if (read_by(f, SPACED_HEADER, payload, expect, &general) != own.verdict)
        fail_msg("%s and %s: %.*s", saf_idt_verdict_name(own.verdict), saf_idt_verdict_name(general.verdict), (int)payload.len,
                 (const char *)payload.data);
    assert_same_bytes(saf_bytes_of(jti, own.jti.len), general.jti);
    assert_same_bytes(saf_bytes_of(sub, own.sub.len), general.sub);
    assert_same_bytes(saf_bytes_of(aud, own.aud.len), general.aud);
    assert_true(own.any_appl == general.any_appl && own.iat == general.iat && own.exp == general.exp);
    assert_int_equal(own.amr_count, general.amr_count);
    for (size_t i = 0; i < own.amr_count; i++)
        assert_same_bytes(saf_bytes_of(amr[i], own.amr[i].len), general.amr[i]);
}

static void assert_alterations_read_alike(const fixture *f, const char *payload)
{
    static const char substitutes[] = "A\"\\,:[]{}0159-.e azZ#*\x01\x7f\xc3";
    char altered[512];
    size_t len = strlen(payload);
    assert_read_alike(f, saf_bytes_of(payload, len), NULL);
    for (size_t at = 0; at < len; at++) {
        memcpy(altered, payload, len);
        for (const char *s = substitutes; *s; s++) {
            altered[at] = *s;
            assert_read_alike(f, saf_bytes_of(altered, len), NULL);
        }
        memmove(altered + at, payload + at + 1, len - at - 1); /* one less */
        assert_read_alike(f, saf_bytes_of(altered, len - 1), NULL);
        memcpy(altered + at, payload + at, 1); /* one twice */
        memcpy(altered + at + 1, payload + at, len - at);
        assert_read_alike(f, saf_bytes_of(altered, len + 1), NULL);
        assert_read_alike(f, saf_bytes_of(payload, at), NULL); /* an end that comes early */
    }
}

TEST(altered_payloads_are_read_alike)
{
    assert_alterations_read_alike(*state, plain);
    assert_alterations_read_alike(*state, for_any);
}

TEST(unusual_payloads_are_read_alike)
{
    static const char *const payloads[] = {
        "{\"iss\":\"saf\",\"aud\":\"ABCDEFGHI\",\"iat\":1790000000,\"exp\":1790000300,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"\",\"iat\":1790000000,\"exp\":1790000300,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":179000000,\"exp\":1790000300,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":0790000000,\"exp\":1790000300,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":17900003000,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":1790000000,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":1790000300,\"amr\":[],\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":1790000300,\"amr\":[\"\"],\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":1790000300,\"amr\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],\"sub\":\"U\","
        "\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":1790000300,\"amr\":[\"123456789012345678901234567890123\"],\"sub\":\"U\","
        "\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}",
        "{\"iss\":\"saf\",\"aud\":\"A\",\"iat\":1790000000,\"exp\":1790000300,\"sub\":\"U\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"} ",
        "{}", "", "{\"iss\":\"saf\"}", "{\"iss\":\"saf\",\"aud\":",
    };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
        assert_read_alike(*state, saf_bytes_of_text(payloads[i]), NULL);
}

TEST(expectations_are_judged_alike)
{
    static const char *const names[] = { "", "IBMUSER", "ZOWEAPPL", "A", "IBMUSE", "IBMUSERS", "*ANYAPPL*" };
    enum { NAMES = sizeof names / sizeof names[0] };
    for (size_t i = 0; i < (size_t)NAMES * NAMES; i++) {
        const saf_idt_expect expect = { saf_bytes_of_text(names[i % NAMES]), saf_bytes_of_text(names[i / NAMES]), NULL };
        assert_read_alike(*state, saf_bytes_of_text(plain), &expect);
        assert_read_alike(*state, saf_bytes_of_text(for_any), &expect);
    }
}

/* All verdicts through the batch, in a mixture of both forms. */
TEST(a_batch_says_what_single_calls_say)
{
    enum { JOBS = 40 };
    static char tokens[JOBS][SAF_IDT_TOKEN_MAX];
    static const char *const headers[] = { TOKEN_HEADER, SPACED_HEADER, "{\"alg\":\"HS512\"}", TOKEN_HEADER, TOKEN_HEADER };
    static const char *const payloads[] = { plain, for_any, plain, for_any, "{}", plain, plain };
    static const char *const users[] = { "IBMUSER", "", "#$@" };
    saf_idt_verify_job jobs[JOBS];
    fixture *f = *state;
    for (size_t i = 0; i < JOBS; i++) {
        size_t len = token_of(tokens[i], f->signer, saf_bytes_of_text(headers[i % 5]), saf_bytes_of_text(payloads[i % 7]));
        if (i % 11 == 3)
            tokens[i][len - 3] ^= 1;
        if (i % 11 == 5)
            len -= 4;
        jobs[i] = (saf_idt_verify_job) { .token = saf_bytes_of(tokens[i], len), .expect = { .sub = saf_bytes_of_text(users[i % 3]) } };
    }
    assert_int_equal(saf_idt_verify_batch(f->lane, f->verifier, jobs, JOBS), SAF_OK);
    for (size_t i = 0; i < JOBS; i++) {
        saf_idt_result result;
        assert_int_equal(saf_idt_verify(f->lane, f->verifier, jobs[i].token, &jobs[i].expect, &result), SAF_OK);
        assert_int_equal(jobs[i].verdict, result.verdict);
        assert_int_equal(jobs[i].status, SAF_OK);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(altered_payloads_are_read_alike),
        WITH_FIXTURE(unusual_payloads_are_read_alike),
        WITH_FIXTURE(expectations_are_judged_alike),
        WITH_FIXTURE(a_batch_says_what_single_calls_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
