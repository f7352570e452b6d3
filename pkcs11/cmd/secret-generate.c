/** @file safring secret generate */
#include <cli/secret-key.h>

#include <base/fail.h>

typedef struct secret_generate {
    cli_secret_spec spec;
    int alg;
} secret_generate;

static const char *const alg_names[] = { "HS512", "HS384", "HS256", "A256", "A192", "A128", NULL };

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_generate *args = args_;
    const cli_secret_alg *alg = cli_find_secret_alg(alg_names[args->alg]);
    OWN(cli_secret_token) token = { 0 };
    saf_p11_secret secret;
    saf_p11_secret_spec spec;
    SAF_TRY(cli_secret_make_spec(&spec, &args->spec, err));
    spec.kind = alg->kind;
    spec.len = alg->len;
    SAF_TRY(cli_open_token_to_make(&token, cli, &args->spec, err));
    if (cli->common.dry_run)
        return cli_say_would_make(cli, token.session, &args->spec, &spec, NULL, err);
    saf_status status = saf_p11_generate_secret(&secret, token.session, &spec, err);
    return cli_end_secret(cli, &args->spec, &spec, &secret, NULL, "made", status, err);
}

static const cli_option options[] = {
    { CLI_TEXT, "token", "NAME", "the token", offsetof(secret_generate, spec.token), .required = true },
    { CLI_TEXT, "label", "LABEL", "the key's label (CKA_LABEL)", offsetof(secret_generate, spec.label), .required = true },
    { CLI_CHOICE, "alg", "ALG", "what it is for: HMAC with a hash of 64, 48 or 32 bytes, or AES, with which other keys can be wrapped",
      offsetof(secret_generate, alg), .choices = alg_names },
    CLI_SECRET_SPEC_OPTIONS(secret_generate, spec),
    { 0 },
};

const cli_command cli_command_secret_generate = {
    .noun = "secret",
    .verb = "generate",
    .summary = "make a secret key in a PKCS#11 token",
    .racf = "Zowe's job ZWESECKG; ICSF CSFPGSK",
    .description =
        "Makes a secret key inside the token: for HMAC, by which identity tokens are signed, or for AES. It is as long as the algorithm wants (RFC 7518, 3.2), "
        "and gets a sequence number that the token never uses twice. Several keys of one label are its versions: --if-exists new-version begins a rotation, keep "
        "makes the command one that can be run again.\n"
        "\n"
        "An HMAC key signs and verifies and does nothing else; an AES key encrypts, decrypts, wraps and unwraps. By default it never leaves its token "
        "(CKA_SENSITIVE, not CKA_EXTRACTABLE): if the token is lost, so is the key. With --extractable wrapped it may leave under another key (secret wrap), which "
        "is how it is backed up or moved; whoever has the PIN may choose that other key. With --extractable yes its value can be read with the PIN, as a policy "
        "with --key-use memory needs it. A token lets nobody relax this later.\n"
        "\n"
        "Label, dates and uses can be changed later by who has the PIN, unless it is made with --fixed. SoftHSM makes no working copies in memory of such a key, "
        "with which it signs two to three times as fast.\n"
        "\n"
        "Printed are its RFC 7512 URI, with the id that names this version alone, ICSF's 44-character handle, and a check value by which two copies can be "
        "compared: the first three bytes of HMAC-SHA-256 over one zero byte, of AES those of an encrypted block of zeros.",
    .examples = "safring secret generate --token ZWE.IDT --label jwtsecret --alg HS512 --pin-source file:pin\n"
                "safring secret generate --token ZWE.IDT --label movable --extractable wrapped --end 2099-12-31 --pin-source file:pin\n"
                "safring secret generate --token ZWE.IDT --label transport --alg A256 --pin-source file:pin",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(secret_generate),
    .run = run,
};
