/** @file safring audit list */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

typedef struct audit_list {
    unsigned after;
    const char *who, *action, *object, *since;
    int64_t since_at;
} audit_list;

OWN_VALUE(saf_audit_page, saf_audit_page_free)

static json_t *hex_or_null(bool is_there, const unsigned char *bytes, size_t len)
{
    OWN(own_text) hex = is_there ? cli_hex(bytes, len) : NULL;
    return hex ? json_string(hex) : json_null();
}

static json_t *shape(const saf_audit_record *record, const char *at)
{
    json_t *item = json_pack("{s:I,s:s,s:o,s:o,s:o,s:o}", "number", (json_int_t)record->number, "at", at, "who", cli_text(record->who), "action",
                             cli_text(record->action), "object", cli_text(record->object), "details", cli_text(record->details));
    json_object_set_new(item, "fingerprint", hex_or_null(record->has_fingerprint, record->fingerprint, sizeof record->fingerprint));
    json_object_set_new(item, "mac", hex_or_null(true, record->mac, sizeof record->mac));
    return item;
}

/* ---- which ---- */

/* The Unix user, or who logged in: "root (login alice)" is both root's and alice's. */
static bool is_who(const char *who, const char *wanted)
{
    static const char login[] = " (login ";
    const char *at = strstr(who, login);
    size_t len = strlen(wanted);
    if (!at || !strcasecmp(who, wanted))
        return !strcasecmp(who, wanted);
    if ((size_t)(at - who) == len && !strncasecmp(who, wanted, len))
        return true;
    at += strlen(login);
    return !strncasecmp(at, wanted, len) && !strcmp(at + len, ")");
}

/* A star at the end stands for whatever follows. */
static bool matches(const char *text, const char *wanted)
{
    size_t len = strlen(wanted);
    return len && wanted[len - 1] == '*' ? !strncmp(text, wanted, len - 1) : !strcmp(text, wanted);
}

static bool is_wanted(const audit_list *args, const saf_audit_record *record)
{
    return (!args->who || is_who(record->who, args->who)) && (!args->action || matches(record->action, args->action)) &&
           (!args->object || matches(record->object, args->object)) && (!args->since || record->at >= args->since_at);
}

static saf_status read_since(audit_list *args, saf_error *err)
{
    OWN(own_text) whole = NULL;
    if (!args->since)
        return SAF_OK;
    if (asprintf(&whole, "%s%s", args->since, strlen(args->since) == strlen("2026-12-01") ? "T00:00:00Z" : "") < 0)
        return saf_fail_memory(err);
    return saf_time_parse(&args->since_at, whole, err);
}

/* ---- */

static void say_page(cli *cli, const saf_audit_page *page, const audit_list *args)
{
    for (size_t i = 0; i < page->count; i++) {
        const saf_audit_record *record = &page->records[i];
        if (!is_wanted(args, record))
            continue;
        char at[SAF_TIME_TEXT_SIZE];
        saf_time_format(at, record->at);
        cli_say(cli, "%llu\t%s\t%s\t%s\t%s\t%s\n", (unsigned long long)record->number, at, record->who, record->action, record->object,
                record->details);
        cli_list_add(cli, cli->common.json ? shape(record, at) : NULL);
    }
    cli_list_page(cli);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    audit_list args = *(const audit_list *)args_;
    OWN(saf_store) *store = NULL;
    uint64_t after = args.after;
    SAF_TRY(read_since(&args, err));
    cli_list_begin(cli, "records");
    SAF_TRY(cli_open_store(&store, cli, err));
    for (;;) {
        OWN(saf_audit_page) page = { 0 };
        SAF_TRY(saf_store_list_audit(&page, store, &cli->who, after, 0, err));
        if (!page.count)
            return SAF_OK;
        say_page(cli, &page, &args);
        after = page.records[page.count - 1].number;
    }
}

static const cli_option options[] = {
    { CLI_NUMBER, "after", "NUMBER", "only records that follow this one", offsetof(audit_list, after), .max = 4294967295u },
    { CLI_TEXT, "since", "TIME", "only from then on: 2026-12-01 or 2026-12-01T08:00:00Z", offsetof(audit_list, since) },
    { CLI_TEXT, "who", "USER", "only what that user did, also under the name of root after logging in as USER", offsetof(audit_list, who) },
    { CLI_TEXT, "action", "ACTION", "only that, such as key-export; a * at the end stands for any rest", offsetof(audit_list, action) },
    { CLI_TEXT, "object", "OBJECT", "only what concerns that, such as ALICE/web; a * at the end stands for any rest", offsetof(audit_list, object) },
    { 0 },
};

const cli_command cli_command_audit_list = {
    .noun = "audit",
    .verb = "list",
    .summary = "list the audit trail",
    .racf = "SMF type 80 records",
    .description = "Lists what was changed in the store, by whom and when, in the order of the records' numbers, which have no gaps: number, time, user, action, object, "
                   "effective values. A user who became another one after logging in (with su or sudo) is shown as \"root (login alice)\". In values that stand between quotes, \" and \\ have a \\ "
                   "before them, and control characters are \\xXX.\n"
                   "\n"
                   "Exporting a private key into a file is recorded (key-export), publishing a ring too; what a program reads through the library is not. That the records are as they were written is what safring audit verify says.",
    .examples = "safring audit list\nsafring audit list --after 120 --json\nsafring audit list --action key-export --since 2026-12-01",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(audit_list),
    .run = run,
};
