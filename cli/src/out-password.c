#include <cli/out-password.h>

#include <base/fail.h>
#include <base/random.h>

#include <sys/stat.h>

/* Whoever could write it knows it. */
static saf_status check_found(const char *path, saf_error *err)
{
    struct stat about;
    if (!lstat(path, &about) && S_ISREG(about.st_mode) && about.st_uid == geteuid() && !(about.st_mode & (S_IWGRP | S_IRWXO)))
        return SAF_OK;
    (void)saf_fail(err, SAF_E_DENIED, "the password in %s is not yours alone", path);
    saf_hint(err, "remove it, and a new one is made; or give --password-source");
    return SAF_E_DENIED;
}

static saf_status read_found(saf_secret *out, const cli_out_password *made, saf_error *err)
{
    char source[PATH_MAX + 8];
    SAF_TRY(check_found(made->path, err));
    snprintf(source, sizeof source, "file:%s", made->path);
    return saf_secret_from_source(out, source, err);
}

static saf_status make(saf_secret *out, cli_out_password *made, const cli *cli, saf_error *err)
{
    SAF_TRY(saf_random_password(out, err));
    if (cli->common.dry_run)
        return SAF_OK;
    saf_status status = saf_file_write(made->path, saf_secret_bytes(out), CLI_OUT_PRIVATE, SAF_IF_EXISTS_FAIL, err);
    made->is_new = status == SAF_OK;
    return status == SAF_E_EXISTS ? read_found(out, made, err) : status; /* another command was faster */
}

saf_status cli_out_password_find(saf_secret *out, cli_out_password *made, const cli *cli, const cli_out *file, saf_error *err)
{
    if ((size_t)snprintf(made->path, sizeof made->path, "%s.password", file->path) >= sizeof made->path)
        return saf_fail(err, SAF_E_USAGE, "--out is too long");
    json_object_set_new(cli->result, "password_file", cli_text(made->path));
    return saf_file_exists(made->path) ? read_found(out, made, err) : make(out, made, cli, err);
}

/* Also after a failure: what could not be flushed has its name already. */
static bool file_is_there(const cli_out_password *made)
{
    char file[sizeof made->path];
    snprintf(file, sizeof file, "%.*s", (int)(strlen(made->path) - strlen(".password")), made->path);
    return saf_file_exists(file);
}

saf_status cli_out_password_end(const cli *cli, const cli_out_password *made, saf_status status)
{
    if (status == SAF_OK && made->path[0])
        cli_say(cli, "its password %s in %s\n", cli->common.dry_run ? "would be" : "is", made->path);
    /* What exists may be another command's, with this password. */
    if (status != SAF_OK && made->is_new && !file_is_there(made))
        unlink(made->path);
    return status;
}
