#include <support/csr.h>

#include <openssl/rsa.h>

static void assert_refused(saf_bytes content, saf_status status, const char *message)
{
    saf_error err = { 0 };
    OWN(saf_csr) *csr = NULL;
    assert_int_equal(saf_csr_read(&csr, content, "x.csr", &err), status);
    assert_string_equal(err.text, message);
    assert_null(csr);
}

static void assert_recipe_refused(csr_recipe recipe, saf_status status, const char *message)
{
    OWN(EVP_PKEY) *key = recipe.key ? NULL : certs_key("ec");
    if (!recipe.key)
        recipe.key = key;
    OWN(saf_blob) der = csr_make(recipe);
    assert_refused(certs_bytes(&der), status, message);
}

static saf_blob good_request(void)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    static const csr_wish wishes[] = { { NID_subject_alt_name, "DNS:localhost" }, { 0, NULL } };
    return csr_make((csr_recipe) { .cn = "Zowe", .key = key, .wishes = wishes });
}

/* ---- what is read ----------------------------------------------------------------------------------------- */

TEST(csr_is_read_from_der_and_pem)
{
    OWN(saf_blob) der = good_request();
    OWN(saf_blob) pem = csr_pem(&der, "CERTIFICATE REQUEST");
    OWN(saf_blob) old_pem = csr_pem(&der, "NEW CERTIFICATE REQUEST");
    OWN(saf_csr) *from_der = csr_read(&der);
    OWN(saf_csr) *from_pem = csr_read(&pem);
    OWN(saf_csr) *from_old_pem = csr_read(&old_pem);
    assert_string_equal(saf_csr_subject(from_der), "CN=Zowe");
    assert_string_equal(saf_csr_subject(from_pem), "CN=Zowe");
    assert_string_equal(saf_csr_subject(from_old_pem), "CN=Zowe");
}

TEST(csr_of_every_kind_of_key_is_read)
{
    static const char *const keys[] = { "rsa:2048", "ec:P-256", "ec:P-384", "ec:P-521", "ec:brainpoolP256r1", "ec:brainpoolP512r1",
                                        "ed25519" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        OWN(EVP_PKEY) *key = certs_key(keys[i]);
        OWN(saf_blob) der = csr_make((csr_recipe) { .cn = "x", .key = key });
        OWN(saf_csr) *csr = csr_read(&der);
        assert_string_equal(saf_csr_subject(csr), "CN=x");
    }
}

TEST(csr_may_have_no_subject)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_blob) der = csr_make((csr_recipe) { .key = key });
    OWN(saf_csr) *csr = csr_read(&der);
    assert_string_equal(saf_csr_subject(csr), "");
}

TEST(csr_shows_what_is_not_printable_escaped)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_blob) der = csr_make((csr_recipe) { .cn = "a\u202Eb,c", .key = key });
    OWN(saf_csr) *csr = csr_read(&der);
    assert_string_equal(saf_csr_subject(csr), "CN=a\\E2\\80\\AEb\\,c");
}

/* ---- files that are none ---------------------------------------------------------------------------------- */

TEST(csr_refuses_what_is_no_request)
{
    static const char no_request[] = "x.csr is not one certificate request (PKCS#10)";
    assert_refused(saf_bytes_of_text("hello"), SAF_E_MALFORMED, no_request);
    assert_refused(saf_bytes_of("\x30\x03\x02\x01\x00", 5), SAF_E_MALFORMED, no_request);
    assert_refused(saf_bytes_of("\x30\x80\x00\x00", 4), SAF_E_MALFORMED, no_request);
    assert_refused(saf_bytes_of("", 0), SAF_E_MALFORMED, "x.csr has 0 bytes, and a request has 1 to 65536");
}

TEST(csr_refuses_what_is_too_long_before_it_is_read)
{
    OWN(own_text) text = calloc(1, 65537);
    assert_refused(saf_bytes_of(text, 65537), SAF_E_MALFORMED, "x.csr has 65537 bytes, and a request has 1 to 65536");
}

