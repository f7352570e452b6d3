/** @file safring setup */
#include <cli/cli.h>

#include <base/fail.h>

#include <safring/setup.h>

#include <limits.h>
#include <string.h>

typedef struct setup {
    const char *config, *root, *appl, *token, *secret_label, *so_pin_source;
    bool update_config, keep_default_passwords, no_idt;
} setup;

OWN_VALUE(saf_zowe_config, saf_zowe_config_free)
OWN_HANDLE(saf_setup_plan, saf_setup_plan_free)

/* The store is under the root too, unless it was named. */
static saf_status choose_store(char *out, size_t out_cap, const cli *cli, const setup *args, saf_error *err)
{
    char dir[PATH_MAX];
    bool named = cli->common.store || (getenv("SAFRING_HOME") && *getenv("SAFRING_HOME"));
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    const char *root = named || !args->root ? "" : args->root;
    if ((size_t)snprintf(out, out_cap, "%s%s", root, dir) >= out_cap)
        return saf_fail(err, SAF_E_USAGE, "--root is too long");
    return SAF_OK;
}

static saf_status read_config(saf_zowe_config *out, const char *path, saf_error *err)
{
    OWN(saf_buffer) yaml = { 0 };
    SAF_TRY(saf_file_read(&yaml, path, SAF_ZOWE_YAML_MAX, err));
    return saf_zowe_config_read(out, saf_buffer_bytes(&yaml), path, err);
}

static const char *state_name(const cli *cli, saf_step_state state)
{
    if (state == SAF_STEP_DONE_BEFORE)
        return "unchanged";
    return cli->common.dry_run || state == SAF_STEP_TO_DO ? "to do" : "done";
}

static void say_step(const cli *cli, const saf_setup_step *step)
{
    cli_say(cli, "  %-9s  %s\n", state_name(cli, step->state), step->text);
}

typedef struct reporter {
    const cli *cli;
    cli_progress progress;
} reporter;

static void turn(void *context)
{
    reporter *reporter = context;
    cli_progress_turn(&reporter->progress);
}

static void report_step(void *context, const saf_setup_step *step)
{
    reporter *reporter = context;
    if (step->state == SAF_STEP_TO_DO)
        return;
    cli_progress_end(&reporter->progress);
    say_step(reporter->cli, step);
    cli_say_now(reporter->cli);
}

static void say_outcome(cli *cli, const saf_setup_plan *plan, bool had_work)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < saf_setup_plan_size(plan); i++) {
        const saf_setup_step *step = saf_setup_plan_at(plan, i);
        json_array_append_new(steps, json_pack("{s:s,s:s,s:s,s:s}", "action", step->action, "object", step->object, "text",
                                               step->text, "state", state_name(cli, step->state)));
    }
    const char *secrets = saf_setup_secrets_path(plan), *pin = saf_setup_pin_path(plan);
    const char *block = saf_setup_certificate_block(plan);
    json_object_update_new(cli->result, json_pack("{s:o,s:b,s:s,s:s}", "steps", steps, "changed",
                                                  had_work && !cli->common.dry_run, "secrets_file", secrets,
                                                  "zowe_certificate", block));
    json_object_set_new(cli->result, "pin_file", json_string(pin));
    cli_say(cli, "\nFor zowe.yaml%s:\n\n%s\n", *secrets ? " (passwords masked)" : "", block);
    if (*secrets)
        cli_say(cli, "The passwords are in %s (mode 0600).\n", secrets);
    if (*pin)
        cli_say(cli, "The token's PIN is in %s: use it with --pin-source file:%s\n", pin, pin);
}

/* Also when it failed: what was reported as done is done. */
static saf_status apply(const cli *cli, saf_setup_plan *plan, reporter *reporter, saf_error *err)
{
    saf_error why = { 0 };
    saf_status status = saf_setup_apply(plan, report_step, reporter, err);
    cli_say_unpublished(cli, saf_setup_unpublished(plan, &why), &why);
    return status;
}

static saf_status plan_and_apply(cli *cli, saf_setup_options *options, saf_error *err)
{
    reporter reporter = { .cli = cli, .progress.what = "making keys" };
    options->progress = turn;
    options->progress_context = &reporter;
    OWN(saf_setup_plan) *plan = NULL;
    SAF_TRY(saf_setup_plan_make(&plan, options, err));
    size_t pending = saf_setup_plan_pending(plan);
    if (cli->common.dry_run || !pending)
        for (size_t i = 0; i < saf_setup_plan_size(plan); i++)
            say_step(cli, saf_setup_plan_at(plan, i));
    else
        SAF_TRY(apply(cli, plan, &reporter, err));
    say_outcome(cli, plan, pending);
    if (!pending)
        cli_say(cli, "Everything is as it should be: nothing was changed.\n");
    else if (cli->common.dry_run)
        cli_say(cli, "Dry run: nothing was changed.\n");
    return SAF_OK;
}

