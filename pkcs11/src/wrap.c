#include "handle.h"
#include "login-lock.h"
#include "object.h"
#include "token-space.h"

#include <base/random.h>

enum { NONCE_LEN = 12, TAG_LEN = 16, KEY_LEN = 32, ID_LEN = 16, PLAIN_MAX = 4096 };

_Static_assert(NONCE_LEN + TAG_LEN == SAF_P11_SEAL_OVERHEAD, "what sealing adds");

/* ---- making ----------------------------------------------------------------------------------------------- */

static void add_aes(p11_template *list, const char *label, saf_bytes id)
{
    p11_template_add_number(list, CKA_CLASS, CKO_SECRET_KEY);
    p11_template_add_number(list, CKA_KEY_TYPE, CKK_AES);
    p11_template_add_number(list, CKA_VALUE_LEN, KEY_LEN);
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_flag(list, CKA_PRIVATE, true);
    p11_template_add_flag(list, CKA_SENSITIVE, true);
    p11_template_add_flag(list, CKA_EXTRACTABLE, false);
    p11_template_add_flag(list, CKA_MODIFIABLE, false);
    p11_template_add_flag(list, CKA_ENCRYPT, true);
    p11_template_add_flag(list, CKA_DECRYPT, true);
    p11_template_add_flag(list, CKA_SIGN, false);
    p11_template_add_flag(list, CKA_VERIFY, false);
    p11_template_add_flag(list, CKA_WRAP, false);
    p11_template_add_flag(list, CKA_UNWRAP, false);
    p11_template_add_flag(list, CKA_DERIVE, false);
    p11_template_add_text(list, CKA_LABEL, label);
    p11_template_add_bytes(list, CKA_ID, id);
}

static saf_status generate(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const char *label, saf_error *err)
{
    unsigned char id[ID_LEN];
    p11_template wanted = { 0 };
    SAF_TRY(saf_random_bytes(id, sizeof id, err));
    add_aes(&wanted, label, saf_bytes_of(id, sizeof id));
    SAF_TRY(p11_template_check(&wanted, err));
    CK_MECHANISM how = { CKM_AES_KEY_GEN, NULL, 0 };
    CK_RV answer = session->p11->cryptoki->C_GenerateKey(session->handle, &how, wanted.attributes, wanted.count, out);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "token %s cannot make the AES key \"%s\"", session->token.label, label);
}

/* A token may leave out what it does not like, and say nothing. */
static saf_status describe(char uri[SAF_P11_URI_MAX + 1], const saf_p11_session *session, CK_OBJECT_HANDLE key, const char *label, saf_error *err)
{
    saf_p11_uri parts;
    CK_RV answer = p11_read_uri(&parts, session, key, SAF_P11_SECRET_KEY);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot read the AES key \"%s\" of token %s", label, session->token.label);
    if (!p11_read_flag(session, key, CKA_SENSITIVE) || p11_read_flag(session, key, CKA_EXTRACTABLE))
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s did not keep the AES key \"%s\" to itself", session->token.label, label);
    return p11_format_object_uri(uri, &parts, err);
}

saf_status saf_p11_generate_aes(char uri[SAF_P11_URI_MAX + 1], saf_p11_session *session, const char *label, saf_error *err)
{
    size_t len = label ? strlen(label) : 0;
    if (len < 1 || len > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "a key's label must have 1 to %d bytes", SAF_P11_OBJECT_MAX);
    OWN(p11_guard) guard = { 0 };
    CK_OBJECT_HANDLE key;
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(token_space_check(session->p11->token_directory, err));
    SAF_TRY(generate(&key, session, label, err));
    saf_status status = describe(uri, session, key, label, err);
    if (status != SAF_OK)
        session->p11->cryptoki->C_DestroyObject(session->handle, key);
    return status;
}

/* ---- sealing and opening ---------------------------------------------------------------------------------- */

/* What both directions need; the mechanism points into it, so it is never copied. */
typedef struct gcm {
    CK_OBJECT_HANDLE key;
    CK_GCM_PARAMS params;
    CK_MECHANISM how;
} gcm;

