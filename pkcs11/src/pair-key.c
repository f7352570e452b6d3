#include "pair-key.h"

#include "object.h"
#include "signer.h"

#include <base/own-openssl.h>

static const signer_kind *kind_of(CK_KEY_TYPE type)
{
    switch (type) {
    case CKK_RSA:
        return signer_kind_of(SAF_P11_RSA_SHA256);
    case CKK_EC:
        return signer_kind_of(SAF_P11_ECDSA_SHA256);
    case CKK_EC_EDWARDS:
        return signer_kind_of(SAF_P11_ED25519);
    default:
        return NULL;
    }
}

saf_status pair_key_find(pair_key **out, const saf_p11_session *session, CK_OBJECT_HANDLE object, saf_error *err)
{
    CK_KEY_TYPE type = p11_read_number(session, object, CKA_KEY_TYPE);
    const signer_kind *kind = kind_of(type);
    if (!kind)
        return saf_fail(err, SAF_E_UNSUPPORTED, "only RSA, EC and Ed25519 keys in tokens can be used");
    OWN(pair_key) *key = calloc(1, sizeof *key);
    if (!key)
        return saf_fail_memory(err);
    *key = (pair_key) { .references = 1, .p11 = session->p11, .instance = atomic_load(&session->p11->instance),
                        .slot = session->token.slot, .object = object, .type = type };
    SAF_TRY(signer_public_key(&key->public_key, session, object, kind, err));
    *out = GIVE(&key);
    return SAF_OK;
}

void pair_key_hold(pair_key *key)
{
    atomic_fetch_add(&key->references, 1);
}

void pair_key_free(pair_key **handle)
{
    pair_key *key = *handle;
    *handle = NULL;
    if (!key || atomic_fetch_sub(&key->references, 1) > 1)
        return;
    EVP_PKEY_free(key->public_key);
    free(key);
}

CK_RV pair_key_sign(const pair_key *key, CK_MECHANISM *how, saf_bytes input, unsigned char *out, size_t *out_len)
{
    CK_FUNCTION_LIST *cryptoki = key->p11->cryptoki;
    CK_SESSION_HANDLE session;
    CK_ULONG len = *out_len;
    if (atomic_load(&key->p11->forked) || key->instance != atomic_load(&key->p11->instance))
        return CKR_KEY_HANDLE_INVALID;
    CK_RV answer = cryptoki->C_OpenSession(key->slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
    if (answer != CKR_OK)
        return answer;
    answer = cryptoki->C_SignInit(session, how, key->object);
    if (answer == CKR_OK)
        answer = cryptoki->C_Sign(session, (CK_BYTE *)(uintptr_t)input.data, input.len, out, &len);
    cryptoki->C_CloseSession(session);
    if (answer == CKR_OK && len > *out_len)
        return CKR_DEVICE_ERROR;
    *out_len = len;
    return answer;
}
