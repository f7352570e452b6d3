/** @file From argv to a command and its filled-in struct. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include <cli/cli.h>

/** The command that the words name, and how many words that took. SAF_E_USAGE; the hint lists what there is. */
saf_status cli_find_command(const cli_command **out, int *words, int argc, char *const argv[], saf_error *err);

/** Parse what follows the words of cli->command into @p args (args_size zeroed bytes) and cli->common. SAF_E_USAGE. No message repeats an
 *  argument's value unless it is a name that belongs into messages: it may be a secret put in the wrong place. */
saf_status cli_parse(cli *cli, void *args, int argc, char *const argv[], saf_error *err);

#endif
