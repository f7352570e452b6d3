/** @file safring ring list */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct ring_list {
    const char *owner;
} ring_list;

static json_t *shape(const saf_ring_entry *ring)
{
    return json_pack("{s:s,s:s,s:I,s:I}", "owner", ring->owner, "ring", ring->name, "generation", (json_int_t)ring->generation, "size",
                     (json_int_t)ring->size);
}

static void say_page(cli *cli, const saf_ring_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const saf_ring_entry *ring = &page->rings[i];
        cli_say(cli, "%s/%s\t%llu certificate%s\n", ring->owner, ring->name, (unsigned long long)ring->size,
                ring->size == 1 ? "" : "s");
        cli_list_add(cli, cli->common.json ? shape(ring) : NULL);
    }
    cli_list_page(cli);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_list *args = args_;
    OWN(saf_store) *store = NULL;
    char owner[SAF_OWNER_MAX + 1] = "";
    saf_ring_entry last;
    saf_ring_query query = { 0 };
    SAF_TRY(cli_open_store(&store, cli, err));
    if (args->owner)
        SAF_TRY(saf_owner_fold(owner, args->owner, err));
    query.owner = args->owner ? owner : NULL;

    cli_list_begin(cli, "rings");
    for (;;) {
        OWN(saf_ring_page) page = { 0 };
        SAF_TRY(saf_store_list_rings(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        say_page(cli, &page);
        last = page.rings[page.count - 1];
        query.after_owner = last.owner;
        query.after_name = last.name;
    }
}

static const cli_option options[] = {
    { CLI_TEXT, "owner", "OWNER", "only this owner's rings", offsetof(ring_list, owner) },
    { 0 },
};

const cli_command cli_command_ring_list = {
    .noun = "ring",
    .verb = "list",
    .summary = "list key rings",
    .racf = "RACDCERT LISTRING(*); R_datalib GetRingInfo",
    .description = "Lists the rings of the store, in the order of owner and name, with the number of certificates in each.",
    .examples = "safring ring list\nsafring ring list --owner ZWESVUSR --json",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(ring_list),
    .run = run,
};
