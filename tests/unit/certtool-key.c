#include <support/cert-world.h>

TEST(key_spec_reads_every_kind)
{
    static const char *const texts[] = { "rsa:2048", "rsa:3072", "rsa:4096", "rsa", "ec:P-256", "ec:P-384", "ec:P-521",
                                         "ec", "ec:brainpoolP256r1", "ec:brainpoolP384r1", "ec:brainpoolP512r1",
                                         "ed25519", "EC:p-256" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        saf_key_spec spec;
        CERTS_OK(saf_key_spec_parse(&spec, texts[i], oops));
    }
}

TEST(key_spec_without_size_is_rsa_3072_and_p256)
{
    saf_key_spec spec;
    CERTS_OK(saf_key_spec_parse(&spec, "rsa", oops));
    assert_int_equal(spec.kind, SAF_KEY_RSA);
    assert_int_equal(spec.rsa_bits, 3072);
    CERTS_OK(saf_key_spec_parse(&spec, "ec", oops));
    assert_int_equal(spec.kind, SAF_KEY_EC);
    assert_string_equal(spec.curve, "P-256");
}

TEST(key_spec_refuses_others_and_lists_what_there_is)
{
    static const char *const texts[] = { "", "rsa:1024", "rsa:", "rsa:2048 ", "dsa", "ec:P-192", "ec:secp256k1" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        saf_key_spec spec;
        saf_error err = { 0 };
        assert_int_equal(saf_key_spec_parse(&spec, texts[i], &err), SAF_E_USAGE);
        assert_non_null(strstr(err.text, "rsa:3072"));
        assert_non_null(strstr(err.text, "ed25519"));
    }
    saf_key_spec spec;
    assert_int_equal(saf_key_spec_parse(&spec, NULL, NULL), SAF_E_USAGE);
}

TEST(generate_makes_the_key_that_was_asked_for)
{
    static const struct {
        const char *text, *type;
        int bits;
    } kinds[] = { { "rsa:2048", "RSA", 2048 },           { "ec:P-384", "EC", 384 },
                  { "ec:brainpoolP512r1", "EC", 512 }, { "ed25519", "ED25519", 256 } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        OWN(EVP_PKEY) *key = certs_key(kinds[i].text);
        assert_true(EVP_PKEY_is_a(key, kinds[i].type));
        if (strcmp(kinds[i].type, "ED25519"))
            assert_int_equal(EVP_PKEY_get_bits(key), kinds[i].bits);
    }
}

static void count_call(void *context)
{
    ++*(unsigned *)context;
}

TEST(generate_reports_progress_of_rsa)
{
    OWN(EVP_PKEY) *key = NULL;
    saf_key_spec spec = { .kind = SAF_KEY_RSA, .rsa_bits = 2048 };
    unsigned calls = 0;
    CERTS_OK(saf_key_generate(&key, &spec, count_call, &calls, oops));
    assert_true(calls > 0);
}

TEST(generate_refuses_an_unknown_curve)
{
    OWN(EVP_PKEY) *key = NULL;
    saf_key_spec spec = { .kind = SAF_KEY_EC, .curve = "P-257" };
    saf_error err = { 0 };
    assert_int_equal(saf_key_generate(&key, &spec, NULL, NULL, &err), SAF_E_FAILED);
    assert_null(key);
}

TEST(profile_reads_the_three_of_leaves)
{
    saf_profile profile;
    CERTS_OK(saf_profile_parse(&profile, "server", oops));
    assert_int_equal(profile, SAF_PROFILE_SERVER);
    CERTS_OK(saf_profile_parse(&profile, "client", oops));
    assert_int_equal(profile, SAF_PROFILE_CLIENT);
    CERTS_OK(saf_profile_parse(&profile, "zowe", oops));
    assert_int_equal(profile, SAF_PROFILE_ZOWE);
    saf_error err = { 0 };
    assert_int_equal(saf_profile_parse(&profile, "ca", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "\"ca\" is not a profile; known are server, client and zowe");
    assert_int_equal(saf_profile_parse(&profile, NULL, &err), SAF_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_spec_reads_every_kind),
        cmocka_unit_test(key_spec_without_size_is_rsa_3072_and_p256),
        cmocka_unit_test(key_spec_refuses_others_and_lists_what_there_is),
        cmocka_unit_test(generate_makes_the_key_that_was_asked_for),
        cmocka_unit_test(generate_reports_progress_of_rsa),
        cmocka_unit_test(generate_refuses_an_unknown_curve),
        cmocka_unit_test(profile_reads_the_three_of_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
