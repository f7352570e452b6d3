/* PKCS#12 files for different readers. */
#include <support/bundle-world.h>

static saf_store *store_with_chain(void)
{
    saf_store *store = certs_store();
    certs_issue_ca(store, "root", NULL, -1);
    certs_keep_issued(store, certs_leaf("root"));
    return store;
}

static saf_status export_p12(saf_blob *out, saf_store *store, saf_export_request request, saf_error *err)
{
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    request.cert = cert;
    request.format = SAF_FORMAT_P12;
    return saf_cert_export(out, store, &CERTS_WHO, &request, err);
}

static void assert_refused_export(saf_store *store, saf_export_request request, const char *message)
{
    OWN(saf_blob) blob = { 0 };
    saf_error err = { 0 };
    assert_int_equal(export_p12(&blob, store, request, &err), SAF_E_USAGE);
    assert_string_equal(err.text, message);
}

TEST(profile_names_are_read_in_any_case)
{
    saf_p12_profile profile = SAF_P12_LEGACY_GSK;
    CERTS_OK(saf_p12_profile_parse(&profile, "java", oops));
    assert_int_equal(profile, SAF_P12_JAVA);
    CERTS_OK(saf_p12_profile_parse(&profile, "Modern", oops));
    assert_int_equal(profile, SAF_P12_MODERN);
    CERTS_OK(saf_p12_profile_parse(&profile, "LEGACY-GSK", oops));
    assert_int_equal(profile, SAF_P12_LEGACY_GSK);
    saf_error err = { 0 };
    assert_int_equal(saf_p12_profile_parse(&profile, "windows", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "\"windows\" is not a PKCS#12 profile; known are java, modern and legacy-gsk");
}

TEST(each_profile_writes_what_it_says)
{
    static const saf_bundle_facts expected[] = {
        [SAF_P12_JAVA] = { "pkcs12", "aes-256-cbc", "aes-256-cbc", "hmac-sha256", 10000, "java" },
        [SAF_P12_MODERN] = { "pkcs12", "aes-256-cbc", "aes-256-cbc", "hmac-sha256", 210000, "modern" },
        [SAF_P12_LEGACY_GSK] = { "pkcs12", "3des-sha1", "3des-sha1", "hmac-sha1", 2048, "legacy-gsk" },
    };
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) password = certs_secret("sesame");
    for (unsigned i = 0; i < 3; i++) {
        OWN(saf_blob) blob = { 0 };
        OWN(saf_bundle) *bundle = NULL;
        CERTS_OK(export_p12(&blob, store, (saf_export_request) { .with_key = true, .with_chain = true, .password = &password,
                                                                 .p12_profile = (saf_p12_profile)i }, oops));
        CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), &password, NULL, "out", oops));
        saf_bundle_facts facts = saf_bundle_describe(bundle);
        assert_string_equal(facts.format, expected[i].format);
        assert_string_equal(facts.key_cipher, expected[i].key_cipher);
        assert_string_equal(facts.cert_cipher, expected[i].cert_cipher);
        assert_string_equal(facts.mac, expected[i].mac);
        assert_int_equal(facts.rounds, expected[i].rounds);
        assert_string_equal(facts.profile, expected[i].profile);
        assert_string_equal(saf_bundle_alias(bundle), "localhost");
        assert_int_equal(saf_bundle_chain_size(bundle), 1);
    }
}

TEST(text_is_base64_in_lines_of_64_and_is_read_again)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) password = certs_secret("sesame");
    OWN(saf_blob) blob = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(export_p12(&blob, store, (saf_export_request) { .with_key = true, .password = &password, .as_text = true }, oops));
    assert_memory_equal(blob.data, "MII", 3);
    for (size_t at = 0; at < blob.len; at += 65)
        assert_int_equal(blob.data[at + 64 < blob.len ? at + 64 : blob.len - 1], '\n');
    assert_null(memchr(blob.data, '-', blob.len));
    CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), &password, NULL, "out", oops));
    assert_non_null(saf_bundle_key(bundle));
}

TEST(without_a_password_there_is_neither_encryption_nor_mac)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) needless = certs_secret("needless");
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(export_p12(&blob, store, (saf_export_request) { .with_chain = true, .no_password = true }, oops));
    const saf_secret *const passwords[] = { NULL, &needless };
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_bundle) *bundle = NULL;
        CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), passwords[i], NULL, "out", oops));
        saf_bundle_facts facts = saf_bundle_describe(bundle);
        assert_null(facts.key_cipher);
        assert_string_equal(facts.cert_cipher, "none");
        assert_string_equal(facts.mac, "none");
        assert_null(facts.profile);
        assert_int_equal(saf_bundle_chain_size(bundle), 1);
    }
}

TEST(only_certificates_go_without_a_password)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) password = certs_secret("sesame");
    static const char without[] = "only a PKCS#12 without a private key can be without a password";
    assert_refused_export(store, (saf_export_request) { .no_password = true, .with_key = true }, without);
    assert_refused_export(store, (saf_export_request) { .no_password = true, .password = &password },
                          "a password for what is to have none");
    assert_refused_export(store, (saf_export_request) { 0 }, "a PKCS#12 needs a password");
}

TEST(readers_that_will_refuse_are_named)
{
    static const saf_p12_profile of_today[] = { SAF_P12_JAVA, SAF_P12_MODERN };
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(strstr(saf_p12_refused_by(of_today[i], NULL), "z/OS System SSL"));
        assert_non_null(strstr(saf_p12_refused_by(of_today[i], "rsa"), "8u301"));
        assert_non_null(strstr(saf_p12_refused_by(of_today[i], "ed25519"), "Java before 15"));
        assert_non_null(strstr(saf_p12_refused_by(of_today[i], "ec:brainpoolP256r1"), "Java since 16"));
    }
    assert_non_null(strstr(saf_p12_refused_by(SAF_P12_LEGACY_GSK, "ec:P-256"), "FIPS"));
    assert_null(strstr(saf_p12_refused_by(SAF_P12_LEGACY_GSK, NULL), "z/OS"));
    assert_non_null(strstr(saf_p12_refused_by(SAF_P12_LEGACY_GSK, "ed25519"), "Java before 15"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(profile_names_are_read_in_any_case),
        IN_SCRATCH(each_profile_writes_what_it_says),
        IN_SCRATCH(text_is_base64_in_lines_of_64_and_is_read_again),
        IN_SCRATCH(without_a_password_there_is_neither_encryption_nor_mac),
        IN_SCRATCH(only_certificates_go_without_a_password),
        IN_SCRATCH(readers_that_will_refuse_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
