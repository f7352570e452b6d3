#include <support/cm.h>

#include <base/file.h>

#include <safring/setup.h>

OWN_VALUE(saf_zowe_config, saf_zowe_config_free)

static saf_zowe_config read_fixture(const char *name)
{
    OWN(saf_buffer) text = { 0 };
    saf_zowe_config config = { 0 };
    saf_error err = { 0 };
    char path[512];
    snprintf(path, sizeof path, "%s/%s", ZOWE_FIXTURES, name);
    assert_int_equal(saf_file_read(&text, path, 1 << 20, NULL), SAF_OK);
    if (saf_zowe_config_read(&config, saf_buffer_bytes(&text), name, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return config;
}

static void assert_secret(const saf_secret *secret, const char *text)
{
    assert_int_equal(secret->len, strlen(text));
    if (secret->len)
        assert_memory_equal(secret->data, text, secret->len);
}

static void assert_texts(const char *const *list, size_t count, const char *const *wanted, size_t wanted_count)
{
    assert_int_equal(count, wanted_count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(list[i], wanted[i]);
}

TEST(scenario_1_is_read)
{
    OWN(saf_zowe_config) config = read_fixture("pkcs12-generate.yaml");
    static const char *const san[] = { "Zowe.Example.com", "192.0.2.7", "2001:db8::7", "localhost" };
    assert_int_equal(config.scenario, SAF_ZOWE_PKCS12_GENERATE);
    assert_string_equal(config.type, "PKCS12");
    assert_string_equal(config.owner, "ZWESRV1");
    assert_string_equal(config.pkcs12.directory, "/var/zowe/keystore");
    assert_string_equal(config.pkcs12.name, "localhost");
    assert_string_equal(config.pkcs12.ca_alias, "local_ca");
    assert_false(config.pkcs12.lock);
    assert_secret(&config.pkcs12.password, "password");
    assert_secret(&config.pkcs12.ca_password, "local_ca_password");
    assert_string_equal(config.dname.common_name, "Test, Server");
    assert_string_equal(config.dname.country, "de");
    assert_int_equal(config.validity_days, 730);
    assert_texts(config.san, config.san_count, san, 4);
}

TEST(what_the_file_leaves_out_is_as_zowe_has_it)
{
    OWN(saf_zowe_config) config = { 0 };
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text("zowe: {runtimeDirectory: /z}\n"), "z.yaml", NULL), SAF_OK);
    assert_int_equal(config.scenario, SAF_ZOWE_PKCS12_GENERATE);
    assert_string_equal(config.owner, "ZWESVUSR");
    assert_string_equal(config.pkcs12.directory, "/var/zowe/keystore");
    assert_string_equal(config.pkcs12.name, "localhost");
    assert_string_equal(config.pkcs12.ca_alias, "local_ca");
    assert_true(config.pkcs12.lock);
    assert_secret(&config.pkcs12.password, "");
    assert_string_equal(config.dname.ca_common_name, "Zowe Development Instances CA");
    assert_string_equal(config.dname.common_name, "Zowe Development Instances Certificate");
    assert_string_equal(config.dname.org_unit, "API Mediation Layer");
    assert_string_equal(config.dname.org, "Zowe Sample");
    assert_string_equal(config.dname.locality, "Prague");
    assert_string_equal(config.dname.state, "Prague");
    assert_string_equal(config.dname.country, "CZ");
    assert_int_equal(config.validity_days, 3650);
    assert_int_equal(config.san_count, 0);
    assert_int_equal(config.import_ca_count, 0);
}

TEST(scenario_2_is_read)
{
    OWN(saf_zowe_config) config = read_fixture("pkcs12-import.yaml");
    static const char *const authorities[] = { "external-ca.pem" };
    assert_int_equal(config.scenario, SAF_ZOWE_PKCS12_IMPORT);
    assert_string_equal(config.pkcs12.import_keystore, "external.p12");
    assert_string_equal(config.pkcs12.import_alias, "ext");
    assert_secret(&config.pkcs12.import_password, "3xternal");
    assert_texts(config.import_cas, config.import_ca_count, authorities, 1);
}

TEST(scenario_3_is_read)
{
    OWN(saf_zowe_config) config = read_fixture("keyring-generate.yaml");
    static const char *const san[] = { "ring.example.com" };
    assert_int_equal(config.scenario, SAF_ZOWE_KEYRING_GENERATE);
    assert_string_equal(config.keyring.owner, "ZWESVUSR");
    assert_string_equal(config.keyring.name, "ZoweKeyring");
    assert_string_equal(config.keyring.label, "zowe server");
    assert_string_equal(config.keyring.ca_label, "zowe ca");
    assert_int_equal(config.validity_days, 90);
    assert_texts(config.san, config.san_count, san, 1);
}

TEST(scenario_4_is_read)
{
    OWN(saf_zowe_config) config = read_fixture("keyring-connect.yaml");
    static const char *const authorities[] = { "Other CA" };
    assert_int_equal(config.scenario, SAF_ZOWE_KEYRING_CONNECT);
    assert_string_equal(config.type, "JCECCARACFKS");
    assert_string_equal(config.keyring.owner, "RINGOWN");
    assert_string_equal(config.owner, "ZWESVUSR");
    assert_string_equal(config.keyring.connect_user, "SITE");
    assert_string_equal(config.keyring.connect_label, "Existing");
    assert_texts(config.import_cas, config.import_ca_count, authorities, 1);
}

TEST(scenario_5_is_read)
{
    OWN(saf_zowe_config) config = read_fixture("keyring-import.yaml");
    assert_int_equal(config.scenario, SAF_ZOWE_KEYRING_IMPORT);
    assert_string_equal(config.keyring.label, "imported");
    assert_string_equal(config.keyring.import_file, "external.p12");
    assert_secret(&config.keyring.import_password, "3xternal");
}

TEST(empty_values_of_the_example_choose_no_other_scenario)
{
    OWN(saf_zowe_config) config = { 0 };
    const char *const text = "zowe: {setup: {certificate: {type: PKCS12, pkcs12: {import: {keystore: '', alias: ''}}}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", NULL), SAF_OK);
    assert_int_equal(config.scenario, SAF_ZOWE_PKCS12_GENERATE);
}

