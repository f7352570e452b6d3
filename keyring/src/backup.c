#include "publication.h"
#include "store.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/random.h>

#include <errno.h>
#include <fcntl.h>

/* A file under a temporary name, which vanishes with the scope unless it got its own. SQLite opens files by name only, so it has to have one. */
typedef struct draft_copy {
    char *path;
    int file; /* -1: none is there */
} draft_copy;

static void discard(draft_copy *draft)
{
    if (draft->file >= 0) {
        close(draft->file);
        unlink(draft->path);
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

static saf_status make_draft(draft_copy *draft, const char *dir, saf_error *err)
{
    uint64_t number;
    SAF_TRY(saf_random_bytes((unsigned char *)&number, sizeof number, err));
    if (asprintf(&draft->path, "%s/.saf-%016llx", dir, (unsigned long long)number) < 0)
        return saf_fail_memory(err);
    draft->file = open(draft->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (draft->file < 0 || fchmod(draft->file, 0600) != 0)
        return saf_fail_errno(err, "cannot make a file in %s", dir);
    return SAF_OK;
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
    const char *base;
    SAF_TRY(publication_refuse(store, err));
    if (store->is_changing || store->process != getpid())
        return saf_fail(err, SAF_E_USAGE, "a change of the store %s is open, so it cannot be copied", store->dir);
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_ADMIN, "", "", err));
    if (saf_file_exists(path))
        return fail_existing(path, err);
    SAF_TRY(split(&dir, &base, path, err));
    OWN(draft_copy) draft = { .file = -1 };
    SAF_TRY(make_draft(&draft, dir, err));
    SAF_TRY(storage_copy(store->storage, draft.path, progress, context, err));
    SAF_TRY(storage_verify_copy(draft.path, store->id, err));
    return publish(&draft, dir, base, path, err);
}
