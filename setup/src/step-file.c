#include "step-file.h"

#include <base/fail.h>
#include <base/file.h>

#include <sys/stat.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

saf_status file_refuse(const char *path, saf_error *err, const char *format, ...)
{
    char why[SAF_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s is there, but %s", path, why);
    saf_hint(err, "move it away and run this again");
    return status;
}

/* ---- writing ---- */

/* Only ours has to get in and write: nobody else before it is complete. */
static mode_t directory_mode(const saf_setup_plan *plan)
{
    return plan->config->pkcs12.lock ? 0700 : 0750;
}

/* A directory that an earlier run locked is opened again; the last step locks it anew. */
static saf_status open_directory(const saf_setup_plan *plan, const char *dir, saf_error *err)
{
    struct stat about;
    SAF_TRY(saf_directory_make(dir, directory_mode(plan), err));
    if (stat(dir, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", dir);
    if (!(about.st_mode & S_IWUSR) && chmod(dir, directory_mode(plan)) != 0)
        return saf_fail_errno(err, "cannot unlock %s", dir);
    return SAF_OK;
}

static saf_status open_directory_of(saf_setup_plan *plan, const char *path, saf_error *err)
{
    const char *slash = strrchr(path, '/');
    return open_directory(plan, text_pool_printf(&plan->texts, "%.*s", (int)(slash - path), path), err);
}

static saf_status load_records(saf_setup_plan *plan, saf_error *err)
{
    for (size_t i = 0; i < plan->authority_count; i++)
        SAF_TRY(plan_load_record(plan, &plan->authorities[i].cert, err));
    return plan_load_record(plan, &plan->server, err);
}

static saf_status write_file(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    OWN(saf_blob) content = { 0 };
    const char *path = step->shown.object;
    SAF_TRY(load_records(plan, err));
    SAF_TRY(step->file->render(&content, plan, step, err));
    SAF_TRY(open_directory_of(plan, path, err));
    return saf_file_write(path, saf_bytes_of(content.data, content.len), step->file->mode,
                          step->replaces ? SAF_IF_EXISTS_REPLACE : SAF_IF_EXISTS_FAIL, err);
}

static const step_kind kinds[] = {
    { "keystore", false, NULL, write_file },
    { "truststore", false, NULL, write_file },
    { "pem", false, NULL, write_file },
};

/* ---- planning ---- */

static const step_kind *kind_of(const char *action)
{
    size_t i = 0;
    while (strcmp(kinds[i].action, action) != 0)
        i++;
    return &kinds[i];
}

static saf_status check_path_is_new(const saf_setup_plan *plan, const char *path, saf_error *err)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].file && !strcmp(plan->steps[i].shown.object, path))
            return saf_fail(err, SAF_E_USAGE, "two files would be %s; give name or caAlias another value", path);
    return SAF_OK;
}

static saf_status judge(setup_step *step, saf_setup_plan *plan, saf_error *err)
{
    const char *path = step->shown.object;
    file_verdict verdict = FILE_OLDER;
    OWN(saf_buffer) content = { 0 };
    if (!saf_file_exists(path))
        return SAF_OK;
    SAF_TRY(saf_file_read(&content, path, FILE_MAX, err));
    SAF_TRY(step->file->examine(&verdict, plan, step, saf_buffer_bytes(&content), err));
    step->replaces = verdict == FILE_OLDER;
    if (verdict == FILE_SAME)
        step->shown.state = SAF_STEP_DONE_BEFORE;
    return SAF_OK;
}

saf_status file_plan(saf_setup_plan *plan, const file_kind *kind, size_t index, const char *path, const char *text, saf_error *err)
{
    setup_step *step = NULL;
    SAF_TRY(check_path_is_new(plan, path, err));
    SAF_TRY(plan_add(&step, plan, kind_of(kind->action), SAF_STEP_TO_DO, path, text, err));
    step->file = kind;
    step->index = index;
    return judge(step, plan, err);
}

saf_status plan_files(saf_setup_plan *plan, saf_error *err)
{
    if (plan_is_ring(plan))
        return SAF_OK;
    SAF_TRY(plan_keystores(plan, err));
    SAF_TRY(plan_truststore(plan, err));
    return plan_pem(plan, err);
}
