/* What a plan promises: nothing happens before it is applied, nothing of anybody else's is lost, and whoever was interrupted can go on. */
#include <support/setup-world.h>

#include <support/scratch.h>

#include <openssl/pem.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define KEYSTORE "root/var/zowe/keystore"

static saf_secret secret_of(const char *text)
{
    saf_secret secret = { 0 };
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text(text), NULL), SAF_OK);
    return secret;
}

static void read_text(saf_buffer *out, const char *path)
{
    out->len = 0;
    assert_int_equal(saf_file_read(out, path, 1 << 20, NULL), SAF_OK);
}

/* ---- dry runs ---- */

TEST(a_plan_changes_nothing)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.no_idt = false;
    w.options.update_config = true;
    int before = scratch_count();
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_int_equal(saf_setup_plan_pending(plan), saf_setup_plan_size(plan));
    assert_int_equal(scratch_count(), before);
    assert_false(saf_file_exists("store"));
    assert_false(saf_file_exists("root"));
}

TEST(what_is_carried_out_is_what_a_dry_run_shows)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.no_idt = false;
    OWN(saf_setup_plan) *shown = world_plan(&w);
    OWN(saf_setup_plan) *real = world_plan(&w);
    assert_int_equal(saf_setup_apply(real, NULL, NULL, NULL), SAF_OK);
    assert_int_equal(saf_setup_plan_size(shown), saf_setup_plan_size(real));
    for (size_t i = 0; i < saf_setup_plan_size(shown); i++) {
        assert_string_equal(saf_setup_plan_at(shown, i)->text, saf_setup_plan_at(real, i)->text);
        assert_int_equal(saf_setup_plan_at(real, i)->state, SAF_STEP_DONE_NOW);
    }
    assert_string_equal(saf_setup_certificate_block(shown), saf_setup_certificate_block(real));
    assert_int_equal(saf_setup_apply(real, NULL, NULL, NULL), SAF_OK); /* and again: nothing */
}

TEST(no_step_and_no_block_shows_a_secret)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_null(strstr(saf_setup_certificate_block(plan), "n0t.default"));
    for (size_t i = 0; i < saf_setup_plan_size(plan); i++) {
        assert_null(strstr(saf_setup_plan_at(plan, i)->text, "n0t.default"));
        assert_null(strstr(saf_setup_plan_at(plan, i)->text, "3xternal"));
    }
}

TEST(paths_have_the_root_and_the_block_has_not)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.root = "root/";
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_non_null(world_step(plan, "keystore", "root/var/zowe/keystore/localhost/localhost.keystore.p12"));
    assert_non_null(strstr(saf_setup_certificate_block(plan), "file: /var/zowe/keystore/localhost/localhost.keystore.p12\n"));
}

/* ---- passwords ---- */

TEST(default_passwords_are_taken_only_when_the_installer_insists)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.keep_default_passwords = true;
    world_apply(&w);
    OWN(saf_secret) password = secret_of("password");
    OWN(saf_secret) ca_password = secret_of("local_ca_password");
    OWN(saf_bundle) *keystore = world_bundle(KEYSTORE "/localhost/localhost.keystore.p12", &password, NULL);
    OWN(saf_bundle) *ca = world_bundle(KEYSTORE "/local_ca/local_ca.keystore.p12", &ca_password, NULL);
    assert_non_null(saf_bundle_key(keystore));
    assert_non_null(saf_bundle_key(ca));
    world_expect_done(&w);
}

TEST(a_keystore_that_does_not_open_is_a_conflict_and_stays)
{
    OWN(world) w = { 0 };
    OWN(saf_buffer) before = { 0 }, after = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    world_apply(&w);
    read_text(&before, KEYSTORE "/local_ca/local_ca.keystore.p12");
    assert_int_equal(remove("store/setup/localhost-d81987c4.yaml"), 0);
    world_expect_refusal(&w, SAF_E_CONFLICT, "localhost.keystore.p12 is there, but wrong password");
    read_text(&after, KEYSTORE "/local_ca/local_ca.keystore.p12");
    assert_int_equal(before.len, after.len);
}

