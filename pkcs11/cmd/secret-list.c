/** @file safring secret list */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct secret_list {
    const char *token;
} secret_list;

static saf_status list(cli *cli, saf_p11_session *session, saf_error *err)
{
    OWN(saf_p11_secret_list) list = { 0 };
    json_t *secrets = json_array();
    json_object_set_new(cli->result, "secrets", secrets);
    SAF_TRY(saf_p11_list_secrets(&list, session, NULL, err));
    for (size_t i = 0; i < list.count; i++) {
        const saf_p11_secret *secret = &list.secrets[i];
        cli_say(cli, "%-24s  %3zu bytes  sequence %-6u  check %s  %s\n", secret->label, secret->len, secret->sequence,
                secret->check_value[0] ? secret->check_value : "------", secret->uri);
        json_array_append_new(secrets, cli_shape_secret(secret));
    }
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_list *args = args_;
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    OWN(saf_secret) pin = { 0 };
    saf_p11_uri uri = { 0 };
    SAF_TRY(saf_p11_token_name_check(args->token, err));
    snprintf(uri.token, sizeof uri.token, "%s", args->token);
    SAF_TRY(cli_open_p11(&p11, cli, err));
    SAF_TRY(cli_read_pin(&pin, cli, args->token, err));
    SAF_TRY(saf_p11_login(&session, p11, &uri, &pin, err));
    return list(cli, session, err);
}

static const cli_option options[] = {
    { CLI_TEXT, "token", "NAME", "the token", offsetof(secret_list, token), .required = true },
    { 0 },
};

const cli_command cli_command_secret_list = {
    .noun = "secret",
    .verb = "list",
    .summary = "list the secret keys of a PKCS#11 token",
    .racf = "RACDCERT LISTTOKEN; ICSF CSFPTRL",
    .description = "Lists the secret keys of a token: label, length, sequence number, check value and URI, never a key.",
    .examples = "safring secret list --token ZWE.IDT --pin-source file:pin",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(secret_list),
    .run = run,
};
