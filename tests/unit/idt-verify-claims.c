/* One valid token, one claim broken per test. */
#include <support/idt-judge.h>

TEST(verify_gives_the_claims)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_result result;
    saf_bytes amr = saf_bytes_of_text("saf-pwd");
    saf_idt_claims claims = token_claims();
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_verifier *verifier = token_verifier(SAF_IDT_HS256, NULL, NULL);
    claims.any_appl = true;
    claims.amr = &amr;
    claims.amr_count = 1;
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    assert_int_equal(saf_idt_verify(lane, verifier, saf_bytes_of(token, len), NULL, &result), SAF_OK);
    assert_verdict(result.verdict, SAF_IDT_GOOD);
    assert_int_equal(result.jti.len, SAF_IDT_ID_LEN);
    assert_memory_equal(result.jti.data, TOKEN_ID, SAF_IDT_ID_LEN);
    assert_int_equal(result.sub.len, 7);
    assert_memory_equal(result.sub.data, "IBMUSER", 7);
    assert_int_equal(result.aud.len, 8);
    assert_memory_equal(result.aud.data, "ZOWEAPPL", 8);
    assert_true(result.any_appl);
    assert_int_equal(result.iat, TOKEN_NOW);
    assert_int_equal(result.exp, TOKEN_NOW + 300);
    assert_int_equal(result.amr_count, 1);
    assert_memory_equal(result.amr[0].data, "saf-pwd", 7);
    saf_idt_verifier_free(&verifier);
    saf_idt_signer_free(&signer);
    saf_idt_lane_close(&lane);
}

#define JTI "\"" TOKEN_ID "\""
#define ISS "\"saf\""
#define SUB "\"IBMUSER\""
#define AUD "\"ZOWEAPPL\""
#define IAT "1790000000"
#define EXP "1790000300"

TEST(verify_refuses_a_missing_claim)
{
    static const char *const wrong[] = {
        "{}",
        "{\"iss\":" ISS ",\"sub\":" SUB ",\"aud\":" AUD ",\"iat\":" IAT ",\"exp\":" EXP "}",
        "{\"jti\":" JTI ",\"sub\":" SUB ",\"aud\":" AUD ",\"iat\":" IAT ",\"exp\":" EXP "}",
        "{\"jti\":" JTI ",\"iss\":" ISS ",\"aud\":" AUD ",\"iat\":" IAT ",\"exp\":" EXP "}",
        "{\"jti\":" JTI ",\"iss\":" ISS ",\"sub\":" SUB ",\"iat\":" IAT ",\"exp\":" EXP "}",
        "{\"jti\":" JTI ",\"iss\":" ISS ",\"sub\":" SUB ",\"aud\":" AUD ",\"exp\":" EXP "}",
        "{\"jti\":" JTI ",\"iss\":" ISS ",\"sub\":" SUB ",\"aud\":" AUD ",\"iat\":" IAT "}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_payload(wrong[i], SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_a_jti_that_is_none)
{
    assert_payload(TOKEN_PAYLOAD_OF("\"\"", ISS, SUB, AUD, IAT, EXP, ""), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF("17", ISS, SUB, AUD, IAT, EXP, ""), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF("\"\\u0041\"", ISS, SUB, AUD, IAT, EXP, ""), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF("\"" TOKEN_ID TOKEN_ID "0\"", ISS, SUB, AUD, IAT, EXP, ""), SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_a_txn_that_is_not_the_jti)
{
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"txn\":\"x\""), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"txn\":null"), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"txn\":" JTI), SAF_IDT_GOOD);
}

TEST(verify_refuses_another_issuer)
{
    assert_payload(TOKEN_PAYLOAD_OF(JTI, "\"SAF\"", SUB, AUD, IAT, EXP, ""), SAF_IDT_WRONG_ISSUER);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, "\"saf \"", SUB, AUD, IAT, EXP, ""), SAF_IDT_WRONG_ISSUER);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, "[\"saf\"]", SUB, AUD, IAT, EXP, ""), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, "\"s\\u0061f\"", SUB, AUD, IAT, EXP, ""), SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_a_sub_that_is_no_user_id)
{
    static const char *const wrong[] = {
        TOKEN_PAYLOAD_OF(JTI, ISS, "\"\"", AUD, IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, "\"ibmuser\"", AUD, IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, "\"NINECHARS\"", AUD, IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, "\"IBM\\u0055SER\"", AUD, IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, "[\"IBMUSER\"]", AUD, IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, "null", AUD, IAT, EXP, ""),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_payload(wrong[i], SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_times_that_are_not_whole_seconds)
{
    static const char *const wrong[] = {
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "1790000300.0", ""), TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "1.7900003e9", ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "1e400", ""),        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "-1", ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "\"" EXP "\"", ""),  TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "null", ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, "-1", EXP, ""),           TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, "1.5", EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"nbf\":-1"), TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"nbf\":\"1\""),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_payload(wrong[i], SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_times_that_overflow)
{
    static const char *const wrong[] = {
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "9007199254740992", ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "9223372036854775807", ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "9223372036854775808", ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "18446744075499551916", ""),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_payload(wrong[i], SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_exp_that_is_not_after_iat)
{
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, EXP, EXP, ""), SAF_IDT_BAD_CLAIM);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, EXP, IAT, ""), SAF_IDT_BAD_CLAIM);
}

