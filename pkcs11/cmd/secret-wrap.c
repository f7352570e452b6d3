/** @file safring secret wrap */
#include <cli/out-file.h>
#include <cli/secret-key.h>

#include <base/fail.h>

#include <openssl/crypto.h>
#include <string.h>

typedef struct secret_wrap {
    cli_secret_name name;
    const char *password_source, *with;
    cli_out out;
} secret_wrap;

/* ---- under what ---- */

static saf_status check_arguments(const secret_wrap *args, saf_error *err)
{
    if (args->with && args->password_source)
        return saf_fail(err, SAF_E_USAGE, "--with and --password-source are two ways to wrap: give one");
    return SAF_OK;
}

static saf_status wrap(char text[SAF_P11_WRAPPED_MAX], size_t *len, const cli_secret_token *token, const saf_p11_uri *uri, const secret_wrap *args,
                       saf_error *err)
{
    OWN(saf_secret) passphrase = { 0 };
    saf_p11_uri key;
    if (args->with) {
        SAF_TRY(cli_wrapping_key_uri(&key, args->with, err));
        return saf_p11_wrap_secret(text, len, token->session, uri, &(saf_p11_wrapping){ .key = &key }, err);
    }
    SAF_TRY(cli_read_secret(&passphrase, args->password_source, "password-source", "New passphrase for the file: ", CLI_PROMPT_TWICE, err));
    return saf_p11_wrap_secret(text, len, token->session, uri, &(saf_p11_wrapping){ .passphrase = &passphrase }, err);
}

/* ---- the whole ---- */

static saf_status say(cli *cli, const char *text, size_t len, saf_error *err)
{
    saf_p11_wrapped about;
    SAF_TRY(saf_p11_read_wrapped(&about, saf_bytes_of(text, len), err)); /* what was written can be read */
    if (cli->common.json || cli->common.dry_run)
        json_object_update_new(cli->result, json_pack("{s:o,s:s,s:i,s:s}", "label", cli_text(about.label), "kind", cli_secret_kind_name(about.kind), "bytes",
                                                      (int)about.len, "check_value", about.check_value));
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_wrap *args = args_;
    OWN(cli_secret_token) token = { 0 };
    saf_p11_uri uri;
    char text[SAF_P11_WRAPPED_MAX];
    size_t len;
    bool keep = false;
    SAF_TRY(check_arguments(args, err));
    SAF_TRY(cli_secret_uri(&uri, &args->name, CLI_SECRET_KEY, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, CLI_OUT_TEXT, CLI_OUT_PRIVATE, err));
    if (keep)
        return SAF_OK;
    SAF_TRY(cli_open_secret_token(&token, cli, &uri, err));
    SAF_TRY(wrap(text, &len, &token, &uri, args, err));
    SAF_TRY(say(cli, text, len, err));
    SAF_TRY(cli_out_write(cli, &args->out, saf_bytes_of(text, len), CLI_OUT_PRIVATE, err));
    json_t *shown = json_object_get(cli->result, "pem"); /* of standard output: it is text, but no PEM */
    if (shown && json_object_set(cli->result, "wrapped", shown) == 0)
        json_object_del(cli->result, "pem");
    return SAF_OK;
}

static const cli_option operands[] = {
    CLI_SECRET_OPERAND(secret_wrap, name),
    { 0 },
};

static const cli_option options[] = {
    CLI_SECRET_NAME_OPTIONS(secret_wrap, name),
    { CLI_SOURCE, "password-source", "SOURCE", "where the passphrase is under which it is wrapped; default: ask at the terminal",
      offsetof(secret_wrap, password_source) },
    { CLI_TEXT, "with", "LABEL", "the AES key of the token, by label or URI, under which it is wrapped instead", offsetof(secret_wrap, with) },
    CLI_OUT_OPTIONS(secret_wrap, out),
    { 0 },
};

const cli_command cli_command_secret_wrap = {
    .noun = "secret",
    .verb = "wrap",
    .summary = "take a secret key out of its token, wrapped under a passphrase or another key",
    .racf = "ICSF CSFPWPK",
    .description =
        "Writes a secret key into a file, encrypted inside the token (AES key wrap with padding, RFC 5649): under an AES key of the token, or under one that is derived from "
        "a passphrase (scrypt, 128 MiB) and is in the token for that moment only. That is how a key is backed up, or moved to another token with secret unwrap. The key must "
        "have been made with --extractable wrapped or yes; one that was made to stay cannot be wrapped by anybody.\n"
        "\n"
        "The file is text (JSON); pkcs11/WRAPPED.md in the sources says what is in it, so that other programs can open it, too. It appears whole or not at all, with mode "
        "0600. The passphrase should be long: whoever has the file can try as many as he likes.",
    .examples = "safring secret wrap --token ZWE.IDT --label movable --password-source file:pw --out movable.wrapped --pin-source file:pin\n"
                "safring secret wrap --token ZWE.IDT --label movable --with transport --out movable.by-key --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(secret_wrap),
    .run = run,
};
