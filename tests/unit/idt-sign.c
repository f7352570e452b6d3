#include <support/idt-token.h>

#include <stdlib.h>

/* What the lane's signer writes, decoded. The caller frees both. */
typedef struct written {
    char *header, *payload, *signature;
} written;

static char *decoded(const char *text, size_t len)
{
    unsigned char *bytes = calloc(1, saf_base64url_decoded_max(len) + 1);
    size_t bytes_len = 0;
    assert_non_null(bytes);
    assert_true(saf_base64url_decode(bytes, &bytes_len, saf_bytes_of(text, len)));
    return (char *)bytes;
}

static written sign_and_decode(const saf_idt_signer *signer, const saf_idt_claims *claims)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_lane *lane = token_lane(NULL);
    assert_int_equal(saf_idt_sign(lane, signer, claims, token, sizeof token, &len), SAF_OK);
    saf_idt_lane_close(&lane);
    const char *first = memchr(token, '.', len);
    const char *second = memchr(first + 1, '.', len - (size_t)(first + 1 - token));
    return (written) { decoded(token, (size_t)(first - token)), decoded(first + 1, (size_t)(second - first - 1)),
                       decoded(second + 1, len - (size_t)(second + 1 - token)) };
}

static void free_written(written *w)
{
    free(w->header);
    free(w->payload);
    free(w->signature);
}

static void assert_written(const saf_idt_signer *signer, const saf_idt_claims *claims, const char *header, const char *payload)
{
    written w = sign_and_decode(signer, claims);
    assert_string_equal(w.header, header);
    assert_string_equal(w.payload, payload);
    free_written(&w);
}

TEST(sign_writes_first_what_tokens_of_a_second_share)
{
    saf_idt_signer *signer = token_signer(SAF_IDT_HS512, NULL);
    saf_idt_claims claims = token_claims();
    assert_written(signer, &claims, "{\"alg\":\"HS512\"}",
                   "{\"iss\":\"saf\",\"aud\":\"ZOWEAPPL\",\"iat\":1790000000,\"exp\":1790000300,\"sub\":\"IBMUSER\","
                   "\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}");
    saf_idt_signer_free(&signer);
}

TEST(sign_writes_an_array_for_any_application)
{
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_claims claims = token_claims();
    saf_bytes amr[] = { saf_bytes_of_text("mfa-comp"), saf_bytes_of_text("saf-pwd") };
    claims.any_appl = true;
    claims.amr = amr;
    claims.amr_count = 2;
    assert_written(signer, &claims, "{\"alg\":\"HS256\"}",
                   "{\"iss\":\"saf\",\"aud\":[\"ZOWEAPPL\",\"*ANYAPPL*\"],\"iat\":1790000000,\"exp\":1790000300,"
                   "\"amr\":[\"mfa-comp\",\"saf-pwd\"],\"sub\":\"IBMUSER\",\"jti\":\"" TOKEN_ID "\",\"txn\":\"" TOKEN_ID "\"}");
    saf_idt_signer_free(&signer);
}

TEST(sign_writes_the_kid_of_its_key)
{
    saf_idt_signer *signer = NULL;
    saf_idt_claims claims = token_claims();
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS256, token_secret(), "key-7", NULL), SAF_OK);
    written w = sign_and_decode(signer, &claims);
    assert_string_equal(w.header, "{\"alg\":\"HS256\",\"kid\":\"key-7\"}");
    free_written(&w);
    saf_idt_signer_free(&signer);
}

TEST(an_unsigned_token_ends_with_a_dot)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_signer *signer = NULL;
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_claims claims = token_claims();
    assert_int_equal(saf_idt_signer_unsigned(&signer, NULL), SAF_OK);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    assert_int_equal(token[len - 1], '.');
    written w = sign_and_decode(signer, &claims);
    assert_string_equal(w.header, "{\"alg\":\"none\"}");
    free_written(&w);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
}

static void assert_claims_refused(const saf_idt_claims *claims)
{
    char token[SAF_IDT_TOKEN_MAX] = "untouched";
    size_t len = 4711;
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_lane *lane = token_lane(NULL);
    assert_int_equal(saf_idt_sign(lane, signer, claims, token, sizeof token, &len), SAF_E_USAGE);
    assert_string_equal(token, "untouched");
    assert_int_equal(len, 4711);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
}

TEST(sign_refuses_names_that_are_not_names)
{
    static const char *const wrong[] = { "", "ibmuser", "NINECHARS", "A B", "A\"B", "A.B", "*ANYAPPL", "\xC3\x84" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        saf_idt_claims sub = token_claims();
        saf_idt_claims aud = token_claims();
        sub.sub = saf_bytes_of_text(wrong[i]);
        aud.aud = saf_bytes_of_text(wrong[i]);
        assert_claims_refused(&sub);
        assert_claims_refused(&aud);
    }
}

