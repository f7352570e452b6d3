#include "master-key.h"

#include "envelope.h"

#include <base/fail.h>

static const char *const KINDS[] = {
    [SAF_MASTER_FILE] = "file", [SAF_MASTER_PASSPHRASE] = "passphrase", [SAF_MASTER_CREDENTIAL] = "credential", [SAF_MASTER_TOKEN] = "token"
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS, KIND_TIMEOUT_MS = 10000 };

int master_kind_of(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (!strcmp(KINDS[i], name))
            return i;
    return -1;
}

const char *saf_master_kind_name(saf_master_kind kind)
{
    return (int)kind < KIND_COUNT ? KINDS[kind] : "unknown";
}

void master_lock_free(master_lock *lock)
{
    saf_buffer_free(&lock->parameters);
    saf_buffer_free(&lock->uri);
    saf_buffer_free(&lock->wrapped);
}

/* ---- in the database ---- */

static saf_status read_kind(master_lock *out, const saf_store *store, saf_error *err)
{
    OWN(saf_buffer) name = { 0 };
    SAF_TRY(storage_get_setting(&name, store->storage, SETTING_MASTER, err));
    int kind = master_kind_of(saf_buffer_text(&name));
    if (kind < 0)
        return saf_fail(err, SAF_E_FAILED, "the database of store %s is damaged: the kind of its master key", store->dir);
    out->kind = (saf_master_kind)kind;
    return SAF_OK;
}

saf_status master_lock_read(master_lock *out, saf_store *store, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    SAF_TRY(read_kind(out, store, err));
    if (out->kind == SAF_MASTER_PASSPHRASE)
        SAF_TRY(storage_get_setting(&out->parameters, store->storage, SETTING_SCRYPT, err));
    if (out->kind == SAF_MASTER_TOKEN)
        SAF_TRY(storage_get_setting(&out->uri, store->storage, SETTING_MASTER_URI, err));
    return storage_get_setting(&out->wrapped, store->storage, SETTING_STORE_KEY, err);
}

static saf_status put_or_delete(struct storage *storage, const char *name, const saf_buffer *value, saf_error *err)
{
    return value->len ? storage_put_setting(storage, name, saf_buffer_bytes(value), err) : storage_delete_setting(storage, name, err);
}

saf_status master_lock_write(const master_lock *lock, saf_store *store, saf_error *err)
{
    struct storage *storage = store->storage;
    SAF_TRY(storage_put_setting(storage, SETTING_MASTER, saf_bytes_of_text(saf_master_kind_name(lock->kind)), err));
    SAF_TRY(put_or_delete(storage, SETTING_SCRYPT, &lock->parameters, err));
    SAF_TRY(put_or_delete(storage, SETTING_MASTER_URI, &lock->uri, err));
    return storage_put_setting(storage, SETTING_STORE_KEY, saf_buffer_bytes(&lock->wrapped), err);
}

saf_status saf_store_read_master_kind(saf_master_kind *out, const char *dir, saf_error *err)
{
    OWN(master_lock) lock = { 0 };
    OWN(saf_store) *store = calloc(1, sizeof *store);
    if (!store || !(store->dir = strdup(dir)))
        return saf_fail_memory(err);
    store->process = getpid();
    SAF_TRY(store_check_custody(dir, err));
    SAF_TRY(storage_open(&store->storage, dir, STORAGE_USE, KIND_TIMEOUT_MS, err));
    SAF_TRY(master_lock_read(&lock, store, err));
    *out = lock.kind;
    return SAF_OK;
}

/* ---- wrapping ---- */

saf_status master_lock_wrap(master_lock *lock, const saf_store *store, const saf_secret *master_key, saf_error *err)
{
    OWN(saf_buffer) context = { 0 };
    SAF_TRY(store_key_context(&context, store->id, err));
    SAF_TRY(saf_envelope_wrap(&lock->wrapped, master_key, saf_buffer_bytes(&context), saf_secret_bytes(&store->key), err));
    return saf_buffer_check(&lock->wrapped, err);
}

