#include "audit.h"
#include "master-key.h"
#include "publication.h"

#include <base/fail.h>
#include <base/lock.h>

#include <openssl/crypto.h>

#include <strings.h>

/* The database decides which master key is in force. A new key file is there, under another name, before the database says so, and an old one
 * until after: whoever opens the store between the two takes the one that fits, and finishes the work (master-tidy.c). */

enum { LOCK_TIMEOUT_MS = 10000 };

/* ---- the new lock ---- */

static saf_status check_secret(const saf_store *store, const saf_rekey_store *request, saf_error *err)
{
    if (!request->secret || request->secret->len == 0)
        return saf_fail(err, SAF_E_USAGE, "the new %s for store %s is empty", saf_master_kind_name(request->kind), store->dir);
    if (request->kind == SAF_MASTER_PASSPHRASE)
        return master_key_check_passphrase(request->secret, err);
    if (request->kind != SAF_MASTER_CREDENTIAL || request->secret->len >= MASTER_CREDENTIAL_MIN)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "a credential has at least %d bytes, this one has %zu", MASTER_CREDENTIAL_MIN, request->secret->len);
    saf_hint(err, "for example: openssl rand -base64 48; what people remember is a passphrase");
    return status;
}

static saf_status check_token(const saf_store *store, const saf_rekey_store *request, saf_error *err)
{
    if (!request->token || !request->token->seal || !request->token->open || !request->token_uri)
        return saf_fail(err, SAF_E_USAGE, "no key in a token given for store %s", store->dir);
    if (strncasecmp(request->token_uri, "pkcs11:", 7) != 0 || strlen(request->token_uri) > SAF_KEY_URI_MAX)
        return saf_fail(err, SAF_E_USAGE, "\"%.200s\" is not the PKCS#11 URI of a key", request->token_uri);
    if (strstr(request->token_uri, "pin-value="))
        return saf_fail(err, SAF_E_USAGE, "the URI of the master key has a PIN in it, which would be stored");
    return SAF_OK;
}

static saf_status check_request(const saf_store *store, const saf_rekey_store *request, saf_error *err)
{
    switch (request->kind) {
    case SAF_MASTER_FILE:
        return SAF_OK;
    case SAF_MASTER_PASSPHRASE:
    case SAF_MASTER_CREDENTIAL:
        return check_secret(store, request, err);
    case SAF_MASTER_TOKEN:
        return check_token(store, request, err);
    }
    return saf_fail(err, SAF_E_USAGE, "there is no master key of kind %d", (int)request->kind);
}

static saf_status make_master_key(saf_secret *out, master_lock *lock, const saf_store *store, const saf_rekey_store *request, saf_error *err)
{
    if (lock->kind == SAF_MASTER_CREDENTIAL)
        return master_key_of_credential(out, request->secret, store->id, err);
    if (lock->kind == SAF_MASTER_PASSPHRASE) {
        SAF_TRY(master_key_new_parameters(&lock->parameters, err));
        return master_key_of_passphrase(out, request->secret, saf_buffer_bytes(&lock->parameters), err);
    }
    SAF_TRY(master_key_make_next(store->dir, err));
    return master_key_read_file(out, store->dir, MASTER_KEY_NEXT, err);
}

/* What was sealed is opened again at once: a token that cannot would lock everybody out. */
static saf_status try_token(const master_lock *lock, const saf_store *store, const saf_token_key *token, saf_error *err)
{
    unsigned char key[MASTER_TOKEN_SEALED_MAX];
    size_t len = 0;
    OWN(saf_buffer) context = { 0 };
    SAF_TRY(store_key_context(&context, store->id, err));
    saf_status status = token->open(token->context, saf_buffer_text(&lock->uri), saf_buffer_bytes(&lock->wrapped), saf_buffer_bytes(&context),
                                    key, sizeof key, &len, err);
    if (status == SAF_OK && (len != store->key.len || CRYPTO_memcmp(key, store->key.data, len) != 0))
        status = saf_fail(err, SAF_E_FAILED, "the token does not open what it sealed: %s", saf_buffer_text(&lock->uri));
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

static saf_status make_lock(master_lock *lock, const saf_store *store, const saf_rekey_store *request, saf_error *err)
{
    OWN(saf_secret) master_key = { 0 };
    lock->kind = request->kind;
    if (lock->kind == SAF_MASTER_TOKEN) {
        saf_buffer_append_text(&lock->uri, request->token_uri);
        SAF_TRY(saf_buffer_check(&lock->uri, err));
        SAF_TRY(master_lock_seal(lock, store, request->token, err));
        return try_token(lock, store, request->token, err);
    }
    SAF_TRY(make_master_key(&master_key, lock, store, request, err));
    return master_lock_wrap(lock, store, &master_key, err);
}

/* ---- putting it in force ---- */

static saf_status put_lock(saf_store *store, const saf_principal *who, const master_lock *lock, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    OWN(master_lock) old = { 0 };
    SAF_TRY(saf_change_begin(&change, store, who, err));
    SAF_TRY(master_lock_read(&old, store, err)); /* another process may have changed it since the store was opened */
    SAF_TRY(old.kind == SAF_MASTER_FILE && lock->kind != SAF_MASTER_FILE ? master_note_old_file(store, err)
                                                                         : storage_delete_setting(store->storage, SETTING_OLD_KEY_FILE, err));
    SAF_TRY(master_lock_write(lock, store, err));
    SAF_TRY(audit_write(change, "store-rekey", store->dir, NULL, err, "master=%s old_master=%s%s%s", saf_master_kind_name(lock->kind),
                        saf_master_kind_name(old.kind), lock->uri.len ? " uri=" : "", saf_buffer_text(&lock->uri)));
    return saf_change_commit(&change, err);
}

/* Also after a failure, when it may be that the new key is in force all the same: the database is asked again. */
static saf_status rekey(saf_store *store, const saf_principal *who, const saf_rekey_store *request, saf_error *err)
{
    OWN(master_lock) lock = { 0 };
    saf_status status = make_lock(&lock, store, request, err);
    if (status == SAF_OK)
        status = put_lock(store, who, &lock, err);
    if (status == SAF_OK)
        store->master = request->kind;
    saf_error untidy = { .text = "" };
    saf_status tidied = master_tidy_locked(store, &untidy);
    if (status != SAF_OK || tidied == SAF_OK)
        return status;
    status = saf_fail(err, tidied, "store %s has its new master key, but the old one is still there: %.400s", store->dir, untidy.text);
    saf_hint(err, "the next command that can write there removes it");
    return status;
}

saf_status saf_store_rekey(saf_store *store, const saf_principal *who, const saf_rekey_store *request, saf_error *err)
{
    OWN(own_text) path = NULL;
    OWN(own_fd) lock = -1;
    SAF_TRY(publication_refuse(store, err));
    if (store->is_changing || store->process != getpid())
        return saf_fail(err, SAF_E_USAGE, "a change of the store %s is open, so its master key cannot be changed", store->dir);
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_ADMIN, "", "", err));
    SAF_TRY(check_request(store, request, err));
    if (asprintf(&path, "%s/store.lock", store->dir) < 0)
        return saf_fail_memory(err);
    SAF_TRY(saf_lock_take(&lock, path, SAF_LOCK_EXCLUSIVE, LOCK_TIMEOUT_MS, err));
    SAF_TRY(master_tidy_locked(store, err)); /* of one before, that was cut short */
    return rekey(store, who, request, err);
}
