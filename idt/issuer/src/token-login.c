#include "token-login.h"

#include <base/fail.h>
#include <base/own.h>

#include <safring/secret-key.h>

#include <stdlib.h>

struct token_login {
    token_login *next;
    saf_p11_token token;
    saf_secret pin; /* kept for logging in again after the token was away; it may be asked for only once */
    saf_p11_session *session;
    bool refused;
    bool retired; /* keys of older policy sets still point into its session */
};

static void free_login(token_login **login)
{
    if (!*login)
        return;
    saf_p11_logout(&(*login)->session);
    saf_secret_free(&(*login)->pin);
    free(*login);
    *login = NULL;
}

OWN_HANDLE(token_login, free_login)

static bool is_for(const token_login *login, const saf_p11_token *token)
{
    return strcmp(login->token.serial, token->serial) == 0 && strcmp(login->token.label, token->label) == 0;
}

static token_login *find_login(const token_logins *logins, const saf_p11_token *token)
{
    token_login *login = logins->first;
    while (login && (login->retired || !is_for(login, token)))
        login = login->next;
    return login;
}

static const token_login *find_retired(const token_logins *logins, const saf_p11_token *token)
{
    const token_login *login = logins->first;
    while (login && !(login->retired && !login->refused && is_for(login, token)))
        login = login->next;
    return login;
}

static saf_status ask_pin(token_login *login, const token_logins *logins, const saf_p11_uri *uri, saf_error *err)
{
    const token_login *before = find_retired(logins, &login->token);
    if (!login->token.login_required)
        return SAF_OK;
    if (before)
        return saf_secret_set(&login->pin, saf_secret_bytes(&before->pin), err);
    if (!logins->ask_pin)
        return saf_fail(err, SAF_E_DENIED, "token %s wants a PIN, and there is none", login->token.label);
    return logins->ask_pin(logins->pin_context, uri, &login->pin, err);
}

/* Remembered also when there is no PIN: a server that asked again for every token it signs would be no better off. */
static saf_status add_login(token_login **out, token_logins *logins, const saf_p11_token *token, const saf_p11_uri *uri,
                            saf_error *err)
{
    token_login *login = calloc(1, sizeof *login);
    if (!login)
        return saf_fail_memory(err);
    login->token = *token;
    login->next = logins->first;
    logins->first = login;
    saf_status status = ask_pin(login, logins, uri, err);
    login->refused = status != SAF_OK;
    *out = login;
    return status;
}

static saf_status login_of(token_login **out, token_logins *logins, const saf_p11_uri *uri, saf_error *err)
{
    if (!logins->p11)
        return saf_fail(err, SAF_E_UNSUPPORTED, "its key is in a token, and no PKCS#11 module was opened");
    saf_p11_token token = { 0 };
    SAF_TRY(saf_p11_find_token(&token, logins->p11, uri, err));
    token_login *login = find_login(logins, &token);
    if (!login)
        return add_login(out, logins, &token, uri, err);
    if (login->refused)
        return saf_fail(err, SAF_E_DENIED, "token %s: there was no PIN or a wrong one, and it is not tried again",
                        token.label);
    *out = login;
    return SAF_OK;
}

/* Tokens lock themselves after a few wrong PINs, so a wrong one is handed over once. */
static saf_status mind_refusal(token_login *login, saf_status status)
{
    login->refused = login->refused || status == SAF_E_DENIED;
    return status;
}

static saf_status session_of(saf_p11_session **out, token_logins *logins, const saf_p11_uri *uri, saf_error *err)
{
    token_login *login = NULL;
    SAF_TRY(login_of(&login, logins, uri, err));
    if (!login->session)
        SAF_TRY(mind_refusal(login, saf_p11_login(&login->session, logins->p11, uri, &login->pin, err)));
    *out = login->session;
    return SAF_OK;
}

saf_status token_login_mac(saf_p11_mac **out, token_logins *logins, const saf_p11_uri *uri, saf_p11_hash hash,
                           size_t key_min, saf_error *err)
{
    saf_p11_session *session = NULL;
    SAF_TRY(session_of(&session, logins, uri, err));
    saf_p11_secret secret = { 0 };
    SAF_TRY(saf_p11_find_secret(&secret, session, uri, err));
    /* RFC 7518 3.2: the key must be as long as the hash or longer. Some tokens do not tell a length. */
    if (secret.len && secret.len < key_min)
        return saf_fail(err, SAF_E_CONFLICT, "key %s has %zu bytes; the algorithm needs %zu", secret.uri, secret.len,
                        key_min);
    return saf_p11_mac_open(out, session, uri, hash, err);
}

saf_status token_login_private_key(EVP_PKEY **out, token_logins *logins, const saf_p11_uri *uri, saf_error *err)
{
    token_login *login = NULL;
    SAF_TRY(login_of(&login, logins, uri, err));
    return mind_refusal(login, saf_p11_load_private_key(out, logins->p11, uri, &login->pin, err));
}

void token_logins_retire(token_logins *logins)
{
    for (token_login *login = logins->first; login; login = login->next)
        login->retired = login->retired || login->session;
}

void token_logins_close(token_logins *logins)
{
    while (logins->first) {
        OWN(token_login) *login = logins->first;
        logins->first = login->next;
    }
}