TEST(sign_takes_the_national_characters)
{
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_claims claims = token_claims();
    claims.sub = saf_bytes_of_text("#$@A09Z");
    written w = sign_and_decode(signer, &claims);
    assert_non_null(strstr(w.payload, "\"sub\":\"#$@A09Z\""));
    free_written(&w);
    saf_idt_signer_free(&signer);
}

TEST(sign_refuses_a_lifetime_out_of_range)
{
    saf_idt_claims claims = token_claims();
    claims.lifetime_sec = 0;
    assert_claims_refused(&claims);
    claims.lifetime_sec = SAF_IDT_LIFETIME_MAX_SEC + 1;
    assert_claims_refused(&claims);
}

TEST(sign_refuses_amr_that_needs_escapes)
{
    static const char *const wrong[] = { "", "a\"b", "a\\b", "a\nb", "\xC3\xA4", "123456789012345678901234567890123" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        saf_idt_claims claims = token_claims();
        saf_bytes amr = saf_bytes_of_text(wrong[i]);
        claims.amr = &amr;
        claims.amr_count = 1;
        assert_claims_refused(&claims);
    }
}

TEST(sign_refuses_too_many_amr)
{
    saf_bytes amr[SAF_IDT_AMR_MAX + 1];
    saf_idt_claims claims = token_claims();
    for (size_t i = 0; i <= SAF_IDT_AMR_MAX; i++)
        amr[i] = saf_bytes_of_text("saf-pwd");
    claims.amr = amr;
    claims.amr_count = SAF_IDT_AMR_MAX + 1;
    assert_claims_refused(&claims);
}

TEST(signers_refuse_a_kid_that_is_none)
{
    static const char *const wrong[] = {
        "", "a\"b", "a\\b", "a\tb", "12345678901234567890123456789012345678901234567890123456789012345"
    };
    saf_idt_signer *signer = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS256, token_secret(), wrong[i], NULL), SAF_E_USAGE);
        assert_null(signer);
    }
}

TEST(the_longest_token_fits_what_token_max_says)
{
    static const char text[] = "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~";
    char kid[SAF_IDT_KID_MAX + 1];
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    int64_t late = ((int64_t)1 << 53) - SAF_IDT_LIFETIME_MAX_SEC - 1;
    saf_bytes amr[SAF_IDT_AMR_MAX];
    saf_idt_claims claims = token_claims();
    saf_idt_signer *signer = NULL;
    saf_idt_lane *lane = token_lane(&late);
    memset(kid, 'k', SAF_IDT_KID_MAX);
    kid[SAF_IDT_KID_MAX] = '\0';
    for (size_t i = 0; i < SAF_IDT_AMR_MAX; i++)
        amr[i] = saf_bytes_of_text(text);
    claims = (saf_idt_claims) { .sub = saf_bytes_of_text("USERUSER"), .aud = claims.aud, .any_appl = true,
                                .lifetime_sec = SAF_IDT_LIFETIME_MAX_SEC, .amr = amr, .amr_count = SAF_IDT_AMR_MAX };
    assert_int_equal(saf_idt_signer_from_bytes(&signer, SAF_IDT_HS512, token_secret(), kid, NULL), SAF_OK);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    assert_true(len <= saf_idt_signer_token_max(signer));
    saf_idt_signer_free(&signer);
    saf_idt_lane_close(&lane);
}

TEST(sign_writes_nothing_where_there_is_no_room)
{
    char token[SAF_IDT_TOKEN_MAX] = { 0 };
    size_t len = 0;
    size_t said = 0;
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_claims claims = token_claims();
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    memset(token, 0, sizeof token);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, len - 1, &said), SAF_E_SPACE);
    assert_int_equal(said, saf_idt_signer_token_max(signer));
    assert_int_equal(token[0], 0);
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, len, &said), SAF_OK);
    assert_int_equal(said, len);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
}

/* Members of the claims change in turn; each token says what its own claims say, whatever the lane kept from the one before. */
TEST(a_lane_keeps_no_claim_of_another_token)
{
    static const char *const names[] = { "A", "AB", "ABCDEFGH", "ABCDEFG", "B" };
    saf_idt_signer *signers[] = { token_signer(SAF_IDT_HS256, NULL), token_signer(SAF_IDT_HS512, NULL) };
    int64_t now = TOKEN_NOW;
    saf_idt_lane *lane = token_lane(&now);
    for (unsigned i = 0; i < 2000; i++) {
        char token[SAF_IDT_TOKEN_MAX], expected[SAF_IDT_TOKEN_MAX];
        size_t len = 0, expected_len = 0;
        saf_bytes amr[] = { saf_bytes_of_text(names[i % 3]), saf_bytes_of_text(names[i / 3 % 5]) };
        saf_idt_claims claims = { .sub = saf_bytes_of_text(names[i % 5]), .aud = saf_bytes_of_text(names[i / 2 % 5]), .any_appl = i / 7 % 2,
                                  .lifetime_sec = 1 + i / 5 % 3, .amr = amr, .amr_count = i / 11 % 3 };
        now = TOKEN_NOW + i / 50;
        saf_idt_lane *fresh = token_lane(&now);
        assert_int_equal(saf_idt_sign(lane, signers[i / 13 % 2], &claims, token, sizeof token, &len), SAF_OK);
        assert_int_equal(saf_idt_sign(fresh, signers[i / 13 % 2], &claims, expected, sizeof expected, &expected_len), SAF_OK);
        assert_int_equal(len, expected_len);
        assert_memory_equal(token, expected, len);
        saf_idt_lane_close(&fresh);
    }
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signers[0]);
    saf_idt_signer_free(&signers[1]);
}

