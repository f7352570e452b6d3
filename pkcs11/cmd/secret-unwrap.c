/** @file safring secret unwrap */
#include <cli/secret-key.h>

#include <base/fail.h>

typedef struct secret_unwrap {
    const char *file, *password_source, *with;
    cli_secret_spec spec;
} secret_unwrap;

static saf_status read_file(saf_buffer *text, saf_p11_wrapped *about, const secret_unwrap *args, saf_error *err)
{
    if (args->with && args->password_source)
        return saf_fail(err, SAF_E_USAGE, "--with and --password-source are two ways to unwrap: give one");
    SAF_TRY(saf_file_read(text, args->file, SAF_P11_WRAPPED_MAX, err));
    saf_error why = { 0 };
    saf_status status = saf_p11_read_wrapped(about, saf_buffer_bytes(text), &why);
    if (status != SAF_OK)
        return saf_fail(err, status, "%s: %s", cli_file_name(args->file), why.text);
    if (about->by_passphrase && args->with)
        return saf_fail(err, SAF_E_USAGE, "%s was wrapped under a passphrase: give --password-source", cli_file_name(args->file));
    if (!about->by_passphrase && args->password_source)
        return saf_fail(err, SAF_E_USAGE, "%s was wrapped under the AES key \"%s\": give --with", cli_file_name(args->file), about->key_label);
    return SAF_OK;
}

static saf_status unwrap(saf_p11_secret *out, saf_p11_session *session, saf_bytes text, const saf_p11_wrapped *about, const secret_unwrap *args,
                         const saf_p11_secret_spec *spec, saf_error *err)
{
    OWN(saf_secret) passphrase = { 0 };
    saf_p11_uri key;
    if (!about->by_passphrase) {
        SAF_TRY(cli_wrapping_key_uri(&key, args->with ? args->with : about->key_label, err));
        return saf_p11_unwrap_secret(out, session, text, &(saf_p11_wrapping){ .key = &key }, spec, err);
    }
    SAF_TRY(cli_read_secret(&passphrase, args->password_source, "password-source", "Passphrase of the file: ", CLI_PROMPT_ONCE, err));
    return saf_p11_unwrap_secret(out, session, text, &(saf_p11_wrapping){ .passphrase = &passphrase }, spec, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_unwrap *args = args_;
    OWN(saf_buffer) text = { 0 };
    OWN(cli_secret_token) token = { 0 };
    saf_p11_wrapped about;
    saf_p11_secret_spec spec;
    saf_p11_secret secret;
    SAF_TRY(cli_secret_make_spec(&spec, &args->spec, err));
    SAF_TRY(read_file(&text, &about, args, err));
    spec.label = spec.label ? spec.label : about.label;
    spec.kind = about.kind;
    spec.len = about.len;
    SAF_TRY(cli_open_token_to_make(&token, cli, &args->spec, err));
    if (cli->common.dry_run)
        return cli_say_would_make(cli, token.session, &args->spec, &spec, about.check_value, err);
    saf_status status = unwrap(&secret, token.session, saf_buffer_bytes(&text), &about, args, &spec, err);
    return cli_end_secret(cli, &args->spec, &spec, &secret, about.check_value, "unwrapped", status, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "FILE", NULL, "what secret wrap has written; \"-\": standard input", offsetof(secret_unwrap, file), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "token", "NAME", "the token", offsetof(secret_unwrap, spec.token), .required = true },
    { CLI_TEXT, "label", "LABEL", "the key's label (CKA_LABEL); default: the one that it had", offsetof(secret_unwrap, spec.label) },
    { CLI_SOURCE, "password-source", "SOURCE", "where the passphrase is under which it was wrapped; default: ask at the terminal",
      offsetof(secret_unwrap, password_source) },
    { CLI_TEXT, "with", "LABEL", "the AES key of the token, by label or URI, under which it was wrapped; default: the one of the label that the file names",
      offsetof(secret_unwrap, with) },
    CLI_SECRET_SPEC_OPTIONS(secret_unwrap, spec),
    { 0 },
};

const cli_command cli_command_secret_unwrap = {
    .noun = "secret",
    .verb = "unwrap",
    .summary = "put a wrapped secret key into a PKCS#11 token",
    .racf = "ICSF CSFPUWK",
    .description =
        "Decrypts, inside the token, the secret key that a file of secret wrap holds. It gets a new sequence number, and by default never leaves this token; its dates are not in "
        "the file. A wrong passphrase or key is refused with exit code 6, and so is a file that somebody altered; a damaged one with exit code 1. What is refused never gets into "
        "the token. The check value is that of the key that was wrapped.\n"
        "\n"
        "With --if-exists keep a key of that label is accepted if it is the very same.",
    .examples = "safring secret unwrap movable.wrapped --token ZWE.DR --label movable --password-source file:pw --pin-source file:pin\n"
                "safring secret unwrap movable.by-key --token ZWE.IDT --label copied --with transport --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(secret_unwrap),
    .run = run,
};
