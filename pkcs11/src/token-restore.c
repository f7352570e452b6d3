#include "login-lock.h"
#include "softhsm.h"
#include "token-archive.h"
#include "token-copy.h"
#include "token-proof.h"

#include <errno.h>
#include <fcntl.h>

/* What a restore works with. */
typedef struct restoration {
    const saf_p11_options *where;
    token_archive archive;
    saf_token_backup_info info;
    const char *path; /* of all tokens */
    int tokens;
    char target[TOKEN_NAME_SIZE]; /* the directory it goes to */
    bool replaces;
} restoration;

/* ---- writing it beside the tokens ------------------------------------------------------------------------- */

/* @p model: whose it is to be; NULL: ours. */
static saf_status make_directory(int *out, int parent, const char *name, const struct stat *model, saf_error *err)
{
    if (mkdirat(parent, name, 0700) != 0)
        return saf_fail_errno(err, "cannot make the directory %s", name);
    *out = token_files_open(parent, name);
    if (*out < 0 || (model && geteuid() == 0 && fchown(*out, model->st_uid, model->st_gid) != 0))
        return saf_fail_errno(err, "cannot make the directory %s", name);
    return SAF_OK;
}

static saf_status write_files(int directory, const restoration *work, const struct stat *model, saf_error *err)
{
    char name[TOKEN_ARCHIVE_NAME_SIZE];
    saf_bytes content, rest = work->archive.files;
    while (token_archive_next(name, &content, &rest))
        SAF_TRY(token_files_write_object(directory, name, content, model, err));
    if (fsync(directory) != 0)
        return saf_fail_errno(err, "cannot flush %s", work->path);
    return SAF_OK;
}

/* Owner as the directory of all tokens: whose they are. What it is made in stays ours, so that nobody gets in while it is not in its place. */
static saf_status write_token(int *staging, const restoration *work, saf_error *err)
{
    struct stat model;
    OWN(own_fd) token = -1;
    SAF_TRY(token_files_remove(work->tokens, TOKEN_FILES_NEW, err));
    if (fstat(work->tokens, &model) != 0)
        return saf_fail_errno(err, "cannot examine %s", work->path);
    model.st_mode = 0600;
    SAF_TRY(make_directory(staging, work->tokens, TOKEN_FILES_NEW, NULL, err));
    SAF_TRY(make_directory(&token, *staging, work->target, &model, err));
    return write_files(token, work, &model, err);
}

/* ---- proving it ------------------------------------------------------------------------------------------- */

/* SoftHSM reads its configuration where the environment says. */
typedef struct other_configuration {
    char *before; /* NULL: was not set */
    bool is_set;
} other_configuration;

static void configuration_reset(other_configuration *other)
{
    if (other->is_set && other->before)
        setenv("SOFTHSM2_CONF", other->before, 1);
    else if (other->is_set)
        unsetenv("SOFTHSM2_CONF");
    free(other->before);
}

OWN_VALUE(other_configuration, configuration_reset)

static saf_status configuration_set(other_configuration *other, const char *path, saf_error *err)
{
    const char *before = getenv("SOFTHSM2_CONF");
    other->before = before ? strdup(before) : NULL;
    if (before && !other->before)
        return saf_fail_memory(err);
    if (setenv("SOFTHSM2_CONF", path, 1) != 0)
        return saf_fail_errno(err, "cannot set SOFTHSM2_CONF");
    other->is_set = true;
    return SAF_OK;
}

static saf_status log_in_and_read(const restoration *work, const saf_secret *pin, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_options options = { .module = work->where ? work->where->module : NULL };
    saf_p11_uri uri = { 0 };
    size_t count;
    memcpy(uri.serial, work->info.serial, sizeof uri.serial);
    SAF_TRY(saf_p11_open(&p11, &options, err));
    SAF_TRY(saf_p11_login(&session, p11, &uri, pin, err));
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    SAF_TRY(token_prove_readable(session, &count, NULL, NULL, err));
    if (count != work->info.objects)
        return saf_fail(err, SAF_E_MALFORMED, "the backup has %zu objects, but SoftHSM reads %zu of them", work->info.objects, count);
    return SAF_OK;
}

