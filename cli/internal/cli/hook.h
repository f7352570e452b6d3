/** @file A command of the user's that is run when rings have changed. */
#ifndef CLI_HOOK_H
#define CLI_HOOK_H

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

/** Run `sh -c command` once per ring, with SAFRING_RING (OWNER/RING), SAFRING_RING_OWNER, SAFRING_RING_NAME and SAFRING_HOME (the store) in its
 *  environment; what it prints goes to standard error. Returns how many failed, each with a note. */
unsigned cli_hook_run(const cli *cli, const char *command, const char *store_dir, const cli_rings *rings);

#endif