TEST(csr_refuses_bytes_after_it)
{
    OWN(saf_blob) der = good_request();
    OWN(own_text) longer = calloc(1, der.len + 1);
    memcpy(longer, der.data, der.len);
    assert_refused(saf_bytes_of(longer, der.len + 1), SAF_E_MALFORMED, "x.csr is not one certificate request (PKCS#10)");
    assert_refused(saf_bytes_of(der.data, der.len - 1), SAF_E_MALFORMED, "x.csr is not one certificate request (PKCS#10)");
}

TEST(csr_refuses_two_in_one_file)
{
    OWN(saf_blob) der = good_request();
    OWN(saf_blob) pem = csr_pem(&der, "CERTIFICATE REQUEST");
    OWN(own_text) both = NULL;
    assert_true(asprintf(&both, "%.*s%.*s", (int)pem.len, (char *)pem.data, (int)pem.len, (char *)pem.data) > 0);
    assert_refused(saf_bytes_of_text(both), SAF_E_MALFORMED, "x.csr is not one certificate request (PKCS#10)");
}

TEST(csr_refuses_other_pem)
{
    OWN(saf_blob) der = good_request();
    OWN(saf_blob) pem = csr_pem(&der, "CERTIFICATE");
    assert_refused(certs_bytes(&pem), SAF_E_MALFORMED, "x.csr is not one certificate request (PKCS#10)");
}

TEST(csr_refuses_every_single_flipped_byte)
{
    OWN(saf_blob) der = good_request();
    for (size_t i = 0; i < der.len; i++) {
        OWN(saf_csr) *csr = NULL;
        der.data[i] ^= 1;
        assert_int_not_equal(saf_csr_read(&csr, certs_bytes(&der), "x.csr", NULL), SAF_OK);
        der.data[i] ^= 1;
    }
}

/* ---- what is wrong in it ---------------------------------------------------------------------------------- */

TEST(csr_refuses_another_version)
{
    assert_recipe_refused((csr_recipe) { .cn = "x", .version = 1 }, SAF_E_MALFORMED, "x.csr has a version that PKCS#10 does not have");
}

TEST(csr_refuses_a_signature_of_another_key)
{
    OWN(EVP_PKEY) *other = certs_key("ec");
    assert_recipe_refused((csr_recipe) { .cn = "x", .signed_by = other }, SAF_E_CONFLICT, "the signature of x.csr is not by the key in it");
}

TEST(csr_refuses_weak_hashes)
{
    static const char message[] = "x.csr is not signed with SHA-256, SHA-384, SHA-512 or Ed25519";
    OWN(EVP_PKEY) *rsa = certs_key("rsa:2048");
    assert_recipe_refused((csr_recipe) { .cn = "x", .digest = EVP_sha1() }, SAF_E_UNSUPPORTED, message);
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = rsa, .digest = EVP_md5() }, SAF_E_UNSUPPORTED, message);
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = rsa, .digest = EVP_sha1() }, SAF_E_UNSUPPORTED, message);
}

TEST(csr_refuses_an_extension_twice)
{
    static const csr_wish wishes[] = { { NID_subject_alt_name, "DNS:a" }, { NID_subject_alt_name, "DNS:b" }, { 0, NULL } };
    assert_recipe_refused((csr_recipe) { .cn = "x", .wishes = wishes }, SAF_E_MALFORMED, "x.csr has an extension twice");
}

TEST(csr_refuses_two_lists_of_extensions)
{
    static const csr_wish wishes[] = { { NID_subject_alt_name, "DNS:a" }, { 0, NULL } };
    assert_recipe_refused((csr_recipe) { .cn = "x", .wishes = wishes, .twice = true }, SAF_E_MALFORMED,
                          "x.csr has several lists of extensions");
}

