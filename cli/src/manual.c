/** @file safring-manual: writes the manual pages and the shell completion from the command tables, at build time. */
#include "help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* mdoc reads a line that begins with a dot or quote as a request, and backslashes as escapes; a sentence begins on a line of its own. */
static void put_text(FILE *out, const char *text)
{
    bool line_start = true;
    for (const char *first = text; *text; text++) {
        bool is_sentence_end = *text == ' ' && text > first && text[-1] == '.';
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\'')
            fputs("\\(aq", out);
        else if (is_sentence_end)
            fputc('\n', out);
        else
            fputc(*text, out);
        line_start = *text == '\n' || is_sentence_end;
    }
}

static void put_paragraphs(FILE *out, const char *text)
{
    for (const char *end; (end = strstr(text, "\n\n")); text = end + 2) {
        char paragraph[2048];
        snprintf(paragraph, sizeof paragraph, "%.*s", (int)(end - text), text);
        put_text(out, paragraph);
        fputs("\n.Pp\n", out);
    }
    put_text(out, text);
    fputc('\n', out);
}

static saf_status put_option(void *context, const cli_option *option, bool is_common)
{
    FILE *out = context;
    (void)is_common;
    fprintf(out, ".It Fl \\-%s%s%s\n", option->name, option->value ? " Ar " : "", option->value ? option->value : "");
    put_text(out, option->help);
    for (size_t i = 0; option->kind == CLI_CHOICE && option->choices[i]; i++) {
        fputs(i ? ", " : ": ", out);
        put_text(out, option->choices[i]);
        if (!i)
            fputs(" (default)", out);
    }
    fputs(option->required ? ".\nRequired.\n" : ".\n", out);
    return SAF_OK;
}

static void put_name(FILE *out, const cli_command *command, const char *separator)
{
    fprintf(out, "safring%s%s%s%s", separator, command->noun, command->verb ? separator : "", command->verb ? command->verb : "");
}

static void put_heading(FILE *out, const cli_command *command)
{
    fputs(".Dd $Mdocdate$\n.Dt ", out);
    put_name(out, command, "-");
    fputs(" 1\n.Os safring\n.Sh NAME\n.Nm ", out);
    put_name(out, command, "-");
    fputs("\n.Nd ", out);
    put_text(out, command->summary);
    fputs("\n.Sh SYNOPSIS\n.Bd -literal -compact\n", out);
    cli_help_synopsis(out, command);
    fputs("\n.Ed\n.Sh DESCRIPTION\n", out);
    put_paragraphs(out, command->description);
}

static void put_operands(FILE *out, const cli_command *command)
{
    if (!command->operands)
        return;
    fputs(".Sh OPERANDS\n.Bl -tag -width Ds\n", out);
    for (const cli_option *o = command->operands; o->kind != CLI_END; o++) {
        fprintf(out, ".It Ar %s\n", o->name);
        put_text(out, o->help);
        fputs(".\n", out);
    }
    fputs(".El\n", out);
}

static void put_tail(FILE *out, const cli_command *command)
{
    fputs(".Sh EXIT STATUS\n"
          "0 done, or the answer is yes; 1 failed; 2 wrong usage; 3 checked, and the answer is no; 4 not found; "
          "5 exists already, or conflicts; 6 refused: PIN, passphrase or authority; 7 busy, or the token is gone for now.\n"
          ".Sh EXAMPLES\n.Bd -literal\n",
          out);
    put_text(out, command->examples);
    fputs("\n.Ed\n", out);
    if (command->racf) {
        fputs(".Sh Z/OS COUNTERPART\n", out);
        put_text(out, command->racf);
        fputc('\n', out);
    }
    fputs(".Sh SEE ALSO\n.Xr safring 1\n", out);
}

static FILE *open_page(const char *dir, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        exit(1);
    }
    return out;
}

static void write_page(const char *dir, const cli_command *command)
{
    char name[80];
    snprintf(name, sizeof name, "safring-%s%s%s.1", command->noun, command->verb ? "-" : "", command->verb ? command->verb : "");
    FILE *out = open_page(dir, name);
    put_heading(out, command);
    put_operands(out, command);
    fputs(".Sh OPTIONS\n.Bl -tag -width Ds\n", out);
    (void)!cli_each_option(command, put_option, out);
    fputs(".El\n", out);
    put_tail(out, command);
    fclose(out);
}

