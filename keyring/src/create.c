#include "audit.h"
#include "create.h"
#include "envelope.h"
#include "master-key.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/file.h>
#include <base/lock.h>
#include <base/random.h>
#include <base/shell.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Everything here may be done again: a store is complete when the transaction that fills its database commits, and that
 * comes last. */

enum { LOCK_TIMEOUT_MS = 10000 };

static const char *const PARTS[] = { "store.lock", "store.db", "store.db-journal", MASTER_KEY_FILE, MASTER_KEY_NEXT,
                                     "tokens", "softhsm2.conf" };

/* What base/file.h calls a file that it has not finished. */
bool create_is_draft(const char *name)
{
    return !strncmp(name, ".saf-", 5);
}

static int is_part(const char *name)
{
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        if (!strcmp(name, PARTS[i]))
            return 1;
    return !strcmp(name, ".") || !strcmp(name, "..") || create_is_draft(name);
}

static int holds_only_parts(const char *dir)
{
    OWN(DIR) *entries = opendir(dir);
    if (!entries)
        return 0;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (!is_part(entry->d_name))
            return 0;
    return 1;
}

/* A directory that was there and that others may enter is closed to them, but not one with somebody's files in it. */
static saf_status close_to_others(const char *dir, saf_error *err)
{
    if (!holds_only_parts(dir)) {
        saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s holds other files, and others may enter it", dir);
        saf_hint(err, "name a directory of its own for the store, or: chmod 0700 %s", saf_shell_quote(dir).text);
        return status;
    }
    return chmod(dir, 0700) == 0 ? SAF_OK : saf_fail_errno(err, "cannot set the mode of %s", dir);
}

