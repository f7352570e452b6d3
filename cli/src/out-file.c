#include <cli/out-file.h>

#include <base/fail.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

const char *const cli_out_if_exists[] = { "fail", "keep", "replace", NULL };
static const saf_if_exists if_exists_values[] = { SAF_IF_EXISTS_FAIL, SAF_IF_EXISTS_KEEP, SAF_IF_EXISTS_REPLACE };

bool cli_out_has_file(const cli_out *out)
{
    return out->path && strcmp(out->path, "-") != 0;
}

/* ---- mode and owner ---- */

static saf_status parse_mode(mode_t *mode, const char *text, saf_error *err)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 8);
    if (text[0] < '0' || text[0] > '7' || *end || value > 0777 || !(value & 0400))
        return saf_fail(err, SAF_E_USAGE, "--mode %.20s is not one like 0640, from 0400 to 0777", text);
    *mode = (mode_t)value;
    return SAF_OK;
}

static int is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

saf_status cli_find_user(uid_t *out, const char *name, saf_error *err)
{
    const struct passwd *user = getpwnam(name);
    if (!user && !is_number(name))
        return saf_fail(err, SAF_E_NOT_FOUND, "there is no user %.60s", name);
    *out = user ? user->pw_uid : (uid_t)strtoul(name, NULL, 10);
    return SAF_OK;
}

static saf_status find_group(gid_t *out, const char *name, saf_error *err)
{
    const struct group *group = getgrnam(name);
    if (!group && !is_number(name))
        return saf_fail(err, SAF_E_NOT_FOUND, "there is no group %.60s", name);
    *out = group ? group->gr_gid : (gid_t)strtoul(name, NULL, 10);
    return SAF_OK;
}

static saf_status parse_owner(saf_file_owner *owner, const char *text, saf_error *err)
{
    OWN(own_text) user = strdup(text);
    if (!user)
        return saf_fail_memory(err);
    char *group = strchr(user, ':');
    if (group)
        *group++ = 0;
    if (!*user && (!group || !*group))
        return saf_fail(err, SAF_E_USAGE, "--owner-group is written USER, USER:GROUP or :GROUP");
    if (*user)
        SAF_TRY(cli_find_user(&owner->user, user, err));
    return group && *group ? find_group(&owner->group, group, err) : SAF_OK;
}

/* Its mode was right for what is in it now; what comes is secret. */
static saf_status refuse_public(const char *path, mode_t mode, saf_error *err)
{
    (void)saf_fail(err, SAF_E_DENIED, "%s has mode %04o, so that others could read the private key", path, (unsigned)mode);
    saf_hint(err, "--mode 0600 gives the new one another");
    return SAF_E_DENIED;
}

/* As the options say, else as the file is that gets replaced, else as new files are. */
static saf_status choose_owner(saf_file_spec *spec, saf_file_owner *owner, const cli_out *out, mode_t mode, saf_error *err)
{
    struct stat old;
    bool replaces = !lstat(out->path, &old) && S_ISREG(old.st_mode);
    *owner = (saf_file_owner){ (uid_t)-1, (gid_t)-1 };
    if (replaces) {
        if (mode == CLI_OUT_PRIVATE && (old.st_mode & S_IRWXO) && !out->mode)
            return refuse_public(out->path, old.st_mode & 0777, err);
        mode = old.st_mode & 0777;
        owner->user = old.st_uid == geteuid() ? (uid_t)-1 : old.st_uid;
        owner->group = old.st_gid == getegid() ? (gid_t)-1 : old.st_gid;
    }
    if (out->mode)
        SAF_TRY(parse_mode(&mode, out->mode, err));
    if (out->owner_group)
        SAF_TRY(parse_owner(owner, out->owner_group, err));
    *spec = (saf_file_spec){ .mode = mode, .if_exists = if_exists_values[out->if_exists], .owner = owner };
    return SAF_OK;
}

/* ---- before ---- */

/* What writing will trip over is said before anything is made, on a dry run too. */

static saf_status refuse_owner(const cli_out *out, saf_error *err)
{
    saf_status status = saf_fail_errno(err, "cannot give %s its owner", out->path);
    saf_hint(err, out->owner_group ? "only root gives files to others, or to groups one is not in"
                                   : "a file that is replaced keeps its owner; --owner-group with your own USER:GROUP makes it yours");
    return status;
}

