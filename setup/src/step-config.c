/* The zowe.certificate block in zowe.yaml itself, everything else in the file untouched. */
#include "plan.h"

#include <base/fail.h>
#include <base/file.h>

#include <sys/stat.h>

static saf_status examine_file(struct stat *about, const char *path, saf_error *err)
{
    if (lstat(path, about) != 0)
        return saf_fail_errno(err, "cannot examine %s", path);
    if (S_ISREG(about->st_mode))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is %s, which is not written to", path,
                                 S_ISLNK(about->st_mode) ? "a symbolic link" : "not a regular file");
    saf_hint(err, "name the file itself");
    return status;
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
static saf_status edit(saf_buffer *before, saf_buffer *after, const saf_setup_plan *plan, const char *path, saf_error *err)
{
    saf_yaml_wishes wishes = { plan->wishes, WISHES };
    SAF_TRY(saf_file_read(before, path, SAF_ZOWE_YAML_MAX, err));
    return saf_yaml_edit(after, saf_buffer_bytes(before), path, &wishes, err);
}

static saf_status keep_owner(const struct stat *about, const char *path, saf_error *err)
{
    struct stat now;
    if (lstat(path, &now) != 0)
        return saf_fail_errno(err, "cannot examine %s", path);
    if (now.st_uid == about->st_uid && now.st_gid == about->st_gid)
        return SAF_OK;
    /* lchown() takes away set-id bits, which a configuration file has none of */
    if (lchown(path, about->st_uid, about->st_gid) != 0)
        return saf_fail_errno(err, "%s was updated, but cannot be given back to its owner", path);
    return SAF_OK;
}

static saf_status write_config(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    const char *path = step->shown.object;
    struct stat about;
    OWN(saf_buffer) before = { 0 };
    OWN(saf_buffer) after = { 0 };
    SAF_TRY(examine_file(&about, path, err));
    SAF_TRY(check_owner(&about, path, err));
    SAF_TRY(edit(&before, &after, plan, path, err));
    SAF_TRY(saf_file_write(path, saf_buffer_bytes(&after), wanted_mode(plan, &about), SAF_IF_EXISTS_REPLACE, err));
    return keep_owner(&about, path, err);
}

static const step_kind config_kind = { "config", false, NULL, write_config };

static bool is_same(const saf_buffer *a, const saf_buffer *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

saf_status plan_config_file(saf_setup_plan *plan, saf_error *err)
{
    struct stat about;
    OWN(saf_buffer) before = { 0 };
    OWN(saf_buffer) after = { 0 };
    if (!plan->options.update_config)
        return SAF_OK;
    const char *path = text_pool_copy(&plan->texts, plan->options.config_path);
    SAF_TRY(examine_file(&about, path, err));
    SAF_TRY(check_owner(&about, path, err));
    SAF_TRY(edit(&before, &after, plan, path, err));
    bool tightens = wanted_mode(plan, &about) != (about.st_mode & 07777);
    const char *text = text_pool_printf(&plan->texts, "write zowe.certificate into %s%s", path,
                                        tightens ? ", and let only its owner and group read it" : "");
    saf_step_state state = is_same(&before, &after) && !tightens ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO;
    return plan_add(NULL, plan, &config_kind, state, path, text, err);
}
