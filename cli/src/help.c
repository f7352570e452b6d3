#include "help.h"

#include <string.h>

enum { OPTION_COLUMN = 30, NAME_COLUMN = 18 };

static void print_line(FILE *out, const cli_command *command)
{
    char name[40];
    snprintf(name, sizeof name, "%s%s%s", command->noun, command->verb ? " " : "", command->verb ? command->verb : "");
    fprintf(out, "  %-*s %s\n", NAME_COLUMN, name, command->summary);
}

bool cli_help_noun(FILE *out, const char *noun)
{
    bool found = false;
    for (const cli_command *const *c = cli_commands; *c; c++) {
        if (strcmp((*c)->noun, noun) != 0 || !(*c)->verb)
            continue;
        if (!found)
            fprintf(out, "usage: safring %s VERB [options] [operands]\n\n", noun);
        print_line(out, *c);
        found = true;
    }
    return found;
}

void cli_help_all(FILE *out)
{
    fputs("usage: safring NOUN VERB [options] [operands]\n\n", out);
    for (const cli_command *const *c = cli_commands; *c; c++)
        print_line(out, *c);
    fputs("\nsafring NOUN VERB --help explains one of them; safring --version prints the version.\n"
          "Exit codes: 0 done or yes, 1 failed, 2 wrong usage, 3 checked and the answer is no, 4 not found,\n"
          "5 exists already or conflicts, 6 refused (PIN, passphrase, authority), 7 busy.\n",
          out);
}

static saf_status print_required(void *context, const cli_option *option, bool is_common)
{
    (void)is_common;
    if (option->required)
        fprintf(context, " --%s %s", option->name, option->value);
    return SAF_OK;
}

void cli_help_synopsis(FILE *out, const cli_command *command)
{
    fprintf(out, "safring %s%s%s", command->noun, command->verb ? " " : "", command->verb ? command->verb : "");
    for (const cli_option *o = command->operands; o && o->kind != CLI_END; o++)
        fprintf(out, o->required ? " %s" : " [%s]", o->name);
    (void)!cli_each_option(command, print_required, out);
    fputs(" [options]", out);
}

static saf_status print_option(void *context, const cli_option *option, bool is_common)
{
    char left[64];
    (void)is_common;
    int width = snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
                         option->value ? option->value : "");
    if (width >= OPTION_COLUMN)
        fprintf(context, "  %s\n  %*s%s", left, OPTION_COLUMN, "", option->help);
    else
        fprintf(context, "  %-*s%s", OPTION_COLUMN, left, option->help);
    for (size_t i = 0; option->kind == CLI_CHOICE && option->choices[i]; i++)
        fprintf(context, "%s%s", i ? " | " : ": ", option->choices[i]);
    fputc('\n', context);
    return SAF_OK;
}

void cli_help_command(FILE *out, const cli_command *command)
{
    fputs("usage: ", out);
    cli_help_synopsis(out, command);
    fprintf(out, "\n\n%s\n", command->description);
    if (command->racf)
        fprintf(out, "\nOn z/OS: %s\n", command->racf);
    if (command->operands) {
        fputs("\nOperands:\n", out);
        for (const cli_option *o = command->operands; o->kind != CLI_END; o++)
            fprintf(out, "  %-*s%s\n", OPTION_COLUMN, o->name, o->help);
    }
    fputs("\nOptions:\n", out);
    (void)!cli_each_option(command, print_option, out);
    fprintf(out, "\nExample%s:\n", strchr(command->examples, '\n') ? "s" : "");
    for (const char *line = command->examples; *line;) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}
