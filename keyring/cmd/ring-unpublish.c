/** @file safring ring unpublish */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct ring_unpublish {
    const char *ring, *dir;
    bool force;
} ring_unpublish;

/* The publication is over either way, but whether its reader still has its files is what was to be ended. */
static saf_status find_remains(saf_publication *out, bool *found, cli *cli, saf_store *store, const char *dir, saf_error *err)
{
    OWN(saf_publication_page) page = { 0 };
    SAF_TRY(saf_store_list_publications(&page, store, &cli->who, err));
    for (size_t i = 0; i < page.count && !*found; i++)
        if (page.items[i].is_ended && !strcmp(page.items[i].dir, dir)) {
            *out = page.items[i];
            *found = true;
        }
    return SAF_OK;
}

static void note_remains(cli *cli, const saf_publication *item)
{
    char user[CLI_USER_NAME_SIZE];
    cli_user_name(user, item->user);
    if (item->with_keys)
        cli_note(cli, "the files in %s could not be removed: %s may still have these keys; make new ones: safring cert rekey", item->dir, user);
    else
        cli_note(cli, "the files in %s could not be removed: %s may still have them", item->dir, user);
    cli_note(cli, "it is tried again at the next change, and by the same command; --force forgets them");
    cli->some_failed = true;
}

static saf_status begin_end(saf_change *change, const ring_unpublish *args, const saf_ring_address *address, saf_error *err)
{
    if (args->force)
        return saf_ring_forget_publication(change, address->owner, address->name, args->dir, err);
    return saf_ring_unpublish(change, address->owner, address->name, args->dir, err);
}

static saf_status tell(cli *cli, saf_store *store, const ring_unpublish *args, const saf_ring_address *address, saf_error *err)
{
    char dir[SAF_PUBLICATION_DIR_SIZE];
    saf_publication remains;
    bool found = false, dry_run = cli->common.dry_run;
    SAF_TRY(saf_publication_dir(dir, args->dir, err));
    if (!dry_run && !args->force)
        SAF_TRY(find_remains(&remains, &found, cli, store, dir, err));
    if (!dry_run && !args->force && !found && *args->dir == '/') /* as it was called before a link came into its path */
        SAF_TRY(find_remains(&remains, &found, cli, store, args->dir, err));
    cli_say(cli, "%s the publication of the ring %s/%s in %s%s\n", dry_run ? "would end" : "ended", address->owner, address->name, args->dir,
            args->force ? ", and leave its files where they are" : "");
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:o,s:b,s:b}", "owner", address->owner, "ring", address->name, "directory",
                                                  cli_text(found ? remains.dir : dir), "ended", !dry_run, "removed", !dry_run && !args->force && !found));
    if (found)
        note_remains(cli, &remains);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_unpublish *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    saf_ring_address address;
    SAF_TRY(saf_ring_address_parse(&address, args->ring, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(begin_end(change, args, &address, err));
    SAF_TRY(cli_end_change(cli, &change, err));
    return tell(cli, store, args, &address, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "OWNER/RING", NULL, "the ring", offsetof(ring_unpublish, ring), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "from", "DIR", "the directory", offsetof(ring_unpublish, dir), .required = true },
    { CLI_FLAG, "force", NULL, "forget it and leave the files, when they are out of reach for good", offsetof(ring_unpublish, force) },
    { 0 },
};

const cli_command cli_command_ring_unpublish = {
    .noun = "ring",
    .verb = "unpublish",
    .summary = "end a publication of a key ring",
    .description = "Removes the snapshot of a ring and its key file from a directory, and the directory. Servers that poll the ring are told that it is not "
                   "there any more. The ring itself stays.\n"
                   "\n"
                   "When files cannot be removed (somebody has moved a directory above away, or a disk is not there), the publication has ended nevertheless and is not written any more, but "
                   "the exit code is 1: its reader may still have the keys, so make new ones (safring cert rekey, safring cert rollover). It stays in safring ring list --published and "
                   "safring store check until the files are gone; each change, and this command given again, tries to remove them. --force gives that up.",
    .examples = "safring ring unpublish ZWESVUSR/ZoweKeyring --from pub",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_unpublish),
    .run = run,
};
