#include "check.h"

#include "create.h"
#include "master-key.h"

#include <base/fail.h>

#include <fcntl.h>

struct part {
    const char *name; /* in the store's directory; "": that itself */
    mode_t type;
};

static const struct part PARTS[] = {
    { "", S_IFDIR },           { "store.db", S_IFREG },   { "store.db-journal", S_IFREG }, { "store.lock", S_IFREG },
    { MASTER_KEY_FILE, S_IFREG }, { "softhsm2.conf", S_IFREG }, { "tokens", S_IFDIR },
};

static saf_status check_part(check *check, int dir, const struct part *part, uid_t owner, saf_error *err)
{
    struct stat about;
    const char *path = check->store->dir, *slash = *part->name ? "/" : "";
    if (fstatat(dir, *part->name ? part->name : ".", &about, AT_SYMLINK_NOFOLLOW) != 0)
        return SAF_OK; /* what is needed was there when the store was opened */
    if ((about.st_mode & S_IFMT) != part->type)
        return check_report(check, err, "%s%s%s is not a %s", path, slash, part->name, part->type == S_IFDIR ? "directory" : "regular file");
    if (about.st_uid != owner)
        SAF_TRY(check_report(check, err, "%s%s%s belongs to another user (uid %lu)", path, slash, part->name, (unsigned long)about.st_uid));
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return check_report(check, err, "%s%s%s is open to others (mode %04o)", path, slash, part->name, (unsigned)about.st_mode & 07777);
    return SAF_OK;
}

static saf_status check_leftover(check *check, const char *name, saf_error *err)
{
    if (!strcmp(name, MASTER_KEY_NEXT) || create_is_draft(name))
        return check_report(check, err, "%s/%s was left behind by something that was cut short", check->store->dir, name);
    if (check->store->master != SAF_MASTER_FILE && !strcmp(name, MASTER_KEY_FILE))
        return check_report(check, err, "%s/%s is there, but the master key is no file", check->store->dir, name);
    return SAF_OK;
}

saf_status check_files(check *check, saf_error *err)
{
    struct stat about;
    OWN(DIR) *entries = opendir(check->store->dir);
    if (!entries || fstat(dirfd(entries), &about) != 0)
        return saf_fail_errno(err, "cannot read the directory %s", check->store->dir);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        SAF_TRY(check_part(check, dirfd(entries), &PARTS[i], about.st_uid, err));
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        SAF_TRY(check_leftover(check, entry->d_name, err));
    return SAF_OK;
}
