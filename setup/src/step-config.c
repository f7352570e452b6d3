/* The zowe.certificate block in zowe.yaml itself, everything else in the file untouched. */
#include "step-file.h"

#include <base/fail.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* The file, and the directory it is replaced in. Everything goes by these descriptors: what root reads, judges and gives away is then one
 * file, whatever happens to its name meanwhile. */
typedef struct config_file {
    const char *path;
    int directory, file;
    struct stat about;
} config_file;

static void config_file_close(config_file *config)
{
    if (config->file >= 0)
        close(config->file);
    if (config->directory >= 0)
        close(config->directory);
}

OWN_VALUE(config_file, config_file_close)

static saf_status refuse_kind(const char *path, const char *kind, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is %s, which is not written to", path, kind);
    saf_hint(err, "name the file itself");
    return status;
}

static saf_status open_directory(config_file *config, saf_error *err)
{
    size_t len = (size_t)(file_base_name(config->path) - config->path);
    OWN(own_text) dir = len ? strndup(config->path, len) : strdup(".");
    if (!dir)
        return saf_fail_memory(err);
    config->directory = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return config->directory < 0 ? saf_fail_errno(err, "cannot open the directory of %s", config->path) : SAF_OK;
}

/* O_NONBLOCK: a pipe that nobody writes to is refused, not waited for. A socket cannot be opened at all. */
static saf_status open_file(config_file *config, saf_error *err)
{
    config->file = openat(config->directory, file_base_name(config->path),
                          O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (config->file < 0 && errno == ELOOP)
        return refuse_kind(config->path, "a symbolic link", err);
    if (config->file < 0 && errno != ENXIO)
        return saf_fail_errno(err, "cannot open %s", config->path);
    if (config->file >= 0 && fstat(config->file, &config->about) != 0)
        return saf_fail_errno(err, "cannot examine %s", config->path);
    if (config->file < 0 || !S_ISREG(config->about.st_mode))
        return refuse_kind(config->path, "not a regular file", err);
    return SAF_OK;
}

/* A new file takes the place of the old one, and only root can give it to the old one's owner. */
static saf_status check_owner(const struct stat *about, const char *path, saf_error *err)
{
    if (geteuid() == 0 || about->st_uid == geteuid())
        return SAF_OK;
    return saf_fail(err, SAF_E_DENIED, "%s belongs to another user and cannot be updated", path);
}

/* With a password in it, the file is no longer for everybody. */
static mode_t wanted_mode(const saf_setup_plan *plan, const struct stat *about)
{
    mode_t mode = about->st_mode & 07777;
    return plan_is_ring(plan) ? mode : mode & ~(mode_t)S_IRWXO;
}

/* The file as it is, and as it should be. */
static saf_status edit(saf_buffer *before, saf_buffer *after, const saf_setup_plan *plan, const config_file *config, saf_error *err)
{
    saf_yaml_wishes wishes = { plan->wishes, WISHES };
    SAF_TRY(saf_file_read_open(before, config->file, config->path, SAF_ZOWE_YAML_MAX, err));
    return saf_yaml_edit(after, saf_buffer_bytes(before), config->path, &wishes, err);
}

static saf_status open_config(config_file *config, saf_error *err)
{
    SAF_TRY(open_directory(config, err));
    SAF_TRY(open_file(config, err));
    return check_owner(&config->about, config->path, err);
}

static saf_status write_config(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    OWN(config_file) config = { .path = step->shown.object, .directory = -1, .file = -1 };
    OWN(saf_buffer) before = { 0 };
    OWN(saf_buffer) after = { 0 };
    SAF_TRY(open_config(&config, err));
    SAF_TRY(edit(&before, &after, plan, &config, err));
    const saf_file_owner owner = { config.about.st_uid, config.about.st_gid };
    const saf_file_spec spec = { .mode = wanted_mode(plan, &config.about), .if_exists = SAF_IF_EXISTS_REPLACE, .owner = &owner };
    return file_write_into(config.directory, config.path, saf_buffer_bytes(&after), &spec, err);
}

static const step_kind config_kind = { "config", false, NULL, write_config };

static bool is_same(const saf_buffer *a, const saf_buffer *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

saf_status plan_config_file(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_buffer) before = { 0 };
    OWN(saf_buffer) after = { 0 };
    if (!plan->options.update_config)
        return SAF_OK;
    const char *path = text_pool_copy(&plan->texts, plan->options.config_path);
    OWN(config_file) config = { .path = path, .directory = -1, .file = -1 };
    SAF_TRY(open_config(&config, err));
    SAF_TRY(edit(&before, &after, plan, &config, err));
    bool tightens = wanted_mode(plan, &config.about) != (config.about.st_mode & 07777);
    const char *text = text_pool_printf(&plan->texts, "write zowe.certificate into %s%s", path,
                                        tightens ? ", and let only its owner and group read it" : "");
    saf_step_state state = is_same(&before, &after) && !tightens ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO;
    return plan_add(NULL, plan, &config_kind, state, path, text, err);
}
