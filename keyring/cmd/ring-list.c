/** @file safring ring list */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct ring_list {
    const char *owner;
} ring_list;

static saf_status say_page(const cli *cli, json_t *rings, const saf_ring_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const saf_ring_entry *ring = &page->rings[i];
        cli_say(cli, "%s/%s\t%llu certificate%s\n", ring->owner, ring->name, (unsigned long long)ring->size,
                ring->size == 1 ? "" : "s");
        json_array_append_new(rings, json_pack("{s:s,s:s,s:I,s:I}", "owner", ring->owner, "ring", ring->name,
                                               "generation", (json_int_t)ring->generation, "size",
                                               (json_int_t)ring->size));
    }
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_list *args = args_;
    OWN(saf_store) *store = NULL;
    char owner[SAF_OWNER_MAX + 1] = "";
    saf_ring_entry last;
    saf_ring_query query = { 0 };
    json_t *rings = json_array();
    json_object_set_new(cli->result, "rings", rings);
    SAF_TRY(cli_open_store(&store, cli, err));
    if (args->owner)
        SAF_TRY(saf_owner_fold(owner, args->owner, err));
    query.owner = args->owner ? owner : NULL;

    for (;;) {
        OWN(saf_ring_page) page = { 0 };
        SAF_TRY(saf_store_list_rings(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        SAF_TRY(say_page(cli, rings, &page));
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
