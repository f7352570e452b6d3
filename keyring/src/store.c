#include "store.h"

#include "master-key.h"
#include "migrate.h"
#include "publication.h"

#include <base/fail.h>
#include <base/shell.h>

enum { BUSY_TIMEOUT_MS = 10000 };

static saf_status format_dir(char *out, size_t out_cap, const char *base, const char *rest, saf_error *err)
{
    if (strlen(base) + strlen(rest) >= out_cap)
        return saf_fail(err, SAF_E_SPACE, "the store's directory has a name of more than %zu bytes", out_cap - 1);
    snprintf(out, out_cap, "%s%s", base, rest);
    return SAF_OK;
}

saf_status saf_store_default_dir(char *out, size_t out_cap, saf_error *err)
{
    const char *home = secure_getenv("SAFRING_HOME");
    if (home && *home)
        return format_dir(out, out_cap, home, "", err);
    if (geteuid() == 0)
        return format_dir(out, out_cap, "/var/lib/safring", "", err);
    /* XDG Base Directory: a relative path in the variable is to be ignored. */
    home = secure_getenv("XDG_DATA_HOME");
    if (home && *home == '/')
        return format_dir(out, out_cap, home, "/safring", err);
    home = secure_getenv("HOME");
    if (home && *home == '/')
        return format_dir(out, out_cap, home, "/.local/share/safring", err);
    saf_status status = saf_fail(err, SAF_E_USAGE, "cannot tell where the store is: SAFRING_HOME is not set");
    saf_hint(err, "name it with --store DIR");
    return status;
}

/* ---- keys ---- */

saf_status store_key_context(saf_buffer *out, const char *id, saf_error *err)
{
    saf_buffer_append_text(out, "safring store key ");
    saf_buffer_append_text(out, id);
    return saf_buffer_check(out, err);
}

static saf_status vouch_for_rows(saf_store *store, saf_error *err)
{
    OWN(saf_secret) row = { 0 };
    OWN(saf_secret) sum = { 0 };
    const struct authenticator_keys keys = { .row = &row, .sum = &sum, .seal = &store->key };
    SAF_TRY(store_derive(&row, &store->key, "safring rows", err));
    SAF_TRY(store_derive(&sum, &store->key, "safring sum of rows", err));
    SAF_TRY(authenticator_open(&store->authenticator, &keys, store->id, err));
    authenticator_attach(store->authenticator, store->storage);
    return SAF_OK;
}

saf_status store_derive_keys(saf_store *store, saf_error *err)
{
    SAF_TRY(store_derive(&store->audit_key, &store->key, "safring audit", err));
    return vouch_for_rows(store, err);
}

/* ---- whose it is ---- */

saf_status store_fail_foreign(const char *path, uid_t owner, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_DENIED, "%s belongs to another user (uid %lu)", path, (unsigned long)owner);
    saf_hint(err, "do it as that user, or give it to yours: chown %lu %s", (unsigned long)geteuid(), saf_shell_quote(path).text);
    return status;
}

saf_status store_check_owner(const char *path, const struct stat *about, saf_error *err)
{
    uid_t me = geteuid();
    if (about->st_uid == me || about->st_uid == 0 || me == 0)
        return SAF_OK;
    return store_fail_foreign(path, about->st_uid, err);
}

static saf_status check_part(const char *path, const struct stat *about, saf_error *err)
{
    SAF_TRY(store_check_owner(path, about, err));
    if (!(about->st_mode & (S_IWGRP | S_IWOTH)))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "others may write %s (mode %04o)", path,
                                 (unsigned)about->st_mode & 07777);
    saf_hint(err, "if you trust what is in it: chmod go-w %s", saf_shell_quote(path).text);
    return status;
}

saf_status store_check_custody(const char *dir, saf_error *err)
{
    struct stat about;
    OWN(own_text) database = NULL;
    if (asprintf(&database, "%s/store.db", dir) < 0)
        return saf_fail_memory(err);
    if (stat(dir, &about) != 0)
        return SAF_OK;
    SAF_TRY(check_part(dir, &about, err));
    if (lstat(database, &about) != 0)
        return SAF_OK;
    if (!S_ISREG(about.st_mode))
        return saf_fail(err, SAF_E_DENIED, "the database %s is not a regular file", database);
    return check_part(database, &about, err);
}