TEST(a_label_to_connect_wins_over_a_file_to_import)
{
    OWN(saf_zowe_config) config = { 0 };
    const char *const text = "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, connect: {user: U, label: L},"
                             " import: {dsName: x}}}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", NULL), SAF_OK);
    assert_int_equal(config.scenario, SAF_ZOWE_KEYRING_CONNECT);
}

TEST(a_named_zosmf_ca_is_one_more_to_trust)
{
    OWN(saf_zowe_config) config = { 0 }, automatic = { 0 };
    static const char *const authorities[] = { "A", "zOSMFCA" };
    const char *const named = "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, zOSMF: {ca: zOSMFCA, user: I}},"
                              " importCertificateAuthorities: [A]}}}\n";
    const char *const searched = "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R, zOSMF: {ca: _auto_}}}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(named), "z.yaml", NULL), SAF_OK);
    assert_texts(config.import_cas, config.import_ca_count, authorities, 2);
    assert_int_equal(saf_zowe_config_read(&automatic, saf_bytes_of_text(searched), "z.yaml", NULL), SAF_OK);
    assert_int_equal(automatic.import_ca_count, 0);
}

TEST(templates_of_other_scenarios_do_not_matter)
{
    OWN(saf_zowe_config) config = { 0 };
    const char *const text = "zowe: {setup: {certificate: {type: JCERACFKS, keyring: {name: R}, pkcs12: {name: '${{ x }}'}}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", NULL), SAF_OK);
}

typedef struct bad_value {
    const char *certificate; /* what stands below zowe.setup.certificate, in braces */
    const char *why;
} bad_value;

#define KEY "zowe.setup.certificate."
#define AT(column) "z.yaml:1:" column ": " KEY

