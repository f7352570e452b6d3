/** @file safring audit verify */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct audit_verify {
    const char *anchor;
} audit_verify;

static void say_trail(cli *cli, const saf_audit_check *check)
{
    if (check->first_bad)
        cli_say(cli, "the trail is broken at record %llu: it was altered, or one is missing\n", (unsigned long long)check->first_bad);
    else
        cli_say(cli, "all %llu records are as they were written\n", (unsigned long long)check->records);
}

static void say_anchor(cli *cli, const saf_audit_check *check)
{
    cli_say(cli, check->anchor_is_in_it ? "the anchor is one of them: nothing from before it was cut off or put back\n"
                                        : "the anchor is not in it: records were cut off, or an older copy of the store was put back\n");
    json_object_set_new(cli->result, "anchor_found", json_boolean(check->anchor_is_in_it));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const audit_verify *args = args_;
    OWN(saf_store) *store = NULL;
    saf_audit_head anchor;
    saf_audit_check check;
    char head[100];
    if (args->anchor)
        SAF_TRY(saf_audit_head_parse(&anchor, args->anchor, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_check_audit(&check, store, &cli->who, args->anchor ? &anchor : NULL, err));
    SAF_TRY(saf_audit_head_format(head, sizeof head, &check.head, err));
    say_trail(cli, &check);
    if (args->anchor)
        say_anchor(cli, &check);
    json_object_update_new(cli->result, json_pack("{s:b,s:I,s:o,s:s}", "good", !check.first_bad && check.anchor_is_in_it, "records",
                                                  (json_int_t)check.records, "first_bad",
                                                  check.first_bad ? json_integer((json_int_t)check.first_bad) : json_null(), "head", head));
    cli->answer_is_no = check.first_bad || !check.anchor_is_in_it;
    return SAF_OK;
}

static const cli_option options[] = {
    { CLI_TEXT, "anchor", "HEAD", "what safring audit head printed at some time before", offsetof(audit_verify, anchor) },
    { 0 },
};

const cli_command cli_command_audit_verify = {
    .noun = "audit",
    .verb = "verify",
    .summary = "check that the audit trail is as it was written",
    .description =
        "Computes the chain of the records' MACs from the first to the last. A record that was altered, removed or moved breaks it. That the last ones were cut off, or that an "
        "older copy of the whole store was put back, shows only against a head of the trail that was kept elsewhere: --anchor.\n"
        "\n"
        "A trail that is broken stays so, and has no head to keep any more (safring audit head); changes go on being recorded behind the gap. Who can break it can change the rest of the store as well, so "
        "go on from a backup of before: safring store restore, and keep the broken store as evidence.\n"
        "\n"
        "Exit code 0: it is as it was written, and the anchor (if one is given) is in it; 3: it is not.",
    .examples = "safring audit verify\nsafring audit verify --anchor \"$(cat /mnt/elsewhere/head)\"",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(audit_verify),
    .run = run,
};