static saf_idt_verdict at(int64_t now, unsigned leeway_sec, const char *payload)
{
    const saf_idt_rules rules = { .leeway_sec = leeway_sec };
    return judge_all(TOKEN_HEADER, payload, &rules, NULL, now);
}

TEST(verify_refuses_an_expired_token)
{
    assert_verdict(at(TOKEN_NOW + 299, 0, TOKEN_PAYLOAD), SAF_IDT_GOOD);
    assert_verdict(at(TOKEN_NOW + 300, 0, TOKEN_PAYLOAD), SAF_IDT_EXPIRED);
    assert_verdict(at(TOKEN_NOW + 309, 10, TOKEN_PAYLOAD), SAF_IDT_GOOD);
    assert_verdict(at(TOKEN_NOW + 310, 10, TOKEN_PAYLOAD), SAF_IDT_EXPIRED);
    assert_verdict(at(INT64_MAX, 300, TOKEN_PAYLOAD), SAF_IDT_EXPIRED);
}

TEST(verify_refuses_a_token_from_the_future)
{
    static const char later[] = TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"nbf\":1790000100");
    assert_verdict(at(TOKEN_NOW - 1, 0, TOKEN_PAYLOAD), SAF_IDT_NOT_YET_VALID);
    assert_verdict(at(TOKEN_NOW - 10, 10, TOKEN_PAYLOAD), SAF_IDT_GOOD);
    assert_verdict(at(TOKEN_NOW - 11, 10, TOKEN_PAYLOAD), SAF_IDT_NOT_YET_VALID);
    assert_verdict(at(TOKEN_NOW + 99, 0, later), SAF_IDT_NOT_YET_VALID);
    assert_verdict(at(TOKEN_NOW + 100, 0, later), SAF_IDT_GOOD);
    assert_verdict(at(INT64_MIN, 300, TOKEN_PAYLOAD), SAF_IDT_NOT_YET_VALID);
}

TEST(verify_refuses_a_token_that_lives_too_long)
{
    saf_idt_rules rules = { .lifetime_max_sec = 300 };
    assert_verdict(judge_all(TOKEN_HEADER, TOKEN_PAYLOAD, &rules, NULL, TOKEN_NOW), SAF_IDT_GOOD);
    rules.lifetime_max_sec = 299;
    assert_verdict(judge_all(TOKEN_HEADER, TOKEN_PAYLOAD, &rules, NULL, TOKEN_NOW), SAF_IDT_LIVES_TOO_LONG);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, "1790086401", ""), SAF_IDT_LIVES_TOO_LONG);
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, "0", "9007199254740991", ""), SAF_IDT_LIVES_TOO_LONG);
}

static saf_idt_verdict asked_for(const char *sub, const char *aud, bool any_appl, const char *payload)
{
    const saf_idt_rules rules = { .any_appl = any_appl };
    const saf_idt_expect expect = { saf_bytes_of_text(sub), saf_bytes_of_text(aud) };
    return judge_all(TOKEN_HEADER, payload, &rules, &expect, TOKEN_NOW);
}

TEST(verify_refuses_another_users_token)
{
    assert_verdict(asked_for("IBMUSER", "", false, TOKEN_PAYLOAD), SAF_IDT_GOOD);
    assert_verdict(asked_for("IBMUSE", "", false, TOKEN_PAYLOAD), SAF_IDT_WRONG_SUBJECT);
    assert_verdict(asked_for("IBMUSER2", "", false, TOKEN_PAYLOAD), SAF_IDT_WRONG_SUBJECT);
    assert_verdict(asked_for("ibmuser", "", false, TOKEN_PAYLOAD), SAF_IDT_WRONG_SUBJECT);
}

