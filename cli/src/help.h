/** @file --help, written from the command tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <cli/command.h>

#include <stdio.h>

/** All commands, a line each. */
void cli_help_all(FILE *out);

/** The verbs of one noun. False: there is no such noun with verbs. */
bool cli_help_noun(FILE *out, const char *noun);

/** One command. */
void cli_help_command(FILE *out, const cli_command *command);

/** "safring ring create OWNER/RING [options]". */
void cli_help_synopsis(FILE *out, const cli_command *command);

#endif
