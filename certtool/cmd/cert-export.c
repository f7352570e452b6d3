/** @file safring cert export */
#include <cli/cli.h>

#include <base/fail.h>
#include <base/random.h>

#include <libgen.h>
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

static bool has_file(const cert_export *args)
{
    return args->out && strcmp(args->out, "-") != 0;
}

static bool has_made_password(const cert_export *args)
{
    return format_values[args->format] == SAF_FORMAT_P12 && !args->password_source;
}

/* ---- arguments ---- */

static saf_status check_arguments(const cli *cli, const cert_export *args, saf_error *err)
{
    saf_format format = format_values[args->format];
    if (format == SAF_FORMAT_DER && (args->chain || args->with_key))
        return saf_fail(err, SAF_E_USAGE, "der holds one certificate and nothing else: --chain and --with-key need pem or p12");
    if (format == SAF_FORMAT_P12 && !args->with_key)
        return saf_fail(err, SAF_E_USAGE, "p12 is for a certificate with its key: give --with-key, or choose pem");
    if (args->alias && format != SAF_FORMAT_P12)
        return saf_fail(err, SAF_E_USAGE, "only a p12 has an --alias");
    if (args->password_source && !args->with_key)
        return saf_fail(err, SAF_E_USAGE, "a certificate is public: --password-source needs --with-key");
    if (has_file(args))
        return SAF_OK;
    if (cli->common.json)
        return saf_fail(err, SAF_E_USAGE, "--json and the certificate cannot both go to standard output: give --out FILE");
    if (has_made_password(args))
        return saf_fail(err, SAF_E_USAGE, "without --out a p12 needs --password-source");
    if (format != SAF_FORMAT_PEM && isatty(STDOUT_FILENO))
        return saf_fail(err, SAF_E_USAGE, "binary output does not go to a terminal: give --out FILE");
    return SAF_OK;
}

/* What writing will trip over is said before anything is made, on a dry run too. */
static saf_status check_directory(const char *path, saf_error *err)
{
    OWN(own_text) copy = strdup(path);
    if (!copy)
        return saf_fail_memory(err);
    const char *directory = dirname(copy);
    return access(directory, W_OK) ? saf_fail_errno(err, "cannot write into %s", directory) : SAF_OK;
}

static saf_status check_target(bool *keep, cli *cli, const cert_export *args, saf_error *err)
{
    saf_if_exists if_exists = if_exists_values[args->if_exists];
    *keep = false;
    if (!has_file(args))
        return SAF_OK;
    SAF_TRY(check_directory(args->out, err));
    if (if_exists == SAF_IF_EXISTS_REPLACE || !saf_file_exists(args->out))
        return SAF_OK;
    if (if_exists == SAF_IF_EXISTS_FAIL) {
        (void)saf_fail(err, SAF_E_EXISTS, "%s is there already", args->out);
        saf_hint(err, "--if-exists replace swaps the new one in");
        return SAF_E_EXISTS;
    }
    *keep = true;
    cli_say(cli, "there already: %s\n", args->out);
    return SAF_OK;
}

/* ---- the password that nobody gave ---- */

/* It stands beside the output, where only its owner can read it, and is there before the output is: whatever interrupts a run, a file
 * never lacks its password, and the next run uses the one that is there. */
typedef struct made_password {
    char path[PATH_MAX];
    bool is_new;
} made_password;

static saf_status find_password(saf_secret *out, made_password *made, const cert_export *args, saf_error *err)
{
    char source[PATH_MAX + 8];
    if (args->password_source)
        return saf_secret_from_source(out, args->password_source, err);
    if (!has_made_password(args))
        return SAF_OK;
    if ((size_t)snprintf(made->path, sizeof made->path, "%s.password", args->out) >= sizeof made->path)
        return saf_fail(err, SAF_E_USAGE, "--out is too long");
    made->is_new = !saf_file_exists(made->path);
    if (made->is_new)
        return saf_random_password(out, err);
    snprintf(source, sizeof source, "file:%s", made->path);
    return saf_secret_from_source(out, source, err);
}

/* ---- writing ---- */

static saf_status write_file(cli *cli, const cert_export *args, const saf_blob *blob, const saf_secret *password,
                             const made_password *made, saf_error *err)
{
    mode_t mode = args->with_key ? MODE_PRIVATE : MODE_PUBLIC;
    if (made->is_new && !cli->common.dry_run)
        SAF_TRY(saf_file_write(made->path, saf_secret_bytes(password), MODE_PRIVATE, SAF_IF_EXISTS_FAIL, err));
    if (!cli->common.dry_run)
        SAF_TRY(saf_file_write(args->out, saf_bytes_of(blob->data, blob->len), mode, if_exists_values[args->if_exists], err));
    cli_say(cli, "%s %s, mode %04o\n", cli->common.dry_run ? "would write" : "wrote", args->out, (unsigned)mode);
    if (made->path[0])
        cli_say(cli, "its password %s in %s\n", cli->common.dry_run ? "would be" : "is", made->path);
    return SAF_OK;
}

static saf_status write_standard_output(cli *cli, const saf_blob *blob, saf_error *err)
{
    if (cli->common.dry_run) {
        cli_say(cli, "would write %zu bytes to standard output\n", blob->len);
        return SAF_OK;
    }
    return fwrite(blob->data, 1, blob->len, stdout) == blob->len ? SAF_OK
                                                                 : saf_fail_errno(err, "cannot write to standard output");
}

static saf_status export_to(cli *cli, const cert_export *args, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_secret) password = { 0 };
    OWN(saf_blob) blob = { 0 };
    made_password made = { 0 };
    SAF_TRY(find_password(&password, &made, args, err));
    saf_export_request request = { .cert = cert, .format = format_values[args->format], .with_key = args->with_key,
                                   .with_chain = args->chain, .password = password.len ? &password : NULL,
                                   .alias = args->alias };
    SAF_TRY(saf_cert_export(&blob, store, &cli->who, &request, err));
    if (made.path[0])
        json_object_set_new(cli->result, "password_file", json_string(made.path));
    return has_file(args) ? write_file(cli, args, &blob, &password, &made, err) : write_standard_output(cli, &blob, err);
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
    SAF_TRY(check_target(&keep, cli, args, err));
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:s?,s:b}", "owner", cert->owner, "label", cert->label, "file",
                                                  args->out, "made", !keep && !cli->common.dry_run));
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
      "where the file's password is; default for p12: that in FILE.password, a random one if there is none, for pem: none",
      offsetof(cert_export, password_source) },
    { CLI_TEXT, "out", "FILE", "write to this file; default \"-\", standard output", offsetof(cert_export, out) },
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
        "The PKCS#12 form is read by OpenSSL 3, Java 8u301 and later, GnuTLS and NSS. When no password is given, a random one is made and kept in "
        "FILE.password, mode 0600; if that file is there already, the password in it is used. A private key in PEM is encrypted when a password is "
        "given.",
    .examples = "safring cert export ZWESVUSR/localhost\n"
                "safring cert export ZWESVUSR/localhost --format p12 --chain --with-key --password-source file:pw --out localhost.p12",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_export),
    .run = run,
};
