/** @file safring audit list */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

typedef struct audit_list {
    unsigned after;
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

static void say_page(cli *cli, const saf_audit_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const saf_audit_record *record = &page->records[i];
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
    const audit_list *args = args_;
    OWN(saf_store) *store = NULL;
    uint64_t after = args->after;
    cli_list_begin(cli, "records");
    SAF_TRY(cli_open_store(&store, cli, err));
    for (;;) {
        OWN(saf_audit_page) page = { 0 };
        SAF_TRY(saf_store_list_audit(&page, store, &cli->who, after, 0, err));
        if (!page.count)
            return SAF_OK;
        say_page(cli, &page);
        after = page.records[page.count - 1].number;
    }
}

static const cli_option options[] = {
    { CLI_NUMBER, "after", "NUMBER", "only records that follow this one", offsetof(audit_list, after), .max = 4294967295u },
    { 0 },
};

const cli_command cli_command_audit_list = {
    .noun = "audit",
    .verb = "list",
    .summary = "list the audit trail",
    .racf = "SMF type 80 records",
    .description = "Lists what was changed in the store, by whom and when, in the order of the records' numbers, which have no gaps: number, time, user, action, object, "
                   "effective values. That the records are as they were written is what safring audit verify says.",
    .examples = "safring audit list\nsafring audit list --after 120 --json",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(audit_list),
    .run = run,
};
