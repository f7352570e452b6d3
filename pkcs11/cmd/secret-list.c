/** @file safring secret list */
#include <cli/secret-key.h>

#include <base/fail.h>

typedef struct secret_list {
    cli_secret_name name;
} secret_list;

/* Columns are counted in characters, not in bytes. */
static int width_of(const char *text, int columns)
{
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xC0) == 0x80;
    return columns;
}

static void say(const cli *cli, const saf_p11_secret *secret)
{
    char dates[64], sequence[16] = "-";
    if (secret->sequence)
        snprintf(sequence, sizeof sequence, "%u", secret->sequence);
    cli_say(cli, "%-*s  %6s  %-5s %3zu bytes  %-6s  %s%s%s\n", width_of(secret->label, 24), secret->label, sequence, cli_secret_kind_name(secret->kind),
            secret->len, *secret->check_value ? secret->check_value : "------", cli_leaving_text(saf_p11_secret_leaving(secret)),
            secret->local ? "" : ", imported", cli_secret_dates_text(dates, sizeof dates, secret));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_list *args = args_;
    OWN(cli_secret_token) token = { 0 };
    OWN(saf_p11_secret_list) list = { 0 };
    saf_p11_uri uri;
    json_t *secrets = json_array();
    json_object_set_new(cli->result, "secrets", secrets);
    SAF_TRY(cli_secret_uri(&uri, &args->name, CLI_SECRET_TOKEN, err));
    SAF_TRY(cli_open_secret_token(&token, cli, &uri, err));
    SAF_TRY(saf_p11_list_secrets(&list, token.session, &uri, err));
    for (size_t i = 0; i < list.count; i++) {
        say(cli, &list.secrets[i]);
        json_array_append_new(secrets, cli_shape_secret(&list.secrets[i]));
    }
    return SAF_OK;
}

static const cli_option operands[] = {
    CLI_SECRET_OPERAND(secret_list, name),
    { 0 },
};

static const cli_option options[] = {
    CLI_SECRET_NAME_OPTIONS(secret_list, name),
    { 0 },
};

const cli_command cli_command_secret_list = {
    .noun = "secret",
    .verb = "list",
    .summary = "list the secret keys of a PKCS#11 token",
    .racf = "RACDCERT LISTTOKEN; ICSF CSFPTRL",
    .description = "Lists the secret keys of a token, or those of one label: label, sequence number (\"-\": another tool's), kind and length, check value, whether it may "
                   "leave the token, whether it was imported (its value has been elsewhere), and the last day on which it is in force. Never a key. secret show and "
                   "--json say more, the URI above all.",
    .examples = "safring secret list --token ZWE.IDT --pin-source file:pin\n"
                "safring secret list --token ZWE.IDT --label jwtsecret --json --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(secret_list),
    .run = run,
};
