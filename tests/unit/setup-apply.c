/* The five scenarios, each carried out once and found done the second time. */
#include <support/setup-world.h>

#include <glob.h>

#include <support/scratch.h>

#include <openssl/x509v3.h>

#define KEYSTORE "root/var/zowe/keystore"

static X509 *x509_of(saf_bytes der)
{
    const unsigned char *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(x509);
    return x509;
}

static void assert_same_bytes(saf_bytes a, saf_bytes b)
{
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
}

static const saf_connection *connection(const saf_ring *ring, const char *owner, const char *label)
{
    const saf_connection *found = saf_ring_find_label(ring, owner, label);
    assert_non_null(found);
    return found;
}

static saf_ring *open_ring(saf_store *store, const char *owner, const char *name)
{
    saf_ring *ring = NULL;
    saf_principal who = { 0 };
    assert_int_equal(saf_ring_open(&ring, store, &who, owner, name, NULL), SAF_OK);
    return ring;
}

/* ---- scenario 1 ---- */

static void assert_names(X509 *x509)
{
    static const char *const hosts[] = { "zowe.example.com", "localhost", "localhost.localdomain" };
    static const char *const addresses[] = { "192.0.2.7", "2001:db8::7", "127.0.0.1" };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(X509_check_host(x509, hosts[i], 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
        assert_int_equal(X509_check_ip_asc(x509, addresses[i], 0), 1);
    }
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 6); /* localhost once */
    GENERAL_NAMES_free(names);
}

/* In a file of its own, which every zowe.yaml that shares the CA finds. */
static saf_secret ca_password_of_the_run(void)
{
    saf_secret password = { 0 };
    glob_t found;
    char source[4096];
    assert_int_equal(glob("store/setup/local_ca-*.password", 0, NULL, &found), 0);
    snprintf(source, sizeof source, "file:%s", found.gl_pathv[0]);
    globfree(&found);
    assert_int_equal(world_mode(source + 5), 0600);
    assert_int_equal(saf_secret_from_source(&password, source, NULL), SAF_OK);
    return password;
}

TEST(scenario_1_makes_certificates_and_writes_zowe_layout)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_cert) *ca = world_cert(store, "CERTAUTH", "local_ca");
    OWN(saf_cert) *server = world_cert(store, "ZWESRV1", "localhost");
    assert_int_equal(ca->key_bits, 3072);
    assert_string_equal(server->key_type, "rsa");
    assert_int_equal(server->key_bits, 3072);
    assert_int_equal((server->not_after - server->not_before) / 86400, 730);

    OWN(saf_secret) password = world_secret(&w, "zowe.certificate.keystore.password");
    OWN(saf_secret) ca_password = ca_password_of_the_run();
    OWN(saf_bundle) *keystore = world_bundle(KEYSTORE "/localhost/localhost.keystore.p12", &password, "localhost");
    OWN(saf_bundle) *ca_keystore = world_bundle(KEYSTORE "/local_ca/local_ca.keystore.p12", &ca_password, "local_ca");
    OWN(saf_bundle) *truststore = world_bundle(KEYSTORE "/localhost/localhost.truststore.p12", &password, "local_ca");
    OWN(saf_bundle) *pem = world_bundle(KEYSTORE "/localhost/localhost.cer", NULL, NULL);
    OWN(saf_bundle) *ca_pem = world_bundle(KEYSTORE "/local_ca/local_ca.cer", NULL, NULL);
    assert_same_bytes(saf_bundle_cert(keystore), server->der);
    assert_non_null(saf_bundle_key(keystore));
    assert_int_equal(saf_bundle_chain_size(keystore), 1);
    assert_same_bytes(saf_bundle_chain_at(keystore, 0), ca->der);
    assert_same_bytes(saf_bundle_cert(ca_keystore), ca->der);
    assert_non_null(saf_bundle_key(ca_keystore));
    assert_same_bytes(saf_bundle_cert(truststore), ca->der);
    assert_null(saf_bundle_key(truststore));
    assert_same_bytes(saf_bundle_cert(pem), server->der);
    assert_same_bytes(saf_bundle_cert(ca_pem), ca->der);

    OWN(X509) *x509 = x509_of(server->der);
    assert_names(x509);
    assert_int_equal(X509_get_extended_key_usage(x509), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    assert_non_null(strstr(server->subject, "Test\\, Server"));
    assert_int_equal(world_mode(KEYSTORE "/localhost/localhost.key"), 0600);
    assert_int_equal(world_mode(KEYSTORE "/localhost/localhost.keystore.p12"), 0600);
    assert_int_equal(world_mode(KEYSTORE "/localhost/localhost.cer"), 0644);
    world_expect_done(&w);
}

