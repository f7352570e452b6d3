#include <support/bundle-world.h>

#include <openssl/err.h>
#include <openssl/provider.h>

/* What other code left in libcrypto's queue says nothing about our file. */
TEST(errors_of_others_do_not_change_the_answer)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "sesame", 0, 0, NULL));
    ERR_raise(ERR_LIB_EVP, ERR_R_UNSUPPORTED);
    assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    OWN(saf_buffer) pem = { 0 };
    add_pem_key(&pem, world.key, "sesame");
    add_pem_cert(&pem, world.leaf);
    ERR_raise(ERR_LIB_EVP, ERR_R_UNSUPPORTED);
    assert_refused(&pem, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
}

/* ---- PEM and DER ------------------------------------------------------------------------------------------ */

TEST(bundle_reads_pem_in_any_order)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    saf_buffer_append_text(&content, "Bag Attributes\n    friendlyName: x\n");
    add_pem_cert(&content, world.ca);
    add_pem_key(&content, world.key, NULL);
    add_pem_cert(&content, world.leaf);
    assert_whole(&content, NULL, NULL, &world);
    assert_whole(&content, "needless", NULL, &world);
}

TEST(bundle_reads_an_encrypted_pem_key)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_pem_cert(&content, world.leaf);
    add_pem_cert(&content, world.ca);
    add_pem_key(&content, world.key, "sesame");
    assert_whole(&content, "sesame", NULL, &world);
    assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    assert_refused(&content, NULL, NULL, SAF_E_DENIED, "in.file is protected by a password");
}

TEST(bundle_reads_traditional_pem_keys)
{
    OWN(world) world = make_world();
    static const char *const passwords[] = { NULL, "sesame" };
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_buffer) content = { 0 };
        add_traditional_key(&content, world.key, passwords[i]);
        add_pem_cert(&content, world.leaf);
        add_pem_cert(&content, world.ca);
        assert_whole(&content, passwords[i], NULL, &world);
        if (passwords[i])
            assert_refused(&content, NULL, NULL, SAF_E_DENIED, "in.file is protected by a password");
    }
}

TEST(bundle_reads_certificates_without_a_key)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) pem = { 0 };
    OWN(saf_buffer) der = { 0 };
    OWN(saf_bundle) *from_pem = NULL, *from_der = NULL;
    add_pem_cert(&pem, world.leaf);
    add_pem_cert(&pem, world.ca);
    add_der(&der, world.leaf);
    CERTS_OK(read_text(&from_pem, &pem, NULL, NULL, oops));
    CERTS_OK(read_text(&from_der, &der, NULL, NULL, oops));
    assert_is(saf_bundle_cert(from_pem), world.leaf);
    assert_is(saf_bundle_cert(from_der), world.leaf);
    assert_null(saf_bundle_key(from_pem));
    assert_int_equal(saf_bundle_chain_size(from_pem), 1);
    assert_int_equal(saf_bundle_chain_size(from_der), 0);
    saf_bundle_free(&from_der);
    assert_null(from_der);
    saf_bundle_free(&from_der);
    saf_bundle_free(NULL);
}

TEST(bundle_refuses_a_key_without_its_certificate)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_pem_key(&content, world.key, NULL);
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file holds no certificate");
    add_pem_cert(&content, world.ca);
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file holds a private key but not its certificate");
}

TEST(bundle_refuses_several_keys)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_pem_key(&content, world.key, NULL);
    add_pem_key(&content, world.ca_key, NULL);
    add_pem_cert(&content, world.leaf);
    assert_refused(&content, NULL, NULL, SAF_E_CONFLICT, "in.file holds several private keys: (no name), (no name)");
}

TEST(bundle_refuses_damaged_pem)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) cut = { 0 };
    OWN(saf_buffer) bent = { 0 };
    add_pem_cert(&cut, world.leaf);
    cut.len -= 40;
    cut.data[cut.len] = '\0';
    assert_refused(&cut, NULL, NULL, SAF_E_MALFORMED, "in.file is damaged PEM");
    saf_buffer_append_text(&bent, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_refused(&bent, NULL, NULL, SAF_E_MALFORMED, "the certificate at place 1 of in.file cannot be read");
}