TEST(values_that_are_not_valid_are_refused_by_name)
{
    static const bad_value bad[] = {
        { "type: PKCS11", AT("37") "type must be PKCS12, JCERACFKS, JCECCARACFKS or JCEHYBRIDRACFKS" },
        { "pkcs12: {directory: var/zowe}", AT("51") "pkcs12.directory must be an absolute path without \"..\"" },
        { "pkcs12: {directory: /var/../x}", AT("51") "pkcs12.directory must be an absolute path without \"..\"" },
        { "pkcs12: {name: a/b}", AT("46") "pkcs12.name names a directory and files: it cannot be . or .. or have a slash" },
        { "pkcs12: {caAlias: ..}", AT("49") "pkcs12.caAlias names a directory and files: it cannot be . or .. or have a slash" },
        { "pkcs12: {name: '${{ x }}'}", AT("46") "pkcs12.name is a template, which only Zowe's configuration manager can work out" },
        { "pkcs12: {name: [a]}", AT("46") "pkcs12.name must be one value, not a list or section" },
        { "pkcs12: {lock: perhaps}", AT("46") "pkcs12.lock must be true or false" },
        { "pkcs12: {name: x, caAlias: X}", "z.yaml: " KEY "pkcs12.name and caAlias are both \"x\"" },
        { "pkcs12: x", AT("39") "pkcs12.directory cannot be there: a value stands where a section is expected" },
        { "validity: 0", AT("41") "validity must be a whole number from 1 to 36500" },
        { "validity: ten", AT("41") "validity must be a whole number from 1 to 36500" },
        { "dname: {country: CZE}", AT("48") "dname.country must be the two letters of a country" },
        { "san: ['a,uri:b']", AT("37") "san must be host names or addresses, one to an entry" },
        { "pkcs12: {password: \"a\\u0081b\"}", AT("50") "pkcs12.password must be one line without control characters" },
        { "pkcs12: {password: p\u00E4ss}", AT("50") "pkcs12.password must be printable ASCII, or Java cannot open the keystore" },
        { "type: JCERACFKS", "z.yaml: " KEY "keyring.name is missing" },
        { "type: JCERACFKS, keyring: {name: R, connect: {label: L}}", "z.yaml: " KEY "keyring.connect.user is missing" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        saf_zowe_config config = { 0 };
        saf_error err = { 0 };
        char text[512];
        snprintf(text, sizeof text, "zowe: {setup: {certificate: { %s } } }\n", bad[i].certificate);
        assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", &err), SAF_E_USAGE);
        assert_string_equal(err.text, bad[i].why);
        assert_null(config.storage);
    }
}

TEST(names_that_floors_below_refuse_are_refused_by_key)
{
    static const bad_value bad[] = {
        { "type: JCERACFKS, keyring: {name: R, owner: NINELETTERS}", KEY "keyring.owner is not valid: " },
        { "type: JCERACFKS, keyring: {name: R, label: 'a label of more than thirty-two bytes'}", KEY "keyring.label is not valid: " },
        { "type: JCERACFKS, keyring: {name: '*'}", KEY "keyring.name is not valid: " },
        { "san: ['https://x']", KEY "san is not valid: " },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        saf_zowe_config config = { 0 };
        saf_error err = { 0 };
        char text[512];
        snprintf(text, sizeof text, "zowe: {setup: {certificate: { %s } } }\n", bad[i].certificate);
        assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", &err), SAF_E_USAGE);
        assert_non_null(strstr(err.text, bad[i].why));
    }
}

TEST(keystores_of_java_on_zos_are_not_supported)
{
    saf_zowe_config config = { 0 };
    saf_error err = { 0 };
    const char *const text = "zowe: {setup: {certificate: {type: JCECCAKS}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "z.yaml: " KEY "type JCECCAKS is a keystore format of Java on z/OS, which nothing else can read");
    assert_string_equal(err.hint, "use PKCS12, or JCERACFKS with a key ring");
}

TEST(a_password_is_never_part_of_a_message)
{
    saf_zowe_config config = { 0 };
    saf_error err = { 0 };
    const char *const text = "zowe: {setup: {certificate: {pkcs12: {password: '${{ s3cret }}'}}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(text), "z.yaml", &err), SAF_E_USAGE);
    assert_null(strstr(err.text, "s3cret"));
    const char *const odd = "zowe: {setup: {certificate: {pkcs12: {password: 's3cr\u00E9t'}}}}\n";
    assert_int_equal(saf_zowe_config_read(&config, saf_bytes_of_text(odd), "z.yaml", &err), SAF_E_USAGE);
    assert_null(strstr(err.text, "s3cr"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_1_is_read),
        cmocka_unit_test(what_the_file_leaves_out_is_as_zowe_has_it),
        cmocka_unit_test(scenario_2_is_read),
        cmocka_unit_test(scenario_3_is_read),
        cmocka_unit_test(scenario_4_is_read),
        cmocka_unit_test(scenario_5_is_read),
        cmocka_unit_test(empty_values_of_the_example_choose_no_other_scenario),
        cmocka_unit_test(a_label_to_connect_wins_over_a_file_to_import),
        cmocka_unit_test(a_named_zosmf_ca_is_one_more_to_trust),
        cmocka_unit_test(templates_of_other_scenarios_do_not_matter),
        cmocka_unit_test(values_that_are_not_valid_are_refused_by_name),
        cmocka_unit_test(names_that_floors_below_refuse_are_refused_by_key),
        cmocka_unit_test(keystores_of_java_on_zos_are_not_supported),
        cmocka_unit_test(a_password_is_never_part_of_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