TEST(csr_refuses_control_characters_in_the_subject)
{
    assert_recipe_refused((csr_recipe) { .cn = "a\033[2Jb" }, SAF_E_MALFORMED, "the subject of x.csr has a control character");
}

TEST(csr_refuses_a_subject_that_is_too_long)
{
    assert_recipe_refused((csr_recipe) { .cn = "a common name is a name for people, and sixty-four characters are enough for anybody" },
                          SAF_E_MALFORMED, "the subject of x.csr has a part that is longer than RFC 5280 allows");
}

/* ---- keys ------------------------------------------------------------------------------------------------- */

static EVP_PKEY *rsa_key(unsigned bits, unsigned long exponent)
{
    EVP_PKEY *key = NULL;
    BIGNUM *number = BN_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BN_set_word(number, exponent);
    assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) > 0 &&
                EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, number) > 0 && EVP_PKEY_generate(ctx, &key) > 0);
    EVP_PKEY_CTX_free(ctx);
    BN_free(number);
    return key;
}

TEST(csr_refuses_short_rsa_keys)
{
    OWN(EVP_PKEY) *key = rsa_key(1024, 65537);
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = key }, SAF_E_UNSUPPORTED,
                          "the RSA key in x.csr has 1024 bits, and 2048 to 8192 are accepted");
}

TEST(csr_refuses_small_exponents)
{
    OWN(EVP_PKEY) *key = rsa_key(2048, 3);
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = key }, SAF_E_UNSUPPORTED,
                          "the RSA key in x.csr has an exponent that is not odd and 65537 to 2^256");
}

TEST(csr_refuses_other_curves)
{
    OWN(EVP_PKEY) *key = EVP_EC_gen("secp256k1");
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = key }, SAF_E_UNSUPPORTED,
                          "the EC key in x.csr is on none of P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1 and brainpoolP512r1");
}

TEST(csr_refuses_curves_written_out)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = key }, SAF_E_UNSUPPORTED,
                          "the EC key in x.csr is on none of P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1 and brainpoolP512r1");
}

TEST(csr_refuses_other_kinds_of_keys)
{
    OWN(EVP_PKEY) *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    OWN(EVP_PKEY) *ed25519 = certs_key("ed25519");
    assert_recipe_refused((csr_recipe) { .cn = "x", .key = key, .signed_by = ed25519 }, SAF_E_UNSUPPORTED,
                          "the key in x.csr is neither RSA nor EC nor Ed25519");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csr_is_read_from_der_and_pem),
        cmocka_unit_test(csr_of_every_kind_of_key_is_read),
        cmocka_unit_test(csr_may_have_no_subject),
        cmocka_unit_test(csr_shows_what_is_not_printable_escaped),
        cmocka_unit_test(csr_refuses_what_is_no_request),
        cmocka_unit_test(csr_refuses_what_is_too_long_before_it_is_read),
        cmocka_unit_test(csr_refuses_bytes_after_it),
        cmocka_unit_test(csr_refuses_two_in_one_file),
        cmocka_unit_test(csr_refuses_other_pem),
        cmocka_unit_test(csr_refuses_every_single_flipped_byte),
        cmocka_unit_test(csr_refuses_another_version),
        cmocka_unit_test(csr_refuses_a_signature_of_another_key),
        cmocka_unit_test(csr_refuses_weak_hashes),
        cmocka_unit_test(csr_refuses_an_extension_twice),
        cmocka_unit_test(csr_refuses_two_lists_of_extensions),
        cmocka_unit_test(csr_refuses_control_characters_in_the_subject),
        cmocka_unit_test(csr_refuses_a_subject_that_is_too_long),
        cmocka_unit_test(csr_refuses_short_rsa_keys),
        cmocka_unit_test(csr_refuses_small_exponents),
        cmocka_unit_test(csr_refuses_other_curves),
        cmocka_unit_test(csr_refuses_curves_written_out),
        cmocka_unit_test(csr_refuses_other_kinds_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
