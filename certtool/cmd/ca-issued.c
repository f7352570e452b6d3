/** @file safring ca issued */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

OWN_HANDLE(saf_issued, saf_issued_free)
OWN_VALUE(saf_issued_page, saf_issued_page_free)

typedef struct ca_issued {
    cli_name ca;
    bool revoked;
    const char *serial;
} ca_issued;

static json_t *shape_of(const saf_issued *issued)
{
    char at[SAF_TIME_TEXT_SIZE];
    json_t *shape = cli_shape_cert(issued->cert);
    static const char *const of_records[] = { "status", "has_key", "key_uri", "requested_at" };
    for (size_t i = 0; i < sizeof of_records / sizeof *of_records; i++)
        json_object_del(shape, of_records[i]);
    json_object_set_new(shape, "owner", issued->owner[0] ? json_string(issued->owner) : json_null());
    json_object_set_new(shape, "label", issued->owner[0] ? json_string(issued->label) : json_null());
    json_object_set_new(shape, "in_store", json_boolean(issued->is_current));
    json_object_set_new(shape, "issued_at", json_string(saf_time_format(at, issued->issued_at)));
    json_object_set_new(shape, "revoked_at", issued->revoked_at ? json_string(saf_time_format(at, issued->revoked_at)) : json_null());
    json_object_set_new(shape, "revocation_reason", issued->revoked_at ? json_string(saf_reason_name(issued->reason)) : json_null());
    return shape;
}

static void say_issued(cli *cli, const saf_issued *issued)
{
    char until[SAF_TIME_TEXT_SIZE], name[SAF_OWNER_MAX + SAF_LABEL_MAX + 2] = "(request)";
    if (issued->owner[0])
        snprintf(name, sizeof name, "%s/%s", issued->owner, issued->label);
    cli_say(cli, "%-32s  %.10s  %-24s  %s%s%s%s\n", issued->cert->serial, saf_time_format(until, issued->cert->not_after), name,
            issued->cert->subject, issued->is_current ? "" : issued->owner[0] ? ", replaced" : "", issued->revoked_at ? ", REVOKED: " : "",
            issued->revoked_at ? saf_reason_name(issued->reason) : "");
    cli_list_add(cli, cli->common.json ? shape_of(issued) : NULL);
}

static saf_status say_all(cli *cli, const ca_issued *args, saf_store *store, const saf_cert *ca, saf_error *err)
{
    saf_issued_query query = { .only_revoked = args->revoked };
    cli_list_begin(cli, "certificates");
    for (;;) {
        OWN(saf_issued_page) page = { 0 };
        SAF_TRY(saf_store_list_issued(&page, store, &cli->who, ca, &query, err));
        if (!page.count)
            return SAF_OK;
        for (size_t i = 0; i < page.count; i++)
            say_issued(cli, page.items[i]);
        cli_list_page(cli);
        query.after = page.items[page.count - 1]->number;
    }
}

static saf_status say_one(cli *cli, const ca_issued *args, saf_store *store, const saf_cert *ca, saf_error *err)
{
    OWN(saf_issued) *issued = NULL;
    SAF_TRY(saf_store_find_issued(&issued, store, &cli->who, ca, args->serial, err));
    OWN(json_t) *shape = shape_of(issued);
    cli_say(cli, "%s", json_string_value(json_object_get(shape, "pem")));
    json_object_update(cli->result, shape);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ca_issued *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *ca = NULL;
    if (args->serial && args->revoked)
        return saf_fail(err, SAF_E_USAGE, "--serial shows one certificate, --revoked lists many: not both");
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&ca, store, &cli->who, args->ca.owner, args->ca.name, err));
    return args->serial ? say_one(cli, args, store, ca, err) : say_all(cli, args, store, ca, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the CA", offsetof(ca_issued, ca), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_FLAG, "revoked", NULL, "only what is revoked", offsetof(ca_issued, revoked) },
    { CLI_TEXT, "serial", "HEX", "the PEM of this one", offsetof(ca_issued, serial) },
    { 0 },
};

const cli_command cli_command_ca_issued = {
    .noun = "ca",
    .verb = "issued",
    .summary = "list what a CA has issued, and what of it is revoked",
    .racf = "none in RACDCERT; PKI Services query",
    .description =
        "Lists every certificate that the CA signed here, in the order of issue: serial, last day, whom it was for, subject. Certificates that were replaced by a "
        "renewal, deleted, or signed from a foreign request are there too, for safring cert revoke --serial.",
    .examples = "safring ca issued CERTAUTH/localca\nsafring ca issued CERTAUTH/localca --revoked --json",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(ca_issued),
    .run = run,
};
