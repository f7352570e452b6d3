/** @file safring token unbind */
#include <cli/token.h>

#include <base/fail.h>

#include <string.h>

typedef struct token_unbind {
    cli_name cert;
    cli_token token;
} token_unbind;

/* Whether some certificate of the store relies on the key in the token. */
typedef struct reliance {
    const saf_cert *cert;
    bool found;
} reliance;

static saf_status note_reliance(void *context, const saf_cert *other, saf_error *err)
{
    reliance *reliance = context;
    (void)err;
    reliance->found |= !memcmp(other->key_id, reliance->cert->key_id, sizeof other->key_id);
    return SAF_OK;
}

/* The token's copy goes only when the store has one. */
static saf_status choose_keys(saf_token_keys *out, cli *cli, saf_store *store, const saf_cert *cert, const saf_p11_token *token, saf_error *err)
{
    reliance reliance = { .cert = cert };
    SAF_TRY(cli_each_cert_in_token(cli, store, token, note_reliance, &reliance, err));
    *out = cert->key_place == SAF_KEY_STORED && !reliance.found ? SAF_TOKEN_DESTROY_IMPORTED : SAF_TOKEN_KEEP_KEYS;
    return SAF_OK;
}

static void say(cli *cli, const saf_cert *cert, const saf_p11_token *token, const saf_token_unbound *unbound)
{
    bool dry_run = cli->common.dry_run;
    cli_say(cli, "%s %s/%s from token %s%s\n", dry_run ? "would remove" : "removed", cert->owner, cert->label, token->label,
            unbound->keys ? ", with its private key" : unbound->kept_key ? "; its private key stays there" : "");
    json_object_update_new(cli->result, json_pack("{s:s,s:o,s:o,s:i,s:i,s:b}", "owner", cert->owner, "label", cli_text(cert->label), "token",
                                                  cli_text(token->label), "certificates", (int)unbound->certs, "private_keys", (int)unbound->keys,
                                                  "kept_key", unbound->kept_key));
}

static saf_status unbind_from(cli *cli, const token_unbind *args, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_token token;
    saf_token_keys keys;
    saf_token_unbound unbound = { 0 };
    SAF_TRY(cli_open_token(&p11, &token, cli, &args->token, err));
    SAF_TRY(cli_token_login(&session, p11, cli, &token, err));
    SAF_TRY(choose_keys(&keys, cli, store, cert, &token, err));
    if (!cli->common.dry_run)
        SAF_TRY(saf_token_unbind(&unbound, session, cert->der, keys, err));
    say(cli, cert, &token, &unbound);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_unbind *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    return unbind_from(cli, args, store, cert, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(token_unbind, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "token", "TOKEN", "the token: its label, its serial, or its URI", offsetof(token_unbind, token.option), .required = true },
    { 0 },
};

const cli_command cli_command_token_unbind = {
    .noun = "token",
    .verb = "unbind",
    .summary = "remove a certificate from a PKCS#11 token",
    .racf = "RACDCERT UNBIND",
    .description =
        "Removes from a token the certificate that `safring token bind` put there, with its key pair if the store has the private key, too. A private key that was made in the token, "
        "that a certificate of the store refers to, or that is nowhere else, stays. The store's certificate stays as it is.",
    .examples = "safring token unbind ZWESVUSR/localhost --token ZWE.IDT --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_unbind),
    .run = run,
};
