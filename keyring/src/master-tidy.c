#include "master-key.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/lock.h>

#include <openssl/sha.h>

static bool is_there(const saf_store *store, const char *name)
{
    OWN(own_text) path = NULL;
    return asprintf(&path, "%s/%s", store->dir, name) >= 0 && saf_file_exists(path);
}

/* Nothing but the file that a rekey made needless is ever removed: one that lies there for another database (an older copy was put in place)
 * may be the only one of its kind. */
static bool is_needless(const saf_store *store, saf_bytes old_hash)
{
    static const unsigned char zeros[SHA256_DIGEST_LENGTH]; /* it was overwritten, but not removed any more */
    unsigned char hash[SHA256_DIGEST_LENGTH];
    OWN(saf_secret) key = { 0 };
    if (master_key_read_file(&key, store->dir, MASTER_KEY_FILE, NULL) != SAF_OK)
        return false;
    SHA256(key.data, key.len, hash);
    return (key.len == sizeof zeros && !memcmp(key.data, zeros, sizeof zeros)) ||
           (old_hash.len == sizeof hash && !memcmp(old_hash.data, hash, sizeof hash));
}

static saf_status remove_needless(saf_store *store, saf_error *err)
{
    OWN(saf_buffer) hash = { 0 };
    bool found;
    SAF_TRY(master_key_wipe_file(store->dir, MASTER_KEY_NEXT, err));
    if (!is_there(store, MASTER_KEY_FILE))
        return SAF_OK;
    SAF_TRY(storage_find_setting(&found, &hash, store->storage, SETTING_OLD_KEY_FILE, err));
    return is_needless(store, saf_buffer_bytes(&hash)) ? master_key_wipe_file(store->dir, MASTER_KEY_FILE, err) : SAF_OK;
}

saf_status master_tidy_locked(saf_store *store, saf_error *err)
{
    OWN(master_lock) lock = { 0 };
    SAF_TRY(master_lock_read(&lock, store, err));
    if (lock.kind != SAF_MASTER_FILE)
        return remove_needless(store, err);
    if (!is_there(store, MASTER_KEY_NEXT))
        return SAF_OK;
    if (master_lock_fits(&lock, store, MASTER_KEY_FILE))
        return master_key_wipe_file(store->dir, MASTER_KEY_NEXT, err);
    return master_lock_fits(&lock, store, MASTER_KEY_NEXT) ? master_key_finish_next(store->dir, err) : SAF_OK;
}

void master_tidy(saf_store *store)
{
    OWN(own_text) path = NULL;
    OWN(own_fd) lock = -1;
    bool is_tidy = !is_there(store, MASTER_KEY_NEXT) && (store->master == SAF_MASTER_FILE || !is_there(store, MASTER_KEY_FILE));
    if (is_tidy || asprintf(&path, "%s/store.lock", store->dir) < 0)
        return;
    /* Who holds the lock is rekeying: these files are that one's. */
    if (saf_lock_take(&lock, path, SAF_LOCK_EXCLUSIVE, 0, NULL) != SAF_OK)
        return;
    saf_status status = master_tidy_locked(store, NULL);
    (void)status; /* who may only read can do nothing about it */
}

saf_status master_note_old_file(saf_store *store, saf_error *err)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    OWN(saf_secret) key = { 0 };
    SAF_TRY(master_key_read_file(&key, store->dir, MASTER_KEY_FILE, err));
    SHA256(key.data, key.len, hash);
    return storage_put_setting(store->storage, SETTING_OLD_KEY_FILE, saf_bytes_of(hash, sizeof hash), err);
}
