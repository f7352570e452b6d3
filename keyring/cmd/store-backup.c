/** @file safring store backup */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct store_backup {
    const char *out;
} store_backup;

static void turn(void *context, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    cli_progress_turn(context);
}

static bool has_entries(const char *dir)
{
    bool found = false;
    OWN(DIR) *entries = opendir(dir);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry && !found; entry = readdir(entries))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    return found;
}

/* What is needed beside the file. */
static void say_what_else(const cli *cli, const char *dir, saf_master_kind master)
{
    OWN(own_text) tokens = NULL;
    bool has_tokens = asprintf(&tokens, "%s/tokens", dir) > 0 && has_entries(tokens);
    if (master == SAF_MASTER_FILE)
        cli_say(cli, "its private keys need %s/master.key: keep a copy of that, in another place\n", dir);
    if (master == SAF_MASTER_TOKEN)
        cli_say(cli, "its private keys need the token that its master key is in, which is not in the file%s\n", has_tokens ? "" : ": see that it has a backup of its own");
    if (has_tokens)
        cli_say(cli, "the tokens in %s are not in it: copy that directory, too\n", tokens);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const store_backup *args = args_;
    OWN(saf_store) *store = NULL;
    saf_store_info info;
    cli_progress progress = { .what = "copying the store" };
    if (!strcmp(args->out, "-"))
        return saf_fail(err, SAF_E_USAGE, "a backup is verified before it gets its name, so it cannot go to standard output: name a file (./- if that is its name)");
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_describe(&info, store, &cli->who, err));
    saf_status status = saf_store_backup(store, &cli->who, args->out, turn, &progress, err);
    cli_progress_end(&progress);
    SAF_TRY(status);
    json_object_set_new(cli->result, "file", cli_text(args->out));
    json_object_set_new(cli->result, "id", json_string(info.id));
    json_object_set_new(cli->result, "master_key", json_string(saf_master_kind_name(info.master)));
    cli_say(cli, "wrote %s, and verified it\n", args->out);
    say_what_else(cli, saf_store_dir(store), info.master);
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
        "its name, and is there whole or not at all. A directory in which another user could exchange it meanwhile is refused.\n"
        "\n"
        "Private keys in it are sealed as they are in the store. The master key is not in it: keep a copy of master.key, the passphrase or the credential in "
        "another place, because a backup is worth as little as its master key is secret. What is in tokens/ is not in it either: copy that directory while no token in it is changed. When the master key is "
        "in a token there, a backup without that copy opens nothing.",
    .examples = "safring store backup --out backup.db\nsafring store check && safring store backup --out /srv/backup/safring-$(date +%F).db",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(store_backup),
    .run = run,
};
