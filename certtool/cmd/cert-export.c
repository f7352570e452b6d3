/** @file safring cert export */
#include <cli/cli.h>

#include <base/fail.h>
#include <base/random.h>

#include <limits.h>
#include <string.h>

typedef struct cert_export {
    cli_name cert;
    int format, if_exists;
    bool chain, with_key;
    const char *password_source, *out, *alias;
} cert_export;

enum { MODE_PUBLIC = 0644, MODE_PRIVATE = 0600 };

static const saf_format format_values[] = { SAF_FORMAT_PEM, SAF_FORMAT_DER, SAF_FORMAT_P12 };
static const saf_if_exists if_exists_values[] = { SAF_IF_EXISTS_FAIL, SAF_IF_EXISTS_KEEP, SAF_IF_EXISTS_REPLACE };

static saf_status check_arguments(const cert_export *args, saf_error *err)
{
    saf_format format = format_values[args->format];
    if (format == SAF_FORMAT_DER && (args->chain || args->with_key))
        return saf_fail(err, SAF_E_USAGE, "der holds one certificate and nothing else: --chain and --with-key need pem or p12");
    if (format == SAF_FORMAT_P12 && !args->with_key)
        return saf_fail(err, SAF_E_USAGE, "p12 is for a certificate with its key: give --with-key, or choose pem");
    if (format != SAF_FORMAT_PEM && !args->out && isatty(STDOUT_FILENO))
        return saf_fail(err, SAF_E_USAGE, "binary output does not go to a terminal: give --out FILE");
    if (format == SAF_FORMAT_P12 && !args->out && !args->password_source)
        return saf_fail(err, SAF_E_USAGE, "without --out a p12 needs --password-source");
    return SAF_OK;
}

/* A password that nobody gave is made here and put beside the output, where only its owner can read it. */
static saf_status make_password(saf_secret *out, const cli *cli, const cert_export *args, saf_error *err)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s.password", args->out) >= sizeof path)
        return saf_fail(err, SAF_E_USAGE, "--out is too long");
    SAF_TRY(saf_random_password(out, err));
    if (!cli->common.dry_run)
        SAF_TRY(saf_file_write(path, saf_secret_bytes(out), MODE_PRIVATE, if_exists_values[args->if_exists], err));
    cli_note("the password is in %s", path);
    json_object_set_new(cli->result, "password_file", json_string(path));
    return SAF_OK;
}

static saf_status find_password(saf_secret *out, const cli *cli, const cert_export *args, saf_error *err)
{
    if (args->password_source)
        return saf_secret_from_source(out, args->password_source, err);
    return format_values[args->format] == SAF_FORMAT_P12 ? make_password(out, cli, args, err) : SAF_OK;
}

static saf_status write_out(cli *cli, const cert_export *args, const saf_blob *blob, saf_error *err)
{
    mode_t mode = args->with_key ? MODE_PRIVATE : MODE_PUBLIC;
    saf_bytes content = saf_bytes_of(blob->data, blob->len);
    if (!args->out) {
        if (cli->common.json)
            return saf_fail(err, SAF_E_USAGE, "--json and the certificate cannot both go to standard output: give --out FILE");
        return fwrite(content.data, 1, content.len, stdout) == content.len
                   ? SAF_OK
                   : saf_fail_errno(err, "cannot write to standard output");
    }
    if (!cli->common.dry_run)
        SAF_TRY(saf_file_write(args->out, content, mode, if_exists_values[args->if_exists], err));
    cli_say(cli, cli->common.dry_run ? "would write %s, mode %04o\n" : "wrote %s, mode %04o\n", args->out, (unsigned)mode);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:s,s:I}", "owner", args->cert.owner, "label", args->cert.name,
                                                  "file", args->out, "bytes", (json_int_t)blob->len));
    return SAF_OK;
}

/* Ahead of everything else, so that neither a password file nor a half result is left by a run that was bound to fail. */
static saf_status check_target(bool *keep, const cli *cli, const cert_export *args, saf_error *err)
{
    saf_if_exists if_exists = if_exists_values[args->if_exists];
    *keep = false;
    if (!args->out || if_exists == SAF_IF_EXISTS_REPLACE || !saf_file_exists(args->out))
        return SAF_OK;
    if (if_exists == SAF_IF_EXISTS_FAIL) {
        (void)saf_fail(err, SAF_E_EXISTS, "%s is there already", args->out);
        saf_hint(err, "--if-exists replace swaps the new one in");
        return SAF_E_EXISTS;
    }
    *keep = true;
    cli_say(cli, "%s is there already\n", args->out);
    json_object_set_new(cli->result, "file", json_string(args->out));
    return SAF_OK;
}

static saf_status export_to(cli *cli, const cert_export *args, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_secret) password = { 0 };
    OWN(saf_blob) blob = { 0 };
    SAF_TRY(find_password(&password, cli, args, err));
    saf_export_request request = { .cert = cert, .format = format_values[args->format], .with_key = args->with_key,
                                   .with_chain = args->chain, .password = password.len ? &password : NULL,
                                   .alias = args->alias };
    SAF_TRY(saf_cert_export(&blob, store, &cli->who, &request, err));
    return write_out(cli, args, &blob, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_export *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *cert = NULL;
    bool keep = false;
    SAF_TRY(check_arguments(args, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(check_target(&keep, cli, args, err));
    return keep ? SAF_OK : export_to(cli, args, store, cert, err);
}

static const char *const formats[] = { "pem", "der", "p12", NULL };
static const char *const if_exists[] = { "fail", "keep", "replace", NULL };

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_export, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "format", "FORMAT", "how to write it", offsetof(cert_export, format), .choices = formats },
    { CLI_FLAG, "chain", NULL, "its issuers too", offsetof(cert_export, chain) },
    { CLI_FLAG, "with-key", NULL, "its private key too (the file gets mode 0600)", offsetof(cert_export, with_key) },
    { CLI_SOURCE, "password-source", "SOURCE",
      "where the file's password is; default for p12: a random one in FILE.password, for pem: none",
      offsetof(cert_export, password_source) },
    { CLI_TEXT, "out", "FILE", "write to this file; default standard output", offsetof(cert_export, out) },
    { CLI_TEXT, "alias", "NAME", "the entry's name in a p12; default the label", offsetof(cert_export, alias) },
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a file", offsetof(cert_export, if_exists),
      .choices = if_exists },
    { 0 },
};

const cli_command cli_command_cert_export = {
    .noun = "cert",
    .verb = "export",
    .summary = "write a certificate, its chain and its key to a file",
    .racf = "RACDCERT EXPORT",
    .description =
        "Writes a certificate as PEM, DER or PKCS#12, with its issuers (--chain) and private key (--with-key) when asked. The file appears "
        "whole or not at all, and one that is there is not overwritten unless --if-exists says so.\n"
        "\n"
        "The PKCS#12 form is read by OpenSSL 3, Java 8u301 and later, GnuTLS and NSS. A private key in PEM is encrypted when a password is given.",
    .examples = "safring cert export ZWESVUSR/localhost\n"
                "safring cert export ZWESVUSR/localhost --format p12 --chain --with-key --password-source file:pw --out localhost.p12",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_export),
    .run = run,
};