TEST(the_key_file_fits_the_certificate)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    world_apply(&w);
    assert_int_equal(system("openssl x509 -in " KEYSTORE "/localhost/localhost.cer -noout -pubkey >a"), 0);
    assert_int_equal(system("openssl pkey -in " KEYSTORE "/localhost/localhost.key -pubout >b"), 0);
    assert_int_equal(system("cmp -s a b"), 0);
}

/* ---- owners and links ---- */

enum { USER = 12345, GROUP = 23456, OTHER_USER = 12346 };

static void must_be_root(void)
{
    if (geteuid() != 0)
        skip();
}

static void assert_owner(const char *path, uid_t user, gid_t group)
{
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    assert_int_equal(about.st_uid, user);
    assert_int_equal(about.st_gid, group);
}

static void give_away(const char *path)
{
    assert_int_equal(saf_directory_make(path, 0755, NULL), SAF_OK);
    assert_int_equal(chown(path, USER, GROUP), 0);
}

TEST(what_root_makes_below_the_directory_of_a_user_is_theirs)
{
    OWN(world) w = { 0 };
    must_be_root();
    give_away("root/var/zowe");
    world_from_fixture(&w, "pkcs12-generate.yaml");
    world_apply(&w);
    assert_owner("root/var", 0, 0);
    assert_owner(KEYSTORE, USER, GROUP);
    assert_owner(KEYSTORE "/localhost", USER, GROUP);
    assert_owner(KEYSTORE "/local_ca", USER, GROUP);
    assert_owner(KEYSTORE "/local_ca/local_ca.keystore.p12", USER, GROUP);
    assert_owner(KEYSTORE "/localhost/localhost.keystore.p12", USER, GROUP);
    assert_owner(KEYSTORE "/localhost/localhost.truststore.p12", USER, GROUP);
    assert_owner(KEYSTORE "/localhost/localhost.key", USER, GROUP);
    assert_int_equal(world_mode(KEYSTORE "/localhost/localhost.key"), 0600);
    world_expect_done(&w);
}

/* One file is missing, and one is ours in another form. */
TEST(a_file_that_root_writes_again_keeps_its_owner)
{
    OWN(world) w = { 0 };
    must_be_root();
    world_from_fixture(&w, "pkcs12-import.yaml");
    world_apply(&w);
    give_away(KEYSTORE "/server");
    assert_int_equal(remove(KEYSTORE "/server/server.key"), 0);
    assert_int_equal(system("cat external-ca.pem >>" KEYSTORE "/server/server.cer"), 0);
    assert_int_equal(chown(KEYSTORE "/server/server.cer", OTHER_USER, GROUP), 0);
    world_apply(&w);
    assert_owner(KEYSTORE "/server/server.key", USER, GROUP);
    assert_owner(KEYSTORE "/server/server.cer", OTHER_USER, GROUP);
    assert_owner(KEYSTORE "/server", USER, GROUP);
    assert_int_equal(world_mode(KEYSTORE "/server"), 0500);
    assert_int_equal(world_mode(KEYSTORE "/server/server.key"), 0400);
    world_expect_done(&w);
}

TEST(zowe_yaml_keeps_its_owner_and_group)
{
    OWN(world) w = { 0 };
    must_be_root();
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.update_config = true;
    assert_int_equal(chown("zowe.yaml", USER, GROUP), 0);
    world_apply(&w);
    assert_owner("zowe.yaml", USER, GROUP);
    assert_int_equal(world_mode("zowe.yaml"), 0640);
    world_expect_done(&w);
}

