#include "secret-key.h"

#include "handle.h"
#include "key-dates.h"
#include "key-len.h"
#include "secret-unfinished.h"
#include "sequence.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

void saf_p11_secret_list_free(saf_p11_secret_list *list)
{
    if (!list)
        return;
    free(list->secrets);
    *list = (saf_p11_secret_list) { 0 };
}

saf_p11_leaving saf_p11_secret_leaving(const saf_p11_secret *secret)
{
    if (!secret->extractable)
        return SAF_P11_STAYS;
    return secret->sensitive ? SAF_P11_LEAVES_WRAPPED : SAF_P11_LEAVES;
}

/* ---- using ------------------------------------------------------------------------------------------------ */

saf_status p11_fail_mechanism(saf_error *err, CK_RV answer, const saf_p11_session *session, const char *mechanism, const char *doing)
{
    if (answer == CKR_MECHANISM_INVALID)
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s cannot %s: it has no mechanism %s", session->token.label, doing, mechanism);
    return p11_fail(err, answer, "token %s cannot %s", session->token.label, doing);
}

CK_RV p11_encrypt_block(unsigned char out[16], const saf_p11_session *session, CK_OBJECT_HANDLE key, const unsigned char block[16])
{
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    CK_MECHANISM how = { CKM_AES_ECB, NULL, 0 };
    CK_ULONG len = 16;
    CK_RV answer = cryptoki->C_EncryptInit(session->handle, &how, key);
    if (answer == CKR_OK)
        answer = cryptoki->C_Encrypt(session->handle, (unsigned char *)(uintptr_t)block, 16, out, &len);
    return answer == CKR_OK && len != 16 ? CKR_FUNCTION_FAILED : answer;
}

CK_RV p11_secret_prove(unsigned char out[P11_PROOF_MAX], size_t *out_len, const saf_p11_session *session, CK_OBJECT_HANDLE key,
                       saf_p11_secret_kind kind, saf_bytes text)
{
    if (kind == SAF_P11_AES) {
        unsigned char digest[SHA256_DIGEST_LENGTH];
        *out_len = 16;
        return SHA256(text.data, text.len, digest) ? p11_encrypt_block(out, session, key, digest) : CKR_HOST_MEMORY;
    }
    CK_ULONG len = P11_PROOF_MAX;
    CK_RV answer = p11_sign(session->p11->cryptoki, session->handle, key, CKM_SHA256_HMAC, text, out, &len);
    *out_len = len;
    return answer == CKR_OK && len != P11_PROOF_MAX ? CKR_FUNCTION_FAILED : answer;
}

/* ---- describing ------------------------------------------------------------------------------------------- */

static void compute_check_value(saf_p11_secret *secret, const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    static const unsigned char zeros[16] = { 0 };
    unsigned char out[P11_PROOF_MAX];
    size_t len;
    CK_RV answer = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (secret->kind == SAF_P11_AES && secret->encrypts)
        answer = p11_encrypt_block(out, session, key, zeros);
    else if (secret->kind != SAF_P11_AES && secret->signs)
        answer = p11_secret_prove(out, &len, session, key, secret->kind, saf_bytes_of(zeros, 1));
    if (answer == CKR_OK)
        snprintf(secret->check_value, sizeof secret->check_value, "%02X%02X%02X", out[0], out[1], out[2]);
}

CK_KEY_TYPE p11_secret_key_type(saf_p11_secret_kind kind)
{
    return kind == SAF_P11_AES ? CKK_AES : CKK_GENERIC_SECRET;
}

static saf_p11_secret_kind kind_of(const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    switch (p11_read_number(session, key, CKA_KEY_TYPE)) {
    case CKK_GENERIC_SECRET:
    case CKK_SHA_1_HMAC:
    case CKK_SHA224_HMAC:
    case CKK_SHA256_HMAC:
    case CKK_SHA384_HMAC:
    case CKK_SHA512_HMAC: return SAF_P11_HMAC;
    case CKK_AES: return SAF_P11_AES;
    default: return SAF_P11_OTHER_SECRET;
    }
}

static saf_p11_secret read_attributes(const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    return (saf_p11_secret) {
        .kind = kind_of(session, key),
        .sensitive = p11_read_flag(session, key, CKA_SENSITIVE),
        .extractable = p11_read_flag(session, key, CKA_EXTRACTABLE),
        .private_object = p11_read_flag(session, key, CKA_PRIVATE),
        .modifiable = p11_read_flag(session, key, CKA_MODIFIABLE),
        .signs = p11_read_flag(session, key, CKA_SIGN),
        .verifies = p11_read_flag(session, key, CKA_VERIFY),
        .encrypts = p11_read_flag(session, key, CKA_ENCRYPT),
        .decrypts = p11_read_flag(session, key, CKA_DECRYPT),
        .wraps = p11_read_flag(session, key, CKA_WRAP),
        .unwraps = p11_read_flag(session, key, CKA_UNWRAP),
        .derives = p11_read_flag(session, key, CKA_DERIVE),
        .local = p11_read_flag(session, key, CKA_LOCAL),
        .always_sensitive = p11_read_flag(session, key, CKA_ALWAYS_SENSITIVE),
        .never_extractable = p11_read_flag(session, key, CKA_NEVER_EXTRACTABLE),
    };
}

