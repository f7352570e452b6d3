#include "parse.h"

#include <base/fail.h>
#include <base/utf8.h>

#include <errno.h>
#include <string.h>

/* ---- which command ---- */

static saf_status unknown_noun(const char *noun, saf_error *err)
{
    OWN(saf_buffer) nouns = { 0 };
    const char *last = "";
    for (const cli_command *const *c = cli_commands; *c; c++) {
        if (strcmp((*c)->noun, last))
            saf_buffer_printf(&nouns, " %s", (*c)->noun);
        last = (*c)->noun;
    }
    if (noun && *noun != '-')
        (void)saf_fail(err, SAF_E_USAGE, "there is no command \"%.40s\"", noun);
    else
        (void)saf_fail(err, SAF_E_USAGE, "a command comes first");
    saf_hint(err, "one of:%s; safring --help", saf_buffer_text(&nouns));
    return SAF_E_USAGE;
}

static saf_status unknown_verb(const char *noun, const char *verb, saf_error *err)
{
    OWN(saf_buffer) verbs = { 0 };
    for (const cli_command *const *c = cli_commands; *c; c++)
        if (!strcmp((*c)->noun, noun))
            saf_buffer_printf(&verbs, " %s", (*c)->verb);
    if (verb)
        (void)saf_fail(err, SAF_E_USAGE, "%s has no verb \"%.40s\"", noun, verb);
    else
        (void)saf_fail(err, SAF_E_USAGE, "%s wants a verb", noun);
    saf_hint(err, "one of:%s; safring %s VERB --help", saf_buffer_text(&verbs), noun);
    return SAF_E_USAGE;
}

saf_status cli_find_command(const cli_command **out, int *words, int argc, char *const argv[], saf_error *err)
{
    const char *noun = argc > 0 ? argv[0] : NULL;
    const char *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
    bool noun_known = false;

    for (const cli_command *const *c = cli_commands; noun && *c; c++) {
        if (strcmp((*c)->noun, noun))
            continue;
        noun_known = true;
        if (!(*c)->verb || (verb && !strcmp((*c)->verb, verb))) {
            *out = *c;
            *words = (*c)->verb ? 2 : 1;
            return SAF_OK;
        }
    }
    return noun_known ? unknown_verb(noun, verb, err) : unknown_noun(noun, err);
}

/* ---- values ---- */

static saf_status store_number(unsigned *out, const cli_option *option, const char *text, saf_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || number < option->min || number > option->max)
        return saf_fail(err, SAF_E_USAGE, "--%s wants a whole number from %u to %u", option->name, option->min,
                        option->max);
    *out = (unsigned)number;
    return SAF_OK;
}

static int64_t seconds_of_unit(const char *unit)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(unit, units[i].name))
            return units[i].seconds;
    return 0;
}

static saf_status store_duration(int64_t *out, const cli_option *option, const char *text, saf_error *err)
{
    char *unit = NULL;
    unsigned long number = strtoul(text, &unit, 10);
    int64_t factor = seconds_of_unit(unit), seconds = number < 1000000000 ? (int64_t)number * factor : 0;
    if (text[0] < '0' || text[0] > '9' || !factor)
        return saf_fail(err, SAF_E_USAGE, "--%s wants a time such as 45s, 15m, 12h, 30d or 2w", option->name);
    if (seconds < option->min || seconds > option->max)
        return saf_fail(err, SAF_E_USAGE, "--%s %.20s is not between %u seconds and %u days", option->name, text, option->min,
                        option->max / 86400);
    *out = seconds;
    return SAF_OK;
}

static saf_status store_choice(int *out, const cli_option *option, const char *text, saf_error *err)
{
    OWN(saf_buffer) choices = { 0 };
    for (int i = 0; option->choices[i]; i++) {
        if (!strcmp(option->choices[i], text)) {
            *out = i;
            return SAF_OK;
        }
        saf_buffer_printf(&choices, "%s%s", i ? ", " : "", option->choices[i]);
    }
    return saf_fail(err, SAF_E_USAGE, "--%s is one of %s", option->name, saf_buffer_text(&choices));
}

static saf_status store_name(cli_name *out, const char *what, const char *text, saf_error *err)
{
    const char *slash = strchr(text, '/');
    char owner[64] = "";
    if (!slash || !slash[1] || slash == text)
        return saf_fail(err, SAF_E_USAGE, "%s is written OWNER/NAME, not \"%.80s\"", what, text);
    snprintf(owner, sizeof owner, "%.*s", (int)(slash - text), text);
    SAF_TRY(saf_owner_fold(out->owner, owner, err));
    out->name = slash + 1;
    return SAF_OK;
}

