/** @file The options that many verbs take. */
#include <cli/cli.h>

const cli_option *cli_options_of_all(void)
{
    static const cli_option options[] = {
        { CLI_FLAG, "json", NULL, "print the result as one JSON object", offsetof(cli_common, json) },
        { CLI_FLAG, "help", NULL, "print this help", offsetof(cli_common, help) },
        { 0 },
    };
    return options;
}

static const cli_option store_options[] = {
    { CLI_TEXT, "store", "DIR",
      "the store; default $SAFRING_HOME, else /var/lib/safring for root, else $XDG_DATA_HOME/safring",
      offsetof(cli_common, store) },
    { CLI_SOURCE, "store-secret-source", "SOURCE", "where the store's passphrase, credential or token PIN is; default: it has a key file",
      offsetof(cli_common, store_secret_source) },
    { 0 },
};

static const cli_option token_options[] = {
    { CLI_TEXT, "module", "PATH[?PARAMETERS]", "the PKCS#11 module, with what it wants to be initialised with (NSS does); default $SAFRING_PKCS11_MODULE, else the store's (safring token module), else SoftHSM2",
      offsetof(cli_common, module) },
    { CLI_SOURCE, "pin-source", "SOURCE", "where the token's PIN is; default: ask at the terminal (setup: make one and keep it in a file)",
      offsetof(cli_common, pin_source) },
    { 0 },
};

static const cli_option change_options[] = {
    { CLI_FLAG, "dry-run", NULL, "check everything and say what would be done, but do nothing",
      offsetof(cli_common, dry_run) },
    { 0 },
};

const cli_option *cli_options_of_group(cli_groups group)
{
    switch (group) {
    case CLI_STORE: return store_options;
    case CLI_TOKEN: return token_options;
    case CLI_MUTATES: return change_options;
    }
    return NULL;
}

static saf_status each_of(const cli_option *options, cli_option_visit visit, void *context, bool is_common)
{
    for (const cli_option *option = options; option && option->kind != CLI_END; option++) {
        saf_status status = visit(context, option, is_common);
        if (status != SAF_OK)
            return status;
    }
    return SAF_OK;
}

saf_status cli_each_option(const cli_command *command, cli_option_visit visit, void *context)
{
    static const cli_groups groups[] = { CLI_MUTATES, CLI_TOKEN, CLI_STORE };
    saf_status status = each_of(command->options, visit, context, false);
    for (size_t i = 0; status == SAF_OK && i < sizeof groups / sizeof *groups; i++)
        if (command->groups & groups[i])
            status = each_of(cli_options_of_group(groups[i]), visit, context, true);
    return status == SAF_OK ? each_of(cli_options_of_all(), visit, context, true) : status;
}