TEST(bundle_refuses_what_it_does_not_know)
{
    OWN(saf_buffer) content = { 0 };
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file is empty");
    saf_buffer_append_text(&content, "hello");
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file is neither PKCS#12 nor PKCS#7 nor PEM nor a DER certificate");
    OWN(saf_bundle) *bundle = NULL;
    saf_error err = { 0 };
    saf_bytes jks = saf_bytes_of("\xFE\xED\xFE\xED\0\0\0\2", 8);
    assert_int_equal(saf_bundle_read(&bundle, jks, NULL, NULL, "old.jks", &err), SAF_E_MALFORMED);
    assert_non_null(strstr(err.hint, "keytool -importkeystore"));
    saf_bytes utf16 = saf_bytes_of("\xFF\xFE-\0-\0", 6);
    assert_int_equal(saf_bundle_read(&bundle, utf16, NULL, NULL, "windows.pem", &err), SAF_E_MALFORMED);
    assert_non_null(strstr(err.hint, "UTF-16"));
}

TEST(bundle_refuses_too_much)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    for (int i = 0; i < 65; i++)
        add_pem_cert(&content, world.ca);
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file holds more than 64 certificates or keys");
    while (content.len <= 4 * 1024 * 1024)
        saf_buffer_append(&content, saf_bytes_of("                                                                ", 64));
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file is larger than 4194304 bytes");
}

/* ---- PKCS#12 ---------------------------------------------------------------------------------------------- */

TEST(bundle_reads_pkcs12)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "sesame", 0, 0, NULL));
    assert_whole(&content, "sesame", NULL, &world);
    assert_whole(&content, "sesame", "Localhost", &world);
    assert_whole(&content, "sesame", "localhost", &world);
    assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    assert_refused(&content, NULL, NULL, SAF_E_DENIED, "in.file is protected by a password");
    assert_refused(&content, "sesame", "other", SAF_E_NOT_FOUND, "in.file has no entry \"other\", only: Localhost");
}

TEST(bundle_reads_pkcs12_with_a_password_beyond_ascii)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "pässwörd ✓", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 0, NULL));
    assert_whole(&content, "pässwörd ✓", NULL, &world);
}

TEST(bundle_reads_pkcs12_of_other_times)
{
    static const struct {
        int key, cert;
    } forms[] = { { NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC }, { -1, -1 },
                  { NID_aes_128_cbc, -1 } };
    OWN(world) world = make_world();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        OWN(saf_buffer) content = { 0 };
        add_p12(&content, make_p12(&world, "sesame", forms[i].key, forms[i].cert, NULL));
        assert_whole(&content, "sesame", NULL, &world);
    }
}

TEST(bundle_reads_pkcs12_with_an_empty_password_or_none)
{
    OWN(world) world = make_world();
    static const char *const made_with[] = { NULL, "" };
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_buffer) content = { 0 };
        add_p12(&content, make_p12(&world, made_with[i], 0, 0, NULL));
        assert_whole(&content, NULL, NULL, &world);
        assert_whole(&content, "", NULL, &world);
        assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    }
}

TEST(bundle_names_the_algorithm_that_openssl_left_behind)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(ctx, "legacy");
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(ctx, "default");
    assert_non_null(legacy);
    add_p12(&content, make_p12(&world, "sesame", NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                               NID_pbe_WithSHA1And40BitRC2_CBC, ctx));
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(ctx);
    OWN(saf_bundle) *bundle = NULL;
    saf_error err = { 0 };
    assert_int_equal(read_text(&bundle, &content, "sesame", NULL, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "in.file is encrypted with rc2-40-sha1, which OpenSSL offers only through its legacy "
                                  "provider, if at all");
    assert_non_null(strstr(err.hint, "openssl pkcs12 -legacy"));
}

