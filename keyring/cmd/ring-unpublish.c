/** @file safring ring unpublish */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct ring_unpublish {
    const char *ring, *dir;
} ring_unpublish;

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_unpublish *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    saf_ring_address address;
    SAF_TRY(saf_ring_address_parse(&address, args->ring, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ring_unpublish(change, address.owner, address.name, args->dir, err));
    cli_say(cli, "%s the publication of the ring %s/%s in %s\n", cli->common.dry_run ? "would end" : "ended", address.owner, address.name,
            args->dir);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:o,s:b}", "owner", address.owner, "ring", address.name, "directory",
                                                  cli_text(args->dir), "ended", !cli->common.dry_run));
    return cli_end_change(cli, &change, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "OWNER/RING", NULL, "the ring", offsetof(ring_unpublish, ring), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "from", "DIR", "the directory", offsetof(ring_unpublish, dir), .required = true },
    { 0 },
};

const cli_command cli_command_ring_unpublish = {
    .noun = "ring",
    .verb = "unpublish",
    .summary = "end a publication of a key ring",
    .description = "Removes the snapshot of a ring and its key file from a directory, and the directory. Servers that poll the ring are told that it is not "
                   "there any more. The ring itself stays.",
    .examples = "safring ring unpublish ZWESVUSR/ZoweKeyring --from pub",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_unpublish),
    .run = run,
};
