/** @file safring audit head */
#include <cli/cli.h>

#include <base/fail.h>

static saf_status fail_broken(const saf_audit_check *check, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_FAILED, "the audit trail is broken at record %llu, so it has no head to keep", (unsigned long long)check->first_bad);
    saf_hint(err, "somebody has written store.db past safring: go on from a backup of before, safring store restore BACKUP --store NEW, and keep this store as evidence");
    return status;
}

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    saf_audit_check check;
    char head[100];
    (void)args;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_check_audit(&check, store, &cli->who, NULL, err));
    if (check.first_bad)
        return fail_broken(&check, err);
    SAF_TRY(saf_audit_head_format(head, sizeof head, &check.head, err));
    cli_say(cli, "%s\n", head);
    json_object_set_new(cli->result, "head", json_string(head));
    return SAF_OK;
}

const cli_command cli_command_audit_head = {
    .noun = "audit",
    .verb = "head",
    .summary = "print the head of the audit trail, to be kept elsewhere",
    .description = "Prints the number and the MAC of the last record, after checking the trail up to it. Kept where who administers the store cannot change it, it shows later "
                   "that no record from before was removed: safring audit verify --anchor.",
    .examples = "safring audit head >/mnt/elsewhere/head",
    .groups = CLI_STORE,
    .run = run,
};