TEST(bundle_takes_the_entry_that_the_alias_names)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    STACK_OF(PKCS7) *safes = NULL;
    const struct {
        EVP_PKEY *key;
        X509 *cert;
        const char *alias;
    } entries[] = { { world.ca_key, world.ca, "ca" }, { world.key, world.leaf, "leaf" } };
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(PKCS12_add_cert(&bags, entries[i].cert));
        PKCS12_SAFEBAG *bag = PKCS12_add_key(&bags, entries[i].key, 0, 0, -1, NULL);
        assert_non_null(bag);
        assert_int_equal(PKCS12_add_friendlyname_utf8(bag, entries[i].alias, -1), 1);
    }
    assert_int_equal(PKCS12_add_safe(&safes, bags, -1, 0, NULL), 1);
    add_p12(&content, PKCS12_add_safes(safes, 0));
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    assert_whole(&content, NULL, "leaf", &world);
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(read_text(&bundle, &content, NULL, "CA", oops));
    assert_is(saf_bundle_cert(bundle), world.ca);
    assert_refused(&content, NULL, NULL, SAF_E_CONFLICT, "in.file holds several private keys: ca, leaf");
    assert_refused(&content, NULL, "x", SAF_E_NOT_FOUND, "in.file has no entry \"x\", only: ca, leaf");
}

TEST(pkcs12_check_takes_more_certificates_than_a_bundle)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    OWN(saf_secret) password = certs_secret("sesame");
    OWN(saf_secret) wrong = certs_secret("wrong");
    OWN(x509_stack) *many = sk_X509_new_null();
    for (int i = 0; i < 200; i++) {
        X509_up_ref(world.ca);
        assert_true(sk_X509_push(many, world.ca) > 0);
    }
    add_p12(&content, PKCS12_create("sesame", NULL, NULL, NULL, many, 0, 0, 0, 0, 0));
    assert_refused(&content, "sesame", NULL, SAF_E_MALFORMED, "in.file holds more than 64 certificates or keys");
    CERTS_OK(saf_pkcs12_check(saf_buffer_bytes(&content), &password, "in.file", oops));
    assert_int_equal(saf_pkcs12_check(saf_buffer_bytes(&content), &wrong, "in.file", NULL), SAF_E_DENIED);
    assert_int_equal(saf_pkcs12_check(saf_bytes_of_text("hello"), &password, "in.file", NULL), SAF_E_MALFORMED);
}

TEST(bundle_refuses_altered_pkcs12)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "sesame", 0, 0, NULL));
    for (size_t i = 0; i < content.len; i += 11) {
        OWN(saf_bundle) *bundle = NULL;
        content.data[i] ^= 0x55;
        saf_error err = { 0 };
        assert_int_not_equal(read_text(&bundle, &content, "sesame", NULL, &err), SAF_OK);
        assert_int_not_equal(err.text[0], 0);
        content.data[i] ^= 0x55;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_reads_pem_in_any_order),
        cmocka_unit_test(errors_of_others_do_not_change_the_answer),
        cmocka_unit_test(bundle_reads_an_encrypted_pem_key),
        cmocka_unit_test(bundle_reads_traditional_pem_keys),
        cmocka_unit_test(bundle_reads_certificates_without_a_key),
        cmocka_unit_test(bundle_refuses_a_key_without_its_certificate),
        cmocka_unit_test(bundle_refuses_several_keys),
        cmocka_unit_test(bundle_refuses_damaged_pem),
        cmocka_unit_test(bundle_refuses_what_it_does_not_know),
        cmocka_unit_test(bundle_refuses_too_much),
        cmocka_unit_test(bundle_reads_pkcs12),
        cmocka_unit_test(bundle_reads_pkcs12_with_a_password_beyond_ascii),
        cmocka_unit_test(bundle_reads_pkcs12_of_other_times),
        cmocka_unit_test(bundle_reads_pkcs12_with_an_empty_password_or_none),
        cmocka_unit_test(bundle_names_the_algorithm_that_openssl_left_behind),
        cmocka_unit_test(bundle_takes_the_entry_that_the_alias_names),
        cmocka_unit_test(pkcs12_check_takes_more_certificates_than_a_bundle),
        cmocka_unit_test(bundle_refuses_altered_pkcs12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
