/** @file A store's master key in a token: opened for as long as the store key is sealed or opened, and no longer. */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

/* --store-secret-source, else the terminal. */
static saf_status log_in(saf_p11_session **out, saf_p11 *p11, const cli_token_pin *pin, const saf_p11_uri *uri, saf_error *err)
{
    OWN(saf_secret) asked = { 0 };
    char prompt[80];
    if (pin->pin->len)
        return saf_p11_login(out, p11, uri, pin->pin, err);
    snprintf(prompt, sizeof prompt, "PIN of token %s: ", uri->token);
    SAF_TRY(cli_read_secret(&asked, NULL, "store-secret-source", prompt, CLI_PROMPT_ONCE, err));
    return saf_p11_login(out, p11, uri, &asked, err);
}

/* A token that is not there must not pass for a store that is not there, which commands would make. */
static saf_status as_denied(saf_status status, saf_error *err)
{
    if (status != SAF_E_NOT_FOUND)
        return status;
    if (err)
        err->status = SAF_E_DENIED;
    return SAF_E_DENIED;
}

static saf_status open_token(saf_p11 **p11, saf_p11_session **session, saf_p11_uri *parts, const cli_token_pin *pin, const char *uri, saf_error *err)
{
    SAF_TRY(saf_p11_uri_parse(parts, uri, err));
    SAF_TRY(cli_open_p11(p11, pin->cli, err));
    return log_in(session, *p11, pin, parts, err);
}

static saf_status seal(void *context, const char *uri, saf_bytes plain, saf_bytes aad, unsigned char *out, size_t out_cap, size_t *out_len,
                       saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_uri parts;
    SAF_TRY(open_token(&p11, &session, &parts, context, uri, err));
    return saf_p11_seal(session, &parts, plain, aad, out, out_cap, out_len, err);
}

static saf_status unseal(void *context, const char *uri, saf_bytes sealed, saf_bytes aad, unsigned char *out, size_t out_cap, size_t *out_len,
                         saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_uri parts;
    saf_status status = open_token(&p11, &session, &parts, context, uri, err);
    if (status == SAF_OK)
        status = saf_p11_unseal(session, &parts, sealed, aad, out, out_cap, out_len, err);
    return as_denied(status, err);
}

void cli_token_key(saf_token_key *out, cli_token_pin *pin)
{
    *out = (saf_token_key){ .seal = seal, .open = unseal, .context = pin };
}

saf_status cli_make_token_key(const cli_token_pin *pin, const char *uri, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_uri parts;
    saf_p11_secret there;
    char made[SAF_P11_URI_MAX + 1];
    SAF_TRY(open_token(&p11, &session, &parts, pin, uri, err));
    saf_status status = saf_p11_find_secret(&there, session, &parts, err);
    if (status != SAF_E_NOT_FOUND || !*parts.object || parts.id_len)
        return status;
    SAF_TRY(saf_p11_generate_aes(made, session, parts.object, err));
    cli_note(pin->cli, "made the AES key %s: if the token is lost, so are the private keys in the store", made);
    return SAF_OK;
}