TEST(a_secrets_file_that_others_may_read_is_closed_again)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    world_apply(&w);
    OWN(saf_setup_plan) *plan = world_plan(&w);
    const char *path = saf_setup_secrets_path(plan);
    assert_int_equal(chmod(path, 0644), 0);
    world_apply(&w);
    assert_int_equal(world_mode(path), 0600);
}

TEST(a_run_that_comes_second_does_not_overwrite_the_passwords_of_the_first)
{
    OWN(world) w = { 0 };
    saf_error err = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    OWN(saf_setup_plan) *late = world_plan(&w);
    world_apply(&w);
    assert_int_equal(saf_setup_apply(late, NULL, NULL, &err), SAF_E_EXISTS);
    assert_string_equal(err.hint, "another run was faster, and its passwords count: run this again");
    world_expect_done(&w);
}

/* ---- what is somebody else's ---- */

TEST(a_foreign_file_is_a_conflict)
{
    static const char *const files[] = { "localhost.keystore.p12", "localhost.truststore.p12", "localhost.cer", "localhost.key" };
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    assert_int_equal(saf_directory_make(KEYSTORE "/localhost", 0755, NULL), SAF_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        snprintf(path, sizeof path, KEYSTORE "/localhost/%s", files[i]);
        assert_int_equal(scratch_write(path, "mine\n", 0644), 0);
        world_expect_refusal(&w, SAF_E_CONFLICT, files[i]);
        assert_int_equal(remove(path), 0);
    }
}

TEST(a_certificate_of_somebody_else_in_the_keystore_is_a_conflict)
{
    OWN(world) w = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {password: 3xternal, name: ext}}}}\n");
    assert_int_equal(saf_directory_make(KEYSTORE "/ext", 0755, NULL), SAF_OK);
    assert_int_equal(system("cp external.p12 " KEYSTORE "/ext/ext.keystore.p12"), 0);
    world_expect_refusal(&w, SAF_E_CONFLICT, "ext.keystore.p12 is there, but holds a certificate that is not ZWESVUSR/ext of the store");
}

/* A count of rounds that nobody can wait for, in what was encrypted with one. */
static void claim_for_ever(X509_ALGOR *algorithm)
{
    PBE2PARAM *pbe2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    PBKDF2PARAM *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbe2->keyfunc->parameter);
    assert_int_equal(ASN1_INTEGER_set(kdf->iter, 0x7fffffff), 1);
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf, &pbe2->keyfunc->parameter));
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), pbe2, &algorithm->parameter));
    PBKDF2PARAM_free(kdf);
    PBE2PARAM_free(pbe2);
}

/* In what is encrypted; or in the MAC, which comes first. */
static void write_trust_store_for_ever(const char *path, bool in_mac)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    PKCS7 *safe = PKCS12_pack_p7encdata(NID_aes_256_cbc, "x", 1, NULL, 0, 1, bags);
    const ASN1_INTEGER *rounds = NULL;
    claim_for_ever(safe->d.encrypted->enc_data->algorithm);
    assert_true(sk_PKCS7_push(safes, safe) > 0);
    OWN(PKCS12) *p12 = PKCS12_add_safes(safes, 0);
    OWN(BIO) *bio = BIO_new_file(path, "w");
    if (in_mac) {
        assert_int_equal(PKCS12_set_mac(p12, "x", 1, NULL, 0, 2, EVP_sha256()), 1);
        PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
        assert_int_equal(ASN1_INTEGER_set((ASN1_INTEGER *)rounds, 0x7fffffff), 1);
    }
    assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
    sk_PKCS12_SAFEBAG_free(bags);
    sk_PKCS7_pop_free(safes, PKCS7_free);
}

