/* A token that was altered in any one character does not verify. */
#include <support/idt-token.h>

static const char substitutes[] = "AQgw-_BZz09.=+ {\"";

/* One good token, one lane and one verifier for all alterations. */
typedef struct fixture {
    saf_idt_lane *lane;
    saf_idt_verifier *verifier;
    char token[SAF_IDT_TOKEN_MAX];
    size_t len;
} fixture;

static bool is_good(const fixture *f, const char *token, size_t len)
{
    saf_idt_result result;
    assert_int_equal(saf_idt_verify(f->lane, f->verifier, saf_bytes_of(token, len), NULL, &result), SAF_OK);
    return result.verdict == SAF_IDT_GOOD;
}

static void assert_substitutes_refused(fixture *f)
{
    for (size_t i = 0; i < f->len; i++) {
        char original = f->token[i];
        for (const char *s = substitutes; *s; s++) {
            f->token[i] = *s;
            if (*s != original && is_good(f, f->token, f->len))
                fail_msg("accepted with '%c' for '%c' at %zu", *s, original, i);
        }
        f->token[i] = (char)(original ^ 0x20);
        assert_false(is_good(f, f->token, f->len));
        f->token[i] = original;
    }
}

static void assert_lengths_refused(fixture *f)
{
    char longer[SAF_IDT_TOKEN_MAX];
    for (size_t len = 0; len < f->len; len++)
        assert_false(is_good(f, f->token, len));
    for (size_t i = 0; i <= f->len; i++) {
        memcpy(longer, f->token, i);
        longer[i] = 'A';
        memcpy(longer + i + 1, f->token + i, f->len - i);
        assert_false(is_good(f, longer, f->len + 1));
    }
}

static void assert_alterations_refused(saf_idt_alg alg)
{
    fixture f = { .lane = token_lane(NULL) };
    EVP_PKEY *key = token_key(alg);
    saf_idt_signer *signer = token_signer(alg, key);
    saf_idt_claims claims = token_claims();
    f.verifier = token_verifier(alg, key, NULL);
    assert_int_equal(saf_idt_sign(f.lane, signer, &claims, f.token, sizeof f.token, &f.len), SAF_OK);
    assert_true(is_good(&f, f.token, f.len));
    assert_substitutes_refused(&f);
    assert_lengths_refused(&f);
    assert_true(is_good(&f, f.token, f.len));
    saf_idt_signer_free(&signer);
    saf_idt_verifier_free(&f.verifier);
    saf_idt_lane_close(&f.lane);
    EVP_PKEY_free(key);
}

TEST(an_altered_HS256_token_is_refused)
{
    assert_alterations_refused(SAF_IDT_HS256);
}

TEST(an_altered_RS256_token_is_refused)
{
    assert_alterations_refused(SAF_IDT_RS256);
}

TEST(an_altered_ES256_token_is_refused)
{
    assert_alterations_refused(SAF_IDT_ES256);
}

TEST(an_altered_EdDSA_token_is_refused)
{
    assert_alterations_refused(SAF_IDT_EDDSA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_altered_HS256_token_is_refused),
        cmocka_unit_test(an_altered_RS256_token_is_refused),
        cmocka_unit_test(an_altered_ES256_token_is_refused),
        cmocka_unit_test(an_altered_EdDSA_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