/* OWNER/RING, or a ring's URI without a label. The name stays where it stands in argv: nothing in a URI is encoded. */
static saf_status store_ring(cli_name *out, const char *what, const char *text, saf_error *err)
{
    saf_ring_address address;
    if (strncmp(text, "safkeyring", strlen("safkeyring")) != 0)
        return store_name(out, what, text, err);
    SAF_TRY(saf_ring_address_parse(&address, text, err));
    if (address.label[0])
        return saf_fail(err, SAF_E_USAGE, "%s is a ring, not a certificate in one: leave out &%s", what, address.label);
    text = strchr(text, ':') + 1;
    return store_name(out, what, text + strspn(text, "/"), err);
}

/* The items point into argv, whose commas are cut: nothing to own, nothing to free. */
static saf_status store_list(cli_list *list, const cli_option *option, char *text, saf_error *err)
{
    for (char *item; (item = strsep(&text, ","));) {
        if (!*item)
            return saf_fail(err, SAF_E_USAGE, "--%s has an empty value", option->name);
        if (list->count == CLI_LIST_MAX)
            return saf_fail(err, SAF_E_USAGE, "--%s takes at most %d values", option->name, CLI_LIST_MAX);
        list->items[list->count++] = item;
    }
    return SAF_OK;
}

static saf_status warn_if_exposed(const cli *cli, const char *source)
{
    if (saf_secret_source_is_exposed(source))
        cli_note(cli, "warning: others can read the secret in %s; chmod 0600 keeps it private", source + strlen("file:"));
    return SAF_OK;
}

static saf_status check_source(const cli *cli, const cli_option *option, const char *text, saf_error *err)
{
    static const char *const forms[] = { "file:", "fd:", "env:", "cred:" };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!strncmp(text, forms[i], strlen(forms[i])) && text[strlen(forms[i])])
            return warn_if_exposed(cli, text);
    (void)saf_fail(err, SAF_E_USAGE, "--%s takes a place, not the secret itself", option->name);
    saf_hint(err, "file:PATH, fd:N, env:NAME or cred:NAME");
    return SAF_E_USAGE;
}

static saf_status store_value(const cli *cli, void *base, const cli_option *option, char *text, saf_error *err)
{
    void *member = (char *)base + option->offset;
    if (!*text)
        return saf_fail(err, SAF_E_USAGE, "--%s is empty", option->name);

    switch (option->kind) {
    case CLI_SOURCE:
        SAF_TRY(check_source(cli, option, text, err));
        *(const char **)member = text;
        return SAF_OK;
    case CLI_TEXT:
        *(const char **)member = text;
        return SAF_OK;
    case CLI_LIST: return store_list(member, option, text, err);
    case CLI_NUMBER: return store_number(member, option, text, err);
    case CLI_DURATION: return store_duration(member, option, text, err);
    case CLI_CHOICE: return store_choice(member, option, text, err);
    case CLI_NAME: return store_name(member, option->name, text, err);
    case CLI_RING: return store_ring(member, option->name, text, err);
    case CLI_FLAG:
    case CLI_END: break;
    }
    return saf_fail(err, SAF_E_FAILED, "option --%s has no kind", option->name);
}

/* ---- one command line ---- */

enum { OPTIONS_MAX = 48 };

typedef struct parser {
    const cli *cli;
    const cli_command *command;
    void *common, *args;
    const cli_option *seen[OPTIONS_MAX];
    size_t seen_count, operand_count;
    saf_error *err;
} parser;

typedef struct search {
    const char *name;
    size_t name_len;
    const cli_option *found;
    bool is_common;
} search;

static saf_status match_option(void *context, const cli_option *option, bool is_common)
{
    search *search = context;
    if (strlen(option->name) == search->name_len && !memcmp(option->name, search->name, search->name_len)) {
        search->found = option;
        search->is_common = is_common;
    }
    return SAF_OK;
}

static bool seen_before(const parser *parser, const cli_option *option)
{
    for (size_t i = 0; i < parser->seen_count; i++)
        if (parser->seen[i] == option)
            return true;
    return false;
}

static saf_status note_seen(parser *parser, const cli_option *option)
{
    if (seen_before(parser, option)) {
        if (option->kind == CLI_LIST)
            return SAF_OK;
        return saf_fail(parser->err, SAF_E_USAGE, "--%s is given twice", option->name);
    }
    if (parser->seen_count == OPTIONS_MAX)
        return saf_fail(parser->err, SAF_E_USAGE, "too many options");
    parser->seen[parser->seen_count++] = option;
    return SAF_OK;
}