static saf_status prepare(gcm *gcm, const saf_p11_session *session, const saf_p11_uri *uri, unsigned char *nonce, saf_bytes aad, saf_error *err)
{
    SAF_TRY(p11_find_one(&gcm->key, session, uri, SAF_P11_SECRET_KEY, err));
    if (p11_read_number(session, gcm->key, CKA_KEY_TYPE) != CKK_AES)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key \"%s\" of token %s is no AES key", uri->object, session->token.label);
    gcm->params = (CK_GCM_PARAMS) {
        .iv_ptr = nonce,
        .iv_len = NONCE_LEN,
        .iv_bits = 8 * NONCE_LEN,
        .aad_ptr = (unsigned char *)(uintptr_t)aad.data,
        .aad_len = aad.len,
        .tag_bits = 8 * TAG_LEN,
    };
    gcm->how = (CK_MECHANISM) { CKM_AES_GCM, &gcm->params, sizeof gcm->params };
    return SAF_OK;
}

saf_status saf_p11_seal(saf_p11_session *session, const saf_p11_uri *uri, saf_bytes plain, saf_bytes aad, unsigned char *out, size_t out_cap,
                        size_t *out_len, saf_error *err)
{
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    gcm gcm;
    CK_ULONG len = plain.len + TAG_LEN;
    if (plain.len < 1 || plain.len > PLAIN_MAX)
        return saf_fail(err, SAF_E_USAGE, "1 to %d bytes can be sealed at once", PLAIN_MAX);
    if (out_cap < NONCE_LEN + len)
        return saf_fail(err, SAF_E_SPACE, "what is sealed needs %zu bytes", (size_t)(NONCE_LEN + len));
    SAF_TRY(saf_random_bytes(out, NONCE_LEN, err));
    SAF_TRY(prepare(&gcm, session, uri, out, aad, err));
    CK_RV answer = cryptoki->C_EncryptInit(session->handle, &gcm.how, gcm.key);
    if (answer == CKR_OK)
        answer = cryptoki->C_Encrypt(session->handle, (unsigned char *)(uintptr_t)plain.data, plain.len, out + NONCE_LEN, &len);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "token %s cannot encrypt with the key \"%s\"", session->token.label, uri->object);
    if (len != plain.len + TAG_LEN)
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s does not encrypt as PKCS#11 says", session->token.label);
    *out_len = NONCE_LEN + len;
    return SAF_OK;
}

/* What a token says of bytes that were altered differs; SoftHSM 2.6.1: CKR_GENERAL_ERROR. */
static saf_status fail_to_unseal(const saf_p11_session *session, const saf_p11_uri *uri, CK_RV answer, saf_error *err)
{
    if (answer == CKR_ENCRYPTED_DATA_INVALID || answer == CKR_ENCRYPTED_DATA_LEN_RANGE || answer == CKR_GENERAL_ERROR ||
        answer == CKR_FUNCTION_FAILED)
        return saf_fail(err, SAF_E_DENIED, "the key \"%s\" of token %s does not open it: another key, or it was altered", uri->object,
                        session->token.label);
    return p11_fail(err, answer, "token %s cannot decrypt with the key \"%s\"", session->token.label, uri->object);
}

saf_status saf_p11_unseal(saf_p11_session *session, const saf_p11_uri *uri, saf_bytes sealed, saf_bytes aad, unsigned char *out, size_t out_cap,
                          size_t *out_len, saf_error *err)
{
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    gcm gcm;
    unsigned char nonce[NONCE_LEN];
    CK_ULONG len = out_cap;
    if (sealed.len <= SAF_P11_SEAL_OVERHEAD || sealed.len > PLAIN_MAX + SAF_P11_SEAL_OVERHEAD)
        return saf_fail(err, SAF_E_DENIED, "what is to be opened was not sealed by a token");
    if (out_cap < sealed.len)
        return saf_fail(err, SAF_E_SPACE, "%zu bytes of room are needed", sealed.len);
    memcpy(nonce, sealed.data, sizeof nonce);
    SAF_TRY(prepare(&gcm, session, uri, nonce, aad, err));
    CK_RV answer = cryptoki->C_DecryptInit(session->handle, &gcm.how, gcm.key);
    if (answer == CKR_OK)
        answer = cryptoki->C_Decrypt(session->handle, (unsigned char *)(uintptr_t)(sealed.data + NONCE_LEN), sealed.len - NONCE_LEN, out, &len);
    if (answer != CKR_OK)
        return fail_to_unseal(session, uri, answer, err);
    *out_len = len;
    return SAF_OK;
}
