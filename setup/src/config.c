/* zowe.setup.certificate as a struct: which keys there are, what they default to, and which scenario they ask for. */
#include "config-check.h"
#include "text-pool.h"

#include <base/fail.h>

#include <safring/setup.h>
#include <setup/yaml-tree.h>

#define CERTIFICATE "zowe.setup.certificate."

enum { VALID_DAYS = 3650, VALID_DAYS_MAX = 36500, LIST_MAX = 256 };

/* What config->storage points to. */
typedef struct config_storage {
    text_pool pool;
    const char *san[LIST_MAX];
    const char *import_cas[LIST_MAX];
} config_storage;

typedef struct config_reader {
    saf_zowe_config *config;
    config_storage *storage;
    const saf_yaml_tree *tree;
    saf_error *err;
} config_reader;

const char *saf_zowe_scenario_name(saf_zowe_scenario scenario)
{
    static const char *const names[] = {
        [SAF_ZOWE_PKCS12_GENERATE] = "PKCS12 generate",   [SAF_ZOWE_PKCS12_IMPORT] = "PKCS12 import",
        [SAF_ZOWE_KEYRING_GENERATE] = "keyring generate", [SAF_ZOWE_KEYRING_CONNECT] = "keyring connect",
        [SAF_ZOWE_KEYRING_IMPORT] = "keyring import",
    };
    size_t index = (size_t)scenario;
    return index < sizeof names / sizeof *names && names[index] ? names[index] : "unknown";
}

/* One text of the file: where it stands, where it goes, what it is when absent, and what makes it valid. */
typedef struct text_field {
    const char *path;
    size_t offset;
    const char *fallback;
    config_check_fn check; /* NULL: any text */
} text_field;

#define TEXT(path, member, fallback, check) { path, offsetof(saf_zowe_config, member), fallback, check }

static const text_field common_fields[] = {
    TEXT("zowe.setup.security.users.zowe", owner, "ZWESVUSR", config_check_owner),
};

/* Zowe's directory has no default of its own in the schema; this is that of its defaults.yaml. */
static const text_field pkcs12_fields[] = {
    TEXT(CERTIFICATE "pkcs12.directory", pkcs12.directory, "/var/zowe/keystore", config_check_directory),
    TEXT(CERTIFICATE "pkcs12.name", pkcs12.name, "localhost", config_check_file_label),
    TEXT(CERTIFICATE "pkcs12.caAlias", pkcs12.ca_alias, "local_ca", config_check_file_label),
    TEXT(CERTIFICATE "pkcs12.import.keystore", pkcs12.import_keystore, "", NULL),
    TEXT(CERTIFICATE "pkcs12.import.alias", pkcs12.import_alias, "", NULL),
};

static const text_field keyring_fields[] = {
    TEXT(CERTIFICATE "keyring.owner", keyring.owner, "", config_check_owner),
    TEXT(CERTIFICATE "keyring.name", keyring.name, "", config_check_ring),
    TEXT(CERTIFICATE "keyring.label", keyring.label, "localhost", config_check_label),
    TEXT(CERTIFICATE "keyring.caLabel", keyring.ca_label, "localca", config_check_label),
    TEXT(CERTIFICATE "keyring.connect.user", keyring.connect_user, "", config_check_owner),
    TEXT(CERTIFICATE "keyring.connect.label", keyring.connect_label, "", config_check_label),
    TEXT(CERTIFICATE "keyring.import.dsName", keyring.import_file, "", NULL),
};