TEST(zowe_yaml_that_became_a_link_after_planning_is_not_followed)
{
    OWN(world) w = { 0 };
    saf_error err = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.update_config = true;
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_int_equal(rename("zowe.yaml", "elsewhere"), 0);
    assert_int_equal(symlink("elsewhere", "zowe.yaml"), 0);
    assert_int_equal(system("cp elsewhere before"), 0);
    assert_int_equal(saf_setup_apply(plan, NULL, NULL, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "zowe.yaml is a symbolic link, which is not written to");
    assert_int_equal(system("cmp -s elsewhere before"), 0);
}

static void expect_link_refused(const char *link)
{
    OWN(world) w = { 0 };
    OWN(saf_setup_plan) *plan = NULL;
    saf_error err = { 0 };
    char text[128];
    snprintf(text, sizeof text, "%s is a symbolic link", link);
    assert_int_equal(saf_directory_make(KEYSTORE, 0755, NULL), SAF_OK);
    assert_int_equal(symlink("/nonexistent", link), 0);
    world_from_fixture(&w, "pkcs12-generate.yaml");
    assert_int_equal(saf_setup_plan_make(&plan, &w.options, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, text);
    assert_string_not_equal(err.hint, "");
    assert_false(saf_file_exists("store"));
    assert_int_equal(remove(link), 0);
}

TEST(a_keystore_directory_that_is_a_link_is_a_conflict)
{
    expect_link_refused(KEYSTORE "/localhost");
    expect_link_refused(KEYSTORE "/local_ca");
}

TEST(a_keystore_directory_that_became_a_link_after_planning_is_not_followed)
{
    OWN(world) w = { 0 };
    saf_error err = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_int_equal(saf_directory_make("elsewhere", 0755, NULL), SAF_OK);
    assert_int_equal(saf_directory_make(KEYSTORE, 0755, NULL), SAF_OK);
    assert_int_equal(symlink("../../../../elsewhere", KEYSTORE "/server"), 0);
    assert_int_equal(saf_setup_apply(plan, NULL, NULL, &err), SAF_E_EXISTS);
    assert_int_equal(rmdir("elsewhere"), 0);
}

TEST(the_directory_of_all_keystores_may_be_a_link)
{
    OWN(world) w = { 0 };
    assert_int_equal(saf_directory_make("root/var/zowe", 0755, NULL), SAF_OK);
    assert_int_equal(saf_directory_make("elsewhere", 0755, NULL), SAF_OK);
    assert_int_equal(symlink("../../../elsewhere", KEYSTORE), 0);
    world_from_fixture(&w, "pkcs12-import.yaml");
    world_apply(&w);
    assert_int_equal(world_mode("elsewhere/server"), 0500);
    world_expect_done(&w);
}

/* ---- scenario 2 ---- */

TEST(scenario_2_takes_the_certificate_of_the_file)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_cert) *server = world_cert(store, "ZWESVUSR", "server");
    OWN(saf_cert) *ca = world_cert(store, "CERTAUTH", "extca1");
    assert_int_equal(server->trust, SAF_TRUST);
    assert_int_equal(ca->trust, SAF_TRUST);

    OWN(saf_secret) password = { 0 };
    assert_int_equal(saf_secret_set(&password, saf_bytes_of_text("n0t.default"), NULL), SAF_OK);
    OWN(saf_bundle) *keystore = world_bundle(KEYSTORE "/server/server.keystore.p12", &password, "server");
    OWN(saf_bundle) *truststore = world_bundle(KEYSTORE "/server/server.truststore.p12", &password, "extca1");
    assert_same_bytes(saf_bundle_cert(keystore), server->der);
    assert_int_equal(saf_bundle_chain_size(keystore), 1);
    assert_same_bytes(saf_bundle_cert(truststore), ca->der);
    assert_true(saf_file_exists(KEYSTORE "/server/extca1.cer"));
    assert_false(saf_file_exists(KEYSTORE "/local_ca"));
    world_expect_done(&w);
}

TEST(scenario_2_locks_without_making_files_executable)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    world_apply(&w);
    assert_int_equal(world_mode(KEYSTORE "/server"), 0500);
    assert_int_equal(world_mode(KEYSTORE "/server/server.keystore.p12"), 0400);
    assert_int_equal(world_mode(KEYSTORE "/server/server.cer"), 0400);
}

