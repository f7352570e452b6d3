#include "publication-dir.h"

#include <base/fail.h>
#include <base/shell.h>

#include <safring/keyring.h>

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/xattr.h>

/* The directories above a publication: whether its reader gets through them, and who could exchange one. */

typedef saf_status (*level_visitor)(void *context, const char *level, const struct stat *about, saf_error *err);

/* From the root down, as far as they are there; not the last one, which is the publication's. */
static saf_status visit_levels(const char *path, level_visitor visit, void *context, saf_error *err)
{
    char level[PATH_MAX];
    struct stat about;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t len = slash == path ? 1 : (size_t)(slash - path);
        if (len >= sizeof level)
            return saf_fail(err, SAF_E_SPACE, "%.200s… is too long a name", path);
        memcpy(level, path, len);
        level[len] = '\0';
        if (stat(level, &about) != 0)
            return SAF_OK;
        SAF_TRY(visit(context, level, &about, err));
    }
    return SAF_OK;
}

/* ---- who gets through ---- */

enum { GROUPS_MAX = 256 };

struct reader {
    uid_t user;
    gid_t groups[GROUPS_MAX];
    int group_count;
    const char *path;
};

static void find_groups(struct reader *reader)
{
    char room[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(reader->user, &entry, room, sizeof room, &found) != 0 || !found)
        return;
    reader->group_count = GROUPS_MAX;
    if (getgrouplist(found->pw_name, found->pw_gid, reader->groups, &reader->group_count) < 0)
        reader->group_count = GROUPS_MAX;
}

static bool is_member(const struct reader *reader, gid_t group)
{
    for (int i = 0; i < reader->group_count; i++)
        if (reader->groups[i] == group)
            return true;
    return false;
}

static bool may_enter(const struct reader *reader, const struct stat *about)
{
    if (reader->user == 0)
        return true;
    if (about->st_uid == reader->user)
        return about->st_mode & S_IXUSR;
    return about->st_mode & (is_member(reader, about->st_gid) ? S_IXGRP : S_IXOTH);
}

/* An access list may say otherwise than the mode; that is for who set it. */
static saf_status check_level(void *context, const char *level, const struct stat *about, saf_error *err)
{
    const struct reader *reader = context;
    if (may_enter(reader, about) || getxattr(level, "system.posix_acl_access", NULL, 0) > 0)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "the user with uid %lu could not read what is published in %s: that user may not enter %s (mode %04o)",
                                 (unsigned long)reader->user, reader->path, level, (unsigned)about->st_mode & 07777);
    saf_hint(err, "publish elsewhere, or, if that user may know what is in it: chmod o+x %s", saf_shell_quote(level).text);
    return status;
}

saf_status publication_way_check(const char *path, uint32_t user, saf_error *err)
{
    struct reader reader = { .user = user, .path = path };
    find_groups(&reader);
    return visit_levels(path, check_level, &reader, err);
}

/* ---- who could exchange one ---- */

struct risk {
    char *out;
    size_t out_cap;
};

/* In a sticky directory nobody but its owner renames what is another's. */
static saf_status note_level(void *context, const char *level, const struct stat *about, saf_error *err)
{
    struct risk *risk = context;
    (void)err;
    if (*risk->out)
        return SAF_OK;
    if (about->st_uid != 0 && about->st_uid != geteuid())
        snprintf(risk->out, risk->out_cap, "%s belongs to another user (uid %lu)", level, (unsigned long)about->st_uid);
    else if (about->st_mode & (S_IWGRP | S_IWOTH) && !(about->st_mode & S_ISVTX))
        snprintf(risk->out, risk->out_cap, "others may write %s (mode %04o)", level, (unsigned)about->st_mode & 07777);
    return SAF_OK;
}

saf_status saf_publication_risk(char *out, size_t out_cap, const char *dir, saf_error *err)
{
    char path[SAF_PUBLICATION_DIR_SIZE];
    struct risk risk = { .out = out, .out_cap = out_cap };
    if (!out_cap)
        return saf_fail(err, SAF_E_SPACE, "there is no room for a text");
    SAF_TRY(saf_publication_dir(path, dir, err));
    *out = '\0';
    return visit_levels(path, note_level, &risk, err);
}
