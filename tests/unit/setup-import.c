/* Certificates that come from a file, and what becomes of those that are there for the same key. */
#include <support/setup-world.h>

#include <base/clock.h>

#define KEYSTORE "root/var/zowe/keystore"

enum { DAY = 24 * 60 * 60 };

/* Self-signed, beginning and ending that many days from now. */
static X509 *self_signed(EVP_PKEY *key, int from, int to)
{
    static long serial = 100;
    X509 *x509 = X509_new();
    X509_NAME *name = X509_NAME_new();
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"self", -1, -1, 0), 1);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial), 1);
    assert_int_equal(X509_set_subject_name(x509, name), 1);
    assert_int_equal(X509_set_issuer_name(x509, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), (long)from * DAY));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), (long)to * DAY));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    X509_NAME_free(name);
    return x509;
}

/* The day on which a refusal says that it ends. */
static const char *write_import(EVP_PKEY *key, int from, int to)
{
    static char day[16];
    OWN(X509) *x509 = self_signed(key, from, to);
    OWN(PKCS12) *p12 = PKCS12_create("3xternal", "ext", key, x509, NULL, 0, 0, 0, 0, 0);
    OWN(BIO) *bio = BIO_new_file("own.p12", "w");
    struct tm end;
    assert_non_null(p12);
    assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(x509), &end), 1);
    assert_true(strftime(day, sizeof day, "%Y-%m-%d", &end) > 0);
    return day;
}

static void import_into_ring(world *w, const char *label)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, label: %s,"
                                " import: {dsName: own.p12, password: 3xternal}}}}}\n", label);
    world_from_text(w, yaml);
}

static void import_into_keystore(world *w)
{
    world_from_text(w, "zowe: {setup: {certificate: {pkcs12: {name: a, import: {keystore: own.p12, password: 3xternal}}}}}\n");
}

static void expect_renewal(world *w, size_t pending)
{
    OWN(saf_setup_plan) *plan = world_plan(w);
    assert_string_equal(world_step(plan, "certificate", NULL)->text, "renew ZWESVUSR/a from own.p12");
    assert_int_equal(saf_setup_plan_pending(plan), pending);
}

TEST(a_renewed_certificate_in_the_import_file_renews_what_the_ring_has)
{
    OWN(world) w = { 0 };
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    write_import(key, -20, 10);
    import_into_ring(&w, "a");
    world_apply(&w);
    write_import(key, -1, 40);
    expect_renewal(&w, 1);
    expect_renewal(&w, 1); /* planning changes nothing */
    world_apply(&w);
    world_expect_done(&w);
}

TEST(a_renewed_certificate_in_the_import_file_renews_keystores)
{
    OWN(world) w = { 0 };
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    write_import(key, -20, 10);
    import_into_keystore(&w);
    world_apply(&w);
    write_import(key, -1, 40);
    expect_renewal(&w, 6); /* in the store, the keystore, the trust store (it is its own CA), two PEM files, and the lock */
    world_apply(&w);
    world_expect_done(&w);
}

TEST(a_renewed_certificate_renews_whatever_its_new_name_is)
{
    OWN(world) w = { 0 };
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    write_import(key, -20, 10);
    import_into_ring(&w, "a");
    world_apply(&w);
    write_import(key, -1, 40);
    import_into_ring(&w, "b");
    expect_renewal(&w, 1);
    world_apply(&w);
    world_expect_done(&w);
}

TEST(a_shorter_renewal_is_a_conflict_too_and_an_older_file_is_not)
{
    OWN(world) w = { 0 };
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    write_import(key, -20, 40);
    import_into_keystore(&w);
    world_apply(&w);
    write_import(key, -1, 10);
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/a ends ");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.pkcs12.name another value in zowe.yaml, and it is imported under that");
    write_import(key, -60, 10);
    world_expect_done(&w);
}

TEST(an_import_file_whose_certificate_expired_is_refused)
{
    OWN(world) w = { 0 };
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    char text[256];
    snprintf(text, sizeof text, "the certificate in own.p12, to be ZWESVUSR/a, expired at %s", write_import(key, -20, -1));
    import_into_ring(&w, "a");
    world_expect_refusal(&w, SAF_E_CONFLICT, text);
    import_into_keystore(&w);
    world_expect_refusal(&w, SAF_E_CONFLICT, text);
    world_expect_hint(&w, SAF_E_CONFLICT, "put a renewed certificate into that file");
}