TEST(scenario_2_takes_the_chain_of_the_file_when_no_ca_is_listed)
{
    OWN(world) w = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {name: s, import: {keystore: external.p12, password: 3xternal}}}}}\n");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_cert) *ca = world_cert(store, "CERTAUTH", "external ca");
    OWN(saf_bundle) *pem = world_bundle(KEYSTORE "/s/ca1.cer", NULL, NULL);
    assert_same_bytes(saf_bundle_cert(pem), ca->der);
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_non_null(strstr(saf_setup_certificate_block(plan), "certificateAuthorities: /var/zowe/keystore/s/ca1.cer\n"));
    world_expect_done(&w);
}

TEST(scenario_2_says_which_password_is_wrong)
{
    OWN(world) w = { 0 };
    OWN(saf_setup_plan) *plan = NULL;
    saf_error err = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {import: {keystore: external.p12, password: other}}}}}\n");
    assert_int_equal(saf_setup_plan_make(&plan, &w.options, &err), SAF_E_DENIED);
    assert_string_equal(err.hint, "its password is that of zowe.setup.certificate.pkcs12.import.password");
}

TEST(scenario_2_without_the_file_finds_nothing)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    assert_int_equal(remove("external.p12"), 0);
    world_expect_refusal(&w, SAF_E_NOT_FOUND, "external.p12");
}

/* ---- scenario 3 ---- */

TEST(scenario_3_fills_a_ring)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.update_config = true;
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_ring) *ring = open_ring(store, "ZWESVUSR", "ZoweKeyring");
    const saf_connection *server = connection(ring, "ZWESVUSR", "zowe server");
    const saf_connection *ca = connection(ring, "CERTAUTH", "zowe ca");
    assert_int_equal(saf_ring_size(ring), 2);
    assert_int_equal(server->usage, SAF_USAGE_PERSONAL);
    assert_int_equal(server->is_default, SAF_DEFAULT);
    assert_int_equal(ca->usage, SAF_USAGE_CERTAUTH);
    assert_int_equal(ca->is_default, SAF_NOT_DEFAULT);
    assert_false(saf_file_exists("root"));
    world_expect_done(&w);
}

TEST(scenario_3_has_a_block_without_secrets_and_no_secrets_file)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_string_equal(saf_setup_secrets_path(plan), "");
    assert_string_equal(saf_setup_certificate_block(plan),
                        "zowe:\n"
                        "  certificate:\n"
                        "    keystore:\n"
                        "      type: JCERACFKS\n"
                        "      file: \"safkeyring://ZWESVUSR/ZoweKeyring\"\n"
                        "      password: password\n"
                        "      alias: \"zowe server\"\n"
                        "    truststore:\n"
                        "      type: JCERACFKS\n"
                        "      file: \"safkeyring://ZWESVUSR/ZoweKeyring\"\n"
                        "      password: password\n"
                        "    pem:\n"
                        "      key: \"\"\n"
                        "      certificate: \"\"\n"
                        "      certificateAuthorities: \"safkeyring://ZWESVUSR/ZoweKeyring&zowe ca\"\n");
}

/* ---- scenario 4 ---- */

static void make_store_with_existing(void)
{
    OWN(saf_store) *store = NULL;
    assert_int_equal(saf_store_create("store", NULL, NULL), SAF_OK);
    store = world_store();
    world_issue(store, "SITE", "Existing");
    world_issue(store, "OTHER", "Other");
}

TEST(scenario_4_connects_what_the_store_has)
{
    OWN(world) w = { 0 };
    make_store_with_existing();
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {owner: RINGOWN, name: R,"
                        " connect: {user: SITE, label: Existing}}, importCertificateAuthorities: [Other ca]}}}\n");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_ring) *ring = open_ring(store, "RINGOWN", "R");
    assert_int_equal(saf_ring_size(ring), 3);
    assert_int_equal(connection(ring, "SITE", "Existing")->usage, SAF_USAGE_PERSONAL);
    assert_int_equal(connection(ring, "SITE", "Existing")->is_default, SAF_DEFAULT);
    assert_int_equal(connection(ring, "CERTAUTH", "Existing ca")->usage, SAF_USAGE_CERTAUTH);
    assert_int_equal(connection(ring, "CERTAUTH", "Other ca")->usage, SAF_USAGE_CERTAUTH);
    world_expect_done(&w);
}