TEST(a_trust_store_that_takes_for_ever_is_a_conflict)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    assert_int_equal(saf_directory_make(KEYSTORE "/localhost", 0755, NULL), SAF_OK);
    for (int in_mac = 0; in_mac < 2; in_mac++) {
        write_trust_store_for_ever(KEYSTORE "/localhost/localhost.truststore.p12", in_mac);
        alarm(60);
        world_expect_refusal(&w, SAF_E_CONFLICT,
                             "localhost.truststore.p12 is there, but its content asks for more than 5000000 rounds");
        alarm(0);
    }
}

static void write_key_for_ever(const char *path)
{
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    OWN(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    X509_SIG *sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), "x", 1, NULL, 0, 1, info);
    const X509_ALGOR *algorithm = NULL;
    OWN(BIO) *bio = BIO_new_file(path, "w");
    X509_SIG_get0(sealed, &algorithm, NULL);
    claim_for_ever((X509_ALGOR *)algorithm);
    assert_int_equal(PEM_write_bio_PKCS8(bio, sealed), 1);
    X509_SIG_free(sealed);
}

TEST(a_key_file_that_takes_for_ever_is_a_conflict)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    assert_int_equal(saf_directory_make(KEYSTORE "/localhost", 0755, NULL), SAF_OK);
    write_key_for_ever(KEYSTORE "/localhost/localhost.key");
    alarm(60);
    world_expect_refusal(&w, SAF_E_CONFLICT, "localhost.key is there, but is not the private key of ZWESRV1/localhost");
    alarm(0);
}

static void make_store(void)
{
    OWN(saf_store) *store = NULL;
    assert_int_equal(saf_store_create("store", NULL, NULL), SAF_OK);
    store = world_store();
    world_issue(store, "ZWESVUSR", "localhost");
}

TEST(hints_name_what_can_be_changed)
{
    OWN(world) w = { 0 };
    make_store();
    world_from_text(&w, "zowe:\n");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.pkcs12.name another value in zowe.yaml, and a new one is made");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}}}}\n");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.keyring.label another value in zowe.yaml, and a new one is made");
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {import: {keystore: external.p12, password: 3xternal}}}}}\n");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.pkcs12.name another value in zowe.yaml");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, label: x}, importCertificateAuthorities: [Y]}}}\n");
    world_expect_hint(&w, SAF_E_NOT_FOUND, "take it out of zowe.yaml, or name one of those that safring cert list --owner CERTAUTH shows");
}

TEST(hints_of_a_ca_name_its_own_key)
{
    OWN(world) w = { 0 };
    OWN(saf_store) *store = NULL;
    assert_int_equal(saf_store_create("store", NULL, NULL), SAF_OK);
    store = world_store();
    world_issue(store, "CERTAUTH", "localca");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}}}}\n");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.keyring.caLabel another value in zowe.yaml, and a new one is made");
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {caAlias: localca}}}}\n");
    world_expect_hint(&w, SAF_E_CONFLICT, "give zowe.setup.certificate.pkcs12.caAlias another value in zowe.yaml, and a new one is made");
}

TEST(a_module_that_is_missing_is_found_missing_before_anything_is_made)
{
    OWN(world) w = { 0 };
    saf_p11_options p11 = { .module = "no/libsofthsm2.so" };
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.no_idt = false;
    w.options.p11_options = &p11;
    world_expect_refusal(&w, SAF_E_NOT_FOUND, "no PKCS#11 module no/libsofthsm2.so");
    assert_false(saf_file_exists("store"));
    w.options.no_idt = true;
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_non_null(plan);
}

TEST(another_certificate_of_that_name_is_a_conflict)
{
    OWN(world) w = { 0 };
    make_store();
    world_from_text(&w, "zowe:\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/localhost is in the store, but its CA CERTAUTH/local_ca is not");
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {import: {keystore: external.p12, password: 3xternal}}}}}\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/localhost is another certificate than the one in external.p12");
}