static void write_overview(const char *dir)
{
    FILE *out = open_page(dir, "safring.1");
    fputs(".Dd $Mdocdate$\n.Dt safring 1\n.Os safring\n.Sh NAME\n.Nm safring\n"
          ".Nd certificates, key rings, PKCS#11 keys and SAF identity tokens\n"
          ".Sh SYNOPSIS\n.Nm\n.Ar noun\n.Op Ar verb\n.Op options\n.Op operands\n.Sh DESCRIPTION\n"
          "Gives Linux what z/OS has in RACF and ICSF.\nEach command has a manual page of its own.\n"
          ".Bl -tag -width Ds\n",
          out);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        fputs(".It Xr ", out);
        put_name(out, *c, "-");
        fputs(" 1\n", out);
        put_text(out, (*c)->summary);
        fputc('\n', out);
    }
    fputs(".El\n"
          ".Pp\nResults go to standard output, everything else to standard error.\nWith\n.Fl \\-json\n"
          "the result is one JSON object, and an error is {\"error\":{\"status\",\"message\",\"hint\"}} on standard error.\n"
          ".Sh CONCEPTS\n.Bl -tag -width Ds\n"
          ".It owner\nWhose a certificate or ring is: a user ID of 1 to 8 characters out of A\\-Z, 0\\-9, #, $ and @, folded to upper case; or CERTAUTH (certificate authorities) or "
          "SITE (shared by all), which own certificates but no rings.\n"
          ".It label\nA certificate's name among its owner's: 1 to 32 bytes, kept as written, with blanks and quotes if you like.\n"
          ".It status\nTRUST: it is used.\nNOTRUST: it is kept, and neither signs nor makes a chain valid; a root that came in with a file is NOTRUST until you have "
          "compared its fingerprint and said safring cert alter \\-\\-status trust.\nHIGHTRUST: as TRUST; RACF also honours its host mappings.\n"
          ".It ring\nA named set of certificates of a user ID, what a server opens: each with a usage (PERSONAL: the server's own, with its private key; CERTAUTH and SITE: to "
          "verify others), at most one the default.\nNames are case\\-sensitive, up to 237 bytes.\n"
          ".It virtual ring\nOWNER/* is all that the owner has; *AUTH*/* all of CERTAUTH, *SITE*/* all of SITE.\n"
          ".It issued\nWhat a CA has signed is recorded for ever, also what was renewed, deleted, or signed for others: so it can be revoked.\n"
          ".It chain\nIssuers are looked for among the certificates of the same owner, of CERTAUTH and of SITE, never among other users'.\n"
          ".El\n"
          ".Sh SECRETS\nSecrets are never arguments: options that end in source take file:PATH, fd:N, env:NAME or cred:NAME.\n"
          ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
          ".It Ev SAFRING_HOME\nThe store's directory.\n"
          ".It Ev SAFRING_PKCS11_MODULE\nThe PKCS#11 module.\n"
          ".It Ev SOFTHSM2_CONF\nSoftHSM2's configuration; default: the store's own.\n"
          ".It Ev CREDENTIALS_DIRECTORY\nWhere cred:NAME looks.\n.El\n",
          out);
    fclose(out);
}

/* ---- completion ---- */

static saf_status put_word(void *context, const cli_option *option, bool is_common)
{
    (void)is_common;
    fprintf(context, " --%s", option->name);
    return SAF_OK;
}

static void put_nouns(FILE *out)
{
    const char *last = "";
    for (const cli_command *const *c = cli_commands; *c; last = (*c)->noun, c++)
        if (strcmp(last, (*c)->noun))
            fprintf(out, " %s", (*c)->noun);
}

static void put_verbs_of(FILE *out, const char *noun)
{
    for (const cli_command *const *c = cli_commands; *c; c++)
        if (!strcmp((*c)->noun, noun) && (*c)->verb)
            fprintf(out, " %s", (*c)->verb);
}

static void put_verb_cases(FILE *out)
{
    const char *last = "";
    for (const cli_command *const *c = cli_commands; *c; last = (*c)->noun, c++) {
        if (!strcmp(last, (*c)->noun) || !(*c)->verb)
            continue;
        fprintf(out, "        %s) words=\"", (*c)->noun);
        put_verbs_of(out, (*c)->noun);
        fputs("\" ;;\n", out);
    }
}

static void write_completion(const char *dir)
{
    FILE *out = open_page(dir, "safring.bash");
    fputs("# bash completion for safring, written from its command tables\n_safring() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then words=\"",
          out);
    put_nouns(out);
    fputs(" --help --version\"\n    elif [[ $cur != -* && $COMP_CWORD = 2 ]]; then\n        case ${COMP_WORDS[1]} in\n", out);
    put_verb_cases(out);
    fputs("        esac\n    fi\n    if [[ $cur == -* ]]; then\n        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n", out);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        fprintf(out, (*c)->verb ? "        \"%s %s\") words=\"" : "        \"%s \"*) words=\"%s", (*c)->noun,
                (*c)->verb ? (*c)->verb : "");
        (void)!cli_each_option(*c, put_word, out);
        fputs("\" ;;\n", out);
    }
    fputs("        esac\n    fi\n    if [ -n \"$words\" ]; then\n        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    else\n        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n    fi\n}\ncomplete -o filenames -F _safring safring\n",
          out);
    fclose(out);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fputs("usage: safring-manual DIR\n", stderr);
        return 2;
    }
    for (const cli_command *const *c = cli_commands; *c; c++)
        write_page(argv[1], *c);
    write_overview(argv[1]);
    write_completion(argv[1]);
    return 0;
}
