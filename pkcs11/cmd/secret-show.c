/** @file safring secret show */
#include <cli/secret-key.h>

#include <base/fail.h>

typedef struct secret_show {
    cli_secret_name name;
} secret_show;

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_show *args = args_;
    OWN(cli_secret_token) token = { 0 };
    OWN(saf_p11_secret_list) list = { 0 };
    saf_p11_uri uri;
    saf_p11_secret none;
    SAF_TRY(cli_secret_uri(&uri, &args->name, CLI_SECRET_KEY, err));
    SAF_TRY(cli_open_secret_token(&token, cli, &uri, err));
    SAF_TRY(saf_p11_list_secrets(&list, token.session, &uri, err));
    if (!list.count)
        return saf_p11_find_secret(&none, token.session, &uri, err); /* says what is missing */
    const saf_p11_secret *newest = &list.secrets[list.count - 1];
    cli_say_secret(cli, newest);
    if (list.count > 1)
        cli_say(cli, "    versions     %zu, this is the newest\n", list.count);
    json_object_update_new(cli->result, cli_shape_secret(newest));
    json_object_set_new(cli->result, "versions", json_integer((json_int_t)list.count));
    return SAF_OK;
}

static const cli_option operands[] = {
    CLI_SECRET_OPERAND(secret_show, name),
    { 0 },
};

static const cli_option options[] = {
    CLI_SECRET_NAME_OPTIONS(secret_show, name),
    { 0 },
};

const cli_command cli_command_secret_show = {
    .noun = "secret",
    .verb = "show",
    .summary = "show one secret key of a PKCS#11 token",
    .racf = "RACDCERT LISTTOKEN; ICSF CSFPGAV",
    .description = "Shows all that is known about a secret key: its URI, ICSF handle and check value, whether it may leave the token, whether its value was ever elsewhere, "
                   "what it is used for, and when. Of several versions of one label it is the newest. Never the key.",
    .examples = "safring secret show --token ZWE.IDT --label jwtsecret --pin-source file:pin\n"
                "safring secret show 'pkcs11:token=ZWE.IDT;object=jwtsecret;id=%00%00%00%01' --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(secret_show),
    .run = run,
};