static const text_field dname_fields[] = {
    TEXT(CERTIFICATE "dname.caCommonName", dname.ca_common_name, "Zowe Development Instances CA", config_check_name_part),
    TEXT(CERTIFICATE "dname.commonName", dname.common_name, "Zowe Development Instances Certificate", config_check_name_part),
    TEXT(CERTIFICATE "dname.orgUnit", dname.org_unit, "API Mediation Layer", config_check_name_part),
    TEXT(CERTIFICATE "dname.org", dname.org, "Zowe Sample", config_check_name_part),
    TEXT(CERTIFICATE "dname.locality", dname.locality, "Prague", config_check_name_part),
    TEXT(CERTIFICATE "dname.state", dname.state, "Prague", config_check_name_part),
    TEXT(CERTIFICATE "dname.country", dname.country, "CZ", config_check_country),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char **text_member(saf_zowe_config *config, size_t offset)
{
    return (const char **)(void *)((char *)config + offset);
}

static void put_text(config_reader *r, const text_field *field, const char *text)
{
    *text_member(r->config, field->offset) = text_pool_copy(&r->storage->pool, text);
}

static void put_fallbacks(config_reader *r, const text_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_text(r, &fields[i], fields[i].fallback);
}

/* "zowe.yaml:12:7: zowe.setup.certificate.pkcs12.name must …" */
static saf_status refuse_value(const config_reader *r, const char *path, const char *why)
{
    const saf_yaml_node *node;
    SAF_TRY(saf_yaml_get(&node, r->tree, path, r->err));
    return saf_yaml_refuse(r->tree, node, path, r->err, "%s", why);
}

static saf_status check_value(const config_reader *r, const char *path, config_check_fn check, const char *text)
{
    char why[SAF_ERROR_TEXT_SIZE] = "";
    if (!check || check(text, why, sizeof why))
        return SAF_OK;
    return refuse_value(r, path, why);
}

static saf_status read_text(config_reader *r, const text_field *field)
{
    const char *text = NULL;
    SAF_TRY(saf_yaml_get_text(&text, r->tree, field->path, r->err));
    if (!text)
        return SAF_OK;
    SAF_TRY(check_value(r, field->path, field->check, text));
    put_text(r, field, text);
    return SAF_OK;
}

static saf_status read_texts(config_reader *r, const text_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        SAF_TRY(read_text(r, &fields[i]));
    return SAF_OK;
}

static saf_status read_secret(config_reader *r, const char *path, saf_secret *out)
{
    const char *text = NULL;
    SAF_TRY(saf_yaml_get_text(&text, r->tree, path, r->err));
    return text ? saf_secret_set(out, saf_bytes_of_text(text), r->err) : SAF_OK;
}

/* What protects our own files must be typed the same everywhere: Java refuses to open a PKCS#12 whose password is not ASCII. */
static saf_status read_password(config_reader *r, const char *path, saf_secret *out)
{
    const saf_yaml_node *node = NULL;
    SAF_TRY(read_secret(r, path, out));
    SAF_TRY(saf_yaml_get(&node, r->tree, path, r->err));
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] < ' ' || out->data[i] > '~')
            return saf_yaml_refuse(r->tree, node, path, r->err, "must be printable ASCII, or Java cannot open the keystore");
    return SAF_OK;
}

/* Appends to list; SAF_E_USAGE when an entry is not valid or there are too many. */
static saf_status read_list(config_reader *r, const char *path, config_check_fn check, const char **list, size_t *count)
{
    const saf_yaml_node *item = NULL;
    const char *text = NULL;
    SAF_TRY(saf_yaml_next_text(&item, &text, r->tree, path, r->err));
    while (item) {
        char why[SAF_ERROR_TEXT_SIZE] = "";
        if (check && !check(text, why, sizeof why))
            return saf_yaml_refuse(r->tree, item, path, r->err, "%s", why);
        if (*count == LIST_MAX)
            return saf_yaml_refuse(r->tree, item, path, r->err, "has more than %d entries", LIST_MAX);
        list[(*count)++] = text_pool_copy(&r->storage->pool, text);
        SAF_TRY(saf_yaml_next_text(&item, &text, r->tree, path, r->err));
    }
    return SAF_OK;
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(text, list[i]))
            return true;
    return false;
}

static saf_status refuse_java_type(const config_reader *r, const char *type)
{
    saf_status status = saf_fail(r->err, SAF_E_UNSUPPORTED,
                                 "%s: " CERTIFICATE "type %s is a keystore format of Java on z/OS, which nothing else can read",
                                 saf_yaml_name(r->tree), type);
    saf_hint(r->err, "use PKCS12, or JCERACFKS with a key ring");
    return status;
}