TEST(verify_refuses_another_applications_token)
{
    assert_verdict(asked_for("", "ZOWEAPPL", false, TOKEN_PAYLOAD), SAF_IDT_GOOD);
    assert_verdict(asked_for("", "OMVSAPPL", false, TOKEN_PAYLOAD), SAF_IDT_WRONG_AUDIENCE);
    assert_verdict(asked_for("", "OMVSAPPL", true, TOKEN_PAYLOAD), SAF_IDT_WRONG_AUDIENCE);
}

TEST(verify_accepts_any_application_only_by_token_and_rule)
{
    static const char any[] = TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[\"ZOWEAPPL\",\"*ANYAPPL*\"]", IAT, EXP, "");
    assert_verdict(asked_for("", "ZOWEAPPL", false, any), SAF_IDT_GOOD);
    assert_verdict(asked_for("", "OMVSAPPL", false, any), SAF_IDT_WRONG_AUDIENCE);
    assert_verdict(asked_for("", "OMVSAPPL", true, any), SAF_IDT_GOOD);
    assert_verdict(asked_for("", "*ANYAPPL*", false, any), SAF_IDT_WRONG_AUDIENCE);
}

TEST(verify_accepts_every_application_of_an_array)
{
    static const char two[] = TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[\"ZOWEAPPL\",\"OMVSAPPL\"]", IAT, EXP, "");
    assert_verdict(asked_for("", "OMVSAPPL", false, two), SAF_IDT_GOOD);
    assert_verdict(asked_for("", "CICSAPPL", true, two), SAF_IDT_WRONG_AUDIENCE);
}

TEST(verify_refuses_an_aud_that_is_none)
{
    static const char *const wrong[] = {
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "\"\"", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[]", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[\"*ANYAPPL*\"]", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "\"*ANYAPPL*\"", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[\"ZOWEAPPL\",1]", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[[\"ZOWEAPPL\"]]", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "{\"0\":\"ZOWEAPPL\"}", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "\"ZOWE\\u0041PPL\"", IAT, EXP, ""),
        TOKEN_PAYLOAD_OF(JTI, ISS, SUB, "[\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\",\"H\",\"I\"]", IAT, EXP, ""),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_payload(wrong[i], SAF_IDT_BAD_CLAIM);
}

TEST(verify_refuses_an_amr_that_is_none)
{
    static const char *const wrong[] = {
        ",\"amr\":\"saf-pwd\"", ",\"amr\":null", ",\"amr\":[1]", ",\"amr\":[\"\"]", ",\"amr\":[\"\\u0061\"]",
        ",\"amr\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", ",\"amr\":[\"123456789012345678901234567890123\"]",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char payload[512];
        snprintf(payload, sizeof payload, "%.*s%s}", (int)strlen(TOKEN_PAYLOAD) - 1, TOKEN_PAYLOAD, wrong[i]);
        assert_payload(payload, SAF_IDT_BAD_CLAIM);
    }
    assert_payload(TOKEN_PAYLOAD_OF(JTI, ISS, SUB, AUD, IAT, EXP, ",\"amr\":[]"), SAF_IDT_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_gives_the_claims),
        cmocka_unit_test(verify_refuses_a_missing_claim),
        cmocka_unit_test(verify_refuses_a_jti_that_is_none),
        cmocka_unit_test(verify_refuses_a_txn_that_is_not_the_jti),
        cmocka_unit_test(verify_refuses_another_issuer),
        cmocka_unit_test(verify_refuses_a_sub_that_is_no_user_id),
        cmocka_unit_test(verify_refuses_times_that_are_not_whole_seconds),
        cmocka_unit_test(verify_refuses_times_that_overflow),
        cmocka_unit_test(verify_refuses_exp_that_is_not_after_iat),
        cmocka_unit_test(verify_refuses_an_expired_token),
        cmocka_unit_test(verify_refuses_a_token_from_the_future),
        cmocka_unit_test(verify_refuses_a_token_that_lives_too_long),
        cmocka_unit_test(verify_refuses_another_users_token),
        cmocka_unit_test(verify_refuses_another_applications_token),
        cmocka_unit_test(verify_accepts_any_application_only_by_token_and_rule),
        cmocka_unit_test(verify_accepts_every_application_of_an_array),
        cmocka_unit_test(verify_refuses_an_aud_that_is_none),
        cmocka_unit_test(verify_refuses_an_amr_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