saf_status master_lock_seal(master_lock *lock, const saf_store *store, const saf_token_key *token, saf_error *err)
{
    OWN(saf_buffer) context = { 0 };
    unsigned char sealed[MASTER_TOKEN_SEALED_MAX];
    size_t len = 0;
    SAF_TRY(store_key_context(&context, store->id, err));
    SAF_TRY(token->seal(token->context, saf_buffer_text(&lock->uri), saf_secret_bytes(&store->key), saf_buffer_bytes(&context), sealed,
                        sizeof sealed, &len, err));
    saf_buffer_append(&lock->wrapped, saf_bytes_of(sealed, len));
    return saf_buffer_check(&lock->wrapped, err);
}

static saf_status fail_damaged(const saf_store *store, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_FAILED, "the setting " SETTING_STORE_KEY " of the store %s is damaged: no private key opens without it", store->dir);
    saf_hint(err, "move the store aside, and make it of a backup: safring store restore BACKUP");
    return status;
}

static saf_status unwrap(saf_secret *out, const master_lock *lock, const saf_store *store, const saf_secret *master_key, saf_error *err)
{
    OWN(saf_buffer) context = { 0 };
    SAF_TRY(store_key_context(&context, store->id, err));
    saf_status status = saf_envelope_unwrap(out, master_key, saf_buffer_bytes(&context), saf_buffer_bytes(&lock->wrapped), err);
    if (status == SAF_E_FAILED)
        return fail_damaged(store, err);
    SAF_TRY(status);
    return out->len == SAF_ENVELOPE_KEY_LEN ? SAF_OK : saf_fail(err, SAF_E_FAILED, "the store key of %s has a wrong length", store->dir);
}

/* ---- a key file ---- */

static saf_status open_with_file(saf_secret *out, const master_lock *lock, const saf_store *store, const char *name, saf_error *err)
{
    OWN(saf_secret) master_key = { 0 };
    SAF_TRY(master_key_read_file(&master_key, store->dir, name, err));
    saf_status status = unwrap(out, lock, store, &master_key, err);
    if (status == SAF_E_DENIED)
        return saf_fail(err, status, "the file %s is not the one of store %s", name, store->dir);
    return status;
}

bool master_lock_fits(const master_lock *lock, const saf_store *store, const char *name)
{
    OWN(saf_secret) key = { 0 };
    return open_with_file(&key, lock, store, name, NULL) == SAF_OK;
}

/* A rekey that was cut short has left its new file under another name. One that another process finishes just now may have renamed it between
 * the first two attempts: hence the third. */
static saf_status open_with_files(saf_secret *out, const master_lock *lock, const saf_store *store, saf_error *err)
{
    saf_status status = open_with_file(out, lock, store, MASTER_KEY_FILE, err);
    if (status == SAF_OK || open_with_file(out, lock, store, MASTER_KEY_NEXT, NULL) == SAF_OK ||
        open_with_file(out, lock, store, MASTER_KEY_FILE, NULL) == SAF_OK)
        return SAF_OK;
    return status;
}

/* ---- the others ---- */

/* A secret that protects nothing is refused: whoever gives one would think that it does. */
static saf_status refuse_secret(const saf_store *store, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "the store %s has a key file, not a passphrase", store->dir);
    saf_hint(err, "leave --store-secret-source out");
    return status;
}

static saf_status master_key_of(saf_secret *out, const master_lock *lock, const saf_store *store, const saf_secret *secret, saf_error *err)
{
    if (lock->kind == SAF_MASTER_PASSPHRASE)
        return master_key_of_passphrase(out, secret, saf_buffer_bytes(&lock->parameters), err);
    return master_key_of_credential(out, secret, store->id, err);
}

