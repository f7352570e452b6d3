/** @file safring cert rollover */
#include <cli/keys.h>

#include <base/fail.h>

typedef struct cert_rollover {
    cli_name cert;
    const char *to;
    bool force;
} cert_rollover;

static void say_done(const cli *cli, const cert_rollover *args, const saf_rollover *done)
{
    cli_say(cli, "%s %s/%s to %s/%s\n    private key  of the old one %s\n    rings        replaced in %u, added beside the old one in %u\n",
            cli->common.dry_run ? "would roll over" : "rolled over", args->cert.owner, args->cert.name, args->cert.owner, args->to,
            cli->common.dry_run ? "would be destroyed" : "is destroyed", done->replaced, done->added);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:s,s:i,s:i}", "owner", args->cert.owner, "old", args->cert.name, "label", args->to,
                                                  "replaced", (int)done->replaced, "added", (int)done->added));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_rollover *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    OWN(saf_cert) *old = NULL;
    saf_rollover done = { 0 };
    SAF_TRY(cli_open_store(&store, cli, err));
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    SAF_TRY(saf_store_find_cert(&old, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(cli_keys_log_in_for(&keys, old, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_cert_rollover(&done, change, args->cert.owner, args->cert.name, args->to, args->force ? SAF_FORCE : SAF_NO_FORCE, err));
    say_done(cli, args, &done);
    SAF_TRY(cli_end_change(cli, &change, err));
    if (done.key_uri[0] && !cli->common.dry_run)
        cli_keys_finish_intents(&keys, done.key_uri);
    return SAF_OK;
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the old certificate", offsetof(cert_rollover, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "to", "LABEL", "the new certificate, of the same owner", offsetof(cert_rollover, to), .required = true },
    { CLI_FLAG, "force", NULL, "also for a CA, or when the new one does not look like a successor (another subject, not in date, NOTRUST, revoked, "
      "self-signed), or another certificate has the old key", offsetof(cert_rollover, force) },
    { 0 },
};

const cli_command cli_command_cert_rollover = {
    .noun = "cert",
    .verb = "rollover",
    .summary = "put a rekeyed certificate in the place of the old one, for good",
    .racf = "RACDCERT ROLLOVER",
    .description =
        "In one step: the old certificate's private key is destroyed (in a token too); in each ring that holds the old one as PERSONAL the new one takes its place with "
        "usage and default; in rings that hold it as CERTAUTH or SITE the new one is connected beside it; the counter of sequential serials is carried over. The "
        "old certificate stays, so that what it signed can be verified.\n"
        "\n"
        "Old and new must differ, be of one owner, and both have a private key. A CA's key also signs its CRL, and certificates that it signed are still "
        "out: rolling over a CA destroys it all the same, and is refused without --force.",
    .examples = "safring cert rollover ZWESVUSR/localhost --to \"localhost 2027\"",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(cert_rollover),
    .run = run,
};
