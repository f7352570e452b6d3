/** @file safring store init */
#include <cli/cli.h>

#include <base/fail.h>

#include <limits.h>

typedef struct store_init {
    int if_exists;
} store_init;

enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP };

static saf_status create(const cli *cli, const store_init *args, const char *dir, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    saf_store_options options;
    SAF_TRY(cli_store_options(&options, cli, err));
    saf_status status = saf_store_create(dir, &options, err);
    if (status == SAF_E_EXISTS && args->if_exists == IF_EXISTS_KEEP) {
        if (options.passphrase) /* keep one that is protected as it was asked for, no other */
            SAF_TRY(cli_open_store(&store, cli, err));
        cli_say(cli, "the store %s is there already\n", dir);
        json_object_set_new(cli->result, "made", json_false());
        return SAF_OK;
    }
    SAF_TRY(status);
    if (options.passphrase)
        cli_warn_short(cli, options.passphrase);
    cli_say(cli, "made the store %s\n", dir);
    if (!options.passphrase)
        cli_say(cli, "its master key is %s/master.key: back it up apart from store.db\n", dir);
    json_object_set_new(cli->result, "made", json_true());
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    char dir[PATH_MAX];
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    json_object_set_new(cli->result, "store", json_string(dir));
    return create(cli, args, dir, err);
}

static const char *const if_exists[] = { "fail", "keep", NULL };

static const cli_option options[] = {
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is a store", offsetof(store_init, if_exists),
      .choices = if_exists },
    { 0 },
};

const cli_command cli_command_store_init = {
    .noun = "store",
    .verb = "init",
    .summary = "make a store",
    .racf = "the RACF database",
    .description =
        "Makes the directory that holds certificates, keys, rings and policies (store.db), the files of PKCS#11 tokens (tokens/) and "
        "a SoftHSM configuration for them. Other commands that change something make the store themselves when it is missing; this one "
        "is for choosing how it is protected.\n"
        "\n"
        "Private keys in the store are sealed under a master key. By default that is the file master.key in the same directory, mode "
        "0400: it protects copies of store.db, but not against somebody who can read the whole directory. With --store-secret-source it is "
        "a passphrase, and every later command needs the same option.",
    .examples = "safring store init\n"
                "safring store init --store /srv/pki --store-secret-source cred:safring",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(store_init),
    .run = run,
};