/* A template is found before claims are checked; a user is no part of it. */
TEST(claims_are_checked_when_others_like_them_were_good)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_signer *signer = token_signer(SAF_IDT_HS256, NULL);
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_claims claims = token_claims();
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_OK);
    claims.sub = saf_bytes_of_text("A\"B");
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_E_USAGE);
    claims.sub = saf_bytes_of_text("NINECHARS");
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_E_USAGE);
    claims = token_claims();
    claims.aud = saf_bytes_of_text("zoweappl");
    assert_int_equal(saf_idt_sign(lane, signer, &claims, token, sizeof token, &len), SAF_E_USAGE);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
}

typedef struct callback {
    saf_status status;
    size_t len;
    size_t calls;
} callback;

static saf_status sign_zeros(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    callback *c = context;
    c->calls++;
    assert_non_null(message.data);
    memset(out, 0, c->len <= SAF_IDT_SIGNATURE_MAX ? c->len : 0);
    *out_len = c->len;
    return c->status;
}

static saf_status sign_by(callback *c, saf_idt_alg alg)
{
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_idt_signer *signer = NULL;
    saf_idt_lane *lane = token_lane(NULL);
    saf_idt_claims claims = token_claims();
    assert_int_equal(saf_idt_signer_from_callback(&signer, alg, sign_zeros, c, NULL, NULL), SAF_OK);
    saf_status status = saf_idt_sign(lane, signer, &claims, token, sizeof token, &len);
    if (status == SAF_OK)
        assert_true(len <= saf_idt_signer_token_max(signer));
    assert_int_equal(c->calls, 1);
    saf_idt_lane_close(&lane);
    saf_idt_signer_free(&signer);
    return status;
}

TEST(a_callback_signs_for_every_family)
{
    assert_int_equal(sign_by(&(callback) { .len = 32 }, SAF_IDT_HS256), SAF_OK);
    assert_int_equal(sign_by(&(callback) { .len = 512 }, SAF_IDT_RS256), SAF_OK);
    assert_int_equal(sign_by(&(callback) { .len = SAF_IDT_SIGNATURE_MAX }, SAF_IDT_PS512), SAF_OK);
    assert_int_equal(sign_by(&(callback) { .len = 132 }, SAF_IDT_ES512), SAF_OK);
    assert_int_equal(sign_by(&(callback) { .len = 64 }, SAF_IDT_EDDSA), SAF_OK);
}

TEST(a_callbacks_failure_is_passed_on)
{
    assert_int_equal(sign_by(&(callback) { .len = 32, .status = SAF_E_TOKEN_GONE }, SAF_IDT_HS256), SAF_E_TOKEN_GONE);
}

TEST(a_callbacks_wrong_length_is_a_failure)
{
    assert_int_equal(sign_by(&(callback) { .len = 31 }, SAF_IDT_HS256), SAF_E_FAILED);
    assert_int_equal(sign_by(&(callback) { .len = 0 }, SAF_IDT_RS256), SAF_E_FAILED);
    assert_int_equal(sign_by(&(callback) { .len = SAF_IDT_SIGNATURE_MAX + 1 }, SAF_IDT_RS256), SAF_E_FAILED);
    assert_int_equal(sign_by(&(callback) { .len = 70 }, SAF_IDT_ES256), SAF_E_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_writes_first_what_tokens_of_a_second_share),
        cmocka_unit_test(sign_writes_an_array_for_any_application),
        cmocka_unit_test(sign_writes_the_kid_of_its_key),
        cmocka_unit_test(an_unsigned_token_ends_with_a_dot),
        cmocka_unit_test(sign_refuses_names_that_are_not_names),
        cmocka_unit_test(sign_takes_the_national_characters),
        cmocka_unit_test(sign_refuses_a_lifetime_out_of_range),
        cmocka_unit_test(sign_refuses_amr_that_needs_escapes),
        cmocka_unit_test(sign_refuses_too_many_amr),
        cmocka_unit_test(signers_refuse_a_kid_that_is_none),
        cmocka_unit_test(the_longest_token_fits_what_token_max_says),
        cmocka_unit_test(sign_writes_nothing_where_there_is_no_room),
        cmocka_unit_test(a_lane_keeps_no_claim_of_another_token),
        cmocka_unit_test(claims_are_checked_when_others_like_them_were_good),
        cmocka_unit_test(a_callback_signs_for_every_family),
        cmocka_unit_test(a_callbacks_failure_is_passed_on),
        cmocka_unit_test(a_callbacks_wrong_length_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
