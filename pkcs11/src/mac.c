#include "object.h"

/* Idle sessions that are kept; more threads than that open and close one for each MAC. */
enum { IDLE_MAX = 64 };

struct saf_p11_mac {
    const saf_p11 *p11;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE home; /* holds the copy, does nothing else */
    CK_OBJECT_HANDLE key;   /* the copy, or the token object itself */
    CK_MECHANISM_TYPE mechanism;
    pthread_mutex_t mutex; /* guards what follows */
    CK_SESSION_HANDLE idle[IDLE_MAX];
    size_t idle_count;
};

OWN_HANDLE(saf_p11_mac, saf_p11_mac_close)

typedef struct hash_row {
    CK_MECHANISM_TYPE mechanism;
    const char *name;
} hash_row;

static const hash_row hash_rows[] = {
    [SAF_P11_SHA256] = { CKM_SHA256_HMAC, "HMAC-SHA-256" },
    [SAF_P11_SHA384] = { CKM_SHA384_HMAC, "HMAC-SHA-384" },
    [SAF_P11_SHA512] = { CKM_SHA512_HMAC, "HMAC-SHA-512" },
};

/* ---- sessions --------------------------------------------------------------------------------------------- */

static CK_RV open_handle(CK_SESSION_HANDLE *out, const saf_p11_mac *mac)
{
    return mac->p11->cryptoki->C_OpenSession(mac->slot, CKF_SERIAL_SESSION, NULL, NULL, out);
}

static CK_RV borrow(CK_SESSION_HANDLE *out, saf_p11_mac *mac)
{
    pthread_mutex_lock(&mac->mutex);
    bool found = mac->idle_count > 0;
    if (found)
        *out = mac->idle[--mac->idle_count];
    pthread_mutex_unlock(&mac->mutex);
    return found ? CKR_OK : open_handle(out, mac);
}

static void give_back(saf_p11_mac *mac, CK_SESSION_HANDLE session)
{
    pthread_mutex_lock(&mac->mutex);
    bool kept = mac->idle_count < IDLE_MAX;
    if (kept)
        mac->idle[mac->idle_count++] = session;
    pthread_mutex_unlock(&mac->mutex);
    if (!kept)
        mac->p11->cryptoki->C_CloseSession(session);
}

/* ---- preparing -------------------------------------------------------------------------------------------- */

static saf_status check_mechanism(const saf_p11_mac *mac, const saf_p11_token *token, const char *name, saf_error *err)
{
    CK_MECHANISM_INFO info;
    CK_RV answer = mac->p11->cryptoki->C_GetMechanismInfo(mac->slot, mac->mechanism, &info);
    if (answer == CKR_MECHANISM_INVALID || (answer == CKR_OK && !(info.flags & CKF_SIGN)))
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s cannot compute %s", token->label, name);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "token %s does not answer", token->label);
}

static bool same_flag(const saf_p11_session *session, CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b, CK_ATTRIBUTE_TYPE type)
{
    return p11_read_flag(session, a, type) == p11_read_flag(session, b, type);
}

/*
 * A session object spares SoftHSM and NSS their locks and checks of the token's file: three times as fast, or a
 * hundred times. It never leaves the token, and must be as well protected as its original, else it is not used.
 */
static bool copy_key(CK_OBJECT_HANDLE *copy, const saf_p11_session *home, CK_OBJECT_HANDLE key)
{
    CK_FUNCTION_LIST *cryptoki = home->p11->cryptoki;
    p11_template changes = { 0 };
    p11_template_add_flag(&changes, CKA_TOKEN, false);
    if (cryptoki->C_CopyObject(home->handle, key, changes.attributes, changes.count, copy) != CKR_OK)
        return false;
    if (same_flag(home, key, *copy, CKA_SENSITIVE) && same_flag(home, key, *copy, CKA_EXTRACTABLE) &&
        same_flag(home, key, *copy, CKA_PRIVATE) && p11_read_flag(home, *copy, CKA_SIGN))
        return true;
    cryptoki->C_DestroyObject(home->handle, *copy);
    return false;
}

