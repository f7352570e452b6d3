/**
 * @file
 * A command of safring as data: one cli_command per verb, in the file of the verb's name, listed once in
 * commands.c. Parsing, --help, the manual page and shell completion all read these tables.
 *
 * A verb's options are parsed into a struct of its own: each cli_option knows its member by offset. What many
 * verbs take (--store, --json, --pin-source, …) stands in the groups of common.c and is chosen by `groups`.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <safring/status.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct cli cli;

/** What an option's value is, and the type of the member it is stored in. */
typedef enum cli_kind {
    CLI_END,    /* closes a table */
    CLI_FLAG,   /* bool: no value */
    CLI_TEXT,   /* const char *: at least one character */
    CLI_LIST,   /* cli_list: may be given several times, and a value may be a comma-separated list */
    CLI_NUMBER, /* unsigned: min to max */
    CLI_DURATION, /* int64_t: seconds, min to max, written 45s, 15m, 12h, 30d or 2w; 0 when not given */
    CLI_CHOICE, /* int: index into choices */
    CLI_NAME,   /* cli_name: OWNER/LABEL of a certificate */
    CLI_RING,   /* cli_name: OWNER/RING, or safkeyring://OWNER/RING */
    CLI_SOURCE  /* const char *: file:PATH, fd:N, env:NAME or cred:NAME */
} cli_kind;

enum { CLI_LIST_MAX = 256 };

/** The values of a CLI_LIST option, in order. */
typedef struct cli_list {
    const char *items[CLI_LIST_MAX];
    size_t count;
} cli_list;

/** OWNER/NAME: a certificate (owner and label) or a ring. The owner is folded to upper case. */
typedef struct cli_name {
    char owner[9];
    const char *name; /* NULL: not given */
} cli_name;

/** One option, or (in `operands`) one operand. */
typedef struct cli_option {
    cli_kind kind;
    const char *name;  /* "sign-with"; of an operand its placeholder, "OWNER/LABEL" */
    const char *value; /* placeholder of the value in help; NULL for flags and operands */
    const char *help;  /* one sentence without full stop; names the default where there is one */
    size_t offset;
    bool required;
    unsigned min, max, initial; /* CLI_NUMBER, CLI_DURATION; initial: its value when it is not given */
    const char *const *choices; /* CLI_CHOICE, closed by NULL; the first is the default */
} cli_option;

/** Groups of common options that a verb takes. */
typedef enum cli_groups {
    CLI_STORE = 1,   /* --store, --store-secret-source */
    CLI_TOKEN = 2,   /* --module, --pin-source */
    CLI_MUTATES = 4, /* --dry-run */
} cli_groups;

typedef struct cli_command {
    const char *noun;
    const char *verb; /* NULL: the noun is the whole command */
    const char *summary;
    const char *racf;        /* the z/OS counterpart, or NULL */
    const char *description; /* paragraphs, a blank line between them */
    const char *examples;    /* one command a line */
    const cli_option *operands, *options; /* closed by {0}; NULL: none */
    unsigned groups;
    size_t args_size;
    saf_status (*run)(cli *cli, const void *args, saf_error *err);
} cli_command;

/** All commands in the order of the manual, closed by NULL. */
extern const cli_command *const cli_commands[];

/** The options of every command, and of one group; closed by {0}. Their offsets are into cli_common. */
const cli_option *cli_options_of_all(void);
const cli_option *cli_options_of_group(cli_groups group);

/** Calls @p visit with each option of a command: its own, then those of its groups, then those of all. */
typedef saf_status (*cli_option_visit)(void *context, const cli_option *option, bool is_common);
saf_status cli_each_option(const cli_command *command, cli_option_visit visit, void *context);

#endif