TEST(a_certificate_that_is_no_ca_is_a_conflict)
{
    OWN(world) w = { 0 };
    OWN(saf_store) *store = NULL;
    assert_int_equal(saf_store_create("store", NULL, NULL), SAF_OK);
    store = world_store();
    world_issue(store, "CERTAUTH", "localca");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}}}}\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "CERTAUTH/localca is in the store, but it is no CA");
}

TEST(a_ca_that_is_there_signs_for_another_installation)
{
    OWN(world) w = { 0 };
    make_store();
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, caLabel: localhost ca, label: x}}}}\n");
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_int_equal(world_step(plan, "ca", "CERTAUTH/localhost ca")->state, SAF_STEP_DONE_BEFORE);
    world_apply(&w);
    world_expect_done(&w);
}

TEST(names_that_zowe_yaml_asks_for_later_are_a_conflict)
{
    OWN(world) w = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}, san: [a.example.com]}}}\n");
    world_apply(&w);
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}, san: [b.example.com]}}}\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/localhost is in the store, but it does not name dns:b.example.com");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}, dname: {org: X}}}}\n");
    world_expect_refusal(&w, SAF_E_CONFLICT, "ZWESVUSR/localhost is in the store, but its subject is CN=");
}

/* ---- whose, until when ---- */

TEST(a_ring_of_another_owner_has_that_owners_certificate)
{
    OWN(world) w = { 0 };
    saf_principal who = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {owner: ringown, name: R, label: x}}}}\n");
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_non_null(world_step(plan, "certificate", "RINGOWN/x"));
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {owner: ringown, name: R, label: x,"
                        " import: {dsName: external.p12, password: 3xternal}}}}}\n");
    world_apply(&w);
    OWN(saf_store) *store = world_store();
    OWN(saf_ring) *ring = NULL;
    assert_int_equal(saf_ring_open(&ring, store, &who, "RINGOWN", "R", NULL), SAF_OK);
    assert_non_null(saf_ring_find_label(ring, "RINGOWN", "x"));
    world_expect_done(&w);
}

TEST(a_plan_says_how_many_days_its_ca_leaves)
{
    OWN(world) w = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, validity: 90, keyring: {name: R, label: x}}}}\n");
    world_apply(&w);
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, validity: 3650, keyring: {name: R, label: y}}}}\n");
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_string_equal(world_step(plan, "ca", NULL)->text, "make the CA CERTAUTH/localca, RSA 3072, 90 days");
    assert_string_equal(world_step(plan, "certificate", NULL)->text,
                        "issue ZWESVUSR/y, RSA 3072, 90 days, signed by CERTAUTH/localca");
    world_from_text(&w, "zowe: {setup: {certificate: {type: JCERACFKS, validity: 30, keyring: {name: R, label: y}}}}\n");
    OWN(saf_setup_plan) *shorter = world_plan(&w);
    assert_string_equal(world_step(shorter, "certificate", NULL)->text,
                        "issue ZWESVUSR/y, RSA 3072, 30 days, signed by CERTAUTH/localca");
}

TEST(a_locked_directory_is_opened_and_locked_again)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-import.yaml");
    world_apply(&w);
    assert_int_equal(chmod(KEYSTORE "/server", 0700), 0);
    assert_int_equal(remove(KEYSTORE "/server/server.cer"), 0);
    assert_int_equal(chmod(KEYSTORE "/server", 0500), 0);
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_int_equal(saf_setup_plan_pending(plan), 2);
    assert_int_equal(world_step(plan, "lock", NULL)->state, SAF_STEP_TO_DO);
    world_apply(&w);
    assert_int_equal(world_mode(KEYSTORE "/server"), 0500);
    assert_int_equal(world_mode(KEYSTORE "/server/server.cer"), 0400);
    world_expect_done(&w);
}

