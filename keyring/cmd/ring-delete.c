/** @file safring ring delete */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct ring_delete {
    cli_name ring;
} ring_delete;

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_delete *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ring_delete(change, args->ring.owner, args->ring.name, err));
    cli_say(cli, "%s the ring %s/%s; its certificates stay\n", cli->common.dry_run ? "would delete" : "deleted", args->ring.owner,
            args->ring.name);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:b}", "owner", args->ring.owner, "ring", args->ring.name,
                                                  "deleted", !cli->common.dry_run));
    return cli_end_change(cli, &change, err);
}

static const cli_option operands[] = {
    { CLI_RING, "OWNER/RING", NULL, "the ring's owner and name", offsetof(ring_delete, ring), .required = true },
    { 0 },
};

const cli_command cli_command_ring_delete = {
    .noun = "ring",
    .verb = "delete",
    .summary = "delete a key ring",
    .racf = "RACDCERT DELRING; R_datalib DelRing",
    .description = "Deletes a ring and its connections. The certificates stay in the store.",
    .examples = "safring ring delete ZWESVUSR/ZoweKeyring",
    .operands = operands,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_delete),
    .run = run,
};