static saf_status open_with_secret(saf_secret *out, const master_lock *lock, const saf_store *store, const saf_store_options *options,
                                   saf_error *err)
{
    OWN(saf_secret) secret = { 0 };
    OWN(saf_secret) master_key = { 0 };
    SAF_TRY(master_key_read_secret(&secret, store->dir, lock->kind, options, err));
    SAF_TRY(master_key_of(&master_key, lock, store, &secret, err));
    saf_status status = unwrap(out, lock, store, &master_key, err);
    if (status == SAF_E_DENIED)
        return saf_fail(err, status, "wrong %s for store %s", saf_master_kind_name(lock->kind), store->dir);
    return status;
}

static saf_status open_with_token(saf_secret *out, const master_lock *lock, const saf_store *store, const saf_token_key *token, saf_error *err)
{
    OWN(saf_buffer) context = { 0 };
    unsigned char key[MASTER_TOKEN_SEALED_MAX];
    size_t len = 0;
    if (!token || !token->open)
        return saf_fail(err, SAF_E_DENIED, "the master key of store %s is in a token: %s", store->dir, saf_buffer_text(&lock->uri));
    SAF_TRY(store_key_context(&context, store->id, err));
    saf_status status = token->open(token->context, saf_buffer_text(&lock->uri), saf_buffer_bytes(&lock->wrapped), saf_buffer_bytes(&context),
                                    key, sizeof key, &len, err);
    if (status == SAF_OK && len != SAF_ENVELOPE_KEY_LEN)
        status = saf_fail(err, SAF_E_FAILED, "the store key of %s has a wrong length", store->dir);
    if (status == SAF_OK)
        status = saf_secret_set(out, saf_bytes_of(key, len), err);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

static saf_status open_lock(saf_secret *out, const master_lock *lock, const saf_store *store, const saf_store_options *options, saf_error *err)
{
    switch (lock->kind) {
    case SAF_MASTER_FILE:
        return master_key_has_secret(options) ? refuse_secret(store, err) : open_with_files(out, lock, store, err);
    case SAF_MASTER_PASSPHRASE:
    case SAF_MASTER_CREDENTIAL:
        return open_with_secret(out, lock, store, options, err);
    case SAF_MASTER_TOKEN: /* a secret would be its PIN: the business of who opens it */
        return open_with_token(out, lock, store, options->token, err);
    }
    return saf_fail(err, SAF_E_FAILED, "the kind of the master key of store %s is not known", store->dir);
}

/* ---- unlocking ---- */

static saf_status read_id(saf_store *store, saf_error *err)
{
    OWN(saf_buffer) id = { 0 };
    SAF_TRY(storage_get_setting(&id, store->storage, SETTING_ID, err));
    if (id.len != STORE_ID_SIZE - 1)
        return saf_fail(err, SAF_E_FAILED, "the database of store %s is damaged: its id", store->dir);
    memcpy(store->id, id.data, id.len);
    return SAF_OK;
}

static saf_status has_changed(bool *out, saf_store *store, const master_lock *lock, saf_error *err)
{
    OWN(master_lock) now = { 0 };
    SAF_TRY(master_lock_read(&now, store, err));
    *out = now.wrapped.len != lock->wrapped.len || memcmp(now.wrapped.data, lock->wrapped.data, lock->wrapped.len) != 0;
    return SAF_OK;
}

/* *again: another process has changed the lock meanwhile. */
static saf_status try_to_unlock(bool *again, saf_store *store, const saf_store_options *options, saf_error *err)
{
    OWN(master_lock) lock = { 0 };
    *again = false;
    SAF_TRY(master_lock_read(&lock, store, err));
    saf_status status = open_lock(&store->key, &lock, store, options, err);
    if (status != SAF_OK && has_changed(again, store, &lock, NULL) != SAF_OK)
        *again = false;
    store->master = lock.kind;
    return status;
}

/* The secret is asked for (and scrypt computed) outside of any transaction: it may take a second. */
saf_status master_unlock(saf_store *store, const saf_store_options *options, saf_error *err)
{
    enum { ATTEMPTS = 3 };
    bool again = true;
    saf_status status = SAF_OK;
    SAF_TRY(read_id(store, err));
    for (int i = 0; i < ATTEMPTS && again; i++)
        status = try_to_unlock(&again, store, options, err);
    return status;
}
