#include <support/cert-world.h>

#include <safring/keyring.h>

static X509 *forge_ca(const char *cn, EVP_PKEY *key)
{
    return certs_forge((certs_forgery) { .cn = cn, .key = key, .basic_constraints = "critical,CA:TRUE",
                                         .key_usage = "critical,keyCertSign" });
}

static X509 *forge_leaf(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    return certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = issuer, .issuer_key = issuer_key });
}

/* A root says nothing but that it is one; whoever has its private key made it. */
TEST(import_trusts_a_self_signed_certificate_only_with_its_key)
{
    static const char *const owners[] = { "certauth", "SITE", "ZWESVUSR" };
    OWN(saf_store) *store = certs_store();
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        OWN(EVP_PKEY) *key = certs_key("ec");
        OWN(EVP_PKEY) *own_key = certs_key("ec");
        OWN(X509) *x509 = forge_ca("root", key);
        OWN(X509) *own = forge_ca("own root", own_key);
        OWN(saf_cert) *cert = certs_import(store, owners[i], "root", x509, NULL, 0);
        OWN(saf_cert) *own_cert = certs_import(store, owners[i], "own root", own, own_key, 0);
        assert_int_equal(strcasecmp(cert->owner, owners[i]), 0);
        assert_int_equal(cert->trust, SAF_NOTRUST);
        assert_int_equal(cert->key_place, SAF_KEY_NONE);
        assert_int_equal(own_cert->trust, SAF_TRUST);
    }
}

TEST(import_trusts_what_chains_to_a_known_root)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = forge_ca("root", root_key);
    OWN(X509) *leaf = forge_leaf(key, root, root_key);
    certs_keep_imported(store, "CERTAUTH", "root", root, NULL, SAF_TRUST);
    OWN(saf_cert) *cert = certs_import(store, "ZWESVUSR", "leaf", leaf, key, 0);
    assert_int_equal(cert->trust, SAF_TRUST);
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
}

TEST(import_does_not_trust_what_does_not_chain)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = forge_ca("root", root_key);
    OWN(X509) *leaf = forge_leaf(key, root, root_key);
    OWN(saf_cert) *cert = certs_import(store, "ZWESVUSR", "leaf", leaf, NULL, 0);
    assert_int_equal(cert->trust, SAF_NOTRUST);
}

TEST(import_does_not_trust_what_an_untrusted_ca_signed)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = forge_ca("root", root_key);
    OWN(X509) *leaf = forge_leaf(key, root, root_key);
    certs_keep_imported(store, "CERTAUTH", "root", root, NULL, SAF_NOTRUST);
    OWN(saf_cert) *cert = certs_import(store, "ZWESVUSR", "leaf", leaf, NULL, 0);
    assert_int_equal(cert->trust, SAF_NOTRUST);
}

TEST(import_does_not_trust_what_a_leaf_signed)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = certs_forge((certs_forgery) { .cn = "root", .key = root_key, .basic_constraints = "CA:FALSE" });
    OWN(X509) *leaf = forge_leaf(key, root, root_key);
    certs_keep_imported(store, "CERTAUTH", "root", root, NULL, SAF_TRUST);
    OWN(saf_cert) *cert = certs_import(store, "ZWESVUSR", "leaf", leaf, NULL, 0);
    assert_int_equal(cert->trust, SAF_NOTRUST);
}

TEST(import_does_not_trust_what_is_expired_or_not_yet_valid)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *old = certs_forge((certs_forgery) { .cn = "old", .key = key, .begin_sec = -2 * CERTS_DAY,
                                                   .end_sec = -CERTS_DAY });
    OWN(X509) *future = certs_forge((certs_forgery) { .cn = "future", .key = key, .begin_sec = CERTS_DAY,
                                                      .end_sec = 2 * CERTS_DAY });
    OWN(saf_cert) *old_cert = certs_import(store, "ZWESVUSR", "old", old, NULL, 0);
    OWN(saf_cert) *future_cert = certs_import(store, "ZWESVUSR", "future", future, NULL, 0);
    assert_int_equal(old_cert->trust, SAF_NOTRUST);
    assert_int_equal(future_cert->trust, SAF_NOTRUST);
}

