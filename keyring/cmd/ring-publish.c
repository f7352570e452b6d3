/** @file safring ring publish */
#include <cli/out-file.h>

#include <base/fail.h>

#include <string.h>

typedef struct ring_publish {
    const char *ring, *user, *dir;
    bool with_keys, due;
} ring_publish;

/* Whoever can rename a directory above can keep the files when the publication is to end. */
static saf_status warn_of_risk(const cli *cli, const char *dir, saf_error *err)
{
    char risk[512];
    SAF_TRY(saf_publication_risk(risk, sizeof risk, dir, err));
    if (*risk)
        cli_note(cli, "%s: who can exchange it can keep %s when the publication is to end", risk, dir);
    return SAF_OK;
}

static saf_status publish(cli *cli, saf_store *store, const ring_publish *args, const saf_ring_address *address, uid_t user,
                          saf_error *err)
{
    OWN(saf_change) *change = NULL;
    bool dry_run = cli->common.dry_run;
    char dir[SAF_PUBLICATION_DIR_SIZE];
    SAF_TRY(saf_publication_dir(dir, args->dir, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ring_publish(change, address->owner, address->name, args->dir, user, args->with_keys, err));
    SAF_TRY(warn_of_risk(cli, dir, err));
    SAF_TRY(cli_end_change(cli, &change, err));
    cli_say(cli, "%s the ring %s/%s in %s for %s, %s private keys\n", dry_run ? "would publish" : "published", address->owner, address->name,
            args->dir, args->user, args->with_keys ? "with" : "without");
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:o,s:o,s:I,s:b,s:b}", "owner", address->owner, "ring", address->name, "directory",
                                                  cli_text(dir), "user", cli_text(args->user), "uid", (json_int_t)user, "with_keys",
                                                  args->with_keys, "written", !dry_run && !saf_store_unpublished(store, NULL)));
    return SAF_OK;
}

/* ---- what is due ---- */

static bool is_due_still(const saf_publication_page *after, const saf_publication *item)
{
    for (size_t i = 0; i < after->count; i++)
        if (!strcmp(after->items[i].dir, item->dir))
            return after->items[i].is_due;
    return false;
}

static void say_one(cli *cli, json_t *list, const saf_publication *item, bool is_written)
{
    const char *what = item->is_ended ? (is_written ? "removed" : cli->common.dry_run ? "would remove" : "could not remove")
                       : is_written   ? "wrote"
                       : cli->common.dry_run ? "would write" : "could not write";
    cli_say(cli, "%s the ring %s/%s in %s\n", what, item->owner, item->ring, item->dir);
    json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:I,s:b,s:b,s:b}", "owner", item->owner, "ring", item->ring, "directory", cli_text(item->dir), "uid",
                                          (json_int_t)item->user, "with_keys", item->with_keys, "ended", item->is_ended, item->is_ended ? "removed" : "written",
                                          is_written));
}

static void say_all(cli *cli, const saf_publication_page *before, const saf_publication_page *after)
{
    json_t *list = json_array();
    for (size_t i = 0; i < before->count; i++)
        if (before->items[i].is_due)
            say_one(cli, list, &before->items[i], !cli->common.dry_run && !is_due_still(after, &before->items[i]));
    if (!json_array_size(list))
        cli_say(cli, "no publication is due\n");
    json_object_set_new(cli->result, "publications", list);
}

static saf_status write_due(cli *cli, saf_store *store, saf_error *err)
{
    saf_error why = { .text = "" };
    unsigned failed = 0;
    saf_status status = saf_store_publish_due(&failed, store, &cli->who, &why);
    if (status != SAF_OK)
        *err = why;
    SAF_TRY(status);
    cli_say_unpublished(cli, failed, &why);
    json_object_set_new(cli->result, "failed", json_integer(failed));
    cli->some_failed = failed > 0;
    return SAF_OK;
}

static saf_status publish_due(cli *cli, saf_store *store, saf_error *err)
{
    OWN(saf_publication_page) before = { 0 };
    OWN(saf_publication_page) after = { 0 };
    SAF_TRY(saf_store_list_publications(&before, store, &cli->who, err));
    if (!cli->common.dry_run)
        SAF_TRY(write_due(cli, store, err));
    SAF_TRY(saf_store_list_publications(&after, store, &cli->who, err));
    say_all(cli, &before, &after);
    return SAF_OK;
}

/* ---- */

static saf_status check_arguments(const ring_publish *args, saf_error *err)
{
    if (args->due && (args->ring || args->user || args->dir || args->with_keys))
        return saf_fail(err, SAF_E_USAGE, "--due writes all that are due: it takes no ring, reader or directory");
    if (!args->due && (!args->ring || !args->user || !args->dir))
        return saf_fail(err, SAF_E_USAGE, "say what to publish: OWNER/RING --for UNIXUSER --to DIR, or --due for what is due");
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_publish *args = args_;
    OWN(saf_store) *store = NULL;
    saf_ring_address address;
    uid_t user;
    SAF_TRY(check_arguments(args, err));
    if (args->due) {
        SAF_TRY(cli_open_store(&store, cli, err));
        return publish_due(cli, store, err);
    }
    SAF_TRY(saf_ring_address_parse(&address, args->ring, err));
    if (address.label[0])
        return saf_fail(err, SAF_E_USAGE, "a ring is published whole, not one certificate of it");
    SAF_TRY(cli_find_user(&user, args->user, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    return publish(cli, store, args, &address, user, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "OWNER/RING", NULL, "the ring; OWNER/*, *AUTH*/* and *SITE*/* too", offsetof(ring_publish, ring) },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "for", "UNIXUSER", "who is to read it: a name or number (another user than yours takes root)", offsetof(ring_publish, user) },
    { CLI_TEXT, "to", "DIR", "the directory, which is made", offsetof(ring_publish, dir) },
    { CLI_FLAG, "with-keys", NULL, "with the private keys of its PERSONAL certificates, sealed for that user", offsetof(ring_publish, with_keys) },
    { CLI_FLAG, "due", NULL, "write all publications that are due, instead: those that could not be written when their ring changed",
      offsetof(ring_publish, due) },
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
        "That user must be able to get to the directory: one above it that he may not enter is refused, by its mode. Directories that are missing are made "
        "with mode 0755. If somebody else could exchange one that is above it, that is said: he could keep the files when the publication is to end.\n"
        "\n"
        "Private keys are in it only with --with-keys, and only those of PERSONAL connections; a key in a token stays there. They are sealed "
        "under a key file beside the snapshot, which that user can read. Publishing again changes the user or whether keys are in it.\n"
        "\n"
        "A snapshot that cannot be written (a full disk) does not stop the change that made it necessary: it is said, and tried again at the "
        "next change, and by safring ring publish --due, which ends with exit code 1 while some cannot be written. safring ring show lists where a ring is "
        "published, and what is due.\n"
        "\n"
        "A snapshot is never replaced by an older one without being asked: when an older copy of store.db was put in place by hand, what it would publish has "
        "forgotten revocations, and is refused (and safring store check says so), also when that copy has gone on since. Publishing the ring again says that the older one is meant. A store that "
        "was restored knows none of its publications: publishing the same ring into the same directory takes it over.",
    .examples = "safring ring publish ZWESVUSR/ZoweKeyring --for nobody --with-keys --to pub\nsafring ring publish --due",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_publish),
    .run = run,
};
