#include "secret-key.h"
#include "signer.h"

#include <base/own-openssl.h>
#include <base/random.h>

/* ---- is it a key for this ---- */

static bool is_of_kind(const saf_p11_session *session, CK_OBJECT_HANDLE key, const signer_kind *kind)
{
    CK_KEY_TYPE type = CK_UNAVAILABLE_INFORMATION;
    size_t len;
    if (kind->type == SAF_P11_SECRET_KEY)
        return true; /* generic, or one of the types for HMAC: the token knows */
    return p11_read_bytes(session, key, CKA_KEY_TYPE, &type, sizeof type, &len) == CKR_OK && len == sizeof type && type == kind->key_type;
}

static saf_status check_key(const saf_p11_session *session, CK_OBJECT_HANDLE key, const signer_kind *kind, saf_error *err)
{
    if (!is_of_kind(session, key, kind))
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key is not of the type that %s needs", kind->name);
    if (!p11_read_flag(session, key, CKA_SIGN))
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key may not sign (CKA_SIGN is false)");
    if (p11_read_flag(session, key, CKA_ALWAYS_AUTHENTICATE))
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key wants its PIN for every signature (CKA_ALWAYS_AUTHENTICATE is true)");
    return SAF_OK;
}

static size_t size_of_key(const saf_p11_session *session, CK_OBJECT_HANDLE key, EVP_PKEY *public_key)
{
    if (public_key)
        return (size_t)EVP_PKEY_get_bits(public_key);
    CK_ULONG len = p11_read_number(session, key, CKA_VALUE_LEN);
    return len == CK_UNAVAILABLE_INFORMATION ? 0 : len;
}

/* ---- copy and witness ---- */

static saf_status make_mark(signer_binding *binding, saf_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[SIGNER_MARK_LEN];
    SAF_TRY(saf_random_bytes(random, sizeof random, err));
    for (size_t i = 0; i < SIGNER_MARK_LEN; i++)
        binding->mark[i] = digits[random[i] & 15];
    return SAF_OK;
}

static void add_mark(p11_template *list, const signer_binding *binding)
{
    p11_template_add_flag(list, CKA_TOKEN, false);
    p11_template_add_bytes(list, CKA_LABEL, saf_bytes_of(binding->mark, SIGNER_MARK_LEN));
}

/* One that went into the token after all, or that may leave it though its original may not, is none. */
static bool is_good_copy(const saf_p11_session *session, CK_OBJECT_HANDLE copy, CK_OBJECT_HANDLE original)
{
    return !p11_read_flag(session, copy, CKA_TOKEN) && p11_read_flag(session, copy, CKA_SIGN) &&
           p11_read_flag(session, copy, CKA_SENSITIVE) == p11_read_flag(session, original, CKA_SENSITIVE) &&
           p11_read_flag(session, copy, CKA_EXTRACTABLE) == p11_read_flag(session, original, CKA_EXTRACTABLE);
}

/* With label and id of its own, so that nobody who looks for the key by them finds two. */
static void make_copy(signer_binding *binding, const saf_p11_session *anchor)
{
    CK_FUNCTION_LIST *cryptoki = anchor->p11->cryptoki;
    CK_OBJECT_HANDLE copy;
    p11_template changes = { 0 };
    add_mark(&changes, binding);
    p11_template_add_bytes(&changes, CKA_ID, saf_bytes_of(binding->mark, SIGNER_MARK_LEN));
    if (cryptoki->C_CopyObject(anchor->handle, binding->token_key, changes.attributes, changes.count, &copy) != CKR_OK)
        return;
    if (copy == binding->token_key)
        return;
    if (!is_good_copy(anchor, copy, binding->token_key)) {
        cryptoki->C_DestroyObject(anchor->handle, copy);
        return;
    }
    binding->has_copy = true;
    binding->key = binding->witness = copy;
}

static void make_witness(signer_binding *binding, const saf_p11_session *anchor)
{
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, CKO_DATA);
    p11_template_add_flag(&wanted, CKA_PRIVATE, false);
    add_mark(&wanted, binding);
    if (p11_create_object(&binding->witness, anchor, &wanted) != CKR_OK)
        binding->witness = 0;
}

bool signer_is_witnessed(const signer_binding *binding, const saf_p11 *p11, CK_SESSION_HANDLE session)
{
    char label[SIGNER_MARK_LEN];
    CK_ATTRIBUTE attribute = { CKA_LABEL, label, sizeof label };
    if (!binding->witness)
        return true;
    return p11->cryptoki->C_GetAttributeValue(session, binding->witness, &attribute, 1) == CKR_OK &&
           attribute.ulValueLen == SIGNER_MARK_LEN && !memcmp(label, binding->mark, SIGNER_MARK_LEN);
}

/* ---- does it work ---- */

