#include "softhsm.h"

#include <base/fail.h>
#include <base/file.h>

#include <ctype.h>
#include <stdbool.h>

enum { CONFIGURATION_MAX = 65536 };

static bool is_softhsm(const char *module)
{
    const char *slash = strrchr(module, '/');
    return strstr(slash ? slash + 1 : module, "softhsm") != NULL;
}

/* ---- which file ------------------------------------------------------------------------------------------- */

/* Debian and Ubuntu; Fedora, RHEL and built from source. Which one is compiled into the module nobody can ask. */
static const char *const system_configurations[] = { "/etc/softhsm/softhsm2.conf", "/etc/softhsm2.conf" };

static const char *find_system_configuration(void)
{
    for (size_t i = 0; i < sizeof system_configurations / sizeof *system_configurations; i++)
        if (access(system_configurations[i], R_OK) == 0)
            return system_configurations[i];
    return system_configurations[0];
}

/* The order in which SoftHSM looks. */
static void find_configuration(saf_buffer *path, const char *otherwise)
{
    const char *named = getenv("SOFTHSM2_CONF");
    const char *home = getenv("HOME");
    if (!named)
        named = otherwise;
    if (named) {
        saf_buffer_append_text(path, named);
        return;
    }
    if (home)
        saf_buffer_printf(path, "%s/.config/softhsm2/softhsm2.conf", home);
    if (!home || access(saf_buffer_text(path), R_OK) != 0) {
        saf_buffer_free(path);
        saf_buffer_append_text(path, find_system_configuration());
    }
}

/* ---- what it says ----------------------------------------------------------------------------------------- */

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text;
}

/* The value of one "name = value # comment" line, in place, or NULL: another name. As SoftHSM reads it, a comment may
 * begin anywhere and a second "=" ends the value. */
static char *value_of(char *line, const char *name)
{
    line[strcspn(line, "#\r")] = '\0';
    char *value = line;
    const char *found = trim(strsep(&value, "="));
    return value && !strcmp(found, name) ? trim(strsep(&value, "=")) : NULL;
}

static const char *find_setting(char *configuration, const char *name)
{
    const char *found = NULL;
    char *rest = configuration;
    for (char *line; (line = strsep(&rest, "\n"));) {
        const char *value = value_of(line, name);
        if (value && *value)
            found = value;
    }
    return found;
}

/* *directory stays NULL when it says nothing. */
static saf_status read_setting(char **directory, const char *configuration, saf_status *readable, saf_error *err)
{
    OWN(saf_buffer) content = { 0 };
    *readable = saf_file_read(&content, configuration, CONFIGURATION_MAX, NULL);
    const char *setting = *readable == SAF_OK && content.data ? find_setting((char *)content.data, "directories.tokendir") : NULL;
    if (!setting)
        return SAF_OK;
    *directory = strdup(setting);
    return *directory ? SAF_OK : saf_fail_memory(err);
}

static saf_status locate(softhsm_place *out, const char *otherwise, saf_error *err)
{
    OWN(saf_buffer) path = { 0 };
    find_configuration(&path, otherwise);
    SAF_TRY(saf_buffer_check(&path, err));
    out->configuration = strdup(saf_buffer_text(&path));
    return out->configuration ? read_setting(&out->tokens, out->configuration, &out->readable, err) : saf_fail_memory(err);
}

saf_status softhsm_find_tokens(char **directory, const char *module, saf_error *err)
{
    OWN(softhsm_place) place = { 0 };
    if (!is_softhsm(module))
        return SAF_OK;
    SAF_TRY(locate(&place, NULL, err));
    *directory = GIVE(&place.tokens);
    return SAF_OK;
}

void softhsm_place_free(softhsm_place *place)
{
    free(place->configuration);
    free(place->tokens);
    *place = (softhsm_place) { 0 };
}

saf_status softhsm_locate(softhsm_place *out, const saf_p11_options *where, saf_error *err)
{
    const char *module = where && where->module ? where->module : secure_getenv("SAFRING_PKCS11_MODULE");
    if (module && !is_softhsm(module)) {
        (void)saf_fail(err, SAF_E_UNSUPPORTED, "%s is not SoftHSM: it keeps its tokens where this command cannot reach them", module);
        saf_hint(err, "use the tools of its maker");
        return SAF_E_UNSUPPORTED;
    }
    return locate(out, where ? where->softhsm_conf : NULL, err);
}
