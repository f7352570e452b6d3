#include "session.h"

#include "key-pair.h"
#include "login-lock.h"
#include "process.h"
#include "token-copy.h"
#include "token.h"

/* ---- logins ----------------------------------------------------------------------------------------------- */

/* Where the pointer to that token's login is; to NULL when there is none. */
static p11_login **find_login(saf_p11 *p11, const saf_p11_token *token)
{
    p11_login **at = &p11->logins;
    while (*at && (strcmp((*at)->label, token->label) || strcmp((*at)->serial, token->serial)))
        at = &(*at)->next;
    return at;
}

static bool is_user_state(CK_STATE state)
{
    return state == CKS_RO_USER_FUNCTIONS || state == CKS_RW_USER_FUNCTIONS;
}

/* The token may have been away, and another part of the process may have logged out or closed all sessions. */
static bool is_lasting(const saf_p11 *p11, const p11_login *login, const saf_p11_token *token)
{
    CK_SESSION_INFO info;
    return p11->cryptoki->C_GetSessionInfo(login->anchor, &info) == CKR_OK && info.slotID == token->slot &&
           is_user_state(info.state);
}

static void forget_login(saf_p11 *p11, p11_login **at)
{
    p11_login *login = *at;
    CK_SESSION_INFO info;
    /* Closed unless somebody who is logged in has the number now: a module that was restarted gives numbers again */
    if (p11->cryptoki->C_GetSessionInfo(login->anchor, &info) == CKR_OK && !is_user_state(info.state))
        p11->cryptoki->C_CloseSession(login->anchor);
    p11_key_pairs_retire(p11, login->slot);
    *at = login->next;
    free(login);
}

static void remember_login(saf_p11 *p11, p11_login *login, const saf_p11_token *token, CK_SESSION_HANDLE anchor)
{
    memcpy(login->label, token->label, sizeof login->label);
    memcpy(login->serial, token->serial, sizeof login->serial);
    login->slot = token->slot;
    login->anchor = anchor;
    login->next = p11->logins;
    p11->logins = login;
}

static saf_status refuse_login(CK_RV answer, const saf_p11_token *token, saf_error *err)
{
    saf_status status;
    switch (answer) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return saf_fail(err, SAF_E_DENIED, "wrong PIN for token %s", token->label);
    case CKR_PIN_LOCKED:
        return saf_fail(err, SAF_E_DENIED, "the PIN of token %s is locked", token->label);
    case CKR_USER_PIN_NOT_INITIALIZED:
        status = saf_fail(err, SAF_E_DENIED, "token %s has no PIN", token->label);
        saf_hint(err, "initialise it again with its SO PIN");
        return status;
    case CKR_USER_ALREADY_LOGGED_IN:
        /* Not by us: whoever did may log out at any moment, and nobody has shown us that the PIN is right */
        return saf_fail(err, SAF_E_CONFLICT, "another part of this process is logged in to token %s", token->label);
    default:
        return p11_fail(err, answer, "cannot log in to token %s", token->label);
    }
}

static CK_RV open_handle(CK_SESSION_HANDLE *out, const saf_p11 *p11, CK_SLOT_ID slot, CK_FLAGS flags)
{
    return p11->cryptoki->C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, out);
}

static saf_status log_in(saf_p11 *p11, const saf_p11_token *token, const saf_secret *pin, saf_error *err)
{
    CK_SESSION_HANDLE anchor;
    CK_RV answer = open_handle(&anchor, p11, token->slot, 0);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot open token %s", token->label);
    p11_login *login = calloc(1, sizeof *login);
    answer = login ? p11->cryptoki->C_Login(anchor, CKU_USER, pin->data, pin->len) : CKR_HOST_MEMORY;
    if (answer != CKR_OK) {
        p11->cryptoki->C_CloseSession(anchor);
        free(login);
        return refuse_login(answer, token, err);
    }
    remember_login(p11, login, token, anchor);
    token_copy_keep(p11->token_directory, token->serial);
    return SAF_OK;
}

/* ---- PINs ------------------------------------------------------------------------------------------------- */

static bool is_refused(const saf_p11 *p11, const saf_p11_token *token)
{
    const p11_refusal *refusal = p11->refusals;
    while (refusal && (strcmp(refusal->label, token->label) || strcmp(refusal->serial, token->serial)))
        refusal = refusal->next;
    return refusal;
}

