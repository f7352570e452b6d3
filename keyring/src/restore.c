#include "audit.h"
#include "create.h"
#include "master-key.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/lock.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>

/* All is done in a directory beside the one that is to be, ".NAME.saf-restore", which gets its name last. What a killed restore left there is
 * removed by the next one of the same name; that it holds store.lock says that it is alive. */

enum { CHUNK = 1 << 16 };

typedef struct draft_store {
    char *dir;  /* the temporary directory; NULL: there is none (any more) */
    char *real; /* what it will be called, absolute */
    char *parent;
    int lock;
} draft_store;

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)where;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

/* The copy of a key goes first, overwritten: the rest is worth nothing without it. */
static saf_status remove_tree(const char *dir, saf_error *err)
{
    SAF_TRY(master_key_wipe_file(dir, MASTER_KEY_FILE, err));
    if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return saf_fail_errno(err, "cannot remove %s", dir);
    return SAF_OK;
}

static void discard(draft_store *draft)
{
    if (draft->dir) {
        saf_status status = remove_tree(draft->dir, NULL);
        (void)status; /* the next restore tries again */
    }
    if (draft->lock >= 0)
        close(draft->lock);
    free(draft->dir);
    free(draft->real);
    free(draft->parent);
}

OWN_VALUE(draft_store, discard)

/* ---- the directory ---- */

static saf_status name_draft(draft_store *draft, char **temporary, const char *dir, saf_error *err)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    OWN(own_text) plain = strndup(dir, len);
    if (!plain)
        return saf_fail_memory(err);
    const char *slash = strrchr(plain, '/'), *base = slash ? slash + 1 : plain;
    if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
        return saf_fail(err, SAF_E_USAGE, "\"%s\" does not name a new directory", dir);
    OWN(own_text) above = slash ? strndup(plain, (size_t)(slash - plain) + 1) : strdup(".");
    draft->parent = above ? realpath(above, NULL) : NULL;
    if (!draft->parent)
        return saf_fail_errno(err, "cannot make %s: the directory that it is to be in", dir);
    if (asprintf(&draft->real, "%s/%s", draft->parent, base) < 0 || asprintf(temporary, "%s/.%s.saf-restore", draft->parent, base) < 0)
        return saf_fail_memory(err);
    return SAF_OK;
}

static saf_status make_directory(const char *dir, saf_error *err)
{
    struct stat about;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return saf_fail_errno(err, "cannot make the directory %s", dir);
    if (lstat(dir, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", dir);
    if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid() || about.st_mode & (S_IRWXG | S_IRWXO))
        return saf_fail(err, SAF_E_CONFLICT, "%s is in the way", dir);
    return SAF_OK;
}

/* What an earlier one left is removed but for the lock, which is held. */
static saf_status empty_directory(const char *dir, saf_error *err)
{
    OWN(DIR) *entries = opendir(dir);
    if (!entries)
        return saf_fail_errno(err, "cannot read the directory %s", dir);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        OWN(own_text) path = NULL;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || !strcmp(entry->d_name, "store.lock"))
            continue;
        if (asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
            return saf_fail_memory(err);
        if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
            return saf_fail_errno(err, "cannot remove %s", path);
    }
    return SAF_OK;
}

static saf_status begin_draft(draft_store *draft, const char *dir, saf_error *err)
{
    OWN(own_text) temporary = NULL;
    OWN(own_text) lock = NULL;
    SAF_TRY(name_draft(draft, &temporary, dir, err));
    if (saf_file_exists(draft->real))
        return saf_fail(err, SAF_E_EXISTS, "%s exists already", dir);
    SAF_TRY(store_check_above(draft->parent, "no store is made", err));
    SAF_TRY(make_directory(temporary, err));
    if (asprintf(&lock, "%s/store.lock", temporary) < 0)
        return saf_fail_memory(err);
    SAF_TRY(saf_lock_take(&draft->lock, lock, SAF_LOCK_EXCLUSIVE, 0, err));
    draft->dir = GIVE(&temporary); /* ours from here on */
    SAF_TRY(master_key_wipe_file(draft->dir, MASTER_KEY_FILE, err));
    return empty_directory(draft->dir, err);
}

/* ---- the database ---- */

