/** @file safring ring remove */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct ring_remove {
    cli_name ring, cert;
} ring_remove;

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_remove *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ring_disconnect(change, args->ring.owner, args->ring.name, args->cert.owner, args->cert.name, err));
    cli_say(cli, "%s %s/%s out of the ring %s/%s; it stays in the store\n", cli->common.dry_run ? "would take" : "took",
            args->cert.owner, args->cert.name, args->ring.owner, args->ring.name);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:{s:s,s:s},s:b}", "owner", args->ring.owner, "ring",
                                                  args->ring.name, "certificate", "owner", args->cert.owner,
                                                  "label", args->cert.name, "removed", !cli->common.dry_run));
    return cli_end_change(cli, &change, err);
}

static const cli_option operands[] = {
    { CLI_RING, "OWNER/RING", NULL, "the ring", offsetof(ring_remove, ring), .required = true },
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(ring_remove, cert), .required = true },
    { 0 },
};

const cli_command cli_command_ring_remove = {
    .noun = "ring",
    .verb = "remove",
    .summary = "take a certificate out of a key ring",
    .racf = "RACDCERT REMOVE; R_datalib DataRemove",
    .description = "Takes a certificate out of a ring. It stays in the store and in other rings.",
    .examples = "safring ring remove ZWESVUSR/ZoweKeyring CERTAUTH/localca",
    .operands = operands,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_remove),
    .run = run,
};