static saf_status read_pins(saf_secret *pin, saf_secret *so_pin, const cli *cli, const setup *args, saf_error *err)
{
    if (cli->common.pin_source)
        SAF_TRY(saf_secret_from_source(pin, cli->common.pin_source, err));
    if (args->so_pin_source)
        SAF_TRY(saf_secret_from_source(so_pin, args->so_pin_source, err));
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const setup *args = args_;
    OWN(saf_zowe_config) config = { 0 };
    OWN(saf_secret) pin = { 0 };
    OWN(saf_secret) so_pin = { 0 };
    char store_dir[PATH_MAX], conf[PATH_MAX + 16];
    SAF_TRY(read_config(&config, args->config, err));
    SAF_TRY(choose_store(store_dir, sizeof store_dir, cli, args, err));
    SAF_TRY(read_pins(&pin, &so_pin, cli, args, err));
    snprintf(conf, sizeof conf, "%s/softhsm2.conf", store_dir);

    saf_store_options store_options;
    SAF_TRY(cli_store_options(&store_options, cli, err));
    saf_p11_options p11_options = { .module = cli->common.module, .softhsm_conf = conf };
    saf_setup_options options = { .config = &config, .config_path = args->config, .root = args->root,
                                  .store_dir = store_dir, .store_options = &store_options, .p11_options = &p11_options,
                                  .who = &cli->who, .update_config = args->update_config,
                                  .keep_default_passwords = args->keep_default_passwords, .no_idt = args->no_idt,
                                  .appl = args->appl, .token = args->token, .secret_label = args->secret_label,
                                  .pin = &pin, .so_pin = &so_pin };
    cli_say(cli, "%s, store %s\n", saf_zowe_scenario_name(config.scenario), store_dir);
    json_object_update_new(cli->result, json_pack("{s:s,s:s}", "scenario", saf_zowe_scenario_name(config.scenario), "store", store_dir));
    return plan_and_apply(cli, &options, err);
}

static const cli_option options[] = {
    { CLI_TEXT, "config", "FILE", "the zowe.yaml to read", offsetof(setup, config), .required = true },
    { CLI_TEXT, "root", "DIR", "put before every path that is written, the store's too unless it is named; default none",
      offsetof(setup, root) },
    { CLI_FLAG, "update-config", NULL, "write the zowe.certificate block into FILE; every other byte stays as it is",
      offsetof(setup, update_config) },
    { CLI_FLAG, "keep-default-passwords", NULL, "accept Zowe's well-known default passwords; default: random ones instead",
      offsetof(setup, keep_default_passwords) },
    { CLI_FLAG, "no-idt", NULL, "make no PKCS#11 token, secret key and token policy", offsetof(setup, no_idt) },
    { CLI_TEXT, "appl", "NAME", "the application of the token policy; default ZOWEAPPL", offsetof(setup, appl) },
    { CLI_TEXT, "token", "NAME", "the PKCS#11 token; default ZWE.IDT", offsetof(setup, token) },
    { CLI_TEXT, "secret-label", "LABEL", "the secret key's label; default jwtsecret", offsetof(setup, secret_label) },
    { CLI_SOURCE, "so-pin-source", "SOURCE", "where the security officer's PIN is; default: a random one is made",
      offsetof(setup, so_pin_source) },
    { 0 },
};

const cli_command cli_command_setup = {
    .noun = "setup",
    .summary = "a whole installation from zowe.yaml",
    .racf = "zwe init certificate; the jobs ZWEKRING and ZWESECKG",
    .description =
        "Reads zowe.setup.certificate of a zowe.yaml and makes what it asks for: CA and server certificate (or takes them from a PKCS#12 file, or "
        "from the store), the key ring or the keystore and trust store files in Zowe's layout, and, unless --no-idt, a PKCS#11 token with a secret "
        "key and the policy for signing identity tokens with it. All five scenarios of Zowe's example file work.\n"
        "\n"
        "Passwords that are missing, or Zowe's well-known defaults, are replaced by random ones; these go into a file with mode 0600 that is named at the "
        "end, and so do the PINs of the token when no source is given. Nothing secret is printed.\n"
        "\n"
        "Run it again to complete an interrupted run; when everything is as it should be, nothing is changed. --dry-run prints the plan that a real "
        "run carries out.",
    .examples = "safring setup --config zowe.yaml --dry-run\n"
                "safring setup --config zowe.yaml --root /tmp/try\n"
                "safring setup --config zowe.yaml --update-config --pin-source cred:zowe-pin",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(setup),
    .run = run,
};