saf_status p11_secret_describe(saf_p11_secret *out, const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_error *err)
{
    saf_p11_uri uri;
    CK_RV answer = p11_read_uri(&uri, session, key, SAF_P11_SECRET_KEY);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot read a secret key of token %s", session->token.label);
    *out = read_attributes(session, key);
    out->sequence = p11_sequence_read(uri.id, uri.id_len);
    out->len = p11_len_read(session, key, out->sequence);
    p11_dates dates = p11_dates_read(session, key, out->sequence);
    out->start_date = dates.start;
    out->end_date = dates.end;
    memcpy(out->token, uri.token, sizeof out->token);
    memcpy(out->label, uri.object, sizeof out->label);
    if (out->sequence)
        p11_handle_format(out->handle, out->token, out->sequence);
    compute_check_value(out, session, key);
    return p11_format_object_uri(out->uri, &uri, err);
}

/* ---- listing and finding ---------------------------------------------------------------------------------- */

static int compare_secrets(const void *a, const void *b)
{
    const saf_p11_secret *left = a;
    const saf_p11_secret *right = b;
    int order = strcmp(left->label, right->label);
    if (order)
        return order;
    if (left->sequence != right->sequence)
        return left->sequence < right->sequence ? -1 : 1;
    return strcmp(left->uri, right->uri);
}

static saf_status describe_all(saf_p11_secret_list *out, const saf_p11_session *session, const p11_objects *objects,
                               saf_error *err)
{
    OWN(saf_p11_secret_list) list = { .secrets = calloc(objects->count + 1, sizeof *list.secrets) };
    if (!list.secrets)
        return saf_fail_memory(err);
    for (size_t i = 0; i < objects->count; i++) {
        saf_status status = p11_secret_describe(&list.secrets[list.count], session, objects->handles[i], err);
        if (status == SAF_E_NOT_FOUND)
            continue; /* destroyed meanwhile by another process */
        if (status != SAF_OK)
            return status;
        list.count++;
    }
    qsort(list.secrets, list.count, sizeof *list.secrets, compare_secrets);
    *out = list;
    list.secrets = NULL;
    return SAF_OK;
}

saf_status saf_p11_list_secrets(saf_p11_secret_list *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    OWN(p11_objects) objects = { 0 };
    SAF_TRY(p11_find_by_uri(&objects, session, uri, SAF_P11_SECRET_KEY, err));
    SAF_TRY(p11_unfinished_hide(&objects, session, err));
    return describe_all(out, session, &objects, err);
}

static saf_status refuse_unfinished(const saf_p11_session *session, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "the making of that secret key of token %s was interrupted, or goes on", session->token.label);
    saf_hint(err, "make it again: the next safring secret generate takes away what was left");
    return status;
}

saf_status p11_secret_find(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    SAF_TRY(p11_find_by_uri(&found, session, uri, SAF_P11_SECRET_KEY, err));
    size_t all = found.count;
    SAF_TRY(p11_unfinished_hide(&found, session, err));
    if (found.count == 0)
        return all ? refuse_unfinished(session, err) : p11_find_one(out, session, uri, SAF_P11_SECRET_KEY, err); /* says what is missing */
    if (found.count > 1)
        return p11_refuse_several(session, &found, SAF_P11_SECRET_KEY, err);
    *out = found.handles[0];
    return SAF_OK;
}

saf_status saf_p11_find_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    SAF_TRY(p11_secret_find(&key, session, uri, err));
    saf_p11_secret secret;
    SAF_TRY(p11_secret_describe(&secret, session, key, err));
    *out = secret;
    return SAF_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

static saf_status refuse_reading(const saf_p11_session *session, const saf_p11_secret *secret, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "the value of secret key \"%s\" of token %s cannot be read: %s", secret->label,
                                 session->token.label, secret->extractable ? "it may leave wrapped under another key only" : "it stays in the token");
    saf_hint(err, "make another version that may be read: safring secret generate --extractable yes --if-exists new-version");
    return status;
}

saf_status saf_p11_read_secret(saf_secret *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    saf_p11_secret secret;
    unsigned char value[SAF_P11_SECRET_MAX];
    size_t len;
    SAF_TRY(p11_secret_find(&key, session, uri, err));
    SAF_TRY(p11_secret_describe(&secret, session, key, err));
    if (saf_p11_secret_leaving(&secret) != SAF_P11_LEAVES)
        return refuse_reading(session, &secret, err);
    CK_RV answer = p11_read_bytes(session, key, CKA_VALUE, value, sizeof value, &len);
    saf_status status = answer != CKR_OK ? p11_fail(err, answer, "token %s does not give the value of secret key \"%s\"", session->token.label, secret.label)
                                         : saf_secret_set(out, saf_bytes_of(value, len), err);
    OPENSSL_cleanse(value, sizeof value);
    return status;
}