TEST(a_trust_store_keeps_what_others_put_into_it)
{
    OWN(world) w = { 0 };
    OWN(saf_blob) mixed = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    world_apply(&w);
    OWN(saf_secret) password = world_secret(&w, "zowe.certificate.keystore.password");
    OWN(saf_bundle) *other = world_bundle("external-ca.pem", NULL, NULL);
    saf_trust_entry entry = { saf_bundle_cert(other), "zosmf" };
    assert_int_equal(saf_trust_store_write(&mixed, &entry, 1, &password, NULL), SAF_OK);
    assert_int_equal(saf_file_write(KEYSTORE "/localhost/localhost.truststore.p12", saf_bytes_of(mixed.data, mixed.len), 0600,
                                    SAF_IF_EXISTS_REPLACE, NULL), SAF_OK);
    world_apply(&w);
    OWN(saf_bundle) *zosmf = world_bundle(KEYSTORE "/localhost/localhost.truststore.p12", &password, "zosmf");
    OWN(saf_bundle) *ours = world_bundle(KEYSTORE "/localhost/localhost.truststore.p12", &password, "local_ca");
    assert_int_equal(saf_bundle_chain_size(ours), 1);
    assert_memory_equal(saf_bundle_cert(zosmf).data, saf_bundle_cert(other).data, saf_bundle_cert(other).len);
    world_expect_done(&w);
}

/* ---- zowe.yaml ---- */

TEST(zowe_yaml_gets_the_block_and_is_closed_to_others)
{
    OWN(world) w = { 0 };
    OWN(saf_buffer) text = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.update_config = true;
    assert_int_equal(chmod("zowe.yaml", 0644), 0);
    OWN(saf_setup_plan) *plan = world_plan(&w);
    assert_string_equal(world_step(plan, "config", NULL)->text,
                        "write zowe.certificate into zowe.yaml, and let only its owner and group read it");
    world_apply(&w);
    assert_int_equal(world_mode("zowe.yaml"), 0640);
    read_text(&text, "zowe.yaml");
    OWN(saf_secret) password = world_secret(&w, "zowe.certificate.keystore.password");
    assert_non_null(strstr(saf_buffer_text(&text), (const char *)password.data));
    assert_non_null(strstr(saf_buffer_text(&text), "localhost.keystore.p12   # to be replaced\n"));
    world_expect_done(&w);
}

TEST(a_link_in_the_place_of_zowe_yaml_is_refused)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "keyring-generate.yaml");
    w.options.update_config = true;
    assert_int_equal(rename("zowe.yaml", "real.yaml"), 0);
    assert_int_equal(symlink("real.yaml", "zowe.yaml"), 0);
    world_expect_refusal(&w, SAF_E_UNSUPPORTED, "zowe.yaml is a symbolic link, which is not written to");
}

TEST(two_files_of_one_name_are_refused)
{
    OWN(world) w = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {name: extca1}, importCertificateAuthorities: [external-ca.pem]}}}\n");
    world_expect_refusal(&w, SAF_E_USAGE, "two files would be " KEYSTORE "/extca1/extca1.cer; give name or caAlias another value");
}

/* ---- interruptions ---- */

static void die_after_one_step(__attribute__((unused)) void *context, const saf_setup_step *step)
{
    if (step->state == SAF_STEP_DONE_NOW)
        _exit(9);
}

static void die_before_a_step(void *context, const saf_setup_step *step)
{
    if (!strcmp(step->action, context))
        _exit(9);
}

/* In a process of its own: plan, apply, and die where the callback says. Its exit code. */
static int run(world *w, saf_step_fn report, void *context, rlim_t file_size)
{
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        saf_setup_plan *plan = NULL;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){ file_size, RLIM_INFINITY });
        if (saf_setup_plan_make(&plan, &w->options, NULL) != SAF_OK)
            _exit(2);
        int answer = saf_setup_apply(plan, report, context, NULL) == SAF_OK ? 0 : 1;
        _exit(answer);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(runs_that_die_after_each_step_come_to_the_end)
{
    OWN(world) w = { 0 };
    int runs = 0, answer = 9;
    world_from_fixture(&w, "pkcs12-generate.yaml");
    w.options.no_idt = false;
    w.options.update_config = true;
    for (; answer == 9 && runs < 30; runs++)
        answer = run(&w, die_after_one_step, NULL, RLIM_INFINITY);
    assert_int_equal(answer, 0);
    assert_in_range(runs, 10, 20);
    world_expect_done(&w);
}

