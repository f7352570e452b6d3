/** @file safring store restore */
#include <cli/cli.h>

#include <base/fail.h>

#include <limits.h>
#include <string.h>

typedef struct store_restore {
    const char *file;
    const char *key_file;
} store_restore;

/* Beside the backup, else in the default store: the one that it was made of, mostly. */
static saf_status find_key_file(char **out, const char *backup, saf_error *err)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(backup, '/');
    int len = slash ? (int)(slash - backup) + 1 : 0;
    OWN(own_text) beside = NULL;
    if (asprintf(&beside, "%.*smaster.key", len, backup) < 0)
        return saf_fail_memory(err);
    if (saf_file_exists(beside)) {
        *out = GIVE(&beside);
        return SAF_OK;
    }
    if (saf_store_default_dir(dir, sizeof dir, NULL) != SAF_OK)
        return SAF_OK;
    if (asprintf(out, "%s/master.key", dir) < 0) {
        *out = NULL;
        return saf_fail_memory(err);
    }
    if (!saf_file_exists(*out)) {
        free(*out);
        *out = NULL;
    }
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const store_restore *args = args_;
    char dir[PATH_MAX];
    saf_store_options options;
    OWN(own_text) found = NULL;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    SAF_TRY(cli_store_options(&options, cli, err));
    if (!args->key_file)
        SAF_TRY(find_key_file(&found, args->file, err));
    SAF_TRY(saf_store_restore(dir, args->file, &options, args->key_file ? args->key_file : found, err));
    json_object_set_new(cli->result, "store", cli_text(dir));
    cli_say(cli, "made the store %s of %s, and checked it\n", dir, args->file);
    cli_note(cli, "it has the id of the store that %s was made of: use one of the two, not both", args->file);
    return SAF_OK;
}

static const cli_option operands[] = {
    { CLI_TEXT, "FILE", NULL, "a backup", offsetof(store_restore, file), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "master-key-file", "FILE",
      "a copy of master.key, when that is how the store was protected (default: master.key beside the backup, else that of the default store)",
      offsetof(store_restore, key_file) },
    { 0 },
};

const cli_command cli_command_store_restore = {
    .noun = "store",
    .verb = "restore",
    .summary = "make a store of a backup",
    .description =
        "Makes a new store of a file that safring store backup wrote, in the directory of --store, which must not be there yet. It is made under another name, checked as "
        "safring store check does, and then gets its name: it is there whole or not at all. The master key is the one at the time of the backup: a copy of its key file, or "
        "--store-secret-source with its passphrase or credential.\n"
        "\n"
        "When the master key was in a token, that token must be there: with SoftHSM's, make the restored store's with a copy of tokens/ at hand, and let SOFTHSM2_CONF name a configuration "
        "whose directories.tokendir is that copy while restoring; afterwards copy what is in it into the new store's tokens/. --store-secret-source is the token's PIN.\n"
        "\n"
        "The new store has the id of the old one and goes on from where that was. Keys and serial numbers would be used twice if both were used. An "
        "anchor of the audit trail that is younger than the backup will not be found in it (safring audit verify --anchor). It has no publications: publish "
        "anew what is to go on (safring ring publish into the same directories takes them over). Rings get numbers at their next change that they never had before, so servers that poll them "
        "see what was done anew.",
    .examples = "safring store restore backup.db --store copy",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(store_restore),
    .run = run,
};