TEST(import_takes_the_status_that_is_asked_for)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_cert) *cert = certs_import(store, "CERTAUTH", "root", x509, NULL, SAF_HIGHTRUST);
    assert_int_equal(cert->trust, SAF_HIGHTRUST);
}

TEST(import_finds_the_same_certificate_wherever_it_is)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_cert) *first = certs_import(store, "CERTAUTH", "root", x509, NULL, 0);
    OWN(saf_cert) *second = NULL;
    saf_import_result result = SAF_IMPORT_ADDED;
    saf_import_request request = { .owner = "ZWESVUSR", .label = "other", .der = first->der };
    CERTS_OK(certs_try_import(&second, &result, store, request, oops));
    assert_int_equal(result, SAF_IMPORT_WAS_THERE);
    assert_string_equal(second->owner, "CERTAUTH");
    assert_string_equal(second->label, "root");
}

TEST(import_adds_the_key_that_was_missing)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_cert) *first = certs_import(store, "CERTAUTH", "root", x509, NULL, SAF_HIGHTRUST);
    OWN(saf_cert) *second = NULL;
    saf_import_result result = SAF_IMPORT_ADDED;
    saf_import_request request = { .owner = "CERTAUTH", .label = "root", .der = first->der, .key = key };
    CERTS_OK(certs_try_import(&second, &result, store, request, oops));
    assert_int_equal(result, SAF_IMPORT_KEY_ADDED);
    assert_int_equal(second->key_place, SAF_KEY_STORED);
    assert_int_equal(second->trust, SAF_HIGHTRUST);
    OWN(EVP_PKEY) *stored = NULL;
    CERTS_OK(saf_store_load_key(&stored, store, &CERTS_WHO, second, oops));
    assert_int_equal(EVP_PKEY_eq(stored, key), 1);
}

TEST(import_adds_a_key_to_what_rings_hold)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_cert) *first = certs_import(store, "ZWESVUSR", "root", x509, NULL, 0);
    saf_connect_request connect = { .ring_owner = "ZWESVUSR", .ring_name = "ring", .cert_owner = "ZWESVUSR",
                                    .cert_label = "root", .usage = SAF_USAGE_PERSONAL };
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_ring_create(change, "ZWESVUSR", "ring", oops));
    CERTS_OK(saf_ring_connect(change, &connect, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    OWN(saf_cert) *second = NULL;
    saf_import_request request = { .owner = "ZWESVUSR", .label = "root", .der = first->der, .key = key };
    CERTS_OK(certs_try_import(&second, NULL, store, request, oops));
    assert_int_equal(second->key_place, SAF_KEY_STORED);
    saf_ring *ring = NULL;
    CERTS_OK(saf_ring_open(&ring, store, &CERTS_WHO, "ZWESVUSR", "ring", oops));
    assert_non_null(saf_ring_find_label(ring, "ZWESVUSR", "root"));
    saf_ring_close(&ring);
}

TEST(import_adds_a_key_to_a_ca_that_has_counted_serials)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_cert) *first = certs_import(store, "CERTAUTH", "root", x509, NULL, SAF_TRUST);
    saf_issue_request leaf = certs_leaf("root");
    leaf.signer_key = key;
    leaf.serial = SAF_SERIAL_SEQUENTIAL;
    certs_keep_issued(store, leaf);
    OWN(saf_cert) *second = NULL;
    saf_import_request request = { .owner = "CERTAUTH", .label = "root", .der = first->der, .key = key };
    CERTS_OK(certs_try_import(&second, NULL, store, request, oops));
    assert_int_equal(second->key_place, SAF_KEY_STORED);
    assert_non_null(second->last_serial);
}

TEST(import_refuses_a_key_of_another_certificate)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *other = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_blob) der = certs_der(x509);
    saf_error err = { 0 };
    saf_import_request request = { .owner = "CERTAUTH", .label = "root", .der = certs_bytes(&der), .key = other };
    assert_int_equal(certs_try_import(NULL, NULL, store, request, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "the private key does not belong to the certificate");
}

