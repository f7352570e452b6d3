/** @file safring secret generate */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct secret_generate {
    const char *token, *label;
    int alg, if_exists;
    bool extractable;
} secret_generate;

enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP, IF_EXISTS_NEW_VERSION };

/* RFC 7518, 3.2: an HMAC key is at least as long as the hash. */
static const size_t alg_key_len[] = { 64, 48, 32 };

static void say_secret(const cli *cli, const saf_p11_secret *secret, bool made)
{
    cli_say(cli, "%s \"%s\", %zu bytes, sequence %u\n    uri          %s\n    handle       \"%s\"\n    check value  %s\n",
            made ? "made the secret key" : "there already: secret key", secret->label, secret->len, secret->sequence,
            secret->uri, secret->handle, secret->check_value);
    json_object_update_new(cli->result, cli_shape_secret(secret));
    json_object_set_new(cli->result, "made", json_boolean(made));
}

static saf_status open_session(saf_p11_session **out, saf_p11 *p11, const cli *cli, const secret_generate *args,
                               saf_error *err)
{
    OWN(saf_secret) pin = { 0 };
    saf_p11_uri uri = { 0 };
    SAF_TRY(saf_p11_token_name_check(args->token, err));
    snprintf(uri.token, sizeof uri.token, "%s", args->token);
    SAF_TRY(cli_read_pin(&pin, cli, args->token, err));
    return saf_p11_login(out, p11, &uri, &pin, err);
}

/* The newest of that label, or none. */
static saf_status find_existing(saf_p11_secret_list *list, saf_p11_session *session, const secret_generate *args, saf_error *err)
{
    saf_p11_uri uri = { .type = SAF_P11_SECRET_KEY };
    if (strlen(args->label) > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "--label is longer than %d bytes", SAF_P11_OBJECT_MAX);
    snprintf(uri.object, sizeof uri.object, "%s", args->label);
    return saf_p11_list_secrets(list, session, &uri, err);
}

static saf_status refuse(const saf_p11_secret *secret, saf_error *err)
{
    (void)saf_fail(err, SAF_E_EXISTS, "token %s has a secret key \"%s\" already: %s", secret->token, secret->label, secret->uri);
    saf_hint(err, "--if-exists keep accepts it, --if-exists new-version makes another beside it");
    return SAF_E_EXISTS;
}

static saf_status generate(cli *cli, const secret_generate *args, saf_p11_session *session, saf_error *err)
{
    saf_p11_secret secret;
    saf_p11_secret_spec spec = { .label = args->label, .len = alg_key_len[args->alg], .extractable = args->extractable };
    if (cli->common.dry_run) {
        cli_say(cli, "would make the secret key \"%s\", %zu bytes, in token %s\n", args->label, spec.len, args->token);
        json_object_update_new(cli->result, json_pack("{s:s,s:s,s:b}", "token", args->token, "label", args->label, "made", 0));
        return SAF_OK;
    }
    SAF_TRY(saf_p11_generate_secret(&secret, session, &spec, err));
    say_secret(cli, &secret, true);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_generate *args = args_;
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    OWN(saf_p11_secret_list) existing = { 0 };
    SAF_TRY(cli_open_p11(&p11, cli, err));
    SAF_TRY(open_session(&session, p11, cli, args, err));
    SAF_TRY(find_existing(&existing, session, args, err));
    if (!existing.count || args->if_exists == IF_EXISTS_NEW_VERSION)
        return generate(cli, args, session, err);

    const saf_p11_secret *newest = &existing.secrets[existing.count - 1];
    if (args->if_exists == IF_EXISTS_FAIL)
        return refuse(newest, err);
    say_secret(cli, newest, false);
    return SAF_OK;
}

static const char *const algs[] = { "HS512", "HS384", "HS256", NULL };
static const char *const if_exists[] = { "fail", "keep", "new-version", NULL };

static const cli_option options[] = {
    { CLI_TEXT, "token", "NAME", "the token", offsetof(secret_generate, token), .required = true },
    { CLI_TEXT, "label", "LABEL", "the key's label (CKA_LABEL)", offsetof(secret_generate, label), .required = true },
    { CLI_CHOICE, "alg", "ALG", "what it is for, which says how long it is (64, 48, 32 bytes)",
      offsetof(secret_generate, alg), .choices = algs },
    { CLI_FLAG, "extractable", NULL, "it may leave the token wrapped under another key; default: it may not",
      offsetof(secret_generate, extractable) },
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when the token has a key of that label",
      offsetof(secret_generate, if_exists), .choices = if_exists },
    { 0 },
};

const cli_command cli_command_secret_generate = {
    .noun = "secret",
    .verb = "generate",
    .summary = "make a secret key in a PKCS#11 token",
    .racf = "Zowe's job ZWESECKG; ICSF CSFPGSK",
    .description =
        "Makes a generic secret key inside the token, for signing identity tokens. It signs and verifies, is sensitive, does not leave the "
        "token, and gets a sequence number that the token never uses twice.\n"
        "\n"
        "Printed are its RFC 7512 URI, with the id that names this version alone, ICSF's 44-character handle, and a check value (the first three "
        "bytes of HMAC-SHA-256 over one zero byte) by which two copies can be compared.",
    .examples = "safring secret generate --token ZWE.IDT --label jwtsecret --alg HS512 --pin-source file:pin",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(secret_generate),
    .run = run,
};
