#include "object.h"

/* Idle sessions that are kept; more threads than that open and close one for each MAC. */
enum { IDLE_MAX = 64 };

struct saf_p11_mac {
    const saf_p11 *p11;
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE key;
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

static saf_p11_mac *new_mac(const saf_p11_session *session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism)
{
    saf_p11_mac *mac = calloc(1, sizeof *mac);
    if (!mac)
        return NULL;
    mac->p11 = session->p11;
    mac->slot = session->token.slot;
    mac->key = key;
    mac->mechanism = mechanism;
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
    OWN(saf_p11_mac) *mac = new_mac(session, key, row->mechanism);
    if (!mac)
        return saf_fail_memory(err);
    SAF_TRY(check_mechanism(mac, &session->token, row->name, err));
    SAF_TRY(try_key(mac, session, row->name, err));
    *out = GIVE(&mac);
    return SAF_OK;
}

/* ---- using ------------------------------------------------------------------------------------------------ */

/* A key or session that was good once: whoever opens the MAC again will be told what is the matter, or get a good one. */
static saf_status status_of_use(CK_RV answer)
{
    switch (answer) {
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_USER_NOT_LOGGED_IN:
        return SAF_E_TOKEN_GONE;
    default:
        return p11_status(answer);
    }
}

saf_status saf_p11_mac_compute(saf_p11_mac *mac, saf_bytes message, unsigned char *out, size_t *out_len)
{
    CK_ULONG len = 64;
    CK_SESSION_HANDLE session;
    CK_RV answer = borrow(&session, mac);
    if (answer != CKR_OK)
        return status_of_use(answer);
    answer = p11_sign(mac->p11->cryptoki, session, mac->key, mac->mechanism, message, out, &len);
    if (answer != CKR_OK) {
        mac->p11->cryptoki->C_CloseSession(session); /* it may be in the middle of an operation */
        return status_of_use(answer);
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
    pthread_mutex_destroy(&mac->mutex);
    free(mac);
    *handle = NULL;
}
