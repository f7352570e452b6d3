/** @file safring cert export */
#include <cli/out-password.h>

#include <base/fail.h>

typedef struct cert_export {
    cli_name cert;
    cli_out out;
    int format, p12_profile;
    bool chain, with_key, no_password, armor;
    const char *password_source, *alias;
} cert_export;

static const saf_format format_values[] = { SAF_FORMAT_PEM, SAF_FORMAT_DER, SAF_FORMAT_P7, SAF_FORMAT_P12 };
static const saf_p12_profile profile_values[] = { SAF_P12_JAVA, SAF_P12_MODERN, SAF_P12_LEGACY_GSK };

static saf_format format_of(const cert_export *args)
{
    return format_values[args->format];
}

static bool has_made_password(const cert_export *args)
{
    return format_of(args) == SAF_FORMAT_P12 && !args->password_source && !args->no_password;
}

static cli_out_kind kind_of(const cert_export *args)
{
    return format_of(args) == SAF_FORMAT_PEM || args->armor ? CLI_OUT_TEXT : CLI_OUT_BINARY;
}

static mode_t mode_of(const cert_export *args)
{
    return args->with_key ? CLI_OUT_PRIVATE : CLI_OUT_PUBLIC;
}

/* ---- arguments ---- */

static saf_status check_p12(const cert_export *args, saf_error *err)
{
    if (format_of(args) != SAF_FORMAT_P12 && (args->alias || args->no_password || args->p12_profile))
        return saf_fail(err, SAF_E_USAGE, "--alias, --no-password and --p12-profile are for --format p12");
    if (args->no_password && (args->with_key || args->password_source))
        return saf_fail(err, SAF_E_USAGE, "--no-password is for a trust store, without --with-key and --password-source");
    if (has_made_password(args) && !cli_out_has_file(&args->out))
        return saf_fail(err, SAF_E_USAGE, "without --out a p12 needs --password-source");
    return SAF_OK;
}

static saf_status check_arguments(const cli *cli, const cert_export *args, saf_error *err)
{
    saf_format format = format_of(args);
    if (format == SAF_FORMAT_DER && (args->chain || args->with_key))
        return saf_fail(err, SAF_E_USAGE, "der holds one certificate and nothing else: --chain and --with-key need pem or p12");
    if (format == SAF_FORMAT_P7 && args->with_key)
        return saf_fail(err, SAF_E_USAGE, "p7 holds certificates and nothing else: --with-key needs pem or p12");
    if (args->armor && (format == SAF_FORMAT_PEM || format == SAF_FORMAT_DER))
        return saf_fail(err, SAF_E_USAGE, "--armor is for p7 and p12");
    if (format != SAF_FORMAT_P12 && args->password_source && !args->with_key)
        return saf_fail(err, SAF_E_USAGE, "a certificate is public: --password-source needs --with-key");
    if (cli->common.json && !cli_out_has_file(&args->out) && (args->with_key || format != SAF_FORMAT_PEM))
        return saf_fail(err, SAF_E_USAGE, "--json and the certificate cannot both go to standard output: give --out FILE");
    return check_p12(args, err);
}

static saf_status find_password(saf_secret *out, cli_out_password *made, const cli *cli, const cert_export *args, saf_error *err)
{
    if (args->password_source)
        return saf_secret_from_source(out, args->password_source, err);
    return has_made_password(args) ? cli_out_password_find(out, made, cli, &args->out, err) : SAF_OK;
}

/* ---- writing ---- */

static void warn_of_readers(const cli *cli, const cert_export *args, const saf_cert *cert)
{
    const char *refused = saf_p12_refused_by(profile_values[args->p12_profile], args->with_key ? cert->key_type : NULL);
    if (format_of(args) == SAF_FORMAT_P12 && refused)
        cli_note(cli, "%s", refused);
}