TEST(scenario_4_without_the_certificate_finds_nothing)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-connect.yaml");
    world_expect_refusal(&w, SAF_E_NOT_FOUND, "the store has no SITE/Existing, which keyring.connect names");
    make_store_with_existing();
    world_expect_refusal(&w, SAF_E_NOT_FOUND, "the store has no CERTAUTH/Other CA, which importCertificateAuthorities names");
}

/* ---- scenario 5 ---- */

TEST(scenario_5_imports_into_a_ring)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-import.yaml");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_ring) *ring = open_ring(store, "ZWESVUSR", "ZoweKeyring");
    const saf_connection *server = connection(ring, "ZWESVUSR", "imported");
    assert_int_equal(server->usage, SAF_USAGE_PERSONAL);
    assert_int_equal(server->is_default, SAF_DEFAULT);
    assert_int_equal(server->cert->key_place, SAF_KEY_STORED);
    assert_int_equal(connection(ring, "CERTAUTH", "external ca")->usage, SAF_USAGE_CERTAUTH);
    world_expect_done(&w);
}

TEST(scenario_5_uses_the_name_that_the_store_has_for_the_certificate)
{
    OWN(world) first = { 0 }, second = { 0 };
    world_from_fixture(&first, "keyring-import.yaml");
    world_apply(&first);
    world_from_text(&second, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: Second, label: another,"
                             " import: {dsName: external.p12, password: 3xternal}}}}}\n");
    world_apply(&second);
    OWN(saf_store) *store = world_store();
    OWN(saf_ring) *ring = open_ring(store, "ZWESVUSR", "Second");
    assert_non_null(connection(ring, "ZWESVUSR", "imported"));
    OWN(saf_setup_plan) *plan = world_plan(&second);
    assert_non_null(strstr(saf_setup_certificate_block(plan), "alias: imported\n"));
    world_expect_done(&second);
}

/* ---- identity tokens ---- */

TEST(token_secret_and_policy_are_made_once)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.no_idt = false;
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    saf_principal who = { 0 };
    saf_policy policy = { 0 };
    saf_p11_uri uri;
    assert_int_equal(saf_store_find_policy(&policy, store, &who, "ZOWEAPPL", "*", NULL), SAF_OK);
    assert_string_equal(policy.alg, "HS512");
    assert_int_equal(policy.timeout_min, 5);
    assert_int_equal(policy.key_use, SAF_KEY_USE_TOKEN);
    assert_int_equal(saf_p11_uri_parse(&uri, policy.key, NULL), SAF_OK);
    assert_string_equal(uri.token, "ZWE.IDT");
    assert_string_equal(uri.object, "jwtsecret");
    assert_int_equal(uri.id_len, 4);
    OWN(saf_setup_plan) *plan = world_plan(&w);
    OWN(saf_secret) pin = { 0 };
    assert_string_equal(saf_setup_pin_path(plan), "store/setup/ZWE.IDT.pin");
    assert_int_equal(saf_secret_from_source(&pin, "file:store/setup/ZWE.IDT.pin", NULL), SAF_OK);
    assert_int_equal(pin.len, 24);
    assert_int_equal(world_mode("store/setup/ZWE.IDT.pin"), 0600);
    assert_string_equal(saf_setup_secrets_path(plan), "");
    world_expect_done(&w);
}

static uint64_t audit_records(saf_store *store)
{
    saf_store_info info;
    saf_principal who = { 0 };
    assert_int_equal(saf_store_describe(&info, store, &who, NULL), SAF_OK);
    return info.audit_records;
}