/* Without memory it is asked for once more. */
static void remember_refusal(saf_p11 *p11, const saf_p11_token *token)
{
    p11_refusal *refusal = calloc(1, sizeof *refusal);
    if (!refusal)
        return;
    memcpy(refusal->label, token->label, sizeof refusal->label);
    memcpy(refusal->serial, token->serial, sizeof refusal->serial);
    refusal->next = p11->refusals;
    p11->refusals = refusal;
}

static saf_status refuse_without_pin(const saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    if (p11->pin)
        return saf_fail(err, SAF_E_DENIED, "token %s: there was no PIN or a wrong one, and it is not tried again", token->label);
    saf_status status = saf_fail(err, SAF_E_DENIED, "token %s needs a PIN", token->label);
    saf_hint(err, "say where it is with --pin-source");
    return status;
}

static saf_status ask_pin(saf_secret *pin, saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    process_begin_asking();
    saf_status status = p11->pin(p11->pin_context, token, pin, err);
    process_end_asking();
    if (status == SAF_OK && !pin->len)
        status = saf_fail(err, SAF_E_DENIED, "token %s needs a PIN, and there is none", token->label);
    return status;
}

/* Tokens lock themselves after a few wrong PINs, so whatever the function gives is handed over once, and a failure is final. */
static saf_status log_in_by_asking(saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    if (!p11->pin || is_refused(p11, token))
        return refuse_without_pin(p11, token, err);
    OWN(saf_secret) pin = { 0 };
    saf_status status = ask_pin(&pin, p11, token, err);
    bool asked = status == SAF_OK;
    if (asked)
        status = log_in(p11, token, &pin, err);
    if (!asked || status == SAF_E_DENIED)
        remember_refusal(p11, token);
    return status;
}

/* While the login lasts a later PIN is not looked at: Cryptoki logs a process in, not a session, and has no call that
 * checks a PIN without logging out every thread first. */
static saf_status ensure_login(saf_p11 *p11, const saf_p11_token *token, const saf_secret *pin, saf_error *err)
{
    p11_login **login = find_login(p11, token);
    if (!token->login_required || (*login && is_lasting(p11, *login, token)))
        return SAF_OK;
    if (*login)
        forget_login(p11, login);
    return pin && pin->len ? log_in(p11, token, pin, err) : log_in_by_asking(p11, token, err);
}

/* ---- sessions --------------------------------------------------------------------------------------------- */

/* Servers may have their token's files read-only, which saves SoftHSM from itself: then a read-only session has to do. */
static saf_status open_session(saf_p11_session *session, saf_error *err)
{
    const saf_p11_token *token = &session->token;
    CK_RV answer = CKR_TOKEN_WRITE_PROTECTED;
    if (!token->write_protected)
        answer = open_handle(&session->handle, session->p11, token->slot, CKF_RW_SESSION);
    if (answer != CKR_OK)
        answer = open_handle(&session->handle, session->p11, token->slot, 0);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "cannot open token %s", token->label);
}

saf_status p11_login_session(saf_p11_session **out, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *pin,
                             saf_error *err)
{
    saf_p11_token token;
    SAF_TRY(p11_find_token(&token, p11, uri, err));
    SAF_TRY(ensure_login(p11, &token, pin, err));
    saf_p11_session *session = calloc(1, sizeof *session);
    if (!session)
        return saf_fail_memory(err);
    *session = (saf_p11_session) { .p11 = p11, .token = token, .instance = atomic_load(&p11->instance) };
    saf_status status = open_session(session, err);
    if (status != SAF_OK) {
        free(session);
        return status;
    }
    p11->session_count++;
    *out = session;
    return SAF_OK;
}

saf_status saf_p11_login(saf_p11_session **out, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *pin, saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    return p11_login_session(out, p11, uri, pin, err);
}

void saf_p11_logout(saf_p11_session **handle)
{
    saf_p11_session *session = handle ? *handle : NULL;
    if (!session)
        return;
    if (session->instance == atomic_load(&session->p11->instance)) /* else the number may be somebody else's by now */
        session->p11->cryptoki->C_CloseSession(session->handle);
    session->p11->session_count--;
    free(session);
    *handle = NULL;
}
