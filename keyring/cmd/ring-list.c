/** @file safring ring list */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct ring_list {
    const char *owner;
    bool published;
} ring_list;

/* ---- who has rings outside ---- */

static saf_status list_published(cli *cli, const saf_publication_page *page, const char *owner)
{
    char state[CLI_PUBLICATION_TEXT_SIZE];
    cli_list_begin(cli, "publications");
    for (size_t i = 0; i < page->count; i++) {
        const saf_publication *item = &page->items[i];
        if (owner && strcmp(owner, item->owner) != 0)
            continue;
        cli_say(cli, "%s/%s\tin %s %s\n", item->owner, item->ring, item->dir, cli_publication_text(state, item));
        cli_list_add(cli, cli->common.json ? cli_shape_publication(item) : NULL);
    }
    cli_list_page(cli);
    return SAF_OK;
}

static size_t count_published(const saf_publication_page *page, const saf_ring_entry *ring)
{
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++)
        count += !page->items[i].is_ended && !strcmp(page->items[i].owner, ring->owner) && !strcmp(page->items[i].ring, ring->name);
    return count;
}

/* ---- rings ---- */

static json_t *shape(const saf_ring_entry *ring, size_t published)
{
    return json_pack("{s:s,s:s,s:I,s:I,s:I}", "owner", ring->owner, "ring", ring->name, "generation", (json_int_t)ring->generation, "size",
                     (json_int_t)ring->size, "publications", (json_int_t)published);
}

static void say_page(cli *cli, const saf_ring_page *page, const saf_publication_page *published)
{
    for (size_t i = 0; i < page->count; i++) {
        const saf_ring_entry *ring = &page->rings[i];
        size_t times = count_published(published, ring);
        cli_say(cli, "%s/%s\t%llu certificate%s%s\n", ring->owner, ring->name, (unsigned long long)ring->size,
                ring->size == 1 ? "" : "s", times ? ", published" : "");
        cli_list_add(cli, cli->common.json ? shape(ring, times) : NULL);
    }
    cli_list_page(cli);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_list *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_publication_page) published = { 0 };
    char owner[SAF_OWNER_MAX + 1] = "";
    saf_ring_entry last;
    saf_ring_query query = { 0 };
    SAF_TRY(cli_open_store(&store, cli, err));
    if (args->owner)
        SAF_TRY(saf_owner_fold(owner, args->owner, err));
    query.owner = args->owner ? owner : NULL;

    SAF_TRY(saf_store_list_publications(&published, store, &cli->who, err));
    if (args->published)
        return list_published(cli, &published, query.owner);
    cli_list_begin(cli, "rings");
    for (;;) {
        OWN(saf_ring_page) page = { 0 };
        SAF_TRY(saf_store_list_rings(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        say_page(cli, &page, &published);
        last = page.rings[page.count - 1];
        query.after_owner = last.owner;
        query.after_name = last.name;
    }
}

static const cli_option options[] = {
    { CLI_TEXT, "owner", "OWNER", "only this owner's rings", offsetof(ring_list, owner) },
    { CLI_FLAG, "published", NULL, "list publications instead: who has which ring outside, where, with keys or without", offsetof(ring_list, published) },
    { 0 },
};

const cli_command cli_command_ring_list = {
    .noun = "ring",
    .verb = "list",
    .summary = "list key rings",
    .racf = "RACDCERT LISTRING(*); R_datalib GetRingInfo",
    .description = "Lists the rings of the store, in the order of owner and name, with the number of certificates in each, and which are published.\n"
                   "\n"
                   "--published lists the publications themselves (safring ring publish), those of virtual rings too, and those that have ended but whose files could not be removed.",
    .examples = "safring ring list\nsafring ring list --published\nsafring ring list --owner ZWESVUSR --json",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(ring_list),
    .run = run,
};
