#include <cli/rings.h>

#include <base/fail.h>
#include <base/grow.h>

#include <string.h>

void cli_rings_free(cli_rings *rings)
{
    free(rings->items);
    *rings = (cli_rings){ 0 };
}

static bool has(const cli_rings *rings, const saf_ring_entry *ring)
{
    for (size_t i = 0; i < rings->count; i++)
        if (!strcmp(rings->items[i].owner, ring->owner) && !strcmp(rings->items[i].name, ring->name))
            return true;
    return false;
}

static saf_status add(cli_rings *rings, const saf_ring_entry *ring, saf_error *err)
{
    if (has(rings, ring))
        return SAF_OK;
    saf_ring_entry *items = saf_grow(rings->items, rings->count, sizeof *items);
    if (!items)
        return saf_fail_memory(err);
    rings->items = items;
    rings->items[rings->count++] = *ring;
    return SAF_OK;
}

saf_status cli_rings_add_of(cli_rings *rings, const cli *cli, saf_store *store, const saf_cert *cert, saf_error *err)
{
    saf_ring_query query = { .cert_owner = cert->owner, .cert_label = cert->label };
    saf_ring_entry last;
    for (;;) {
        OWN(saf_ring_page) page = { 0 };
        SAF_TRY(saf_store_list_rings(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        for (size_t i = 0; i < page.count; i++)
            SAF_TRY(add(rings, &page.rings[i], err));
        last = page.rings[page.count - 1];
        query.after_owner = last.owner;
        query.after_name = last.name;
    }
}
