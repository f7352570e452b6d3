/** @file safring token bind */
#include <cli/token.h>

#include <base/fail.h>

typedef struct token_bind {
    cli_name cert;
    cli_token token;
    const char *label;
    bool no_key;
} token_bind;

/* The key that the store has; NULL: it has none, or is not to give it. */
static saf_status load_key(EVP_PKEY **out, cli *cli, saf_store *store, const saf_cert *cert, const token_bind *args, saf_error *err)
{
    if (args->no_key || cert->key_place != SAF_KEY_STORED)
        return SAF_OK;
    saf_status status = saf_store_load_key(out, store, &cli->who, cert, err);
    if (status == SAF_E_DENIED)
        saf_hint(err, "--no-key puts the certificate alone into the token");
    return status;
}

static void say(cli *cli, const token_bind *args, const saf_p11_token *token, const saf_token_bound *bound)
{
    bool dry_run = cli->common.dry_run;
    cli_say(cli, "%s %s/%s into token %s\n", dry_run ? "would put" : "put", args->cert.owner, args->cert.name, token->label);
    if (!dry_run)
        cli_say(cli, "    certificate  %s\n    private key  %s%s\n", bound->uri, bound->has_key ? bound->key_uri : "none",
                bound->has_key && !bound->made_key ? " (was there already)" : "");
    json_object_update_new(cli->result, json_pack("{s:s,s:o,s:o,s:o,s:o,s:b,s:b}", "owner", args->cert.owner, "label", cli_text(args->cert.name), "token",
                                                  cli_text(token->label), "uri", *bound->uri ? cli_text(bound->uri) : json_null(), "key_uri",
                                                  *bound->key_uri ? cli_text(bound->key_uri) : json_null(), "has_key", bound->has_key, "made_key",
                                                  bound->made_key));
}

static saf_status bind_to(cli *cli, const token_bind *args, const saf_cert *cert, const EVP_PKEY *key, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_token token;
    saf_token_bound bound = { 0 };
    saf_token_bind_request request = { .label = args->label ? args->label : cert->label, .cert = cert->der, .key = key };
    SAF_TRY(cli_open_token(&p11, &token, cli, &args->token, err));
    SAF_TRY(cli_token_login(&session, p11, cli, &token, err));
    if (!cli->common.dry_run)
        SAF_TRY(saf_token_bind(&bound, session, &request, err));
    say(cli, args, &token, &bound);
    if (!key && !bound.has_key && !cli->common.dry_run && !args->no_key)
        cli_note(cli, "the store does not have the private key of %s/%s, so the token has none either", cert->owner, cert->label);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_bind *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *cert = NULL;
    OWN(EVP_PKEY) *key = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(load_key(&key, cli, store, cert, args, err));
    return bind_to(cli, args, cert, key, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(token_bind, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "token", "TOKEN", "the token: its label, its serial, or its URI", offsetof(token_bind, token.option), .required = true },
    { CLI_TEXT, "label", "LABEL", "how it is called in the token (CKA_LABEL); default: its label in the store", offsetof(token_bind, label) },
    { CLI_FLAG, "no-key", NULL, "the certificate alone, also when the store has its private key", offsetof(token_bind, no_key) },
    { 0 },
};

const cli_command cli_command_token_bind = {
    .noun = "token",
    .verb = "bind",
    .summary = "put a certificate and its key into a PKCS#11 token",
    .racf = "RACDCERT BIND",
    .description =
        "Puts a certificate of the store into a token, with its public key and, when the store has it and you may have it, its private key, for programs that look for them there. The "
        "three share their CKA_ID; the private key is sensitive and cannot be extracted. A key of it that is in the token already stays, and the certificate is put beside it.\n"
        "\n"
        "The store keeps its own copy of the private key, so that the certificate can be renewed and bound elsewhere; the copy in the token is renewed by binding again. After a kill, "
        "the same command completes what it began.",
    .examples = "safring token bind ZWESVUSR/localhost --token ZWE.IDT --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_bind),
    .run = run,
};
