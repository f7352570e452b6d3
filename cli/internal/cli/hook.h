/** @file A command of the user's that is run when rings have changed. */
#ifndef CLI_HOOK_H
#define CLI_HOOK_H

#include <cli/rings.h>

/** Run `sh -c command` once per ring, with SAFRING_RING (OWNER/RING), SAFRING_RING_OWNER, SAFRING_RING_NAME and SAFRING_HOME (the store) in its
 *  environment; what it prints goes to standard error. Returns how many failed, each with a note. */
unsigned cli_hook_run(const cli *cli, const char *command, const char *store_dir, const cli_rings *rings);

#endif