TEST(import_numbers_taken_labels_of_certauth)
{
    static const char long_label[] = "ein sehr langes Etikett mit gör";
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    static const char *const expected[] = { "localca", "localca 2", "localca 3" };
    for (size_t i = 0; i < 3; i++) {
        OWN(X509) *x509 = forge_ca("root", key);
        OWN(saf_cert) *cert = certs_import(store, "CERTAUTH", "localca", x509, NULL, 0);
        assert_string_equal(cert->label, expected[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        OWN(X509) *x509 = forge_ca("root", key);
        OWN(saf_cert) *cert = certs_import(store, "CERTAUTH", long_label, x509, NULL, 0);
        assert_string_equal(cert->label, i ? "ein sehr langes Etikett mit g 2" : long_label);
    }
}

TEST(import_refuses_a_taken_label_of_a_user)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *one = forge_ca("one", key);
    OWN(X509) *two = forge_ca("two", key);
    certs_keep_imported(store, "ZWESVUSR", "cert", one, NULL, 0);
    OWN(saf_blob) der = certs_der(two);
    saf_error err = { 0 };
    saf_import_request request = { .owner = "ZWESVUSR", .label = "cert", .der = certs_bytes(&der) };
    assert_int_equal(certs_try_import(NULL, NULL, store, request, &err), SAF_E_EXISTS);
    assert_non_null(strstr(err.text, "ZWESVUSR/cert"));
}

TEST(import_refuses_another_certificate_with_the_same_serial)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    certs_forgery forgery = { .cn = "root", .key = key, .serial = 7 };
    OWN(X509) *one = certs_forge(forgery);
    forgery.basic_constraints = "CA:TRUE";
    OWN(X509) *two = certs_forge(forgery);
    certs_keep_imported(store, "ZWESVUSR", "one", one, NULL, 0);
    OWN(saf_blob) der = certs_der(two);
    saf_error err = { 0 };
    saf_import_request request = { .owner = "ZWESVUSR", .label = "two", .der = certs_bytes(&der) };
    assert_int_equal(certs_try_import(NULL, NULL, store, request, &err), SAF_E_EXISTS);
    assert_non_null(strstr(err.text, "ZWESVUSR/one"));
}

TEST(import_refuses_what_is_not_one_certificate)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = forge_ca("root", key);
    OWN(saf_blob) der = certs_der(x509);
    saf_import_request request = { .owner = "CERTAUTH", .label = "root" };
    saf_error err = { 0 };
    for (size_t len = 0; len < der.len; len += 97) {
        request.der = saf_bytes_of(der.data, len);
        assert_int_equal(certs_try_import(NULL, NULL, store, request, &err), SAF_E_MALFORMED);
    }
    unsigned char longer[4096] = { 0 };
    memcpy(longer, der.data, der.len);
    request.der = saf_bytes_of(longer, der.len + 1);
    assert_int_equal(certs_try_import(NULL, NULL, store, request, &err), SAF_E_MALFORMED);
    assert_string_equal(err.text, "what is to be imported is not one DER certificate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(import_trusts_a_self_signed_certificate_only_with_its_key),
        IN_SCRATCH(import_trusts_what_chains_to_a_known_root),
        IN_SCRATCH(import_does_not_trust_what_does_not_chain),
        IN_SCRATCH(import_does_not_trust_what_an_untrusted_ca_signed),
        IN_SCRATCH(import_does_not_trust_what_a_leaf_signed),
        IN_SCRATCH(import_does_not_trust_what_is_expired_or_not_yet_valid),
        IN_SCRATCH(import_takes_the_status_that_is_asked_for),
        IN_SCRATCH(import_finds_the_same_certificate_wherever_it_is),
        IN_SCRATCH(import_adds_the_key_that_was_missing),
        IN_SCRATCH(import_adds_a_key_to_what_rings_hold),
        IN_SCRATCH(import_adds_a_key_to_a_ca_that_has_counted_serials),
        IN_SCRATCH(import_refuses_a_key_of_another_certificate),
        IN_SCRATCH(import_numbers_taken_labels_of_certauth),
        IN_SCRATCH(import_refuses_a_taken_label_of_a_user),
        IN_SCRATCH(import_refuses_another_certificate_with_the_same_serial),
        IN_SCRATCH(import_refuses_what_is_not_one_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
