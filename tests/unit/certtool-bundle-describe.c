/* What other programs write, told apart. tests/fixtures/bundles/README.md says how the files were made. */
#include <support/bundle-world.h>

#include <base/file.h>

static saf_status read_fixture(saf_bundle **out, const char *name, saf_error *err)
{
    OWN(saf_buffer) content = { 0 };
    OWN(saf_secret) password = certs_secret("sesame");
    char path[512];
    snprintf(path, sizeof path, "%s/%s", BUNDLES, name);
    CERTS_OK(saf_file_read(&content, path, 65536, oops));
    return saf_bundle_read(out, saf_buffer_bytes(&content), &password, NULL, name, err);
}

static void assert_text(const char *found, const char *expected)
{
    if (expected)
        assert_string_equal(found, expected);
    else
        assert_null(found);
}

static void assert_facts(const saf_bundle *bundle, saf_bundle_facts expected)
{
    saf_bundle_facts facts = saf_bundle_describe(bundle);
    assert_text(facts.format, expected.format);
    assert_text(facts.key_cipher, expected.key_cipher);
    assert_text(facts.cert_cipher, expected.cert_cipher);
    assert_text(facts.mac, expected.mac);
    assert_int_equal(facts.rounds, expected.rounds);
    assert_text(facts.profile, expected.profile);
}

/* The leaf, its key and its CA, whatever the order in the file. */
static saf_bundle *read_whole(const char *name)
{
    saf_bundle *bundle = NULL;
    CERTS_OK(read_fixture(&bundle, name, oops));
    OWN(X509) *leaf = certs_x509(saf_bundle_cert(bundle));
    char cn[80] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, cn, sizeof cn);
    assert_string_equal(cn, "leaf");
    assert_int_equal(saf_bundle_chain_size(bundle), 1);
    return bundle;
}

static void assert_pkcs12(const char *name, saf_bundle_facts expected)
{
    OWN(saf_bundle) *bundle = read_whole(name);
    assert_non_null(saf_bundle_key(bundle));
    assert_string_equal(saf_bundle_alias(bundle), "localhost");
    expected.format = "pkcs12";
    assert_facts(bundle, expected);
}

TEST(describe_tells_keytool_from_openssl_by_its_rounds)
{
    assert_pkcs12("java.p12", (saf_bundle_facts) { .key_cipher = "aes-256-cbc", .cert_cipher = "aes-256-cbc",
                                                   .mac = "hmac-sha256", .rounds = 10000, .profile = "java" });
    assert_pkcs12("openssl.p12", (saf_bundle_facts) { .key_cipher = "aes-256-cbc", .cert_cipher = "aes-256-cbc",
                                                      .mac = "hmac-sha256", .rounds = 2048 });
}

TEST(describe_tells_gnutls_and_nss_by_their_ciphers)
{
    assert_pkcs12("gnutls.p12", (saf_bundle_facts) { .key_cipher = "aes-128-cbc", .cert_cipher = "aes-128-cbc",
                                                     .mac = "hmac-sha256", .rounds = 600000 });
    assert_pkcs12("gnutls.p12.pem", (saf_bundle_facts) { .key_cipher = "aes-128-cbc", .cert_cipher = "aes-128-cbc",
                                                         .mac = "hmac-sha256", .rounds = 600000 });
    assert_pkcs12("nss.p12", (saf_bundle_facts) { .key_cipher = "aes-256-cbc", .cert_cipher = "aes-128-cbc",
                                                  .mac = "hmac-sha256", .rounds = 600000 });
}

TEST(describe_names_the_cipher_of_old_java_and_openssl_that_cannot_be_read)
{
    static const char *const names[] = { "java-legacy.p12", "openssl-legacy.p12" };
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_bundle) *bundle = NULL;
        saf_error err = { 0 };
        assert_int_equal(read_fixture(&bundle, names[i], &err), SAF_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, "is encrypted with rc2-40-sha1, which OpenSSL offers only through its legacy provider"));
        assert_non_null(strstr(err.hint, "openssl pkcs12 -legacy"));
    }
}

TEST(describe_knows_pkcs7_of_openssl_and_java)
{
    static const char *const names[] = { "openssl.p7b.pem", "java.p7b", "openssl-message.p7m" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        OWN(saf_bundle) *bundle = read_whole(names[i]);
        assert_null(saf_bundle_key(bundle));
        assert_null(saf_bundle_alias(bundle));
        assert_facts(bundle, (saf_bundle_facts) { .format = "pkcs7" });
    }
}