static saf_status read_type(config_reader *r, bool *is_ring)
{
    static const char *const rings[] = { "JCERACFKS", "JCECCARACFKS", "JCEHYBRIDRACFKS" };
    static const char *const java_only[] = { "JCEKS", "JCECCAKS" };
    const char *type = "PKCS12";
    SAF_TRY(saf_yaml_get_text(&type, r->tree, CERTIFICATE "type", r->err));
    if (is_one_of(type, java_only, COUNT(java_only)))
        return refuse_java_type(r, type);
    *is_ring = is_one_of(type, rings, COUNT(rings));
    if (!*is_ring && strcmp(type, "PKCS12") != 0)
        return refuse_value(r, CERTIFICATE "type", "must be PKCS12, JCERACFKS, JCECCARACFKS or JCEHYBRIDRACFKS");
    r->config->type = text_pool_copy(&r->storage->pool, type);
    return SAF_OK;
}

static saf_status refuse_missing(const config_reader *r, const char *path)
{
    return saf_fail(r->err, SAF_E_USAGE, "%s: %s is missing", saf_yaml_name(r->tree), path);
}

static saf_status read_pkcs12(config_reader *r)
{
    saf_zowe_config *config = r->config;
    SAF_TRY(read_texts(r, pkcs12_fields, COUNT(pkcs12_fields)));
    SAF_TRY(saf_yaml_get_bool(&config->pkcs12.lock, r->tree, CERTIFICATE "pkcs12.lock", r->err));
    SAF_TRY(read_password(r, CERTIFICATE "pkcs12.password", &config->pkcs12.password));
    SAF_TRY(read_password(r, CERTIFICATE "pkcs12.caPassword", &config->pkcs12.ca_password));
    SAF_TRY(read_secret(r, CERTIFICATE "pkcs12.import.password", &config->pkcs12.import_password));
    config->scenario = *config->pkcs12.import_keystore ? SAF_ZOWE_PKCS12_IMPORT : SAF_ZOWE_PKCS12_GENERATE;
    /* On a file system that folds case, and in the names of the .cer files, they would be one. */
    if (!strcasecmp(config->pkcs12.name, config->pkcs12.ca_alias))
        return saf_fail(r->err, SAF_E_USAGE, "%s: " CERTIFICATE "pkcs12.name and caAlias are both \"%s\"",
                        saf_yaml_name(r->tree), config->pkcs12.name);
    return SAF_OK;
}

/* Zowe's order: a label to connect wins over a file to import. */
static saf_zowe_scenario ring_scenario(const saf_zowe_config *config)
{
    if (*config->keyring.connect_label)
        return SAF_ZOWE_KEYRING_CONNECT;
    return *config->keyring.import_file ? SAF_ZOWE_KEYRING_IMPORT : SAF_ZOWE_KEYRING_GENERATE;
}

static saf_status read_keyring(config_reader *r)
{
    saf_zowe_config *config = r->config;
    SAF_TRY(read_texts(r, keyring_fields, COUNT(keyring_fields)));
    SAF_TRY(read_secret(r, CERTIFICATE "keyring.import.password", &config->keyring.import_password));
    config->scenario = ring_scenario(config);
    if (!*config->keyring.owner)
        config->keyring.owner = config->owner;
    if (!*config->keyring.name)
        return refuse_missing(r, CERTIFICATE "keyring.name");
    if (config->scenario == SAF_ZOWE_KEYRING_CONNECT && !*config->keyring.connect_user)
        return refuse_missing(r, CERTIFICATE "keyring.connect.user");
    return SAF_OK;
}

/* A z/OSMF CA that is named is one more label to trust; "_auto_" asks for a search that only z/OS can do. */
static saf_status read_zosmf_ca(config_reader *r)
{
    saf_zowe_config *config = r->config;
    const char *label = "_auto_";
    SAF_TRY(saf_yaml_get_text(&label, r->tree, CERTIFICATE "keyring.zOSMF.ca", r->err));
    if (!strcmp(label, "_auto_") || config->import_ca_count == LIST_MAX)
        return SAF_OK;
    SAF_TRY(check_value(r, CERTIFICATE "keyring.zOSMF.ca", config_check_label, label));
    r->storage->import_cas[config->import_ca_count++] = text_pool_copy(&r->storage->pool, label);
    return SAF_OK;
}

static saf_status read_import_cas(config_reader *r, bool is_ring)
{
    SAF_TRY(read_list(r, CERTIFICATE "importCertificateAuthorities", is_ring ? config_check_label : NULL,
                      r->storage->import_cas, &r->config->import_ca_count));
    return is_ring ? read_zosmf_ca(r) : SAF_OK;
}

