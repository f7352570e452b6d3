/** @file safring cert import */
#include <cli/bundle.h>

#include <base/clock.h>
#include <base/fail.h>
#include <base/shell.h>

#include <string.h>

OWN_VALUE(saf_import_report, saf_import_report_free)

typedef struct cert_import {
    const char *file, *owner, *label, *password_source, *alias;
    int status;
    bool no_chain;
} cert_import;

static const saf_trust status_values[] = { (saf_trust)0, SAF_TRUST, SAF_NOTRUST, SAF_HIGHTRUST };

static const char *const result_texts[] = {
    [SAF_IMPORT_ADDED] = "added", [SAF_IMPORT_WAS_THERE] = "there already:", [SAF_IMPORT_KEY_ADDED] = "private key added to",
    [SAF_IMPORT_RENEWED] = "renewed"
};
static const char *const result_names[] = {
    [SAF_IMPORT_ADDED] = "added", [SAF_IMPORT_WAS_THERE] = "was-there", [SAF_IMPORT_KEY_ADDED] = "key-added",
    [SAF_IMPORT_RENEWED] = "renewed"
};

static void say_imported(const cli *cli, json_t *list, const saf_imported *item)
{
    char until[SAF_TIME_TEXT_SIZE], key[64];
    const saf_cert *cert = item->cert;
    cli_say(cli, "%s %s/%s\n    subject      %s\n    until        %s\n    status       %s\n    key          %s\n", result_texts[item->result],
            cert->owner, cert->label, cert->subject, saf_time_format(until, cert->not_after), cli_trust_name(cert->trust),
            cli_key_text(key, sizeof key, cert));
    json_t *shape = cli_shape_cert(cert);
    json_object_set_new(shape, "result", json_string(result_names[item->result]));
    json_array_append_new(list, shape);
}

/* NOTRUST is no failure, but who does not know about it will look for it in rings in vain. */
static void advise(const cli *cli, const saf_imported *item)
{
    const saf_cert *cert = item->cert;
    OWN(own_text) fingerprint = cli_hex(cert->fingerprint, sizeof cert->fingerprint);
    if (item->not_renewed)
        cli_note(cli, "%s/%s %s, and this does not do it: %s", cert->owner, item->not_renewed_label,
                 item->is_awaited ? "awaits an answer for this key" : "has this key and would be renewed by its successor", item->not_renewed);
    if (item->result != SAF_IMPORT_ADDED || cert->trust != SAF_NOTRUST)
        return;
    if (cert->revoked_at)
        cli_note(cli, "%s/%s is NOTRUST: a CA of this store has revoked it", cert->owner, cert->label);
    else if (cert->not_after <= saf_clock_now() || cert->not_before > saf_clock_now())
        cli_note(cli, "%s/%s is NOTRUST: it is not in date", cert->owner, cert->label);
    else if (cert->self_issued)
        cli_note(cli, "%s/%s is new here and NOTRUST; compare its SHA-256 fingerprint %s, then: safring cert alter %s --status trust",
                 cert->owner, cert->label, fingerprint ? fingerprint : "", saf_shell_quote_name(cert->owner, cert->label).text);
    else
        cli_note(cli, "%s/%s is NOTRUST: its chain does not verify to a certificate that is trusted here", cert->owner, cert->label);
}

static void say_report(const cli *cli, const saf_import_report *report)
{
    json_t *list = json_array();
    json_object_set_new(cli->result, "certificates", list);
    json_object_set_new(cli->result, "left_out", json_integer((json_int_t)report->left_out));
    for (size_t i = 0; i < report->count; i++) {
        say_imported(cli, list, &report->items[i]);
        advise(cli, &report->items[i]);
    }
    if (report->left_out)
        cli_note(cli, "%zu other certificate%s of the file stayed out", report->left_out, report->left_out == 1 ? "" : "s");
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_import *args = args_;
    OWN(saf_bundle) *bundle = NULL;
    OWN(saf_import_report) report = { 0 };
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    char owner[SAF_OWNER_MAX + 1];
    SAF_TRY(saf_owner_fold(owner, args->owner, err));
    if (args->label)
        SAF_TRY(saf_label_check(args->label, err));
    SAF_TRY(cli_read_bundle(&bundle, args->file, args->password_source, args->alias, err));
    saf_bundle_request request = { .owner = owner, .label = args->label, .trust = status_values[args->status],
                                   .chain = args->no_chain ? SAF_CHAIN_SKIP : SAF_CHAIN_KEEP };
    SAF_TRY(cli_open_store_to_change(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_bundle_import(&report, change, bundle, &request, err));
    say_report(cli, &report);
    return cli_end_change(cli, &change, err);
}

static const char *const statuses[] = { "judge", "trust", "notrust", "hightrust", NULL };

static const cli_option operands[] = {
    { CLI_TEXT, "FILE", NULL, "PEM, DER, PKCS#7 or PKCS#12; \"-\": standard input", offsetof(cert_import, file), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "owner", "OWNER", "whose it is: a user ID, CERTAUTH or SITE", offsetof(cert_import, owner), .required = true },
    { CLI_TEXT, "label", "LABEL", "its label; default: its name in a p12, else LABEL00000001 and so on; a renewed one keeps its own",
      offsetof(cert_import, label) },
    { CLI_CHOICE, "status", "STATUS", "its status; judge: TRUST when it is in date and its chain verifies to a trusted one, else NOTRUST; trust: new roots "
      "of the file are trusted too", offsetof(cert_import, status), .choices = statuses },
    { CLI_SOURCE, "password-source", "SOURCE", "where the file's password is", offsetof(cert_import, password_source) },
    { CLI_TEXT, "alias", "NAME", "which entry of a p12 with several keys", offsetof(cert_import, alias) },
    { CLI_FLAG, "no-chain", NULL, "leave the issuers in the file out", offsetof(cert_import, no_chain) },
    { 0 },
};

const cli_command cli_command_cert_import = {
    .noun = "cert",
    .verb = "import",
    .summary = "take a certificate, with its key and chain if they are there, into the store",
    .racf = "RACDCERT ADD",
    .description =
        "Reads a file and keeps its certificate, with its private key if there is one, under the owner given; the issuers that the file has go under "
        "CERTAUTH, labelled by their names.\n"
        "\n"
        "A certificate for a key that the owner has here already renews that one in place, which keeps label, key and rings: this is how the answer to "
        "safring cert request comes in. It happens only if the new one's chain verifies to a trusted certificate, because anyone can certify anybody's public "
        "key. The same certificate again changes nothing, except that a private key that was missing is added.\n"
        "\n"
        "A root that is new here is NOTRUST until you have compared its fingerprint and said safring cert alter --status trust (or give --status trust here).",
    .examples = "safring cert import localhost.pem --owner ZWESVUSR\n"
                "safring cert import partner.p12 --owner ZWESVUSR --label partner --password-source file:pw --status trust",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_import),
    .run = run,
};