typedef struct stored {
    EVP_PKEY *key;
    X509 *x509;
    saf_trust trust;
} stored;

static void import_stored(saf_change *change, void *context)
{
    const stored *what = context;
    unsigned char *der = NULL;
    int len = i2d_X509(what->x509, &der);
    saf_import_request request = { .owner = "ZWESVUSR", .label = what->trust == SAF_TRUST ? "old" : "bad",
                                   .der = saf_bytes_of(der, (size_t)len), .key = what->key, .trust = what->trust };
    assert_int_equal(saf_cert_import(NULL, NULL, change, &request, NULL), SAF_OK);
    OPENSSL_free(der);
}

static void store_self_signed(int to, saf_trust trust)
{
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    OWN(X509) *x509 = self_signed(key, -20, to);
    write_import(key, -60, to - 10);
    world_change(import_stored, &(stored){ key, x509, trust });
}

TEST(a_certificate_of_the_store_that_nobody_accepts_is_not_connected)
{
    OWN(world) w = { 0 };
    assert_int_equal(saf_store_create("store", NULL, NULL), SAF_OK);
    store_self_signed(-1, SAF_TRUST);
    import_into_ring(&w, "old");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/old is in the store, but it expired at 2");
    world_expect_hint(&w, SAF_E_CONFLICT, "put another certificate into own.p12");
    store_self_signed(30, SAF_NOTRUST);
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, connect: {user: ZWESVUSR, label: old}}}}}\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/old is in the store, but it expired at 2");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.keyring.connect.label another value in zowe.yaml");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, connect: {user: ZWESVUSR, label: bad}}}}}\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/bad is in the store, but its status is NOTRUST");
}

/* ---- what else was renewed ---- */

static void reissue(saf_change *change, __attribute__((unused)) void *context)
{
    saf_store *store = saf_change_store(change);
    saf_principal who = { 0 };
    OWN(saf_cert) *old = world_cert(store, "ZWESRV1", "localhost");
    OWN(EVP_PKEY) *key = NULL;
    assert_int_equal(saf_store_load_key(&key, store, &who, old, NULL), SAF_OK);
    assert_int_equal(saf_store_delete_cert(change, "ZWESRV1", "localhost", SAF_FORCE, NULL), SAF_OK);
    saf_issue_request request = { .owner = "ZWESRV1", .label = "localhost", .profile = SAF_PROFILE_ZOWE,
                                  .subject = "CN=Test\\, Server,OU=API Mediation Layer,O=Example,L=Prague,ST=Prague,C=DE",
                                  .san = "dns:zowe.example.com,ip:192.0.2.7,ip:2001:db8::7,dns:localhost.localdomain,dns:localhost,ip:127.0.0.1",
                                  .key = key, .signer_owner = "CERTAUTH", .signer_label = "local_ca", .path_len = -1 };
    assert_int_equal(saf_cert_issue(NULL, change, &request, NULL), SAF_OK);
}

TEST(files_follow_a_certificate_that_was_renewed)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    world_apply(&w);
    world_change(reissue, NULL);
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_int_equal(saf_setup_plan_pending(plan), 2);
    assert_int_equal(world_step(plan, "keystore", KEYSTORE "/localhost/localhost.keystore.p12")->state, SAF_STEP_TO_DO);
    assert_int_equal(world_step(plan, "pem", KEYSTORE "/localhost/localhost.cer")->state, SAF_STEP_TO_DO);
    world_apply(&w);
    world_expect_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_renewed_certificate_in_the_import_file_renews_what_the_ring_has),
        IN_WORLD(a_renewed_certificate_in_the_import_file_renews_keystores),
        IN_WORLD(a_renewed_certificate_renews_whatever_its_new_name_is),
        IN_WORLD(a_shorter_renewal_is_a_conflict_too_and_an_older_file_is_not),
        IN_WORLD(an_import_file_whose_certificate_expired_is_refused),
        IN_WORLD(a_certificate_of_the_store_that_nobody_accepts_is_not_connected),
        IN_WORLD(files_follow_a_certificate_that_was_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
