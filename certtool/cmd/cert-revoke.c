/** @file safring cert revoke */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

OWN_HANDLE(saf_issued, saf_issued_free)

typedef struct cert_revoke {
    cli_name cert, issuer;
    const char *serial, *reason;
} cert_revoke;

static void say_revoked(const cli *cli, const saf_cert *cert, int64_t revoked_at, saf_reason reason)
{
    char at[SAF_TIME_TEXT_SIZE];
    const char *verb = cli->common.dry_run ? "would revoke" : "revoked";
    if (!revoked_at)
        cli_say(cli, "%s: serial %s, %s\n", cli->common.dry_run ? "would free from its hold" : "free from its hold", cert->serial, cert->subject);
    else
        cli_say(cli, "%s serial %s, %s\n    at           %s\n    reason       %s\n", verb, cert->serial, cert->subject,
                saf_time_format(at, revoked_at), saf_reason_name(reason));
    json_object_update_new(cli->result, cli_shape_cert(cert));
    json_object_set_new(cli->result, "revoked_at", revoked_at ? json_string(saf_time_format(at, revoked_at)) : json_null());
    json_object_set_new(cli->result, "revocation_reason", revoked_at ? json_string(saf_reason_name(reason)) : json_null());
}

static saf_status revoke_by_label(const cli *cli, const cert_revoke *args, saf_change *change, saf_reason reason, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    saf_status status = saf_cert_revoke(&cert, change, args->cert.owner, args->cert.name, reason, err);
    if (status == SAF_OK)
        say_revoked(cli, cert, cert->revoked_at, cert->reason);
    return status;
}

static saf_status revoke_by_serial(const cli *cli, const cert_revoke *args, saf_change *change, saf_reason reason, saf_error *err)
{
    OWN(saf_cert) *ca = NULL;
    OWN(saf_issued) *issued = NULL;
    saf_store *store = saf_change_store(change);
    SAF_TRY(saf_store_find_cert(&ca, store, &cli->who, args->issuer.owner, args->issuer.name, err));
    SAF_TRY(saf_store_revoke(change, ca, args->serial, reason, err));
    SAF_TRY(saf_store_find_issued(&issued, store, &cli->who, ca, args->serial, err));
    say_revoked(cli, issued->cert, issued->revoked_at, issued->reason);
    json_object_set_new(cli->result, "owner", issued->owner[0] ? json_string(issued->owner) : json_null());
    json_object_set_new(cli->result, "label", issued->owner[0] ? json_string(issued->label) : json_null());
    return SAF_OK;
}

static saf_status check_arguments(const cert_revoke *args, saf_error *err)
{
    if (!args->issuer.name != !args->serial)
        return saf_fail(err, SAF_E_USAGE, "--issuer and --serial go together");
    if (!args->cert.name == !args->serial)
        return saf_fail(err, SAF_E_USAGE, "name what to revoke: OWNER/LABEL, or --issuer and --serial");
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_revoke *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    saf_reason reason = SAF_REASON_UNSPECIFIED;
    SAF_TRY(check_arguments(args, err));
    if (args->reason)
        SAF_TRY(saf_reason_parse(&reason, args->reason, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(args->serial ? revoke_by_serial(cli, args, change, reason, err) : revoke_by_label(cli, args, change, reason, err));
    return cli_end_change(cli, &change, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate, as it is now", offsetof(cert_revoke, cert) },
    { 0 },
};

static const cli_option options[] = {
    { CLI_NAME, "issuer", "OWNER/LABEL", "with --serial: the CA that issued it", offsetof(cert_revoke, issuer) },
    { CLI_TEXT, "serial", "HEX", "one that was replaced, deleted, or signed from a foreign request: see safring ca issued",
      offsetof(cert_revoke, serial) },
    { CLI_TEXT, "reason", "REASON", "key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation, certificate-hold, "
      "privilege-withdrawn, aa-compromise, unspecified; remove-from-crl frees one on hold; default unspecified",
      offsetof(cert_revoke, reason) },
    { 0 },
};

const cli_command cli_command_cert_revoke = {
    .noun = "cert",
    .verb = "revoke",
    .summary = "revoke a certificate that a CA of this store issued",
    .racf = "none in RACDCERT; PKI Services revoke",
    .description =
        "Records that a certificate is revoked, and why (RFC 5280 5.3.1). Others learn of it from the next CRL: safring ca crl. A CA that is revoked signs no "
        "more here. The private key is not touched.\n"
        "\n"
        "A renewed certificate has left its predecessor behind, which is valid until it ends: revoke it by its serial.",
    .examples = "safring cert revoke ZWESVUSR/localhost --reason superseded\n"
                "safring cert revoke --issuer CERTAUTH/localca --serial 7FAC53A8A5B585A419C2D559D4A6E1C3 --reason key-compromise",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_revoke),
    .run = run,
};
