#include "step-file.h"

#include <base/fail.h>

#include <errno.h>
#include <fcntl.h>
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

/* ---- directories ---- */

enum { LOCKED_DIRECTORY = 0500, PARENT_DIRECTORY = 0755 };

/* Only ours has to get in and write: nobody else before it is complete. */
static mode_t directory_mode(const saf_setup_plan *plan)
{
    return plan->config->pkcs12.lock ? 0700 : 0750;
}

/* What root makes in somebody's directory is theirs: their servers must get in. Answers 0, or -1 and errno. */
static int adopt(int made, int parent)
{
    struct stat about;
    if (geteuid() != 0)
        return 0;
    if (fstat(parent, &about) != 0)
        return -1;
    return about.st_uid == 0 ? 0 : fchown(made, about.st_uid, about.st_gid);
}

/* The descriptor of a directory that is there; the last one must not be a link, by which root would write elsewhere. Those on the way
 * need not be readable. */
static int enter_existing(int parent, const char *name, bool is_last)
{
    return openat(parent, name, (is_last ? O_RDONLY | O_NOFOLLOW : O_PATH) | O_DIRECTORY | O_CLOEXEC);
}

/* The last one is made as if it had been locked: it gets its mode when it is unlocked, also by the next run if this one is killed. */
static int enter(int parent, const char *name, bool is_last)
{
    int there = enter_existing(parent, name, is_last);
    if (there >= 0 || errno != ENOENT)
        return there;
    if (mkdirat(parent, name, is_last ? LOCKED_DIRECTORY : PARENT_DIRECTORY) != 0)
        return errno == EEXIST ? enter_existing(parent, name, is_last) : -1;
    OWN(own_fd) made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0 || adopt(made, parent) != 0)
        return -1;
    int fd = made;
    made = -1;
    return fd;
}

static saf_status fail_to_enter(const char *dir, saf_error *err)
{
    if (errno == ENOTDIR || errno == ELOOP)
        return saf_fail(err, SAF_E_EXISTS, "cannot make the directory %s: something else is in its place", dir);
    return saf_fail_errno(err, "cannot make the directory %s", dir);
}

/* Step by step, so that what is made is known, and made where its parent was looked at. */
static saf_status make_directories(int *out, const char *dir, saf_error *err)
{
    OWN(own_text) copy = strdup(dir);
    OWN(own_fd) at = open(*dir == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *rest = NULL;
    if (!copy)
        return saf_fail_memory(err);
    if (at < 0)
        return fail_to_enter(dir, err);
    for (char *name = strtok_r(copy, "/", &rest), *next; name; name = next) {
        next = strtok_r(NULL, "/", &rest);
        int below = enter(at, name, !next);
        if (below < 0)
            return fail_to_enter(dir, err);
        close(at);
        at = below;
    }
    *out = at;
    at = -1;
    return SAF_OK;
}

/* A directory that an earlier run locked is opened again; the last step locks it anew. */
static saf_status open_directory(int *out, const saf_setup_plan *plan, const char *dir, saf_error *err)
{
    struct stat about;
    OWN(own_fd) fd = -1;
    SAF_TRY(make_directories(&fd, dir, err));
    if (fstat(fd, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", dir);
    if (!(about.st_mode & S_IWUSR) && fchmod(fd, directory_mode(plan)) != 0)
        return saf_fail_errno(err, "cannot unlock %s", dir);
    *out = fd;
    fd = -1;
    return SAF_OK;
}

static saf_status open_directory_of(int *out, saf_setup_plan *plan, const char *path, saf_error *err)
{
    const char *slash = strrchr(path, '/');
    return open_directory(out, plan, text_pool_printf(&plan->texts, "%.*s", (int)(slash - path), path), err);
}

/* ---- writing ---- */

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

saf_status file_write_into(int directory, const char *path, saf_bytes content, const saf_file_spec *spec, saf_error *err)
{
    const char *base = file_base_name(path);
    saf_status status = saf_file_write_at(directory, base, content, spec, err);
    if (status == SAF_OK || !err || base == path)
        return status;
    return saf_fail(err, status, "in %.*s: %s", (int)(base - path), path, err->text); /* that text knows only the base name */
}

/* Servers read these files as the user that owns them, not as root: a new one is for whom the one in its place was, or the directory is. */
static saf_status find_owner(saf_file_owner *out, int directory, const char *path, saf_error *err)
{
    struct stat about;
    if (fstatat(directory, file_base_name(path), &about, AT_SYMLINK_NOFOLLOW) != 0 && fstat(directory, &about) != 0)
        return saf_fail_errno(err, "cannot examine the directory of %s", path);
    *out = (saf_file_owner){ about.st_uid, about.st_gid };
    return SAF_OK;
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
    OWN(own_fd) directory = -1;
    const char *path = step->shown.object;
    saf_file_owner owner;
    SAF_TRY(load_records(plan, err));
    SAF_TRY(step->file->render(&content, plan, step, err));
    SAF_TRY(open_directory_of(&directory, plan, path, err));
    SAF_TRY(find_owner(&owner, directory, path, err));
    const saf_file_spec spec = { .mode = step->file->mode,
                                 .if_exists = step->replaces ? SAF_IF_EXISTS_REPLACE : SAF_IF_EXISTS_FAIL,
                                 .owner = geteuid() == 0 ? &owner : NULL };
    return file_write_into(directory, path, saf_bytes_of(content.data, content.len), &spec, err);
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

/* Through a link, files would be written to where it leads, which is then not what is locked. */
static saf_status check_directory(const char *dir, saf_error *err)
{
    struct stat about;
    if (lstat(dir, &about) != 0 || !S_ISLNK(about.st_mode))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s is a symbolic link", dir);
    saf_hint(err, "put a directory in its place; only zowe.setup.certificate.pkcs12.directory itself may be a link");
    return status;
}

saf_status plan_files(saf_setup_plan *plan, saf_error *err)
{
    if (plan_is_ring(plan))
        return SAF_OK;
    SAF_TRY(check_directory(plan->names.server_dir, err));
    if (plan_makes_certificates(plan))
        SAF_TRY(check_directory(plan->names.ca_dir, err));
    SAF_TRY(plan_keystores(plan, err));
    SAF_TRY(plan_truststore(plan, err));
    return plan_pem(plan, err);
}
