/** @file safring secret import */
#include <cli/secret-key.h>

#include <base/fail.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

typedef struct secret_import {
    cli_secret_spec spec;
    const char *file;
    int format, alg;
} secret_import;

enum { FILE_MAX = 8192 };

static const saf_p11_value_format format_values[] = { SAF_P11_RAW, SAF_P11_HEX, SAF_P11_BASE64URL, SAF_P11_JWK };
static const char *const formats[] = { "raw", "hex", "base64url", "jwk", NULL };
static const char *const alg_names[] = { "any", "HS512", "HS384", "HS256", "A256", "A192", "A128", NULL };

/* ---- reading ---- */

/* As with other secrets: whoever may write the file chooses the key; that others may read it is for a person to know. */
static saf_status check_mode(const cli *cli, const char *path, saf_error *err)
{
    struct stat about;
    if (stat(path, &about))
        return saf_fail_errno(err, "cannot open %s", path);
    if (about.st_mode & S_IWOTH) {
        (void)saf_fail(err, SAF_E_DENIED, "%s holds a secret, but its mode %04o lets anybody write it", path, (unsigned)about.st_mode & 07777);
        saf_hint(err, "chmod 0600 %s", path);
        return SAF_E_DENIED;
    }
    if (about.st_mode & (S_IROTH | S_IWGRP))
        cli_note(cli, "warning: others can read %s, mode %04o", path, (unsigned)about.st_mode & 07777);
    return SAF_OK;
}

static saf_status read_value(saf_secret *out, char alg[SAF_P11_ALG_MAX + 1], const cli *cli, const secret_import *args, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    saf_error why = { 0 };
    if (strcmp(args->file, "-"))
        SAF_TRY(check_mode(cli, args->file, err));
    SAF_TRY(saf_file_read(&text, args->file, FILE_MAX, err));
    saf_status status = saf_p11_decode_secret(out, alg, format_values[args->format], saf_buffer_bytes(&text), &why);
    return status == SAF_OK ? SAF_OK : saf_fail(err, status, "%s: %s", cli_file_name(args->file), why.text);
}

/* ---- length and kind ---- */

static saf_status choose_alg(const cli_secret_alg **out, const secret_import *args, const char *of_jwk, saf_error *err)
{
    *out = NULL;
    if (*of_jwk && !(*out = cli_find_secret_alg(of_jwk)))
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is for %s, which is not known here", cli_file_name(args->file), of_jwk);
    if (!args->alg)
        return SAF_OK;
    const cli_secret_alg *asked = cli_find_secret_alg(alg_names[args->alg]);
    if (*out && ((*out)->kind != asked->kind || (*out)->len != asked->len))
        return saf_fail(err, SAF_E_CONFLICT, "%s says that it is for %s, not %s", cli_file_name(args->file), of_jwk, alg_names[args->alg]);
    *out = asked;
    return SAF_OK;
}

/* RFC 7518, 3.2: an HMAC key is at least as long as the hash. */
static saf_status set_kind(saf_p11_secret_spec *spec, const cli_secret_alg *alg, const saf_secret *value, const char *file, saf_error *err)
{
    static const cli_secret_alg any = { "HMAC", SAF_P11_HMAC, 32 };
    alg = alg ? alg : &any;
    spec->kind = alg->kind;
    spec->len = value->len;
    if (alg->kind == SAF_P11_AES && value->len != alg->len)
        return saf_fail(err, SAF_E_CONFLICT, "the key in %s has %zu bytes, and %s has %zu", cli_file_name(file), value->len, alg->name, alg->len);
    if (value->len < alg->len)
        return saf_fail(err, SAF_E_CONFLICT, "the key in %s has %zu bytes, and %s needs at least %zu (RFC 7518, 3.2)", cli_file_name(file), value->len,
                        alg->name, alg->len);
    return SAF_OK;
}

/* ---- the whole ---- */

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_import *args = args_;
    const cli_secret_alg *alg = NULL;
    OWN(saf_secret) value = { 0 };
    OWN(cli_secret_token) token = { 0 };
    saf_p11_secret secret;
    saf_p11_secret_spec spec;
    char of_jwk[SAF_P11_ALG_MAX + 1], check_value[7];
    SAF_TRY(cli_secret_make_spec(&spec, &args->spec, err));
    SAF_TRY(read_value(&value, of_jwk, cli, args, err));
    SAF_TRY(choose_alg(&alg, args, of_jwk, err));
    SAF_TRY(set_kind(&spec, alg, &value, args->file, err));
    SAF_TRY(saf_p11_compute_check_value(check_value, spec.kind, &value, err));
    SAF_TRY(cli_open_token_to_make(&token, cli, &args->spec, err));
    if (cli->common.dry_run)
        return cli_say_would_make(cli, token.session, &args->spec, &spec, check_value, err);
    saf_status status = saf_p11_import_secret(&secret, token.session, &spec, &value, err);
    return cli_end_secret(cli, &args->spec, &spec, &secret, check_value, "imported", status, err);
}

static const cli_option options[] = {
    { CLI_TEXT, "token", "NAME", "the token", offsetof(secret_import, spec.token), .required = true },
    { CLI_TEXT, "label", "LABEL", "the key's label (CKA_LABEL)", offsetof(secret_import, spec.label), .required = true },
    { CLI_TEXT, "in", "FILE", "what holds the key; \"-\": standard input", offsetof(secret_import, file), .required = true },
    { CLI_CHOICE, "format", "FORMAT", "how it is written there: the bytes themselves, hex digits, base64url, or a JWK of kty oct", offsetof(secret_import, format),
      .choices = formats },
    { CLI_CHOICE, "alg", "ALG", "what it is for, which says how long it must be; any: what a JWK says, else HMAC of at least 32 bytes",
      offsetof(secret_import, alg), .choices = alg_names },
    CLI_SECRET_SPEC_OPTIONS(secret_import, spec),
    { 0 },
};

const cli_command cli_command_secret_import = {
    .noun = "secret",
    .verb = "import",
    .summary = "put a secret key that comes from elsewhere into a PKCS#11 token",
    .racf = "ICSF CSFPTRC (rule OBJECT)",
    .description =
        "Puts a secret key from a file into the token, as protected as one that was made there; only that it was elsewhere can never be undone, and secret list and show say so. "
        "Better is a key that was made in its token, or came into it wrapped. Remove the file afterwards.\n"
        "\n"
        "A key that is too short for its algorithm is refused (RFC 7518, 3.2). With --if-exists keep a key of that label is accepted if it is the very same.",
    .examples = "safring secret import --token ZWE.IDT --label partner --in partner.jwk --format jwk --pin-source file:pin\n"
                "safring secret import --token ZWE.IDT --label shared --in shared.hex --format hex --alg HS256 --pin-source file:pin",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(secret_import),
    .run = run,
};