static saf_status fail_foreign(const char *backup, const char *why, saf_error *err)
{
    return saf_fail(err, SAF_E_MALFORMED, "%s is not the backup of a store: %s", backup, why);
}

static saf_status copy_some(bool *more, int to, int from, const char *backup, saf_error *err)
{
    unsigned char chunk[CHUNK];
    ssize_t len = TEMP_FAILURE_RETRY(read(from, chunk, sizeof chunk));
    if (len < 0)
        return saf_fail_errno(err, "cannot read %s", backup);
    *more = len > 0;
    for (ssize_t done = 0, put; done < len; done += put) {
        put = TEMP_FAILURE_RETRY(write(to, chunk + done, (size_t)(len - done)));
        if (put <= 0)
            return saf_fail_errno(err, "cannot write the copy of %s", backup);
    }
    return SAF_OK;
}

/* The header that SQLite and we write: a magic text, and our number at offset 68. */
static saf_status check_header(int file, const char *backup, saf_error *err)
{
    unsigned char header[100];
    if (pread(file, header, sizeof header, 0) != (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0 ||
        memcmp(header + 68, "Safr", 4) != 0)
        return fail_foreign(backup, "it has not the form of one", err);
    return SAF_OK;
}

/* A database in use may have half of a change in it, and the other half in its journal. */
static saf_status refuse_journal(const char *backup, saf_error *err)
{
    OWN(own_text) journal = NULL;
    if (asprintf(&journal, "%s-journal", backup) < 0)
        return saf_fail_memory(err);
    if (!saf_file_exists(journal))
        return SAF_OK;
    saf_status status = fail_foreign(backup, "it is a database in use, with a journal", err);
    saf_hint(err, "make one with: safring store backup");
    return status;
}

static saf_status open_backup(int *out, const char *backup, saf_error *err)
{
    struct stat about;
    OWN(own_fd) file = open(backup, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || fstat(file, &about) != 0)
        return saf_fail_errno(err, "cannot open %s", backup);
    if (!S_ISREG(about.st_mode))
        return fail_foreign(backup, "it is no regular file", err);
    SAF_TRY(check_header(file, backup, err));
    SAF_TRY(refuse_journal(backup, err));
    *out = file;
    file = -1;
    return SAF_OK;
}

static saf_status copy_database(const draft_store *draft, const char *backup, saf_error *err)
{
    bool more = true;
    OWN(own_text) path = NULL;
    OWN(own_fd) from = -1;
    SAF_TRY(open_backup(&from, backup, err));
    if (asprintf(&path, "%s/store.db", draft->dir) < 0)
        return saf_fail_memory(err);
    OWN(own_fd) to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0)
        return saf_fail_errno(err, "cannot make %s", path);
    while (more)
        SAF_TRY(copy_some(&more, to, from, backup, err));
    return fsync(to) == 0 ? SAF_OK : saf_fail_errno(err, "cannot write %s", path);
}

/* ---- the master key ---- */

static saf_status copy_key_file(const draft_store *draft, const char *backup, const char *key_file, saf_error *err)
{
    OWN(saf_secret) key = { 0 };
    OWN(own_text) path = NULL;
    if (!key_file) {
        saf_status status = saf_fail(err, SAF_E_DENIED, "the store that %s was made of has its master key in a file", backup);
        saf_hint(err, "name a copy of that file: --master-key-file");
        return status;
    }
    SAF_TRY(master_key_read_copy(&key, key_file, err));
    if (asprintf(&path, "%s/" MASTER_KEY_FILE, draft->dir) < 0)
        return saf_fail_memory(err);
    return saf_file_write(path, saf_secret_bytes(&key), 0400, SAF_IF_EXISTS_FAIL, err);
}

/* No failure but for a backup's: an unreadable one is not a store that is not there. */
static saf_status read_kind(saf_master_kind *out, const draft_store *draft, const char *backup, saf_error *err)
{
    saf_error why = { .text = "" };
    saf_status status = saf_store_read_master_kind(out, draft->dir, &why);
    if (status == SAF_E_UNSUPPORTED || status == SAF_E_MEMORY || status == SAF_E_IO) {
        if (err)
            *err = why;
        return status;
    }
    return status == SAF_OK ? SAF_OK : fail_foreign(backup, why.text, err);
}

