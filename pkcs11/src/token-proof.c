#include "token-proof.h"

#include "login-lock.h"
#include "object.h"
#include "sequence.h"

/* ---- reading ---------------------------------------------------------------------------------------------- */

/* The label of what is private is encrypted under the PIN, as its key is: who reads the one can read the other. */
static CK_RV read_object(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE wanted = { CKA_LABEL, NULL, 0 };
    CK_RV answer = session->p11->cryptoki->C_GetAttributeValue(session->handle, object, &wanted, 1);
    if (answer != CKR_OK || wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION)
        return answer;
    unsigned char *label = malloc(wanted.ulValueLen + 1);
    wanted.pValue = label;
    answer = label ? session->p11->cryptoki->C_GetAttributeValue(session->handle, object, &wanted, 1) : CKR_HOST_MEMORY;
    free(label);
    return answer;
}

saf_status token_prove_readable(const saf_p11_session *session, size_t *count, saf_token_progress_fn progress, void *context, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    p11_template wanted = { 0 };
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    SAF_TRY(p11_find_objects(&found, session, &wanted, err));
    for (size_t i = 0; i < found.count; i++) {
        CK_RV answer = read_object(session, found.handles[i]);
        if (answer != CKR_OK && answer != CKR_OBJECT_HANDLE_INVALID)
            return p11_fail(err, answer, "an object of token %s cannot be read", session->token.label);
        if (progress)
            progress(context);
    }
    if (count)
        *count = found.count;
    return SAF_OK;
}

/* ---- trying keys ------------------------------------------------------------------------------------------ */

typedef struct trial {
    CK_KEY_TYPE type;
    CK_OBJECT_CLASS class;
    CK_MECHANISM_TYPE mechanism;
} trial;

static const trial trials[] = {
    { CKK_GENERIC_SECRET, CKO_SECRET_KEY, CKM_SHA256_HMAC }, { CKK_SHA256_HMAC, CKO_SECRET_KEY, CKM_SHA256_HMAC },
    { CKK_RSA, CKO_PRIVATE_KEY, CKM_SHA256_RSA_PKCS },       { CKK_EC, CKO_PRIVATE_KEY, CKM_ECDSA },
    { CKK_EC_EDWARDS, CKO_PRIVATE_KEY, CKM_EDDSA },
};

enum { MESSAGE_LEN = 32, SIGNATURE_MAX = 1024 };

static CK_RV sign_something(const saf_p11_session *session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism)
{
    static const unsigned char message[MESSAGE_LEN] = "safring token doctor";
    unsigned char signature[SIGNATURE_MAX];
    CK_ULONG len = sizeof signature;
    return p11_sign(session->p11->cryptoki, session->handle, key, mechanism, saf_bytes_of(message, sizeof message), signature, &len);
}

static CK_RV encrypt_something(const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    unsigned char nonce[12] = { 0 }, message[MESSAGE_LEN] = { 0 }, out[MESSAGE_LEN + 64];
    CK_ULONG len = sizeof out;
    CK_GCM_PARAMS params = { .iv_ptr = nonce, .iv_len = sizeof nonce, .iv_bits = 8 * sizeof nonce, .tag_bits = 128 };
    CK_MECHANISM how = { CKM_AES_GCM, &params, sizeof params };
    nonce[0] = 0xFF; /* what comes out is thrown away, so a nonce that is used again does no harm */
    CK_RV answer = cryptoki->C_EncryptInit(session->handle, &how, key);
    answer = answer == CKR_OK ? cryptoki->C_Encrypt(session->handle, message, sizeof message, out, &len) : answer;
    explicit_bzero(out, sizeof out);
    return answer;
}

