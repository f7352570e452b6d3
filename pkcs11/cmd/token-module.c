/** @file safring token module */
#include <cli/cli.h>

#include <base/fail.h>

#include <stdlib.h>

typedef struct token_module {
    const char *path;
    bool is_default;
} token_module;

/* A module that does not load is found now, not by everybody's next command. */
static saf_status try_module(const cli *cli, const char *path, saf_error *err)
{
    enum { PROBE_MS = 10000 };
    OWN(saf_p11) *p11 = NULL;
    char dir[PATH_MAX - 32], conf[PATH_MAX];
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    snprintf(conf, sizeof conf, "%s/softhsm2.conf", dir);
    saf_p11_options options = { .module = path, .softhsm_conf = saf_file_exists(conf) ? conf : NULL, .probe_ms = PROBE_MS };
    return saf_p11_open(&p11, &options, err);
}

static saf_status set_module(cli *cli, const char *path, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    SAF_TRY(cli_open_store_to_change(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_store_set_module(change, path, err));
    if (path)
        SAF_TRY(try_module(cli, path, err));
    cli_say(cli, "the store's PKCS#11 module is %s%s\n", path ? path : "the default", cli->common.dry_run ? " (not changed yet)" : "");
    return cli_end_change(cli, &change, err);
}

/* Which one commands use, and who says so. */
static saf_status show_module(cli *cli, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    const char *module;
    char room[SAF_MODULE_MAX + 1];
    SAF_TRY(cli_module(&module, room, cli, err));
    SAF_TRY(cli_open_p11(&p11, cli, err));
    const char *from = cli->common.module ? "option" : getenv("SAFRING_PKCS11_MODULE") ? "environment" : module ? "store" : "default";
    cli_say(cli, "%s\n    said by  %s\n", saf_p11_module_path(p11), from);
    json_object_update_new(cli->result, json_pack("{s:s,s:s}", "module", saf_p11_module_path(p11), "said_by", from));
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_module *args = args_;
    if (args->path && args->is_default)
        return saf_fail(err, SAF_E_USAGE, "either a module or --default");
    if (!args->path && !args->is_default)
        return show_module(cli, err);
    json_object_update_new(cli->result, json_pack("{s:s?,s:s}", "module", args->path, "said_by", args->path ? "store" : "default"));
    return set_module(cli, args->path, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "PATH", NULL, "the module's absolute path, or PATH?PARAMETERS; without it: say which one is used", offsetof(token_module, path) },
    { 0 },
};

static const cli_option options[] = {
    { CLI_FLAG, "default", NULL, "none is set any more: SoftHSM2, where distributions put it", offsetof(token_module, is_default) },
    { 0 },
};

const cli_command cli_command_token_module = {
    .noun = "token",
    .verb = "module",
    .summary = "choose the PKCS#11 module that a store's commands use",
    .description =
        "Sets which PKCS#11 module is loaded when neither --module nor the environment variable SAFRING_PKCS11_MODULE names one, for all commands on this store. The module is loaded once "
        "to see that it can be. Programs that use the libraries choose for themselves.\n"
        "\n"
        "Root does not follow the setting of a store that is another user's, who would choose what root runs.",
    .examples = "safring token module /usr/lib/softhsm/libsofthsm2.so\nsafring token module --default",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_module),
    .run = run,
};