/* ---- what is made here ------------------------------------------------------------------------------------ */

static void describe_made(PKCS12 *p12, const char *password, saf_bundle_facts expected)
{
    OWN(saf_buffer) content = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    add_p12(&content, p12);
    CERTS_OK(read_text(&bundle, &content, password, NULL, oops));
    expected.format = "pkcs12";
    assert_facts(bundle, expected);
}

static PKCS12 *make_old(const world *world, const char *password)
{
    int old = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
    OWN(PKCS12) *p12 = make_p12(world, password, old, old, NULL);
    assert_int_equal(PKCS12_set_mac(p12, password, -1, NULL, 0, 2048, EVP_sha1()), 1);
    return GIVE(&p12);
}

TEST(describe_knows_legacy_gsk)
{
    OWN(world) world = make_world();
    describe_made(make_old(&world, "sesame"), "sesame",
                  (saf_bundle_facts) { .key_cipher = "3des-sha1", .cert_cipher = "3des-sha1", .mac = "hmac-sha1",
                                       .rounds = 2048, .profile = "legacy-gsk" });
}

TEST(describe_takes_no_profile_for_another_mac)
{
    OWN(world) world = make_world();
    int old = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
    describe_made(make_p12(&world, "sesame", old, old, NULL), "sesame",
                  (saf_bundle_facts) { .key_cipher = "3des-sha1", .cert_cipher = "3des-sha1", .mac = "hmac-sha256",
                                       .rounds = 2048 });
}

TEST(describe_names_what_is_not_encrypted)
{
    OWN(world) world = make_world();
    describe_made(make_p12(&world, "sesame", -1, -1, NULL), "sesame",
                  (saf_bundle_facts) { .key_cipher = "none", .cert_cipher = "none", .mac = "hmac-sha256", .rounds = 2048 });
    describe_made(PKCS12_create(NULL, NULL, NULL, world.leaf, NULL, -1, -1, 0, -1, 0), NULL,
                  (saf_bundle_facts) { .cert_cipher = "none", .mac = "none" });
}

TEST(describe_counts_the_weakest_rounds_for_a_profile)
{
    OWN(world) world = make_world();
    PKCS12 *p12 = PKCS12_create("sesame", "x", world.key, world.leaf, NULL, NID_aes_256_cbc, NID_aes_256_cbc, 300000, 9999, 0);
    describe_made(p12, "sesame", (saf_bundle_facts) { .key_cipher = "aes-256-cbc", .cert_cipher = "aes-256-cbc",
                                                      .mac = "hmac-sha256", .rounds = 300000 });
    p12 = PKCS12_create("sesame", "x", world.key, world.leaf, NULL, NID_aes_256_cbc, NID_aes_256_cbc, 210000, 210000, 0);
    describe_made(p12, "sesame", (saf_bundle_facts) { .key_cipher = "aes-256-cbc", .cert_cipher = "aes-256-cbc",
                                                      .mac = "hmac-sha256", .rounds = 210000, .profile = "modern" });
}

TEST(describe_says_nothing_of_ciphers_for_pem_and_der)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) pem = { 0 };
    OWN(saf_buffer) der = { 0 };
    OWN(saf_bundle) *from_pem = NULL, *from_der = NULL;
    add_pem_cert(&pem, world.leaf);
    add_der(&der, world.leaf);
    CERTS_OK(read_text(&from_pem, &pem, NULL, NULL, oops));
    CERTS_OK(read_text(&from_der, &der, NULL, NULL, oops));
    assert_facts(from_pem, (saf_bundle_facts) { .format = "pem" });
    assert_facts(from_der, (saf_bundle_facts) { .format = "der" });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describe_tells_keytool_from_openssl_by_its_rounds),
        cmocka_unit_test(describe_tells_gnutls_and_nss_by_their_ciphers),
        cmocka_unit_test(describe_names_the_cipher_of_old_java_and_openssl_that_cannot_be_read),
        cmocka_unit_test(describe_knows_pkcs7_of_openssl_and_java),
        cmocka_unit_test(describe_knows_legacy_gsk),
        cmocka_unit_test(describe_takes_no_profile_for_another_mac),
        cmocka_unit_test(describe_names_what_is_not_encrypted),
        cmocka_unit_test(describe_counts_the_weakest_rounds_for_a_profile),
        cmocka_unit_test(describe_says_nothing_of_ciphers_for_pem_and_der),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