/* Tokens have minimum lengths for some keys, and keys that may not sign: better said now than at the first message. */
static saf_status try_key(saf_p11_mac *mac, const saf_p11_session *session, const char *name, saf_error *err)
{
    unsigned char out[64];
    CK_ULONG len = sizeof out;
    CK_SESSION_HANDLE handle;
    CK_RV answer = borrow(&handle, mac);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot open token %s", session->token.label);
    answer = p11_sign(mac->p11->cryptoki, handle, mac->key, mac->mechanism, saf_bytes_of("", 1), out, &len);
    give_back(mac, handle);
    if (answer == CKR_KEY_SIZE_RANGE)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key is too short for %s in token %s", name, session->token.label);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "the key cannot compute %s", name);
}

static saf_status prepare_key(saf_p11_mac *mac, const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_error *err)
{
    CK_RV answer = open_handle(&mac->home, mac);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot open token %s", session->token.label);
    saf_p11_session home = { .p11 = session->p11, .token = session->token, .handle = mac->home };
    if (!copy_key(&mac->key, &home, key))
        mac->key = key;
    return SAF_OK;
}

static saf_p11_mac *new_mac(const saf_p11_session *session, CK_MECHANISM_TYPE mechanism)
{
    saf_p11_mac *mac = calloc(1, sizeof *mac);
    if (!mac)
        return NULL;
    mac->p11 = session->p11;
    mac->slot = session->token.slot;
    mac->mechanism = mechanism;
    mac->home = CK_INVALID_HANDLE;
    pthread_mutex_init(&mac->mutex, NULL);
    return mac;
}

saf_status saf_p11_mac_open(saf_p11_mac **out, saf_p11_session *session, const saf_p11_uri *uri, saf_p11_hash hash,
                            saf_error *err)
{
    if ((unsigned)hash >= sizeof hash_rows / sizeof *hash_rows)
        return saf_fail(err, SAF_E_USAGE, "no such hash");
    const hash_row *row = &hash_rows[hash];
    CK_OBJECT_HANDLE key;
    SAF_TRY(p11_find_one(&key, session, uri, SAF_P11_SECRET_KEY, err));
    if (!p11_read_flag(session, key, CKA_SIGN))
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key may not sign (CKA_SIGN is false)");
    OWN(saf_p11_mac) *mac = new_mac(session, row->mechanism);
    if (!mac)
        return saf_fail_memory(err);
    SAF_TRY(check_mechanism(mac, &session->token, row->name, err));
    SAF_TRY(prepare_key(mac, session, key, err));
    SAF_TRY(try_key(mac, session, row->name, err));
    *out = GIVE(&mac);
    return SAF_OK;
}

/* ---- using ------------------------------------------------------------------------------------------------ */

saf_status saf_p11_mac_compute(saf_p11_mac *mac, saf_bytes message, unsigned char *out, size_t *out_len)
{
    CK_ULONG len = 64;
    CK_SESSION_HANDLE session;
    CK_RV answer = borrow(&session, mac);
    if (answer != CKR_OK)
        return p11_status(answer);
    answer = p11_sign(mac->p11->cryptoki, session, mac->key, mac->mechanism, message, out, &len);
    if (answer != CKR_OK) {
        mac->p11->cryptoki->C_CloseSession(session); /* it may be in the middle of an operation */
        return p11_status(answer);
    }
    give_back(mac, session);
    *out_len = len;
    return SAF_OK;
}

void saf_p11_mac_close(saf_p11_mac **handle)
{
    saf_p11_mac *mac = handle ? *handle : NULL;
    if (!mac)
        return;
    for (size_t i = 0; i < mac->idle_count; i++)
        mac->p11->cryptoki->C_CloseSession(mac->idle[i]);
    if (mac->home != CK_INVALID_HANDLE)
        mac->p11->cryptoki->C_CloseSession(mac->home);
    pthread_mutex_destroy(&mac->mutex);
    free(mac);
    *handle = NULL;
}
