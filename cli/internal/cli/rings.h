/** @file The rings that hold certificates. */
#ifndef CLI_RINGS_H
#define CLI_RINGS_H

#include <cli/cli.h>

/** Rings, each once. {0} is empty. */
typedef struct cli_rings {
    saf_ring_entry *items;
    size_t count;
} cli_rings;

void cli_rings_free(cli_rings *rings);

OWN_VALUE(cli_rings, cli_rings_free)

/** Add the rings that hold a certificate. */
saf_status cli_rings_add_of(cli_rings *rings, const cli *cli, saf_store *store, const saf_cert *cert, saf_error *err);

#endif