static saf_status check_level(const char *level, const char *dir, const char *refusal, saf_error *err)
{
    struct stat about;
    if (stat(level, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", level);
    bool is_ours = about.st_uid == geteuid() || about.st_uid == 0;
    if (is_ours && (!(about.st_mode & S_IWOTH) || about.st_mode & S_ISVTX))
        return SAF_OK;
    return saf_fail(err, SAF_E_DENIED, "%s in %s: another user could exchange what is in %s", refusal, dir, level);
}

/* Others could lead what is worked with by its name elsewhere. For root that goes for all that is above, too. */
saf_status store_check_above(const char *dir, const char *refusal, saf_error *err)
{
    OWN(own_text) level = strdup(dir);
    if (!level)
        return saf_fail_memory(err);
    SAF_TRY(check_level(dir, dir, refusal, err));
    for (char *slash = geteuid() == 0 ? strchr(level + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        SAF_TRY(check_level(level, dir, refusal, err));
        *slash = '/';
    }
    return SAF_OK;
}

/* ---- open and close ---- */

saf_status saf_store_open(saf_store **out, const char *dir, const saf_store_options *options, saf_error *err)
{
    if (publication_is(dir))
        return publication_open(out, dir, options, err);
    SAF_TRY(publication_refuse_remains(dir, err));
    const saf_store_options none = { 0 };
    if (!options)
        options = &none;
    OWN(saf_store) *store = calloc(1, sizeof *store);
    if (!store || !(store->dir = strdup(dir)))
        return saf_fail_memory(err);
    store->authority = options->authority;
    store->authority_context = options->authority_context;
    store->process = getpid();
    unsigned timeout = options->busy_timeout_ms ? options->busy_timeout_ms : BUSY_TIMEOUT_MS;
    SAF_TRY(store_check_custody(dir, err));
    SAF_TRY(storage_open(&store->storage, dir, STORAGE_USE, timeout, err));
    SAF_TRY(master_unlock(store, options, err));
    SAF_TRY(store_derive_keys(store, err));
    SAF_TRY(migrate_store(store, err));
    master_tidy(store);
    *out = GIVE(&store);
    return SAF_OK;
}

void saf_store_close(saf_store **store)
{
    if (!store || !*store)
        return;
    /* In a child of fork() the database is left alone: closing it would undo the parent's open change. */
    if ((*store)->process == getpid())
        storage_close(&(*store)->storage);
    saf_secret_free(&(*store)->key);
    saf_secret_free(&(*store)->audit_key);
    authenticator_close(&(*store)->authenticator);
    facts_memo_free(&(*store)->memo);
    key_reader_free(&(*store)->reader);
    free((*store)->published);
    free((*store)->dir);
    free(*store);
    *store = NULL;
}

const char *saf_store_dir(const saf_store *store)
{
    return store->dir;
}

/* ---- reading ---- */

saf_status reading_begin(reading *out, saf_store *store, saf_error *err)
{
    out->store = NULL;
    SAF_TRY(publication_refuse(store, err));
    if (store->process != getpid())
        return saf_fail(err, SAF_E_USAGE, "the store %s was opened by another process", store->dir);
    if (store->is_changing)
        return SAF_OK;
    SAF_TRY(storage_begin_read(store->storage, err));
    out->store = store;
    return SAF_OK;
}

/* Nothing was written, so there is nothing to commit. */
void reading_end(reading *reading)
{
    if (reading->store)
        storage_rollback(reading->store->storage);
    reading->store = NULL;
}

saf_status saf_store_describe(saf_store_info *out, saf_store *store, const saf_principal *who, saf_error *err)
{
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    saf_store_info info = { .schema = STORAGE_SCHEMA, .master = store->master };
    OWN(saf_buffer) created = { 0 };
    SAF_TRY(storage_get_setting(&created, store->storage, SETTING_CREATED, err));
    SAF_TRY(storage_count(&info, store->storage, err));
    info.created = strtoll(saf_buffer_text(&created), NULL, 10);
    memcpy(info.id, store->id, sizeof info.id);
    *out = info;
    return SAF_OK;
}