static saf_status check_entry(int dir, const char *dir_path, const char *name, saf_error *err)
{
    struct stat about;
    OWN(own_text) path = NULL;
    if (asprintf(&path, "%s/%s", dir_path, name) < 0)
        return saf_fail_memory(err);
    if (fstatat(dir, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? SAF_OK : saf_fail_errno(err, "cannot examine %s", path);
    return about.st_uid == geteuid() ? SAF_OK : store_fail_foreign(path, about.st_uid, err);
}

/* While the directory was open to others, one of them may have put a key that she knows, or a configuration that leads
 * tokens elsewhere, where a creation that is repeated would keep it. */
static saf_status check_parts(const char *dir, saf_error *err)
{
    OWN(DIR) *entries = opendir(dir);
    if (!entries)
        return saf_fail_errno(err, "cannot read the directory %s", dir);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        SAF_TRY(check_entry(dirfd(entries), dir, PARTS[i], err));
    return SAF_OK;
}

/* Root, too, makes no store in another user's directory: that user could exchange what is in it. */
static saf_status make_private_directory(const char *dir, saf_error *err)
{
    struct stat about;
    SAF_TRY(saf_directory_make(dir, 0700, err));
    if (stat(dir, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", dir);
    if (about.st_uid != geteuid())
        return store_fail_foreign(dir, about.st_uid, err);
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        SAF_TRY(close_to_others(dir, err));
    return check_parts(dir, err);
}

/* What a creation that was killed had not finished; a draft of the master key is among them, perhaps. */
static saf_status remove_drafts(const char *dir, saf_error *err)
{
    OWN(DIR) *entries = opendir(dir);
    if (!entries)
        return saf_fail_errno(err, "cannot read the directory %s", dir);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (create_is_draft(entry->d_name) && unlinkat(dirfd(entries), entry->d_name, 0) != 0)
            return saf_fail_errno(err, "cannot remove %s/%s", dir, entry->d_name);
    return SAF_OK;
}

/* ---- what a token needs ---- */

#define CONF_START "directories.tokendir = "
#define CONF_REST \
    "\nobjectstore.backend = file\n" \
    "log.level = ERROR\n" \
    "slots.removable = false\n" \
    "slots.mechanisms = ALL\n" \
    "library.reset_on_fork = true\n"

static saf_status write_softhsm_conf(const char *dir, const char *tokens, saf_if_exists if_exists, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    OWN(own_text) path = NULL;
    if (asprintf(&path, "%s/softhsm2.conf", dir) < 0)
        return saf_fail_memory(err);
    saf_buffer_printf(&text, CONF_START "%s" CONF_REST, tokens);
    SAF_TRY(saf_buffer_check(&text, err));
    return saf_file_write(path, saf_buffer_bytes(&text), 0600, if_exists, err);
}

saf_status create_token_home(const char *dir, const char *real, saf_error *err)
{
    OWN(own_text) here = NULL;
    OWN(own_text) tokens = NULL;
    if (asprintf(&here, "%s/tokens", dir) < 0 || asprintf(&tokens, "%s/tokens", real) < 0)
        return saf_fail_memory(err);
    SAF_TRY(saf_directory_make(here, 0700, err));
    return write_softhsm_conf(dir, tokens, SAF_IF_EXISTS_KEEP, err);
}

static saf_status make_token_home(const char *dir, saf_error *err)
{
    OWN(own_text) real = realpath(dir, NULL);
    if (!real)
        return saf_fail_errno(err, "cannot find %s", dir);
    return create_token_home(real, real, err);
}

/* ---- a store that was moved or copied ---- */

enum { CONF_MAX = 16 * 1024 };

static bool has_entries(const char *dir)
{
    bool found = false;
    OWN(DIR) *entries = opendir(dir);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry && !found; entry = readdir(entries))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    return found;
}

/* The directory that a configuration names which we wrote, and nobody else changed but for that; NULL: it is no such one. */
static char *named_tokens(saf_bytes conf)
{
    size_t start = strlen(CONF_START), rest = strlen(CONF_REST);
    if (conf.len <= start + rest || memcmp(conf.data, CONF_START, start) != 0 || memcmp(conf.data + conf.len - rest, CONF_REST, rest) != 0)
        return NULL;
    return strndup((const char *)conf.data + start, conf.len - start - rest);
}

static bool is_of_a_store(const char *tokens)
{
    OWN(own_text) path = NULL;
    const char *slash = strrchr(tokens, '/');
    return slash && asprintf(&path, "%.*s/store.db", (int)(slash - tokens), tokens) > 0 && saf_file_exists(path);
}

/* Tokens that an administrator keeps elsewhere stay where they are. */
static bool is_anothers(const char *named, const char *own)
{
    struct stat there, here;
    if (stat(named, &there) != 0)
        return true;
    if (stat(own, &here) != 0 || (there.st_dev == here.st_dev && there.st_ino == here.st_ino))
        return false;
    return has_entries(own) || is_of_a_store(named);
}

static saf_status replace_conf(const char *dir, const char *conf, const char *named, const char *own, saf_error *err)
{
    struct stat about;
    if (stat(conf, &about) == 0 && about.st_uid == geteuid())
        return write_softhsm_conf(dir, own, SAF_IF_EXISTS_REPLACE, err);
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s names the tokens in %s, not those of this store, which was moved or copied", conf, named);
    saf_hint(err, "work with it once as its owner, or correct the first line: " CONF_START "%s", own);
    return status;
}

saf_status saf_store_settle_tokens(bool *was_moved, const char *dir, saf_error *err)
{
    OWN(own_text) real = realpath(dir, NULL);
    OWN(own_text) conf = NULL;
    OWN(own_text) own = NULL;
    OWN(saf_buffer) text = { 0 };
    *was_moved = false;
    if (!real)
        return SAF_OK;
    if (asprintf(&conf, "%s/softhsm2.conf", real) < 0 || asprintf(&own, "%s/tokens", real) < 0)
        return saf_fail_memory(err);
    if (!saf_file_exists(own))
        return SAF_OK;
    if (!saf_file_exists(conf)) {
        SAF_TRY(write_softhsm_conf(real, own, SAF_IF_EXISTS_KEEP, err));
        *was_moved = true;
        return SAF_OK;
    }
    SAF_TRY(saf_file_read(&text, conf, CONF_MAX, err));
    OWN(own_text) named = named_tokens(saf_buffer_bytes(&text));
    if (!named || !strcmp(named, own) || !is_anothers(named, own))
        return SAF_OK;
    SAF_TRY(replace_conf(real, conf, named, own, err));
    *was_moved = true;
    return SAF_OK;
}

/* ---- database ---- */

static saf_status make_id(char out[STORE_ID_SIZE], saf_error *err)
{
    unsigned char b[16];
    SAF_TRY(saf_random_bytes(b, sizeof b, err));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40); /* RFC 9562 5.4: version 4, */
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80); /* and its variant */
    snprintf(out, STORE_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return SAF_OK;
}

static saf_status make_key(saf_secret *out, saf_error *err)
{
    unsigned char key[SAF_ENVELOPE_KEY_LEN];
    saf_status status = saf_random_bytes(key, sizeof key, err);
    if (status == SAF_OK)
        status = saf_secret_set(out, saf_bytes_of(key, sizeof key), err);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

static saf_status lock_with_file(master_lock *lock, const saf_store *store, saf_error *err)
{
    OWN(saf_secret) master_key = { 0 };
    SAF_TRY(master_key_make_file(store->dir, err));
    SAF_TRY(master_key_read_file(&master_key, store->dir, MASTER_KEY_FILE, err));
    return master_lock_wrap(lock, store, &master_key, err);
}

static saf_status lock_with_passphrase(master_lock *lock, const saf_store *store, const saf_store_options *options, saf_error *err)
{
    OWN(saf_secret) passphrase = { 0 };
    OWN(saf_secret) master_key = { 0 };
    SAF_TRY(master_key_read_secret(&passphrase, store->dir, lock->kind, options, err));
    SAF_TRY(master_key_check_passphrase(&passphrase, err));
    SAF_TRY(master_key_new_parameters(&lock->parameters, err));
    SAF_TRY(master_key_of_passphrase(&master_key, &passphrase, saf_buffer_bytes(&lock->parameters), err));
    return master_lock_wrap(lock, store, &master_key, err);
}

static saf_status put_settings(saf_store *store, const master_lock *lock, saf_error *err)
{
    char created[24];
    snprintf(created, sizeof created, "%lld", (long long)saf_clock_now());
    SAF_TRY(storage_put_setting(store->storage, SETTING_ID, saf_bytes_of_text(store->id), err));
    SAF_TRY(storage_put_setting(store->storage, SETTING_CREATED, saf_bytes_of_text(created), err));
    return master_lock_write(lock, store, err);
}

static saf_status fill_database(saf_store *store, const saf_store_options *options, saf_error *err)
{
    OWN(master_lock) lock = { .kind = store->master };
    SAF_TRY(make_id(store->id, err));
    SAF_TRY(make_key(&store->key, err));
    SAF_TRY(lock.kind == SAF_MASTER_FILE ? lock_with_file(&lock, store, err) : lock_with_passphrase(&lock, store, options, err));
    SAF_TRY(store_derive_keys(store, err));

    OWN(saf_change) *change = NULL;
    SAF_TRY(saf_change_begin(&change, store, NULL, err));
    SAF_TRY(storage_make_schema(store->storage, err));
    SAF_TRY(put_settings(store, &lock, err));
    SAF_TRY(audit_write(change, "store-create", store->dir, NULL, err, "id=%s master=%s", store->id, saf_master_kind_name(lock.kind)));
    return saf_change_commit(&change, err);
}

static saf_status make_database(const char *dir, const saf_store_options *options, saf_error *err)
{
    OWN(saf_store) *store = calloc(1, sizeof *store);
    if (!store || !(store->dir = strdup(dir)))
        return saf_fail_memory(err);
    store->process = getpid();
    store->is_new = true;
    store->master = master_key_has_secret(options) ? SAF_MASTER_PASSPHRASE : SAF_MASTER_FILE;
    SAF_TRY(storage_open(&store->storage, dir, STORAGE_MAKE, LOCK_TIMEOUT_MS, err));
    SAF_TRY(fill_database(store, options, err));
    return saf_directory_sync(dir, err);
}

/* A creation makes store.db before the key and the first token: where it is missing and they are not, it was lost. A fresh one in its place would open none of the
 * old store's keys, and be taken for it. */
static saf_status refuse_remains(const char *dir, saf_error *err)
{
    OWN(own_text) database = NULL;
    OWN(own_text) key = NULL;
    OWN(own_text) tokens = NULL;
    if (asprintf(&database, "%s/store.db", dir) < 0 || asprintf(&key, "%s/" MASTER_KEY_FILE, dir) < 0 || asprintf(&tokens, "%s/tokens", dir) < 0)
        return saf_fail_memory(err);
    bool has_key = saf_file_exists(key);
    if (saf_file_exists(database) || (!has_key && !has_entries(tokens)))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s is missing, but there %s", database, has_key ? "is the master key of a store" : "are the tokens of a store");
    saf_hint(err, "move %s aside, and make the store of a backup: safring store restore BACKUP (or begin anew: safring store init)", saf_shell_quote(dir).text);
    return status;
}

saf_status saf_store_create(const char *dir, const saf_store_options *options, saf_error *err)
{
    const saf_store_options none = { 0 };
    OWN(own_text) lock_path = NULL;
    OWN(own_fd) lock = -1;
    SAF_TRY(make_private_directory(dir, err));
    if (asprintf(&lock_path, "%s/store.lock", dir) < 0)
        return saf_fail_memory(err);
    SAF_TRY(saf_lock_take(&lock, lock_path, SAF_LOCK_EXCLUSIVE, LOCK_TIMEOUT_MS, err));
    SAF_TRY(remove_drafts(dir, err));
    SAF_TRY(refuse_remains(dir, err));
    SAF_TRY(make_token_home(dir, err));
    saf_status status = make_database(dir, options ? options : &none, err);
    if (status == SAF_E_EXISTS)
        return saf_fail(err, status, "the store %s exists already", dir);
    return status;
}