/* A file without a name that vanishes again. Not every file system has them: there only the directory is looked at. */
static saf_status try_file(const char *directory, const cli_out *out, const saf_file_owner *owner, saf_error *err)
{
    OWN(own_fd) file = open(directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    if (file < 0)
        return access(directory, W_OK | X_OK) ? saf_fail_errno(err, "cannot write into %s", directory) : SAF_OK;
    return fchown(file, owner->user, owner->group) ? refuse_owner(out, err) : SAF_OK;
}

static saf_status check_directory(const cli_out *out, const saf_file_owner *owner, saf_error *err)
{
    OWN(own_text) copy = strdup(out->path);
    struct stat about;
    if (!copy)
        return saf_fail_memory(err);
    const char *directory = dirname(copy);
    if (stat(directory, &about))
        return saf_fail_errno(err, "cannot write into %s", directory);
    if (!S_ISDIR(about.st_mode))
        return saf_fail(err, SAF_E_NOT_FOUND, "cannot write into %s: it is not a directory", directory);
    return try_file(directory, out, owner, err);
}

/* With any --if-exists. */
static saf_status check_name(const char *path, saf_error *err)
{
    struct stat about;
    if (path[strlen(path) - 1] == '/')
        return saf_fail(err, SAF_E_USAGE, "--out %s does not name a file", path);
    if (lstat(path, &about))
        return errno == ENAMETOOLONG ? saf_fail_errno(err, "cannot write %s", path) : SAF_OK;
    if (!S_ISDIR(about.st_mode))
        return SAF_OK;
    (void)saf_fail(err, SAF_E_EXISTS, "%s is a directory", path);
    saf_hint(err, "name the file in it");
    return SAF_E_EXISTS;
}

static saf_status check_replaced(const char *path, saf_error *err)
{
    struct stat about;
    if (lstat(path, &about) || S_ISREG(about.st_mode))
        return SAF_OK;
    (void)saf_fail(err, SAF_E_EXISTS, "%s is %s and cannot be replaced", path, S_ISLNK(about.st_mode) ? "a symbolic link" : "no regular file");
    saf_hint(err, "--out with another name; \"-\" is standard output");
    return SAF_E_EXISTS;
}

static saf_status check_standard_output(const cli *cli, const cli_out *out, cli_out_kind kind, saf_error *err)
{
    if (out->mode || out->owner_group)
        return saf_fail(err, SAF_E_USAGE, "--mode and --owner-group are for a file: give --out FILE");
    if (kind == CLI_OUT_TEXT)
        return SAF_OK;
    if (cli->common.json)
        return saf_fail(err, SAF_E_USAGE, "--json and binary output cannot both go to standard output: give --out FILE");
    return isatty(STDOUT_FILENO) ? saf_fail(err, SAF_E_USAGE, "binary output does not go to a terminal: give --out FILE") : SAF_OK;
}

static saf_status refuse_existing(const char *path, saf_error *err)
{
    struct stat about;
    bool can_be_replaced = !lstat(path, &about) && S_ISREG(about.st_mode);
    (void)saf_fail(err, SAF_E_EXISTS, "%s is there already", path);
    saf_hint(err, can_be_replaced ? "--if-exists replace swaps the new one in" : "--out with another name; \"-\" is standard output");
    return SAF_E_EXISTS;
}

static void keep_file(cli *cli, const cli_out *out)
{
    cli_say(cli, "there already: %s\n", out->path);
    json_object_set_new(cli->result, "made", json_false());
    json_object_set_new(cli->result, "file", cli_text(out->path));
}

static saf_status check_new_file(cli *cli, const cli_out *out, mode_t mode, saf_error *err)
{
    saf_file_spec spec;
    saf_file_owner owner;
    SAF_TRY(choose_owner(&spec, &owner, out, mode, err));
    SAF_TRY(check_directory(out, &owner, err));
    SAF_TRY(check_replaced(out->path, err));
    if (mode == CLI_OUT_PRIVATE && (spec.mode & S_IRWXO))
        cli_note(cli, "warning: with mode %04o others can read the private key in %s", (unsigned)spec.mode, out->path);
    return SAF_OK;
}

static saf_status check_file(bool *keep, cli *cli, const cli_out *out, mode_t mode, saf_error *err)
{
    SAF_TRY(check_name(out->path, err));
    saf_if_exists if_exists = if_exists_values[out->if_exists];
    if (if_exists == SAF_IF_EXISTS_REPLACE || !saf_file_exists(out->path))
        return check_new_file(cli, out, mode, err);
    if (if_exists == SAF_IF_EXISTS_FAIL)
        return refuse_existing(out->path, err);
    *keep = true;
    keep_file(cli, out);
    return SAF_OK;
}

saf_status cli_out_check(bool *keep, cli *cli, const cli_out *out, cli_out_kind kind, mode_t mode, saf_error *err)
{
    *keep = false;
    return cli_out_has_file(out) ? check_file(keep, cli, out, mode, err) : check_standard_output(cli, out, kind, err);
}

/* ---- writing ---- */

static saf_status write_file(cli *cli, const cli_out *out, saf_bytes content, mode_t mode, saf_error *err)
{
    saf_file_spec spec;
    saf_file_owner owner;
    bool dry_run = cli->common.dry_run;
    SAF_TRY(choose_owner(&spec, &owner, out, mode, err));
    if (!dry_run)
        SAF_TRY(saf_file_write_at(AT_FDCWD, out->path, content, &spec, err));
    cli_say(cli, "%s %s, mode %04o\n", dry_run ? "would write" : "wrote", out->path, (unsigned)spec.mode);
    json_object_set_new(cli->result, "file", cli_text(out->path));
    return SAF_OK;
}

static saf_status write_standard_output(cli *cli, saf_bytes content, saf_error *err)
{
    if (cli->common.dry_run) {
        cli_say(cli, "would write %zu bytes to standard output\n", content.len);
        return SAF_OK;
    }
    if (cli->common.json) {
        json_object_set_new(cli->result, "pem", json_stringn((const char *)content.data, content.len));
        return SAF_OK;
    }
    if (fwrite(content.data, 1, content.len, stdout) != content.len || fflush(stdout))
        return saf_fail_errno(err, "cannot write to standard output");
    return SAF_OK;
}

saf_status cli_out_write(cli *cli, const cli_out *out, saf_bytes content, mode_t mode, saf_error *err)
{
    json_object_set_new(cli->result, "made", json_boolean(!cli->common.dry_run));
    return cli_out_has_file(out) ? write_file(cli, out, content, mode, err) : write_standard_output(cli, content, err);
}
