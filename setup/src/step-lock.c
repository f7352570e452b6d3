/* pkcs12.lock: nobody but the owner reads, and nobody writes. Files do not become executable, as Zowe's own lock makes them. */
#include "plan.h"

#include <base/fail.h>

#include <fcntl.h>
#include <sys/stat.h>

enum { LOCKED_FILE = 0400, LOCKED_DIRECTORY = 0500 };

static bool has_mode(const char *path, mode_t mode)
{
    struct stat about;
    return lstat(path, &about) == 0 && (about.st_mode & 07777) == mode;
}

/* By a descriptor, so that a link in its place does not lead elsewhere. */
static saf_status set_mode(const char *path, mode_t mode, saf_error *err)
{
    if (has_mode(path, mode))
        return SAF_OK;
    OWN(own_fd) fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fchmod(fd, mode) != 0)
        return saf_fail_errno(err, "cannot lock %s", path);
    return SAF_OK;
}

static saf_status lock_directories(const saf_setup_plan *plan, saf_error *err)
{
    if (plan_makes_certificates(plan))
        SAF_TRY(set_mode(plan->names.ca_dir, LOCKED_DIRECTORY, err));
    return set_mode(plan->names.server_dir, LOCKED_DIRECTORY, err);
}

static saf_status lock(saf_setup_plan *plan, __attribute__((unused)) setup_step *step, saf_error *err)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].file)
            SAF_TRY(set_mode(plan->steps[i].shown.object, LOCKED_FILE, err));
    return lock_directories(plan, err);
}

static const step_kind lock_kind = { "lock", false, NULL, lock };

static bool is_locked(const saf_setup_plan *plan)
{
    if (!has_mode(plan->names.server_dir, LOCKED_DIRECTORY) ||
        (plan_makes_certificates(plan) && !has_mode(plan->names.ca_dir, LOCKED_DIRECTORY)))
        return false;
    for (size_t i = 0; i < plan->step_count; i++) {
        const setup_step *step = &plan->steps[i];
        if (step->file && (step->shown.state == SAF_STEP_TO_DO || !has_mode(step->shown.object, LOCKED_FILE)))
            return false;
    }
    return true;
}

saf_status plan_lock(saf_setup_plan *plan, saf_error *err)
{
    if (plan_is_ring(plan) || !plan->config->pkcs12.lock)
        return SAF_OK;
    const char *object = plan->names.server_dir;
    const char *ca_dir = plan_makes_certificates(plan) ? plan->names.ca_dir : NULL;
    const char *text = text_pool_printf(&plan->texts, "lock %s%s%s: only their owner may read", object, ca_dir ? " and " : "",
                                        ca_dir ? ca_dir : "");
    return plan_add(NULL, plan, &lock_kind, is_locked(plan) ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err);
}
