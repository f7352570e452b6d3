/** @file safring cert list */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

typedef struct cert_list {
    const char *owner;
} cert_list;

static void say_cert(cli *cli, const saf_cert *cert)
{
    char until[SAF_TIME_TEXT_SIZE], key[64], state[64], name[SAF_OWNER_MAX + SAF_LABEL_MAX + 2];
    snprintf(name, sizeof name, "%s/%s", cert->owner, cert->label);
    cli_say(cli, "%-28s  %-9s  %.10s  %-16s  %s%s\n", name, cli_trust_name(cert->trust),
            saf_time_format(until, cert->not_after), cli_key_text(key, sizeof key, cert), cert->subject,
            cli_state_text(state, sizeof state, cert));
    cli_list_add(cli, cli->common.json ? cli_shape_cert(cert) : NULL);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_list *args = args_;
    OWN(saf_store) *store = NULL;
    char owner[SAF_OWNER_MAX + 1], last_owner[SAF_OWNER_MAX + 1], last_label[SAF_LABEL_MAX + 1];
    saf_cert_query query = { .owner = args->owner ? owner : NULL };
    if (args->owner)
        SAF_TRY(saf_owner_fold(owner, args->owner, err));
    SAF_TRY(cli_open_store(&store, cli, err));

    cli_list_begin(cli, "certificates");
    for (;;) {
        OWN(saf_cert_page) page = { 0 };
        SAF_TRY(saf_store_list_certs(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        for (size_t i = 0; i < page.count; i++)
            say_cert(cli, page.certs[i]);
        cli_list_page(cli);
        const saf_cert *last = page.certs[page.count - 1];
        snprintf(last_owner, sizeof last_owner, "%s", last->owner);
        snprintf(last_label, sizeof last_label, "%s", last->label);
        query.after_owner = last_owner;
        query.after_label = last_label;
    }
}

static const cli_option options[] = {
    { CLI_TEXT, "owner", "OWNER", "only this owner's certificates", offsetof(cert_list, owner) },
    { 0 },
};

const cli_command cli_command_cert_list = {
    .noun = "cert",
    .verb = "list",
    .summary = "list certificates",
    .racf = "RACDCERT LIST",
    .description = "Lists the certificates of the store in the order of owner and label: status, last day, key, subject.",
    .examples = "safring cert list\nsafring cert list --owner CERTAUTH --json",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(cert_list),
    .run = run,
};
