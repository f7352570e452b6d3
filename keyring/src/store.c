#include "store.h"

#include "envelope.h"
#include "master-key.h"
#include "migrate.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <openssl/kdf.h>

enum { BUSY_TIMEOUT_MS = 10000, MAC_KEY_LEN = 32 };

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

static saf_status derive(saf_secret *out, const saf_secret *key, const char *purpose, saf_error *err)
{
    unsigned char bytes[MAC_KEY_LEN];
    size_t len = sizeof bytes;
    OWN(EVP_PKEY_CTX) *hkdf = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    int ok = hkdf && EVP_PKEY_derive_init(hkdf) > 0 && EVP_PKEY_CTX_set_hkdf_md(hkdf, EVP_sha256()) > 0 &&
             EVP_PKEY_CTX_set1_hkdf_key(hkdf, key->data, (int)key->len) > 0 &&
             EVP_PKEY_CTX_add1_hkdf_info(hkdf, (const unsigned char *)purpose, (int)strlen(purpose)) > 0 &&
             EVP_PKEY_derive(hkdf, bytes, &len) > 0;
    saf_status status = ok ? saf_secret_set(out, saf_bytes_of(bytes, len), err)
                           : saf_fail_openssl(err, "cannot derive a key of the store");
    OPENSSL_cleanse(bytes, sizeof bytes);
    return status;
}

saf_status store_derive_keys(saf_store *store, saf_error *err)
{
    return derive(&store->audit_key, &store->key, "safring audit", err);
}

/* ---- whose it is ---- */

saf_status store_fail_foreign(const char *path, uid_t owner, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_DENIED, "%s belongs to another user (uid %lu)", path, (unsigned long)owner);
    saf_hint(err, "do it as that user, or give it to yours: chown %lu %s", (unsigned long)geteuid(), path);
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
    saf_hint(err, "if you trust what is in it: chmod go-w %s", path);
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

/* ---- unlocking ---- */

static saf_status read_master_kind(saf_store *store, saf_error *err)
{
    OWN(saf_buffer) kind = { 0 };
    SAF_TRY(storage_get_setting(&kind, store->storage, SETTING_MASTER, err));
    if (!strcmp(saf_buffer_text(&kind), "file"))
        store->master = SAF_MASTER_FILE;
    else if (!strcmp(saf_buffer_text(&kind), "passphrase"))
        store->master = SAF_MASTER_PASSPHRASE;
    else
        return saf_fail(err, SAF_E_FAILED, "the database of store %s is damaged: the kind of its master key", store->dir);
    return SAF_OK;
}

/* A passphrase that protects nothing is refused: whoever gives one would think that it does. */
static saf_status refuse_passphrase(const saf_store *store, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "the store %s has a key file, not a passphrase", store->dir);
    saf_hint(err, "leave --store-secret-source out");
    return status;
}

static saf_status read_master_key(saf_secret *out, saf_store *store, const saf_store_options *options, saf_error *err)
{
    if (store->master == SAF_MASTER_FILE)
        return master_key_has_passphrase(options) ? refuse_passphrase(store, err)
                                                  : master_key_read_file(out, store->dir, err);
    OWN(saf_buffer) parameters = { 0 };
    SAF_TRY(storage_get_setting(&parameters, store->storage, SETTING_SCRYPT, err));
    return master_key_from_passphrase(out, store->dir, options, saf_buffer_bytes(&parameters), err);
}

static saf_status unwrap_store_key(saf_store *store, const saf_secret *master_key, saf_error *err)
{
    OWN(saf_buffer) wrapped = { 0 };
    OWN(saf_buffer) context = { 0 };
    SAF_TRY(storage_get_setting(&wrapped, store->storage, SETTING_STORE_KEY, err));
    SAF_TRY(store_key_context(&context, store->id, err));
    saf_status status = saf_envelope_unwrap(&store->key, master_key, saf_buffer_bytes(&context),
                                            saf_buffer_bytes(&wrapped), err);
    if (status == SAF_E_DENIED && store->master == SAF_MASTER_PASSPHRASE)
        return saf_fail(err, status, "wrong passphrase for store %s", store->dir);
    if (status == SAF_E_DENIED)
        return saf_fail(err, status, "the file master.key is not the one of store %s", store->dir);
    return status;
}

static saf_status read_id(saf_store *store, saf_error *err)
{
    OWN(saf_buffer) id = { 0 };
    SAF_TRY(storage_get_setting(&id, store->storage, SETTING_ID, err));
    if (id.len != STORE_ID_SIZE - 1)
        return saf_fail(err, SAF_E_FAILED, "the database of store %s is damaged: its id", store->dir);
    memcpy(store->id, id.data, id.len);
    return SAF_OK;
}

/* The passphrase is asked for (and scrypt computed) outside of any transaction: it may take a second. */
static saf_status unlock(saf_store *store, const saf_store_options *options, saf_error *err)
{
    OWN(saf_secret) master_key = { 0 };
    SAF_TRY(read_id(store, err));
    SAF_TRY(read_master_kind(store, err));
    SAF_TRY(read_master_key(&master_key, store, options, err));
    SAF_TRY(unwrap_store_key(store, &master_key, err));
    return store_derive_keys(store, err);
}

/* ---- open and close ---- */

saf_status saf_store_open(saf_store **out, const char *dir, const saf_store_options *options, saf_error *err)
{
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
    SAF_TRY(unlock(store, options, err));
    SAF_TRY(migrate_store(store, err));
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
    facts_memo_free(&(*store)->memo);
    key_reader_free(&(*store)->reader);
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