static saf_status bring_key(const draft_store *draft, const char *backup, const char *key_file, saf_error *err)
{
    saf_master_kind kind;
    SAF_TRY(read_kind(&kind, draft, backup, err));
    return kind == SAF_MASTER_FILE ? copy_key_file(draft, backup, key_file, err) : SAF_OK;
}

/* ---- the store ---- */

OWN_VALUE(saf_store_problems, saf_store_problems_free)

static saf_status check_whole(saf_store *store, const char *backup, saf_error *err)
{
    OWN(saf_store_problems) problems = { 0 };
    SAF_TRY(saf_store_check(&problems, store, NULL, NULL, NULL, err));
    if (problems.count == 0)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_FAILED, "the store in %s has %zu problem%s; the first: %.400s", backup, problems.count,
                                 problems.count == 1 ? "" : "s", problems.texts[0]);
    saf_hint(err, "nothing was restored; try an older backup");
    return status;
}

/* The directories of publications are the original's: this store, which is older, must not put older snapshots there, nor remove what is there. */
static saf_status drop_publications(uint64_t *count, struct storage *storage, saf_error *err)
{
    SAF_TRY(storage_begin_write(storage, err));
    saf_status status = storage_drop_publications(count, storage, err);
    if (status == SAF_OK)
        return storage_commit(storage, err);
    storage_rollback(storage);
    return status;
}

static saf_status note_restore(saf_store *store, const char *dir, const char *backup, uint64_t publications, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    SAF_TRY(saf_change_begin(&change, store, NULL, err));
    SAF_TRY(audit_write(change, "store-restore", dir, NULL, err, "from=\"%s\" publications=%llu", backup, (unsigned long long)publications));
    return saf_change_commit(&change, err);
}

static saf_status open_and_check(const draft_store *draft, const char *backup, const saf_store_options *options, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    saf_store_options plain = options ? *options : (saf_store_options) { 0 };
    plain.authority = NULL; /* that of the new store's programs; here nobody else is */
    SAF_TRY(saf_store_open(&store, draft->dir, &plain, err));
    uint64_t publications = 0;
    saf_status dropped = drop_publications(&publications, store->storage, err);
    SAF_TRY(check_whole(store, backup, err)); /* also when they could not be dropped: it says more about what is wrong */
    SAF_TRY(dropped);
    return note_restore(store, draft->real, backup, publications, err);
}

static saf_status publish(draft_store *draft, const char *dir, saf_error *err)
{
    SAF_TRY(saf_directory_sync(draft->dir, err));
    if (renameat2(AT_FDCWD, draft->dir, AT_FDCWD, draft->real, RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST)
            return saf_fail(err, SAF_E_EXISTS, "%s exists already", dir);
        /* Where the file system knows no such flag, rename() replaces at most an empty directory. */
        if ((errno != EINVAL && errno != ENOSYS) || rename(draft->dir, draft->real) != 0)
            return saf_fail_errno(err, "cannot make %s", dir);
    }
    free(draft->dir);
    draft->dir = NULL;
    return saf_directory_sync(draft->parent, err);
}

static saf_status make(draft_store *draft, const char *dir, const char *backup, const saf_store_options *options, const char *key_file, saf_error *err)
{
    SAF_TRY(copy_database(draft, backup, err));
    SAF_TRY(bring_key(draft, backup, key_file, err));
    SAF_TRY(create_token_home(draft->dir, draft->real, err));
    SAF_TRY(open_and_check(draft, backup, options, err));
    return publish(draft, dir, err);
}

/* Nobody knows the draft, which is gone when the text is read. */
static void name_result(saf_error *err, const draft_store *draft)
{
    char *at = err && draft->dir ? strstr(err->text, draft->dir) : NULL;
    if (!at)
        return;
    saf_error named = *err;
    snprintf(named.text, sizeof named.text, "%.*s%s%s", (int)(at - err->text), err->text, draft->real, at + strlen(draft->dir));
    *err = named;
}

saf_status saf_store_restore(const char *dir, const char *backup, const saf_store_options *options, const char *key_file, saf_error *err)
{
    OWN(draft_store) draft = { .lock = -1 };
    SAF_TRY(begin_draft(&draft, dir, err));
    saf_status status = make(&draft, dir, backup, options, key_file, err);
    if (status != SAF_OK)
        name_result(err, &draft);
    return status;
}
