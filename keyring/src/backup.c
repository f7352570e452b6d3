#include "publication.h"
#include "store.h"

#include <base/fail.h>
#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* SQLite opens files by name only, so the copy has one from the beginning: ".NAME.saf-backup" beside the file that is to be. What a killed backup
 * left there is removed by the next one of the same name; that it is locked says that it is alive. */
typedef struct draft_copy {
    char *path;
    int file; /* -1: none is there */
} draft_copy;

static bool has_name(int file, const char *path)
{
    struct stat opened, named;
    return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static void discard(draft_copy *draft)
{
    if (draft->file >= 0) {
        if (has_name(draft->file, draft->path))
            unlink(draft->path);
        close(draft->file);
    }
    free(draft->path);
}

OWN_VALUE(draft_copy, discard)

static saf_status split(char **dir, const char **base, const char *path, saf_error *err)
{
    const char *slash = strrchr(path, '/');
    *base = slash ? slash + 1 : path;
    if (!**base)
        return saf_fail(err, SAF_E_USAGE, "\"%s\" does not name a file", path);
    OWN(own_text) parent = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!parent)
        return saf_fail_memory(err);
    *dir = realpath(parent, NULL); /* SQLite follows no link */
    return *dir ? SAF_OK : saf_fail_errno(err, "cannot write %s: its directory", path);
}

static saf_status fail_busy(const char *path, saf_error *err)
{
    return saf_fail(err, SAF_E_BUSY, "another process is writing a backup to %s", path);
}

/* Ours as long as we hold its lock and it has not been renamed or removed by who held that before. */
static saf_status claim(int file, const char *draft, const char *path, saf_error *err)
{
    if (TEMP_FAILURE_RETRY(flock(file, LOCK_EX | LOCK_NB)) == 0 && has_name(file, draft))
        return SAF_OK;
    return fail_busy(path, err);
}

/* Also when the backup itself is there already: it may be a second name of the same file. */
static saf_status sweep(const char *draft, const char *path, saf_error *err)
{
    OWN(own_fd) old = open(draft, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (old < 0 && errno == ENOENT)
        return SAF_OK;
    if (old < 0)
        return saf_fail(err, SAF_E_CONFLICT, "%s is in the way", draft);
    SAF_TRY(claim(old, draft, path, err));
    return unlink(draft) == 0 ? SAF_OK : saf_fail_errno(err, "cannot remove %s", draft);
}

static saf_status make_draft(draft_copy *draft, const char *path, saf_error *err)
{
    draft->file = open(draft->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (draft->file < 0 && errno == EEXIST)
        return fail_busy(path, err);
    if (draft->file < 0 || fchmod(draft->file, 0600) != 0)
        return saf_fail_errno(err, "cannot write %s", path);
    return claim(draft->file, draft->path, path, err);
}

static saf_status refuse_unsafe(const char *dir, saf_error *err)
{
    saf_status status = store_check_above(dir, "no backup is written", err);
    if (status == SAF_E_DENIED)
        saf_hint(err, "write it into a directory that only you can write, and copy it from there");
    return status;
}

static saf_status fail_existing(const char *path, saf_error *err)
{
    return saf_fail(err, SAF_E_EXISTS, "%s exists already", path);
}

/* A link, not a rename: a file that somebody made meanwhile is not replaced. */
static saf_status publish(draft_copy *draft, const char *dir, const char *base, const char *path, saf_error *err)
{
    OWN(own_text) target = NULL;
    if (asprintf(&target, "%s/%s", dir, base) < 0)
        return saf_fail_memory(err);
    if (fsync(draft->file) != 0)
        return saf_fail_errno(err, "cannot write %s", path);
    if (link(draft->path, target) != 0)
        return errno == EEXIST ? fail_existing(path, err) : saf_fail_errno(err, "cannot write %s", path);
    unlink(draft->path);
    close(draft->file);
    draft->file = -1;
    return saf_directory_sync(dir, err);
}

saf_status saf_store_backup(saf_store *store, const saf_principal *who, const char *path, saf_store_progress_fn progress, void *context,
                            saf_error *err)
{
    OWN(own_text) dir = NULL;
    OWN(draft_copy) draft = { .file = -1 };
    const char *base;
    SAF_TRY(publication_refuse(store, err));
    if (store->is_changing || store->process != getpid())
        return saf_fail(err, SAF_E_USAGE, "a change of the store %s is open, so it cannot be copied", store->dir);
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_ADMIN, "", "", err));
    SAF_TRY(split(&dir, &base, path, err));
    SAF_TRY(refuse_unsafe(dir, err));
    if (asprintf(&draft.path, "%s/.%s.saf-backup", dir, base) < 0)
        return saf_fail_memory(err);
    SAF_TRY(sweep(draft.path, path, err));
    if (saf_file_exists(path))
        return fail_existing(path, err);
    SAF_TRY(make_draft(&draft, path, err));
    SAF_TRY(storage_copy(store->storage, draft.path, progress, context, err));
    SAF_TRY(storage_verify_copy(draft.path, store->id, err));
    return publish(&draft, dir, base, path, err);
}
