#include <support/p12.h>

static saf_store *store_with_chain(void)
{
    saf_store *store = certs_store();
    certs_issue_ca(store, "root", NULL, -1);
    certs_issue_ca(store, "sub", "root", -1);
    certs_keep_issued(store, certs_leaf("sub"));
    return store;
}

static void export(saf_blob *out, saf_store *store, const char *password, saf_export_request request)
{
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    OWN(saf_secret) secret = certs_secret(password);
    request.cert = cert;
    request.format = SAF_FORMAT_P12;
    request.password = &secret;
    CERTS_OK(saf_cert_export(out, store, &CERTS_WHO, &request, oops));
}

TEST(pkcs12_names_the_key_and_each_certificate)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_blob) blob = { 0 };
    export(&blob, store, "sesame", (saf_export_request) { .with_key = true, .with_chain = true });
    p12_assert_holds(&blob, "sesame", "cert:localhost+id cert:sub cert:root key:localhost+id");
}

TEST(pkcs12_takes_another_alias)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_blob) blob = { 0 };
    export(&blob, store, "sesame", (saf_export_request) { .with_key = true, .alias = "Žluťoučký" });
    p12_assert_holds(&blob, "sesame", "cert:Žluťoučký+id key:Žluťoučký+id");
}

TEST(pkcs12_numbers_equal_aliases)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_blob) blob = { 0 };
    export(&blob, store, "sesame", (saf_export_request) { .with_key = true, .with_chain = true, .alias = "ROOT" });
    p12_assert_holds(&blob, "sesame", "cert:ROOT+id cert:sub cert:root-2 key:ROOT+id");
}

TEST(pkcs12_without_key_is_a_trust_store)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_blob) blob = { 0 };
    export(&blob, store, "sesame", (saf_export_request) { .with_chain = true });
    p12_assert_holds(&blob, "sesame", "cert:localhost+trusted cert:sub+trusted cert:root+trusted");
}

TEST(pkcs12_reads_back)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_blob) blob = { 0 };
    OWN(saf_secret) secret = certs_secret("pass word ~!");
    OWN(saf_bundle) *bundle = NULL;
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    export(&blob, store, "pass word ~!", (saf_export_request) { .with_key = true, .with_chain = true });
    CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), &secret, "LOCALHOST", "out.p12", oops));
    assert_memory_equal(saf_bundle_cert(bundle).data, cert->der.data, cert->der.len);
    assert_int_equal(saf_bundle_chain_size(bundle), 2);
    OWN(EVP_PKEY) *key = NULL;
    CERTS_OK(saf_store_load_key(&key, store, &CERTS_WHO, cert, oops));
    assert_int_equal(EVP_PKEY_eq(key, saf_bundle_key(bundle)), 1);
}

TEST(pkcs12_refuses_a_password_that_java_cannot_use)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    static const char *const passwords[] = { "pässwörd", "tab\t" };
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
        OWN(saf_secret) secret = certs_secret(passwords[i]);
        OWN(saf_blob) blob = { 0 };
        saf_error err = { 0 };
        saf_export_request request = { .cert = cert, .format = SAF_FORMAT_P12, .with_key = true, .password = &secret };
        assert_int_equal(saf_cert_export(&blob, store, &CERTS_WHO, &request, &err), SAF_E_USAGE);
        assert_null(strstr(err.text, passwords[i]));
    }
}

TEST(pkcs12_is_protected_as_promised)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_blob) blob = { 0 };
    export(&blob, store, "sesame", (saf_export_request) { .with_key = true });
    OWN(PKCS12) *p12 = p12_of(&blob);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OCTET_STRING *salt = NULL;
    const ASN1_INTEGER *rounds = NULL;
    const ASN1_OBJECT *digest = NULL;
    PKCS12_get0_mac(NULL, &algorithm, &salt, &rounds, p12);
    X509_ALGOR_get0(&digest, NULL, NULL, algorithm);
    assert_int_equal(OBJ_obj2nid(digest), NID_sha256);
    assert_int_equal(ASN1_INTEGER_get(rounds), 10000);
    assert_int_equal(ASN1_STRING_length(salt), 16);
    OWN(PKCS12) *again = p12_of(&blob);
    assert_int_equal(PKCS12_verify_mac(again, "wrong", -1), 0);
}

TEST(pkcs12_holds_every_kind_of_key)
{
    static const char *const kinds[] = { "rsa:2048", "ec:P-521", "ec:brainpoolP256r1", "ed25519" };
    OWN(saf_store) *store = certs_store();
    OWN(saf_secret) secret = certs_secret("sesame");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        OWN(EVP_PKEY) *key = certs_key(kinds[i]);
        saf_issue_request request = certs_leaf(NULL);
        request.label = kinds[i];
        request.key = key;
        OWN(saf_cert) *cert = certs_issue(store, request);
        OWN(saf_blob) blob = { 0 };
        OWN(saf_bundle) *bundle = NULL;
        saf_export_request export = { .cert = cert, .format = SAF_FORMAT_P12, .with_key = true, .password = &secret };
        CERTS_OK(saf_cert_export(&blob, store, &CERTS_WHO, &export, oops));
        CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), &secret, NULL, "out.p12", oops));
        assert_int_equal(EVP_PKEY_eq(key, saf_bundle_key(bundle)), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(pkcs12_names_the_key_and_each_certificate),
        IN_SCRATCH(pkcs12_takes_another_alias),
        IN_SCRATCH(pkcs12_numbers_equal_aliases),
        IN_SCRATCH(pkcs12_without_key_is_a_trust_store),
        IN_SCRATCH(pkcs12_reads_back),
        IN_SCRATCH(pkcs12_refuses_a_password_that_java_cannot_use),
        IN_SCRATCH(pkcs12_is_protected_as_promised),
        IN_SCRATCH(pkcs12_holds_every_kind_of_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
