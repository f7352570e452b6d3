/* A file whose 64 certificates all have one name: how many signatures are looked at is ours to say, not its maker's. */
#include <support/bundle-world.h>

#include <dlfcn.h>

OWN_VALUE(saf_import_report, saf_import_report_free)

enum { CERTS = 64, TREE_MAX = 512, STRANGERS_MAX = 32 };

static unsigned verifications;

/* In libcrypto's place, for the library too. */
int X509_verify(X509 *x509, EVP_PKEY *key)
{
    int (*libcrypto)(X509 *, EVP_PKEY *) = NULL;
    *(void **)&libcrypto = dlsym(RTLD_NEXT, "X509_verify");
    verifications++;
    return libcrypto(x509, key);
}

/* Two keys that sign each other, each in half of the certificates: every one has many issuers, and none is a root. */
static saf_bundle *make_bundle(void)
{
    OWN(saf_buffer) content = { 0 };
    OWN(EVP_PKEY) *a = certs_key("ec");
    OWN(EVP_PKEY) *b = certs_key("ec");
    saf_bundle *bundle = NULL;
    for (long i = 0; i < CERTS; i++) {
        OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = i < CERTS / 2 ? a : b, .issuer_key = i < CERTS / 2 ? b : a,
                                                        .basic_constraints = "CA:TRUE", .serial = i + 1 });
        add_pem_cert(&content, x509);
    }
    CERTS_OK(read_text(&bundle, &content, NULL, NULL, oops));
    return bundle;
}

TEST(an_import_ends_soon)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_bundle) *bundle = make_bundle();
    OWN(saf_import_report) report = { 0 };
    saf_change *change = NULL;
    saf_bundle_request request = { .owner = "ZWESVUSR" };
    verifications = 0;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_bundle_import(&report, change, bundle, &request, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    assert_true(report.count > CERTS / 2);
    assert_in_range(verifications, TREE_MAX / 2, TREE_MAX + CERTS * STRANGERS_MAX);
}

TEST(a_check_ends_soon)
{
    OWN(saf_bundle) *bundle = make_bundle();
    saf_bundle_check check = { 0 };
    verifications = 0;
    CERTS_OK(saf_bundle_check_chain(&check, bundle, NULL, NULL, oops));
    assert_false(check.is_complete);
    assert_in_range(verifications, 1, TREE_MAX);
}

/* What lies about in the store does not keep a chain from those that are in force. */
TEST(strangers_of_the_right_name_do_not_hide_the_issuer)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    for (long i = 0; i < 2 * STRANGERS_MAX; i++) {
        OWN(X509) *stranger = certs_forge((certs_forgery) { .cn = "ca", .key = key, .basic_constraints = "CA:TRUE", .serial = i + 1 });
        char label[32];
        snprintf(label, sizeof label, "a%ld", i);
        certs_keep_imported(store, "CERTAUTH", label, stranger, NULL, SAF_NOTRUST);
    }
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "CA:TRUE" });
    OWN(X509) *leaf = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_keep_imported(store, "CERTAUTH", "z", ca, NULL, SAF_TRUST);
    OWN(saf_cert) *cert = certs_import(store, "ZWESVUSR", "leaf", leaf, NULL, 0);
    assert_int_equal(cert->trust, SAF_TRUST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(an_import_ends_soon),
        IN_SCRATCH(a_check_ends_soon),
        IN_SCRATCH(strangers_of_the_right_name_do_not_hide_the_issuer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
