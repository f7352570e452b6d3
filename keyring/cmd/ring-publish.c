/** @file safring ring publish */
#include <cli/out-file.h>

#include <base/fail.h>

typedef struct ring_publish {
    const char *ring, *user, *dir;
    bool with_keys;
} ring_publish;

static saf_status publish(cli *cli, saf_store *store, const ring_publish *args, const saf_ring_address *address, uid_t user,
                          saf_error *err)
{
    OWN(saf_change) *change = NULL;
    bool dry_run = cli->common.dry_run;
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ring_publish(change, address->owner, address->name, args->dir, user, args->with_keys, err));
    SAF_TRY(cli_end_change(cli, &change, err));
    cli_say(cli, "%s the ring %s/%s in %s for %s, %s private keys\n", dry_run ? "would publish" : "published", address->owner, address->name,
            args->dir, args->user, args->with_keys ? "with" : "without");
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:o,s:o,s:I,s:b,s:b}", "owner", address->owner, "ring", address->name, "directory",
                                                  cli_text(args->dir), "user", cli_text(args->user), "uid", (json_int_t)user, "with_keys",
                                                  args->with_keys, "written", !dry_run && !saf_store_unpublished(store, NULL)));
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_publish *args = args_;
    OWN(saf_store) *store = NULL;
    saf_ring_address address;
    uid_t user;
    SAF_TRY(saf_ring_address_parse(&address, args->ring, err));
    if (address.label[0])
        return saf_fail(err, SAF_E_USAGE, "a ring is published whole, not one certificate of it");
    SAF_TRY(cli_find_user(&user, args->user, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    return publish(cli, store, args, &address, user, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "OWNER/RING", NULL, "the ring; OWNER/*, *AUTH*/* and *SITE*/* too", offsetof(ring_publish, ring), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "for", "UNIXUSER", "who is to read it: a name or number (another user than yours takes root)", offsetof(ring_publish, user),
      .required = true },
    { CLI_TEXT, "to", "DIR", "the directory, which is made", offsetof(ring_publish, dir), .required = true },
    { CLI_FLAG, "with-keys", NULL, "with the private keys of its PERSONAL certificates, sealed for that user", offsetof(ring_publish, with_keys) },
    { 0 },
};

const cli_command cli_command_ring_publish = {
    .noun = "ring",
    .verb = "publish",
    .summary = "give a server's user a key ring to read, and keep it up to date",
    .description =
        "Writes a snapshot of a ring into a directory that one Unix user can read, and nobody else but root. Servers do not need the store: "
        "every program of safring, and the library, opens that directory in the place of a store (--store DIR). From then on, each change "
        "of the ring replaces the snapshot, whoever makes it; a server that polls the ring's generation follows a renewed certificate without "
        "a restart.\n"
        "\n"
        "Private keys are in it only with --with-keys, and only those of PERSONAL connections; a key in a token stays there. They are sealed "
        "under a key file beside the snapshot, which that user can read. Publishing again changes the user or whether keys are in it.\n"
        "\n"
        "A snapshot that cannot be written (a full disk) does not stop the change that made it necessary: it is said, and tried again at the "
        "next change. safring ring show lists where a ring is published, and what is due.",
    .examples = "safring ring publish ZWESVUSR/ZoweKeyring --for nobody --with-keys --to pub",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_publish),
    .run = run,
};