TEST(runs_that_die_before_a_step_leave_no_half_of_it)
{
    static const char *const actions[] = { "secrets-file", "certificate", "secret", "keystore", "pem", "lock" };
    OWN(world) w = { 0 };
    world_from_text(&w, "zowe: {setup: {certificate: {pkcs12: {lock: true}}}}\n");
    w.options.no_idt = false;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        assert_int_equal(run(&w, die_before_a_step, (void *)(uintptr_t)actions[i], RLIM_INFINITY), 9);
    assert_int_equal(run(&w, NULL, NULL, RLIM_INFINITY), 0);
    world_expect_done(&w);
}

/* The keystore is larger than what may be written. */
TEST(a_write_that_fails_leaves_no_half_of_a_file)
{
    OWN(world) w = { 0 };
    world_from_fixture(&w, "pkcs12-generate.yaml");
    assert_int_equal(run(&w, die_before_a_step, (void *)(uintptr_t)"keystore", RLIM_INFINITY), 9);
    assert_int_equal(run(&w, NULL, NULL, 1024), 1);
    assert_int_equal(system("test -z \"$(find root -type f)\""), 0);
    assert_int_equal(run(&w, NULL, NULL, RLIM_INFINITY), 0);
    world_expect_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_plan_changes_nothing),
        IN_WORLD(what_is_carried_out_is_what_a_dry_run_shows),
        IN_WORLD(no_step_and_no_block_shows_a_secret),
        IN_WORLD(paths_have_the_root_and_the_block_has_not),
        IN_WORLD(default_passwords_are_taken_only_when_the_installer_insists),
        IN_WORLD(a_keystore_that_does_not_open_is_a_conflict_and_stays),
        IN_WORLD(a_secrets_file_that_others_may_read_is_closed_again),
        IN_WORLD(a_run_that_comes_second_does_not_overwrite_the_passwords_of_the_first),
        IN_WORLD(a_foreign_file_is_a_conflict),
        IN_WORLD(a_certificate_of_somebody_else_in_the_keystore_is_a_conflict),
        IN_WORLD(a_trust_store_that_takes_for_ever_is_a_conflict),
        IN_WORLD(a_key_file_that_takes_for_ever_is_a_conflict),
        IN_WORLD(hints_name_what_can_be_changed),
        IN_WORLD(hints_of_a_ca_name_its_own_key),
        IN_WORLD(a_module_that_is_missing_is_found_missing_before_anything_is_made),
        IN_WORLD(another_certificate_of_that_name_is_a_conflict),
        IN_WORLD(a_certificate_that_is_no_ca_is_a_conflict),
        IN_WORLD(a_ca_that_is_there_signs_for_another_installation),
        IN_WORLD(names_that_zowe_yaml_asks_for_later_are_a_conflict),
        IN_WORLD(a_ring_of_another_owner_has_that_owners_certificate),
        IN_WORLD(a_plan_says_how_many_days_its_ca_leaves),
        IN_WORLD(a_locked_directory_is_opened_and_locked_again),
        IN_WORLD(a_trust_store_keeps_what_others_put_into_it),
        IN_WORLD(zowe_yaml_gets_the_block_and_is_closed_to_others),
        IN_WORLD(a_link_in_the_place_of_zowe_yaml_is_refused),
        IN_WORLD(two_files_of_one_name_are_refused),
        IN_WORLD(runs_that_die_after_each_step_come_to_the_end),
        IN_WORLD(runs_that_die_before_a_step_leave_no_half_of_it),
        IN_WORLD(a_write_that_fails_leaves_no_half_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
