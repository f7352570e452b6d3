/** @file safring token init */
#include <cli/cli.h>

#include <base/fail.h>

#include <limits.h>

typedef struct token_init {
    const char *name, *so_pin_source;
    int if_exists;
} token_init;

enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP };

/* SoftHSM's token files live in the store's directory, so there has to be one. */
static saf_status ensure_store(const cli *cli, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    return cli->common.module ? SAF_OK : cli_open_store_to_change(&store, cli, err);
}

static saf_status find_existing(bool *found, saf_p11_token *token, saf_p11 *p11, const token_init *args, saf_error *err)
{
    saf_p11_uri uri = { 0 };
    saf_error not_found = { 0 };
    snprintf(uri.token, sizeof uri.token, "%s", args->name);
    saf_status status = saf_p11_find_token(token, p11, &uri, &not_found);
    *found = status == SAF_OK && token->user_pin_set;
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = not_found;
    return status;
}

static saf_status make(cli *cli, const token_init *args, saf_p11 *p11, saf_p11_token *token, saf_error *err)
{
    OWN(saf_secret) pin = { 0 };
    OWN(saf_secret) so_pin = { 0 };
    char prompt[80];
    snprintf(prompt, sizeof prompt, "New PIN for token %s: ", args->name);
    SAF_TRY(cli_read_secret(&pin, cli->common.pin_source, "pin-source", prompt, CLI_PROMPT_TWICE, err));
    SAF_TRY(cli_read_secret(&so_pin, args->so_pin_source, "so-pin-source", "New security officer's PIN: ", CLI_PROMPT_TWICE,
                            err));
    if (!cli->common.dry_run)
        return saf_p11_init_token(token, p11, args->name, &so_pin, &pin, err);
    cli_say(cli, "would make the token %s in %s\n", args->name, saf_p11_module_path(p11));
    json_object_update_new(cli->result, json_pack("{s:s,s:b}", "label", args->name, "made", 0));
    return SAF_OK;
}

static void say_token(const cli *cli, const saf_p11_token *token, bool made)
{
    cli_say(cli, "%s %s, serial %s\n", made ? "made the token" : "there already: token", token->label, token->serial);
    json_object_update_new(cli->result, cli_shape_token(token));
    json_object_set_new(cli->result, "made", json_boolean(made));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_init *args = args_;
    OWN(saf_p11) *p11 = NULL;
    saf_p11_token token = { 0 };
    bool found = false;
    SAF_TRY(saf_p11_token_name_check(args->name, err));
    SAF_TRY(ensure_store(cli, err));
    SAF_TRY(cli_open_p11(&p11, cli, err));
    SAF_TRY(find_existing(&found, &token, p11, args, err));
    if (found && args->if_exists == IF_EXISTS_FAIL) {
        (void)saf_fail(err, SAF_E_EXISTS, "there is a token %s already (serial %s)", token.label, token.serial);
        saf_hint(err, "--if-exists keep accepts it");
        return SAF_E_EXISTS;
    }
    if (!found)
        SAF_TRY(make(cli, args, p11, &token, err));
    if (found || !cli->common.dry_run)
        say_token(cli, &token, !found);
    return SAF_OK;
}

static const char *const if_exists[] = { "fail", "keep", NULL };

static const cli_option operands[] = {
    { CLI_TEXT, "NAME", NULL, "the token's name: 1-32 letters, digits, # $ @ or \".\", first no digit or \".\"",
      offsetof(token_init, name), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_SOURCE, "so-pin-source", "SOURCE", "where the security officer's PIN is; default: ask at the terminal",
      offsetof(token_init, so_pin_source) },
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a token", offsetof(token_init, if_exists),
      .choices = if_exists },
    { 0 },
};

const cli_command cli_command_token_init = {
    .noun = "token",
    .verb = "init",
    .summary = "make a PKCS#11 token",
    .racf = "RACDCERT ADDTOKEN; ICSF CSFPTRC",
    .description =
        "Makes a token in a free slot of the PKCS#11 module and sets the user's and the security officer's PIN (4-255 characters each).\n"
        "\n"
        "With SoftHSM2, the default module, the token's files are in the store's directory unless $SOFTHSM2_CONF says otherwise.",
    .examples = "safring token init ZWE.IDT --pin-source file:pin --so-pin-source file:sopin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_init),
    .run = run,
};
