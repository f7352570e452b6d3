/* Whatever is thrown at them, the reader of zowe.yaml and its editor do not crash, and what the editor gives back says what was wished. */
#include "fuzz.h"

#include <safring/setup.h>
#include <setup/yaml-edit.h>
#include <setup/yaml-tree.h>

static const saf_yaml_wish list[] = {
    { { "zowe", "certificate", "keystore", "type" }, "PKCS12", false },
    { { "zowe", "certificate", "keystore", "password" }, "s3 \"cret: #", true },
    { { "zowe", "certificate", "pem", "key" }, "", false },
    { { "zowe", "certificate", "pem", "certificateAuthorities" }, "/a,/b", false },
};

static const saf_yaml_wishes wishes = { list, sizeof list / sizeof *list };

static void read_config(saf_bytes text)
{
    saf_zowe_config config = { 0 };
    if (saf_zowe_config_read(&config, text, "zowe.yaml", NULL) != SAF_OK)
        return;
    REQUIRE(config.scenario >= SAF_ZOWE_PKCS12_GENERATE && config.scenario <= SAF_ZOWE_KEYRING_IMPORT);
    REQUIRE(config.pkcs12.directory[0] == '/' && !strchr(config.pkcs12.name, '/'));
    REQUIRE(config.validity_days >= 1);
    saf_zowe_config_free(&config);
}

static void edit_twice(saf_bytes text)
{
    OWN(saf_buffer) once = { 0 };
    OWN(saf_buffer) twice = { 0 };
    if (saf_yaml_edit(&once, text, "zowe.yaml", &wishes, NULL) != SAF_OK)
        return;
    OWN(saf_yaml_tree) *tree = NULL;
    const saf_yaml_node *type = NULL;
    REQUIRE(saf_yaml_parse(&tree, saf_buffer_bytes(&once), "zowe.yaml", NULL) == SAF_OK);
    REQUIRE(saf_yaml_get(&type, tree, "zowe.certificate.keystore.type", NULL) == SAF_OK);
    REQUIRE(type && !strcmp(type->text, "PKCS12"));
    REQUIRE(saf_yaml_edit(&twice, saf_buffer_bytes(&once), "zowe.yaml", &wishes, NULL) == SAF_OK);
    REQUIRE(once.len == twice.len && !memcmp(once.data, twice.data, once.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t none[1];
    saf_bytes input = saf_bytes_of(size ? data : none, size);
    read_config(input);
    edit_twice(input);
    return 0;
}
