/** @file safring ring create */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct ring_create {
    cli_name ring;
    int if_exists;
} ring_create;

enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP };

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_create *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    SAF_TRY(cli_open_store_to_change(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));

    saf_status status = saf_ring_create(change, args->ring.owner, args->ring.name, err);
    bool made = status == SAF_OK;
    if (status == SAF_E_EXISTS && args->if_exists == IF_EXISTS_KEEP)
        status = SAF_OK;
    SAF_TRY(status);

    const char *what = !made ? "there already: the ring" : cli->common.dry_run ? "would make the ring" : "made the ring";
    cli_say(cli, "%s %s/%s\n", what, args->ring.owner, args->ring.name);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:b}", "owner", args->ring.owner, "ring", args->ring.name,
                                                  "made", made && !cli->common.dry_run));
    return cli_end_change(cli, &change, err);
}

static const char *const if_exists[] = { "fail", "keep", NULL };

static const cli_option operands[] = {
    { CLI_RING, "OWNER/RING", NULL, "the ring's owner and name", offsetof(ring_create, ring), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a ring", offsetof(ring_create, if_exists),
      .choices = if_exists },
    { 0 },
};

const cli_command cli_command_ring_create = {
    .noun = "ring",
    .verb = "create",
    .summary = "make an empty key ring",
    .racf = "RACDCERT ADDRING; R_datalib NewRing",
    .description = "Makes an empty ring. Its owner is a user ID (1-8 characters, folded to upper case; not CERTAUTH or SITE), its name has 1-237 bytes "
                   "and is kept as written. Certificates are put into it with safring ring connect.",
    .examples = "safring ring create ZWESVUSR/ZoweKeyring",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_create),
    .run = run,
};