static saf_status refuse_call(CK_RV answer, const saf_p11_signer *signer, const signer_binding *binding, saf_error *err)
{
    const char *name = signer->kind->name;
    if (answer == CKR_KEY_SIZE_RANGE)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key is too short for %s in token %s", name, binding->token.label);
    return p11_fail(err, answer, "the key cannot compute %s", name);
}

static CK_RV call_once(unsigned char *out, size_t *out_len, const saf_p11_signer *signer, const signer_binding *binding, saf_bytes input)
{
    CK_SESSION_HANDLE session;
    CK_FUNCTION_LIST *cryptoki = signer->p11->cryptoki;
    CK_RV answer = cryptoki->C_OpenSession(binding->token.slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
    if (answer != CKR_OK)
        return answer;
    answer = signer_call(signer, session, binding->key, input, out, out_len, signer->kind->digest ? 0 : signer->kind->digest_len);
    cryptoki->C_CloseSession(session);
    return answer;
}

/* Tokens have minimum lengths for some keys, and keys that may not sign: better said now than at the first message. */
static saf_status try_key(const saf_p11_signer *signer, signer_binding *binding, saf_error *err)
{
    static const char text[] = "safring";
    unsigned char room[SIGNER_DIGEST_MAX], signature[SAF_P11_SIGNATURE_MAX];
    saf_bytes input;
    size_t len = sizeof signature;
    saf_bytes message = saf_bytes_of(text, sizeof text - 1);
    if (signer_digest(&input, signer, message, room) != SAF_OK)
        return saf_fail_openssl(err, "cannot hash");
    CK_RV answer = call_once(signature, &len, signer, binding, input);
    if (answer != CKR_OK)
        return refuse_call(answer, signer, binding, err);
    if (binding->public_key && !signer_verifies(binding->public_key, signer->kind, message, saf_bytes_of(signature, len)))
        return saf_fail(err, SAF_E_UNSUPPORTED, "what the key signs in token %s is not good by its public key", binding->token.label);
    binding->signature_len = len;
    return SAF_OK;
}

/* ---- all of it ---- */

static void free_binding(signer_binding *binding, const saf_p11 *p11)
{
    EVP_PKEY_free(binding->public_key);
    p11->cryptoki->C_CloseSession(binding->anchor);
}

static saf_status fill(signer_binding *binding, const saf_p11_signer *signer, const saf_p11_session *session, saf_error *err)
{
    saf_p11_session anchor = *session;
    anchor.handle = binding->anchor;
    if (signer->kind->type == SAF_P11_PRIVATE &&
        signer_public_key(&binding->public_key, session, binding->token_key, signer->kind, err) == SAF_E_MEMORY)
        return SAF_E_MEMORY;
    make_copy(binding, &anchor);
    if (!binding->has_copy)
        make_witness(binding, &anchor);
    binding->key_size = size_of_key(session, binding->token_key, binding->public_key);
    saf_status status = try_key(signer, binding, err);
    if (status == SAF_OK || !binding->has_copy)
        return status;
    binding->has_copy = false; /* the copy still is a witness */
    binding->key = binding->token_key;
    return try_key(signer, binding, err);
}

/* A secret key whose making was interrupted looks right and signs nothing. */
static saf_status find_key(CK_OBJECT_HANDLE *out, const saf_p11_signer *signer, const saf_p11_session *session, saf_error *err)
{
    if (signer->kind->type == SAF_P11_SECRET_KEY)
        return p11_secret_find(out, session, &signer->uri, err);
    return p11_find_one(out, session, &signer->uri, signer->kind->type, err);
}

saf_status signer_bind(signer_binding *out, saf_p11_signer *signer, const saf_p11_session *session, saf_error *err)
{
    signer_binding binding = { .instance = atomic_load(&session->p11->instance), .token = session->token };
    SAF_TRY(find_key(&binding.token_key, signer, session, err));
    SAF_TRY(check_key(session, binding.token_key, signer->kind, err));
    SAF_TRY(make_mark(&binding, err));
    binding.key = binding.token_key;
    CK_RV answer =
        session->p11->cryptoki->C_OpenSession(session->token.slot, CKF_SERIAL_SESSION, NULL, NULL, &binding.anchor);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot open token %s", session->token.label);
    saf_status status = fill(&binding, signer, session, err);
    if (status == SAF_OK)
        *out = binding;
    else
        free_binding(&binding, session->p11);
    return status;
}

void signer_unbind(signer_binding *binding, const saf_p11 *p11)
{
    bool is_ours = binding->instance && binding->instance == atomic_load(&p11->instance);
    if (is_ours && signer_is_witnessed(binding, p11, binding->anchor))
        p11->cryptoki->C_CloseSession(binding->anchor);
    EVP_PKEY_free(binding->public_key);
    *binding = (signer_binding) { 0 };
}
