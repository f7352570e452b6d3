#include "login-lock.h"
#include "token-files.h"
#include "token.h"

#include <safring/token.h>

#include <fcntl.h>

/* ---- the security officer's PIN --------------------------------------------------------------------------- */

static saf_status log_in_as_officer(saf_p11 *p11, CK_SESSION_HANDLE session, const saf_p11_token *token, const saf_secret *so_pin, saf_error *err)
{
    CK_RV answer = p11->cryptoki->C_Login(session, CKU_SO, so_pin->data, so_pin->len);
    if (answer == CKR_PIN_INCORRECT)
        return saf_fail(err, SAF_E_DENIED, "wrong SO PIN for token %s", token->label);
    if (answer == CKR_PIN_LOCKED)
        return saf_fail(err, SAF_E_DENIED, "the SO PIN of token %s is locked", token->label);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot log in to token %s as its security officer", token->label);
    p11->cryptoki->C_Logout(session);
    return SAF_OK;
}

static saf_status check_officer(saf_p11 *p11, const saf_p11_token *token, const saf_secret *so_pin, saf_error *err)
{
    CK_SESSION_HANDLE session;
    SAF_TRY(p11_check_pin(so_pin, "SO PIN", err));
    CK_RV answer = p11->cryptoki->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot open token %s", token->label);
    saf_status status = log_in_as_officer(p11, session, token, so_pin, err);
    p11->cryptoki->C_CloseSession(session);
    return status;
}

saf_status saf_token_check_officer(saf_p11 *p11, const saf_p11_token *token, const saf_secret *so_pin, saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    return check_officer(p11, token, so_pin, err);
}

/* ---- files ------------------------------------------------------------------------------------------------ */

static saf_status refuse_module(const saf_p11 *p11, saf_error *err)
{
    (void)saf_fail(err, SAF_E_UNSUPPORTED, "PKCS#11 has no call that removes a token, and %s is not SoftHSM, whose files could be removed", p11->path);
    saf_hint(err, "use the tools of its maker; `pkcs11-tool --init-token` empties a token");
    return SAF_E_UNSUPPORTED;
}

static saf_status find(int *tokens, char name[TOKEN_NAME_SIZE], const saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    if (!p11->token_directory)
        return refuse_module(p11, err);
    *tokens = open(p11->token_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*tokens < 0)
        return saf_fail_errno(err, "cannot open the directory %s", p11->token_directory);
    if (!token_files_find(name, *tokens, token->serial))
        return saf_fail(err, SAF_E_NOT_FOUND, "token %s (serial %s) has no directory in %s", token->label, token->serial, p11->token_directory);
    return SAF_OK;
}

saf_status saf_token_count_files(size_t *out, saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    char name[TOKEN_NAME_SIZE];
    OWN(own_fd) tokens = -1;
    SAF_TRY(find(&tokens, name, p11, token, err));
    OWN(own_fd) directory = token_files_open(tokens, name);
    OWN(DIR) *stream = directory >= 0 ? token_files_stream(directory) : NULL;
    if (!stream)
        return saf_fail_errno(err, "cannot list the files of token %s", token->label);
    *out = 0;
    for (const char *file; (file = token_files_next(stream));)
        *out += token_files_is_object(file);
    return SAF_OK;
}

saf_status saf_token_delete(saf_p11 *p11, const saf_p11_token *token, const saf_secret *so_pin, saf_error *err)
{
    char name[TOKEN_NAME_SIZE];
    OWN(own_fd) tokens = -1;
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    SAF_TRY(find(&tokens, name, p11, token, err));
    SAF_TRY(check_officer(p11, token, so_pin, err));
    return token_files_discard(tokens, name, err);
}
