/** @file safring store backup */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct store_backup {
    const char *out;
} store_backup;

static void turn(void *context, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    cli_progress_turn(context);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const store_backup *args = args_;
    OWN(saf_store) *store = NULL;
    saf_store_info info;
    cli_progress progress = { .what = "copying the store" };
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_describe(&info, store, &cli->who, err));
    saf_status status = saf_store_backup(store, &cli->who, args->out, turn, &progress, err);
    cli_progress_end(&progress);
    SAF_TRY(status);
    json_object_set_new(cli->result, "file", cli_text(args->out));
    json_object_set_new(cli->result, "id", json_string(info.id));
    json_object_set_new(cli->result, "master_key", json_string(saf_master_kind_name(info.master)));
    cli_say(cli, "wrote %s, and verified it\n", args->out);
    if (info.master == SAF_MASTER_FILE)
        cli_say(cli, "its private keys need %s/master.key: keep a copy of that, in another place\n", saf_store_dir(store));
    return SAF_OK;
}

static const cli_option options[] = {
    { CLI_TEXT, "out", "FILE", "where to write it; it must not be there yet", offsetof(store_backup, out), .required = true },
    { 0 },
};

const cli_command cli_command_store_backup = {
    .noun = "store",
    .verb = "backup",
    .summary = "copy the store into a file",
    .racf = "IRRUT200",
    .description =
        "Writes a copy of the database as of one moment, while others go on reading and changing the store. The file has mode 0600; it is verified before it gets "
        "its name, and is there whole or not at all.\n"
        "\n"
        "Private keys in it are sealed as they are in the store. The master key is not in it: keep a copy of master.key, the passphrase or the credential in "
        "another place, because a backup is worth as little as its master key is secret. What is in tokens/ is not in it either.",
    .examples = "safring store backup --out backup.db\nsafring store check && safring store backup --out /srv/backup/safring-$(date +%F).db",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(store_backup),
    .run = run,
};