static saf_status read_san(config_reader *r)
{
    size_t *count = &r->config->san_count;
    SAF_TRY(read_list(r, CERTIFICATE "san", config_check_domain, r->storage->san, count));
    if (*count)
        return SAF_OK;
    return read_list(r, "zowe.externalDomains", config_check_domain, r->storage->san, count);
}

/* What only a certificate that is made needs; elsewhere it is not even looked at. */
static saf_status read_certificate_wishes(config_reader *r)
{
    saf_zowe_config *config = r->config;
    if (config->scenario != SAF_ZOWE_PKCS12_GENERATE && config->scenario != SAF_ZOWE_KEYRING_GENERATE)
        return SAF_OK;
    SAF_TRY(read_texts(r, dname_fields, COUNT(dname_fields)));
    SAF_TRY(saf_yaml_get_number(&config->validity_days, r->tree, CERTIFICATE "validity", 1, VALID_DAYS_MAX, r->err));
    return read_san(r);
}

static void put_defaults(config_reader *r)
{
    put_fallbacks(r, common_fields, COUNT(common_fields));
    put_fallbacks(r, pkcs12_fields, COUNT(pkcs12_fields));
    put_fallbacks(r, keyring_fields, COUNT(keyring_fields));
    put_fallbacks(r, dname_fields, COUNT(dname_fields));
    r->config->pkcs12.lock = true;
    r->config->validity_days = VALID_DAYS;
    r->config->san = r->storage->san;
    r->config->import_cas = r->storage->import_cas;
}

/* Folded here, so that everybody compares the same spelling. */
static saf_status fold_owner(config_reader *r, const char **owner)
{
    char folded[SAF_OWNER_MAX + 1];
    if (!**owner)
        return SAF_OK;
    SAF_TRY(saf_owner_fold(folded, *owner, r->err));
    *owner = text_pool_copy(&r->storage->pool, folded);
    return SAF_OK;
}

static saf_status fold_owners(config_reader *r)
{
    SAF_TRY(fold_owner(r, &r->config->owner));
    SAF_TRY(fold_owner(r, &r->config->keyring.owner));
    return fold_owner(r, &r->config->keyring.connect_user);
}

static saf_status read_config(config_reader *r)
{
    bool is_ring = false;
    put_defaults(r);
    SAF_TRY(read_type(r, &is_ring));
    SAF_TRY(read_texts(r, common_fields, COUNT(common_fields)));
    SAF_TRY(is_ring ? read_keyring(r) : read_pkcs12(r));
    SAF_TRY(fold_owners(r));
    SAF_TRY(read_import_cas(r, is_ring));
    SAF_TRY(read_certificate_wishes(r));
    return text_pool_check(&r->storage->pool, r->err);
}

OWN_VALUE(saf_zowe_config, saf_zowe_config_free)

saf_status saf_zowe_config_read(saf_zowe_config *out, saf_bytes yaml, const char *path, saf_error *err)
{
    if (yaml.len > SAF_ZOWE_YAML_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s is larger than %d bytes", path, SAF_ZOWE_YAML_MAX);
    OWN(saf_yaml_tree) *tree = NULL;
    SAF_TRY(saf_yaml_parse(&tree, yaml, path, err));
    if (!saf_yaml_root(tree) || saf_yaml_root(tree)->kind != SAF_YAML_MAPPING || !saf_yaml_member(saf_yaml_root(tree), "zowe"))
        return saf_fail(err, SAF_E_USAGE, "%s has no zowe section: is it a zowe.yaml?", path);
    OWN(saf_zowe_config) config = { .storage = calloc(1, sizeof(config_storage)) };
    if (!config.storage)
        return saf_fail_memory(err);
    config_reader reader = { .config = &config, .storage = config.storage, .tree = tree, .err = err };
    SAF_TRY(read_config(&reader));
    *out = config;
    config = (saf_zowe_config){ 0 };
    return SAF_OK;
}

void saf_zowe_config_free(saf_zowe_config *config)
{
    if (!config)
        return;
    config_storage *storage = config->storage;
    saf_secret_free(&config->pkcs12.password);
    saf_secret_free(&config->pkcs12.ca_password);
    saf_secret_free(&config->pkcs12.import_password);
    saf_secret_free(&config->keyring.import_password);
    if (storage)
        text_pool_free(&storage->pool);
    free(storage);
    *config = (saf_zowe_config){ 0 };
}
