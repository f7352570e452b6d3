/** @file safring store check */
#include <cli/cli.h>

#include <base/fail.h>

OWN_VALUE(saf_store_problems, saf_store_problems_free)

static void turn(void *context, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    cli_progress_turn(context);
}

static void say_problems(cli *cli, const saf_store_problems *problems, const char *dir)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        cli_say(cli, "%s\n", problems->texts[i]);
        json_array_append_new(texts, cli_text(problems->texts[i]));
    }
    if (!problems->count)
        cli_say(cli, "the store %s is sound\n", dir);
    json_object_set_new(cli->result, "sound", json_boolean(!problems->count));
    json_object_set_new(cli->result, "problems", texts);
}

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    OWN(saf_store_problems) problems = { 0 };
    cli_progress progress = { .what = "checking the store" };
    (void)args;
    SAF_TRY(cli_open_store(&store, cli, err));
    saf_status status = saf_store_check(&problems, store, &cli->who, turn, &progress, err);
    cli_progress_end(&progress);
    SAF_TRY(status);
    json_object_set_new(cli->result, "store", cli_text(saf_store_dir(store)));
    say_problems(cli, &problems, saf_store_dir(store));
    cli->answer_is_no = problems.count > 0;
    return SAF_OK;
}

const cli_command cli_command_store_check = {
    .noun = "store",
    .verb = "check",
    .summary = "check the store as a whole",
    .racf = "IRRUT200, IRRDBU00",
    .description =
        "Verifies what a store promises about itself: the database's own structure, that each row says what the certificate in it says, that sealed "
        "private keys open and belong to their certificates, rings, policies, counters, the chain of the audit trail, and owner and mode of the files. "
        "Others may use the store meanwhile.\n"
        "\n"
        "Each problem is one line that names the object; at most 1000 are shown. Exit code 0: there is none; 3: there are some. A store that cannot even be "
        "opened is exit code 1 or 6.",
    .examples = "safring store check\nsafring store check --json",
    .groups = CLI_STORE,
    .run = run,
};