static saf_status prove(int staging, const restoration *work, const saf_secret *pin, saf_error *err)
{
    static const char name[] = "softhsm2.conf";
    OWN(saf_buffer) text = { 0 };
    OWN(saf_buffer) path = { 0 };
    OWN(other_configuration) other = { 0 };
    const saf_file_spec spec = { .mode = 0600, .if_exists = SAF_IF_EXISTS_REPLACE };
    saf_buffer_printf(&text, "directories.tokendir = %s/%s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", work->path, TOKEN_FILES_NEW);
    saf_buffer_printf(&path, "%s/%s/%s", work->path, TOKEN_FILES_NEW, name);
    SAF_TRY(saf_buffer_check(&text, err));
    SAF_TRY(saf_buffer_check(&path, err));
    SAF_TRY(saf_file_write_at(staging, name, saf_buffer_bytes(&text), &spec, err));
    SAF_TRY(configuration_set(&other, saf_buffer_text(&path), err));
    return log_in_and_read(work, pin, err);
}

/* ---- putting it into place -------------------------------------------------------------------------------- */

/* One rename either way. What was there before is then where the new one was, and is removed with it. */
static saf_status put_into_place(int staging, const restoration *work, saf_error *err)
{
    unsigned how = work->replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (renameat2(staging, work->target, work->tokens, work->target, how) != 0)
        return saf_fail_errno(err, "cannot put the token into place in %s", work->path);
    if (fsync(work->tokens) != 0)
        return saf_fail_errno(err, "cannot flush %s", work->path);
    return SAF_OK;
}

static saf_status choose_target(restoration *work, saf_token_if_exists if_exists, saf_error *err)
{
    work->replaces = token_files_find(work->target, work->tokens, work->info.serial);
    if (!work->replaces)
        memcpy(work->target, work->archive.directory, sizeof work->target);
    if (!work->replaces || if_exists == SAF_TOKEN_REPLACE)
        return SAF_OK;
    (void)saf_fail(err, SAF_E_EXISTS, "the token %s with serial %s is there already", work->info.label, work->info.serial);
    saf_hint(err, "--if-exists replace puts the one of the backup into its place; what was made since is lost");
    return SAF_E_EXISTS;
}

static saf_status restore(restoration *work, const saf_secret *pin, saf_token_if_exists if_exists, saf_error *err)
{
    OWN(own_fd) staging = -1;
    SAF_TRY(choose_target(work, if_exists, err));
    saf_status status = write_token(&staging, work, err);
    if (status == SAF_OK)
        status = prove(staging, work, pin, err);
    if (status == SAF_OK)
        status = put_into_place(staging, work, err);
    saf_status removed = token_files_remove(work->tokens, TOKEN_FILES_NEW, NULL);
    (void)removed; /* the doctor finds what is left */
    return status;
}

static saf_status refuse_place(const softhsm_place *place, saf_error *err)
{
    (void)saf_fail(err, SAF_E_NOT_FOUND, "%s does not say where SoftHSM's tokens are", place->configuration);
    saf_hint(err, "`safring token doctor` says more");
    return SAF_E_NOT_FOUND;
}

saf_status saf_token_restore(const saf_p11_options *where, saf_bytes backup, const saf_secret *pin, saf_token_if_exists if_exists, saf_error *err)
{
    OWN(softhsm_place) place = { 0 };
    OWN(own_fd) lock = -1;
    restoration work = { .where = where };
    SAF_TRY(softhsm_locate(&place, where, err));
    if (!place.tokens)
        return refuse_place(&place, err);
    SAF_TRY(saf_token_backup_read(&work.info, backup, err));
    SAF_TRY(token_archive_open(&work.archive, backup, err));
    OWN(own_fd) tokens = open(place.tokens, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tokens < 0)
        return saf_fail_errno(err, "cannot open the directory %s", place.tokens);
    work.path = place.tokens;
    work.tokens = tokens;
    SAF_TRY(p11_lock_directory(&lock, tokens, place.tokens, err));
    return restore(&work, pin, if_exists, err);
}
