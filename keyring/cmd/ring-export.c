/** @file safring ring export */
#include <cli/out-password.h>

#include <base/fail.h>

typedef struct ring_export {
    const char *ring;
    cli_out out;
    int format;
    bool with_key;
    const char *password_source;
} ring_export;

static const saf_ring_format format_values[] = { SAF_RING_PEM, SAF_RING_P12, SAF_RING_K8S_SECRET };

static saf_ring_format format_of(const ring_export *args)
{
    return format_values[args->format];
}

static bool makes_password(const ring_export *args)
{
    return format_of(args) != SAF_RING_PEM && !args->password_source;
}

static saf_status check_arguments(const cli *cli, const ring_export *args, saf_error *err)
{
    if (makes_password(args) && !cli_out_has_file(&args->out))
        return saf_fail(err, SAF_E_USAGE, "without --out, PKCS#12 needs --password-source");
    if (format_of(args) == SAF_RING_PEM && args->password_source && !args->with_key)
        return saf_fail(err, SAF_E_USAGE, "certificates are public: --password-source needs --with-key");
    if (cli->common.json && !cli_out_has_file(&args->out) && (args->with_key || format_of(args) != SAF_RING_PEM))
        return saf_fail(err, SAF_E_USAGE, "--json and what is exported cannot both go to standard output: give --out FILE");
    return SAF_OK;
}

static saf_status find_password(saf_secret *out, cli_out_password *made, const cli *cli, const ring_export *args, saf_error *err)
{
    if (args->password_source)
        return saf_secret_from_source(out, args->password_source, err);
    return makes_password(args) ? cli_out_password_find(out, made, cli, &args->out, err) : SAF_OK;
}

static mode_t mode_of(const ring_export *args)
{
    return args->with_key ? CLI_OUT_PRIVATE : CLI_OUT_PUBLIC;
}

static saf_status export_with(const saf_secret *password, cli *cli, const ring_export *args, saf_store *store, const saf_ring *ring, saf_error *err)
{
    OWN(saf_blob) blob = { 0 };
    OWN(saf_change) *rehearsal = NULL;
    const saf_ring_export_request request = { .format = format_of(args), .with_key = args->with_key,
                                              .password = password->len ? password : NULL };
    if (args->with_key)
        SAF_TRY(cli_begin_rehearsal(&rehearsal, cli, store, err));
    SAF_TRY(saf_ring_export(&blob, ring, store, &cli->who, &request, err));
    return cli_out_write(cli, &args->out, saf_bytes_of(blob.data, blob.len), mode_of(args), err);
}

static saf_status export_to(cli *cli, const ring_export *args, saf_store *store, const saf_ring *ring, saf_error *err)
{
    OWN(saf_secret) password = { 0 };
    cli_out_password made = { 0 };
    SAF_TRY(find_password(&password, &made, cli, args, err));
    return cli_out_password_end(cli, &made, export_with(&password, cli, args, store, ring, err));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_export *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_ring) *ring = NULL;
    saf_ring_address address;
    bool keep = false;
    SAF_TRY(check_arguments(cli, args, err));
    SAF_TRY(saf_ring_address_parse(&address, args->ring, err));
    if (address.label[0])
        return saf_fail(err, SAF_E_USAGE, "this exports a ring; one certificate: safring cert export");
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_ring_open(&ring, store, &cli->who, address.owner, address.name, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, format_of(args) == SAF_RING_P12 ? CLI_OUT_BINARY : CLI_OUT_TEXT, mode_of(args), err));
    json_object_update_new(cli->result, json_pack("{s:s,s:s}", "owner", address.owner, "ring", address.name));
    return keep ? SAF_OK : export_to(cli, args, store, ring, err);
}

static const char *const formats[] = { "pem", "p12", "k8s-secret", NULL };

static const cli_option operands[] = {
    { CLI_TEXT, "OWNER/RING", NULL, "the ring; OWNER/*, *AUTH*/* and *SITE*/* too", offsetof(ring_export, ring), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "format", "FORMAT", "how to write it", offsetof(ring_export, format), .choices = formats },
    { CLI_FLAG, "with-key", NULL, "the default certificate with its chain and private key (a new file gets mode 0600)",
      offsetof(ring_export, with_key) },
    { CLI_SOURCE, "password-source", "SOURCE",
      "where the password is; default for p12 and k8s-secret: that in FILE.password, a random one if there is none, for pem: none",
      offsetof(ring_export, password_source) },
    CLI_OUT_OPTIONS(ring_export, out),
    { 0 },
};

const cli_command cli_command_ring_export = {
    .noun = "ring",
    .verb = "export",
    .summary = "write a key ring to a file for programs that know no rings",
    .description =
        "Writes whom the ring trusts: the certificates of its CERTAUTH and SITE connections, without those that are NOTRUST, revoked or out of "
        "date. As pem this is a bundle for nginx, curl or a CAfile; as p12 it is a trust store for Java.\n"
        "\n"
        "With --with-key it is the default certificate, its issuers as far as they are in the ring, and its private key: as pem in this order, as "
        "p12 a keystore.\n"
        "\n"
        "A k8s-secret is a Kubernetes Secret named zowe-certificates-secret, as zwe migrate for kubernetes makes it: truststore.p12 and ca.cer, "
        "with --with-key also keystore.p12, keystore.key and keystore.cer. Give it to kubectl apply.\n"
        "\n"
        "That a private key is exported is recorded in the audit trail before the file is there, unless it comes from a publication.\n"
        "\n"
        "The file is a copy: it does not follow the ring's changes. A publication does (safring ring publish).",
    .examples = "safring ring export ZWESVUSR/ZoweKeyring --format pem --out bundle.pem\n"
                "safring ring export ZWESVUSR/ZoweKeyring --format p12 --with-key --password-source file:pw --out keystore.p12\n"
                "safring ring export ZWESVUSR/ZoweKeyring --format k8s-secret --with-key --out secret.yaml",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_export),
    .run = run,
};
