/** @file safring cert delete */
#include <cli/cli.h>

#include <base/fail.h>

typedef struct cert_delete {
    cli_name cert;
    bool force;
} cert_delete;

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_delete *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_store_delete_cert(change, cert->owner, cert->label, args->force ? SAF_FORCE : SAF_NO_FORCE, err));
    cli_say(cli, "%s %s/%s, serial %s\n", cli->common.dry_run ? "would delete" : "deleted", cert->owner, cert->label, cert->serial);
    json_object_update_new(cli->result, cli_shape_cert(cert));
    if (cert->key_place == SAF_KEY_IN_TOKEN)
        cli_note(cli, "its private key stays in the token: %s", cert->key_uri);
    return cli_end_change(cli, &change, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_delete, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_FLAG, "force", NULL, "although rings hold it, or the answer to a request for it is awaited", offsetof(cert_delete, force) },
    { 0 },
};

const cli_command cli_command_cert_delete = {
    .noun = "cert",
    .verb = "delete",
    .summary = "delete a certificate and its private key",
    .racf = "RACDCERT DELETE",
    .description =
        "Deletes a certificate. Its private key goes too, when it is in the store and no other certificate has it; one in a token stays there. What its CA "
        "recorded about it stays, so that it can still be revoked by its serial. A certificate that rings hold, or for which a request is not answered yet, "
        "is deleted only with --force.",
    .examples = "safring cert delete ZWESVUSR/localhost --force",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_delete),
    .run = run,
};
