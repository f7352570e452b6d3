/** @file safring cert alter */
#include <cli/issue.h>

#include <base/fail.h>

typedef struct cert_alter {
    cli_name cert;
    int status;
    const char *new_label;
} cert_alter;

static const saf_trust status_values[] = { (saf_trust)0, SAF_TRUST, SAF_NOTRUST, SAF_HIGHTRUST };

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_alter *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    OWN(saf_cert) *cert = NULL;
    saf_cert_alteration alteration = { .trust = status_values[args->status], .new_label = args->new_label };
    if (!args->status && !args->new_label)
        return saf_fail(err, SAF_E_USAGE, "nothing to alter: give --status or --new-label");
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_store_alter_cert(change, args->cert.owner, args->cert.name, &alteration, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->new_label ? args->new_label : args->cert.name, err));
    cli_say_cert(cli, cli->common.dry_run ? "would alter" : "altered", cert);
    cli_say(cli, "    status       %s\n", cli_trust_name(cert->trust));
    return cli_end_change(cli, &change, err);
}

static const char *const statuses[] = { "keep", "trust", "notrust", "hightrust", NULL };

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_alter, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "status", "STATUS", "its new status", offsetof(cert_alter, status), .choices = statuses },
    { CLI_TEXT, "new-label", "LABEL", "its new label", offsetof(cert_alter, new_label) },
    { 0 },
};

const cli_command cli_command_cert_alter = {
    .noun = "cert",
    .verb = "alter",
    .summary = "change a certificate's status or label",
    .racf = "RACDCERT ALTER",
    .description = "Changes what the store says about a certificate, not the certificate. Rings keep it, under the new label, and their readers see the change.",
    .examples = "safring cert alter ZWESVUSR/localhost --status notrust\n"
                "safring cert alter ZWESVUSR/localhost --status trust --new-label \"old localhost\"",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_alter),
    .run = run,
};
