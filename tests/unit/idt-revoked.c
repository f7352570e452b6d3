#include <support/idt-token.h>

#include <stdio.h>

static saf_idt_verdict verdict_with(const saf_idt_revoked *revoked)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_result result;
    saf_idt_claims claims = token_claims();
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    const saf_idt_expect expect = { saf_bytes_of_text("IBMUSER"), saf_bytes_of_text("ZOWEAPPL"), revoked };
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), &expect, &result), SAF_OK);
    if (result.verdict != SAF_IDT_GOOD)
        assert_true(result.jti.len == 0 && result.sub.len == 0);
    saf_idt_verify_job jobs[6];
    for (size_t i = 0; i < 6; i++)
        jobs[i] = (saf_idt_verify_job) { .token = saf_bytes_of(token, len), .expect = expect };
    assert_int_equal(saf_idt_verify_batch(lane, verifier, jobs, 6), SAF_OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(jobs[i].verdict, result.verdict);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&verifier);
    return result.verdict;
}

static saf_idt_verdict with_id(const char *id)
{
    saf_idt_revoked *revoked = NULL;
    const saf_bytes ids[] = { saf_bytes_of_text("another"), saf_bytes_of_text(id), saf_bytes_of_text("and one more") };
    assert_int_equal(saf_idt_revoked_new(&revoked, ids, 3, NULL, 0, NULL), SAF_OK);
    saf_idt_verdict verdict = verdict_with(revoked);
    saf_idt_revoked_free(&revoked);
    assert_null(revoked);
    return verdict;
}

static saf_idt_verdict with_user(const char *user, int64_t issued_before)
{
    saf_idt_revoked *revoked = NULL;
    const saf_idt_revoked_user users[] = { { saf_bytes_of_text("OTHER"), INT64_MAX }, { saf_bytes_of_text(user), issued_before } };
    assert_int_equal(saf_idt_revoked_new(&revoked, NULL, 0, users, 2, NULL), SAF_OK);
    saf_idt_verdict verdict = verdict_with(revoked);
    saf_idt_revoked_free(&revoked);
    return verdict;
}

TEST(a_revoked_id_is_refused)
{
    assert_int_equal(with_id(TOKEN_ID), SAF_IDT_REVOKED);
    assert_int_equal(with_id("00E04D2A63558772960000000B500002"), SAF_IDT_GOOD);
    assert_int_equal(with_id("00E04D2A63558772960000000B50000"), SAF_IDT_GOOD);
}

TEST(tokens_of_a_user_from_before_are_refused)
{
    assert_int_equal(with_user("IBMUSER", TOKEN_NOW + 1), SAF_IDT_REVOKED);
    assert_int_equal(with_user("IBMUSER", INT64_MAX), SAF_IDT_REVOKED);
    assert_int_equal(with_user("IBMUSER", TOKEN_NOW), SAF_IDT_GOOD);
    assert_int_equal(with_user("IBMUSER", 0), SAF_IDT_GOOD);
    assert_int_equal(with_user("IBMUSE", TOKEN_NOW + 1), SAF_IDT_GOOD);
}

TEST(of_a_user_who_is_named_twice_the_later_time_counts)
{
    saf_idt_revoked *revoked = NULL;
    const saf_idt_revoked_user users[] = {
        { saf_bytes_of_text("IBMUSER"), 5 }, { saf_bytes_of_text("IBMUSER"), TOKEN_NOW + 1 }, { saf_bytes_of_text("IBMUSER"), 7 }
    };
    assert_int_equal(saf_idt_revoked_new(&revoked, NULL, 0, users, 3, NULL), SAF_OK);
    assert_int_equal(verdict_with(revoked), SAF_IDT_REVOKED);
    saf_idt_revoked_free(&revoked);
}

TEST(an_empty_set_revokes_nothing)
{
    saf_idt_revoked *revoked = NULL;
    assert_int_equal(saf_idt_revoked_new(&revoked, NULL, 0, NULL, 0, NULL), SAF_OK);
    assert_int_equal(verdict_with(revoked), SAF_IDT_GOOD);
    assert_int_equal(verdict_with(NULL), SAF_IDT_GOOD);
    saf_idt_revoked_free(&revoked);
    saf_idt_revoked_free(&revoked);
    saf_idt_revoked_free(NULL);
}

TEST(a_large_set_holds_what_was_put_in)
{
    enum { COUNT = 5000 };
    static char names[COUNT][16];
    static saf_bytes ids[COUNT];
    saf_idt_revoked *revoked = NULL;
    for (size_t i = 0; i < COUNT; i++)
        ids[i] = saf_bytes_of(names[i], (size_t)snprintf(names[i], sizeof names[i], "id-%zu", i));
    assert_int_equal(saf_idt_revoked_new(&revoked, ids, COUNT, NULL, 0, NULL), SAF_OK);
    assert_int_equal(verdict_with(revoked), SAF_IDT_GOOD);
    saf_idt_revoked_free(&revoked);
    ids[COUNT / 2] = saf_bytes_of_text(TOKEN_ID);
    assert_int_equal(saf_idt_revoked_new(&revoked, ids, COUNT, NULL, 0, NULL), SAF_OK);
    assert_int_equal(verdict_with(revoked), SAF_IDT_REVOKED);
    saf_idt_revoked_free(&revoked);
}

TEST(what_no_token_can_have_is_refused)
{
    char longest[SAF_IDT_REVOKED_ID_MAX + 1];
    saf_idt_revoked *revoked = NULL;
    memset(longest, 'x', sizeof longest);
    saf_bytes id = saf_bytes_of(longest, sizeof longest);
    saf_idt_revoked_user user = { saf_bytes_of_text("no user"), 1 };
    assert_int_equal(saf_idt_revoked_new(&revoked, &id, 1, NULL, 0, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_revoked_new(&revoked, &(saf_bytes) { 0 }, 1, NULL, 0, NULL), SAF_E_USAGE);
    assert_int_equal(saf_idt_revoked_new(&revoked, NULL, 0, &user, 1, NULL), SAF_E_USAGE);
    assert_null(revoked);
}

TEST(the_verdict_has_its_name_and_codes)
{
    saf_codes codes = saf_idt_verdict_codes(SAF_IDT_REVOKED);
    assert_string_equal(saf_idt_verdict_name(SAF_IDT_REVOKED), "revoked");
    assert_int_equal(codes.saf, 8);
    assert_int_equal(codes.racf, 0x6C);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revoked_id_is_refused),
        cmocka_unit_test(tokens_of_a_user_from_before_are_refused),
        cmocka_unit_test(of_a_user_who_is_named_twice_the_later_time_counts),
        cmocka_unit_test(an_empty_set_revokes_nothing),
        cmocka_unit_test(a_large_set_holds_what_was_put_in),
        cmocka_unit_test(what_no_token_can_have_is_refused),
        cmocka_unit_test(the_verdict_has_its_name_and_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
