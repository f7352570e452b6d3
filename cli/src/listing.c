/** @file Lists that may be long, shown as they are read. */
#include <cli/cli.h>

#include <string.h>

enum { ITEM_INDENT = 4 };

/* An object's JSON as a line in a list of the result: each of its own lines further in. */
static void print_item(const char *text)
{
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        printf("%*s%.*s", ITEM_INDENT, "", (int)len, line);
        line += len;
        if (*line == '\n')
            putchar(*line++);
    }
}

void cli_list_begin(cli *cli, const char *name)
{
    cli->list = name;
    cli->list_count = 0;
}

void cli_list_add(cli *cli, json_t *item)
{
    OWN(json_t) *own = item;
    OWN(own_text) text = own ? json_dumps(own, JSON_INDENT(2)) : NULL;
    if (!text)
        return;
    if (cli->list_count++ == 0)
        printf("{\n  \"%s\": [\n", cli->list);
    else
        fputs(",\n", stdout);
    print_item(text);
}

void cli_list_page(cli *cli)
{
    cli_say_now(cli);
}

/* The rest of the result follows the list, in the same object. */
void cli_list_end(cli *cli)
{
    if (!cli->common.json || !cli->list)
        return;
    if (!cli->list_count) {
        json_object_set_new(cli->result, cli->list, json_array());
        return;
    }
    fputs("\n  ]", stdout);
    OWN(own_text) rest = json_object_size(cli->result) ? json_dumps(cli->result, JSON_INDENT(2)) : NULL;
    printf("%s%s\n", rest ? "," : "", rest ? rest + strlen("{") : "\n}");
}