/* CKR_OK also for what may do neither: there is nothing to try. */
static CK_RV try_key(const saf_p11_session *session, CK_OBJECT_HANDLE key, CK_OBJECT_CLASS class)
{
    CK_KEY_TYPE type = p11_read_number(session, key, CKA_KEY_TYPE);
    if (class == CKO_SECRET_KEY && type == CKK_AES)
        return p11_read_flag(session, key, CKA_ENCRYPT) ? encrypt_something(session, key) : CKR_OK;
    if (!p11_read_flag(session, key, CKA_SIGN) || p11_read_flag(session, key, CKA_ALWAYS_AUTHENTICATE))
        return CKR_OK;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        if (trials[i].type == type && trials[i].class == class)
            return sign_something(session, key, trials[i].mechanism);
    return CKR_OK;
}

static bool says_nothing_of_the_key(CK_RV answer)
{
    return answer == CKR_OK || answer == CKR_MECHANISM_INVALID || answer == CKR_OBJECT_HANDLE_INVALID || answer == CKR_KEY_HANDLE_INVALID;
}

static saf_status note_key(saf_token_findings *out, const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_p11_type type, CK_RV answer, saf_error *err)
{
    saf_p11_uri uri;
    char text[SAF_P11_URI_MAX] = "";
    saf_token_finding *finding;
    saf_error why = { 0 };
    if (p11_read_uri(&uri, session, key, type) == CKR_OK)
        (void)!p11_format_object_uri(text, &uri, NULL);
    SAF_TRY(token_findings_add(out, &finding, SAF_TOKEN_KEY, err));
    memcpy(finding->label, session->token.label, sizeof finding->label);
    memcpy(finding->serial, session->token.serial, sizeof finding->serial);
    snprintf(finding->path, sizeof finding->path, "%s", text);
    (void)p11_fail(&why, answer, "the token refuses");
    token_finding_found(finding, "a key that cannot be used: %.200s", why.text);
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "put the token back from a backup, or destroy the key and make another");
    return SAF_OK;
}

static saf_status try_class(saf_token_findings *out, const saf_p11_session *session, CK_OBJECT_CLASS class, saf_p11_type type, saf_error *err)
{
    OWN(p11_objects) keys = { 0 };
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, class);
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    SAF_TRY(p11_find_objects(&keys, session, &wanted, err));
    for (size_t i = 0; i < keys.count; i++) {
        CK_RV answer = try_key(session, keys.handles[i], class);
        if (!says_nothing_of_the_key(answer))
            SAF_TRY(note_key(out, session, keys.handles[i], type, answer, err));
    }
    return SAF_OK;
}

/* ---- sequence numbers ------------------------------------------------------------------------------------- */

/* Only where there is a counter: keys of other tools may have ids of 4 bytes, too. */
static saf_status compare_sequence(saf_token_findings *out, const saf_p11_session *session, saf_token_action action, saf_error *err)
{
    uint32_t recorded, highest;
    saf_token_finding *finding;
    saf_error why = { 0 };
    SAF_TRY(p11_sequence_compare(&recorded, &highest, session, err));
    if (!recorded || recorded >= highest)
        return SAF_OK;
    SAF_TRY(token_findings_add(out, &finding, SAF_TOKEN_SEQUENCE, err));
    memcpy(finding->label, session->token.label, sizeof finding->label);
    memcpy(finding->serial, session->token.serial, sizeof finding->serial);
    token_finding_found(finding, "the counter of sequence numbers is at %u, but a key has %u: once that key is gone its number would be given again", recorded, highest);
    if (action == SAF_TOKEN_TELL)
        token_finding_remedy(finding, SAF_TOKEN_REPAIRABLE, "the counter would be raised");
    else
        token_finding_conclude(finding, p11_sequence_record(session, highest, &why), &why, "the counter was raised");
    return SAF_OK;
}

saf_status saf_token_try_keys(saf_token_findings *out, saf_p11_session *session, saf_token_action action, saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(try_class(out, session, CKO_SECRET_KEY, SAF_P11_SECRET_KEY, err));
    SAF_TRY(try_class(out, session, CKO_PRIVATE_KEY, SAF_P11_PRIVATE, err));
    return compare_sequence(out, session, action, err);
}