static saf_status export_with(const saf_secret *password, cli *cli, const cert_export *args, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_blob) blob = { 0 };
    OWN(saf_change) *rehearsal = NULL;
    saf_export_request request = { .cert = cert, .format = format_of(args), .with_key = args->with_key,
                                   .with_chain = args->chain, .as_text = args->armor, .password = password->len ? password : NULL,
                                   .no_password = args->no_password, .p12_profile = profile_values[args->p12_profile],
                                   .alias = args->alias };
    if (args->with_key)
        SAF_TRY(cli_begin_rehearsal(&rehearsal, cli, store, err));
    SAF_TRY(saf_cert_export(&blob, store, &cli->who, &request, err));
    return cli_out_write(cli, &args->out, saf_bytes_of(blob.data, blob.len), mode_of(args), err);
}

static saf_status export_to(cli *cli, const cert_export *args, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_secret) password = { 0 };
    cli_out_password made = { 0 };
    SAF_TRY(find_password(&password, &made, cli, args, err));
    SAF_TRY(cli_out_password_end(cli, &made, export_with(&password, cli, args, store, cert, err)));
    warn_of_readers(cli, args, cert);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_export *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *cert = NULL;
    bool keep = false;
    SAF_TRY(check_arguments(cli, args, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, kind_of(args), mode_of(args), err));
    json_object_update_new(cli->result, json_pack("{s:s,s:s}", "owner", cert->owner, "label", cert->label));
    return keep ? SAF_OK : export_to(cli, args, store, cert, err);
}

static const char *const formats[] = { "pem", "der", "p7", "p12", NULL };
static const char *const profiles[] = { "java", "modern", "legacy-gsk", NULL };

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_export, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "format", "FORMAT", "how to write it", offsetof(cert_export, format), .choices = formats },
    { CLI_FLAG, "chain", NULL, "its issuers too", offsetof(cert_export, chain) },
    { CLI_FLAG, "with-key", NULL, "its private key too (a new file gets mode 0600; one that others may read is replaced only with --mode)", offsetof(cert_export, with_key) },
    { CLI_CHOICE, "p12-profile", "READER", "who is to read a p12 (java: 8u301 and later, OpenSSL, GnuTLS, NSS; modern: more rounds; legacy-gsk: "
      "z/OS System SSL and other old readers, 3DES and SHA-1)", offsetof(cert_export, p12_profile), .choices = profiles },
    { CLI_SOURCE, "password-source", "SOURCE",
      "where the file's password is; default for p12: that in FILE.password, a random one if there is none, for pem: none",
      offsetof(cert_export, password_source) },
    { CLI_FLAG, "no-password", NULL, "a p12 without key, neither encrypted nor protected by a MAC", offsetof(cert_export, no_password) },
    { CLI_TEXT, "alias", "NAME", "the entry's name in a p12; default the label", offsetof(cert_export, alias) },
    { CLI_FLAG, "armor", NULL, "p7 as PEM, p12 as base64 text", offsetof(cert_export, armor) },
    CLI_OUT_OPTIONS(cert_export, out),
    { 0 },
};

const cli_command cli_command_cert_export = {
    .noun = "cert",
    .verb = "export",
    .summary = "write a certificate, its chain and its key to a file",
    .racf = "RACDCERT EXPORT (CERTB64, CERTDER, PKCS7DER, PKCS7B64, PKCS12DER, PKCS12B64)",
    .description =
        "Writes a certificate as PEM, DER, PKCS#7 or PKCS#12, with its issuers (--chain) and private key (--with-key) when asked. The file appears "
        "whole or not at all, and one that is there is not overwritten unless --if-exists says so; one that is replaced keeps its mode and owner.\n"
        "\n"
        "A p12 without --with-key is a trust store: Java lists its certificates as trusted entries. --p12-profile is named after the readers; who will "
        "refuse the file is said when it is written. When no password is given, a random one is made and kept in FILE.password, mode 0600; if that file is "
        "there already, and is yours alone, the password in it is used. A private key in PEM is encrypted when a password is given. A key in a token stays there.\n"
        "\n"
        "That a private key is exported, by whom and in which format is recorded in the audit trail before the file is there.",
    .examples = "safring cert export ZWESVUSR/localhost\n"
                "safring cert export ZWESVUSR/localhost --format p12 --chain --with-key --password-source file:pw --out localhost.p12\n"
                "safring cert export CERTAUTH/localca --format p12 --password-source file:pw --out truststore.p12",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_export),
    .run = run,
};