TEST(a_secret_that_is_made_stands_in_the_audit_trail)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    uint64_t before = audit_records(store);
    w.options.no_idt = false;
    world_apply(&w);
    assert_int_equal(audit_records(store) - before, 2); /* the secret and its policy */
    assert_int_equal(system("cat store/store.db* | grep -aq 'secret-generatepkcs11:token=ZWE.IDT;object=jwtsecret;'"), 0);
    saf_change *change = NULL;
    saf_principal who = { 0 };
    saf_policy policy = { .appl = "ZOWEAPPL", .user = "*", .alg = "HS512", .timeout_min = 5,
                          .key = "pkcs11:token=ZWE.IDT;object=jwtsecret;id=%09%09%09%09;type=secret-key" };
    assert_int_equal(saf_change_begin(&change, store, &who, NULL), SAF_OK);
    assert_int_equal(saf_store_put_policy(change, &policy, NULL), SAF_OK);
    assert_int_equal(saf_change_commit(&change, NULL), SAF_OK);
    before = audit_records(store);
    world_apply(&w);
    assert_int_equal(audit_records(store) - before, 1); /* the policy alone: the secret was there */
}

TEST(pins_that_were_given_are_written_nowhere)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.no_idt = false;
    assert_int_equal(saf_secret_set(&w.pin, saf_bytes_of_text("given-user-pin"), NULL), SAF_OK);
    assert_int_equal(saf_secret_set(&w.so_pin, saf_bytes_of_text("given-so-pin"), NULL), SAF_OK);
    world_apply(&w);
    assert_false(saf_file_exists("store/setup"));
    world_expect_done(&w);
    saf_secret_free(&w.pin);
    world_expect_refusal(&w, SAF_E_DENIED, "the token ZWE.IDT is there already, and its PIN is not known");
}

TEST(a_policy_with_another_key_is_a_conflict)
{
    OWN(world) w = { 0 };
    OWN(saf_change) *change = NULL;
    saf_principal who = { 0 };
    saf_policy policy = { .appl = "ZOWEAPPL", .user = "*", .alg = "RS256", .key = "safkeyring://A/B&C", .timeout_min = 5 };
    make_store_with_existing();
    OWN(saf_store) *store = world_store();
    assert_int_equal(saf_change_begin(&change, store, &who, NULL), SAF_OK);
    assert_int_equal(saf_store_add_policy(change, &policy, NULL), SAF_OK);
    assert_int_equal(saf_change_commit(&change, NULL), SAF_OK);
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.no_idt = false;
    world_expect_refusal(&w, SAF_E_CONFLICT, "the policy JWT.ZOWEAPPL.*.SAF is there with RS256 and the key safkeyring://A/B&C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(scenario_1_makes_certificates_and_writes_zowe_layout),
        IN_WORLD(the_key_file_fits_the_certificate),
        IN_WORLD(scenario_2_takes_the_certificate_of_the_file),
        IN_WORLD(scenario_2_locks_without_making_files_executable),
        IN_WORLD(scenario_2_takes_the_chain_of_the_file_when_no_ca_is_listed),
        IN_WORLD(scenario_2_says_which_password_is_wrong),
        IN_WORLD(scenario_2_without_the_file_finds_nothing),
        IN_WORLD(scenario_3_fills_a_ring),
        IN_WORLD(scenario_3_has_a_block_without_secrets_and_no_secrets_file),
        IN_WORLD(scenario_4_connects_what_the_store_has),
        IN_WORLD(scenario_4_without_the_certificate_finds_nothing),
        IN_WORLD(scenario_5_imports_into_a_ring),
        IN_WORLD(scenario_5_uses_the_name_that_the_store_has_for_the_certificate),
        IN_WORLD(token_secret_and_policy_are_made_once),
        IN_WORLD(a_secret_that_is_made_stands_in_the_audit_trail),
        IN_WORLD(pins_that_were_given_are_written_nowhere),
        IN_WORLD(a_policy_with_another_key_is_a_conflict),
        IN_WORLD(what_root_makes_below_the_directory_of_a_user_is_theirs),
        IN_WORLD(a_file_that_root_writes_again_keeps_its_owner),
        IN_WORLD(zowe_yaml_keeps_its_owner_and_group),
        IN_WORLD(zowe_yaml_that_became_a_link_after_planning_is_not_followed),
        IN_WORLD(a_keystore_directory_that_is_a_link_is_a_conflict),
        IN_WORLD(a_keystore_directory_that_became_a_link_after_planning_is_not_followed),
        IN_WORLD(the_directory_of_all_keystores_may_be_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