/* Returns how many words were taken through *taken: 1 for --flag and --name=value, 2 for --name value. */
static saf_status parse_option(parser *parser, char *word, char *next, int *taken)
{
    char *equals = strchr(word, '=');
    search search = { .name = word + 2, .name_len = equals ? (size_t)(equals - word - 2) : strlen(word + 2) };
    SAF_TRY(cli_each_option(parser->command, match_option, &search));
    if (!search.found) {
        (void)saf_fail(parser->err, SAF_E_USAGE, "there is no option --%.*s", (int)search.name_len, search.name);
        saf_hint(parser->err, "safring %s%s%s --help lists the options", parser->command->noun,
                 parser->command->verb ? " " : "", parser->command->verb ? parser->command->verb : "");
        return SAF_E_USAGE;
    }
    SAF_TRY(note_seen(parser, search.found));

    void *base = search.is_common ? parser->common : parser->args;
    *taken = 1;
    if (search.found->kind == CLI_FLAG) {
        if (equals)
            return saf_fail(parser->err, SAF_E_USAGE, "--%s takes no value", search.found->name);
        *(bool *)((char *)base + search.found->offset) = true;
        return SAF_OK;
    }
    if (!equals && !next)
        return saf_fail(parser->err, SAF_E_USAGE, "--%s wants a value (%s)", search.found->name, search.found->value);
    *taken = equals ? 1 : 2;
    return store_value(parser->cli, base, search.found, equals ? equals + 1 : next, parser->err);
}

static saf_status parse_operand(parser *parser, char *word)
{
    const cli_option *operand = parser->command->operands;
    for (size_t i = 0; operand && i < parser->operand_count && operand->kind != CLI_END; i++)
        operand++;
    if (!operand || operand->kind == CLI_END)
        return saf_fail(parser->err, SAF_E_USAGE, "too many operands");
    parser->operand_count++;
    void *member = (char *)parser->args + operand->offset;
    if (operand->kind == CLI_NAME)
        return store_name(member, operand->name, word, parser->err);
    if (operand->kind == CLI_RING)
        return store_ring(member, operand->name, word, parser->err);
    if (!*word)
        return saf_fail(parser->err, SAF_E_USAGE, "%s is empty", operand->name);
    *(const char **)member = word;
    return SAF_OK;
}

static saf_status require_option(void *context, const cli_option *option, bool is_common)
{
    parser *parser = context;
    (void)is_common;
    if (option->required && !seen_before(parser, option))
        return saf_fail(parser->err, SAF_E_USAGE, "--%s %s is missing", option->name, option->value);
    return SAF_OK;
}

static saf_status require_all(parser *parser)
{
    const cli_option *operand = parser->command->operands;
    for (size_t i = 0; operand && operand->kind != CLI_END; i++, operand++)
        if (operand->required && i >= parser->operand_count)
            return saf_fail(parser->err, SAF_E_USAGE, "%s is missing", operand->name);
    return cli_each_option(parser->command, require_option, parser);
}

static saf_status parse_words(parser *parser, int argc, char *const argv[])
{
    bool only_operands = false;
    for (int i = 0, taken; i < argc; i += taken) {
        taken = 1;
        if (!only_operands && !strcmp(argv[i], "--"))
            only_operands = true;
        else if (!only_operands && !strncmp(argv[i], "--", 2))
            SAF_TRY(parse_option(parser, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &taken));
        else if (!only_operands && argv[i][0] == '-' && argv[i][1])
            return saf_fail(parser->err, SAF_E_USAGE, "options are written with two dashes");
        else
            SAF_TRY(parse_operand(parser, argv[i]));
    }
    return SAF_OK;
}

/* Names go into JSON, SQL and PKCS#11 attributes, which are all UTF-8. */
static saf_status check_encoding(int argc, char *const argv[], saf_error *err)
{
    for (int i = 0; i < argc; i++) {
        const unsigned char *at = (const unsigned char *)argv[i], *end = at + strlen(argv[i]);
        for (size_t len; at < end; at += len)
            if (!(len = utf8_len(at, end)))
                return saf_fail(err, SAF_E_USAGE, "an argument is not valid UTF-8");
    }
    return SAF_OK;
}

static saf_status set_initial(void *context, const cli_option *option, bool is_common)
{
    parser *parser = context;
    char *base = is_common ? parser->common : parser->args;
    if (option->kind == CLI_NUMBER)
        *(unsigned *)(void *)(base + option->offset) = option->initial;
    return SAF_OK;
}

saf_status cli_parse(cli *cli, void *args, int argc, char *const argv[], saf_error *err)
{
    parser parser = { .cli = cli, .command = cli->command, .common = &cli->common, .args = args, .err = err };
    SAF_TRY(cli_each_option(cli->command, set_initial, &parser));
    SAF_TRY(check_encoding(argc, argv, err));
    saf_status status = parse_words(&parser, argc, argv);
    if (cli->common.help)
        return SAF_OK;
    return status == SAF_OK ? require_all(&parser) : status;
}
