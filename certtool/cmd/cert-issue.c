/** @file safring cert issue */
#include <cli/issue.h>

#include <base/fail.h>

#include <string.h>

typedef struct cert_issue {
    cli_name cert, sign_with;
    const char *subject, *key;
    cli_list san;
    unsigned valid_days;
    int profile, serial, if_exists;
} cert_issue;

static const saf_profile profile_values[] = { SAF_PROFILE_SERVER, SAF_PROFILE_CLIENT, SAF_PROFILE_ZOWE };

static void join(saf_buffer *out, const cli_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        saf_buffer_printf(out, "%s%s", i ? "," : "", list->items[i]);
}

/* API ML signs RS256 with its TLS key. */
static const char *default_key(saf_profile profile)
{
    return profile == SAF_PROFILE_ZOWE ? "rsa:3072" : "ec:P-256";
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_issue *args = args_;
    OWN(saf_buffer) san = { 0 };
    saf_profile profile = profile_values[args->profile];
    cli_issue issue = { .name = args->cert, .key = args->key ? args->key : default_key(profile),
                        .if_exists = args->if_exists };
    if (!strcmp(args->cert.owner, SAF_OWNER_CERTAUTH)) {
        (void)saf_fail(err, SAF_E_USAGE, "%s has certificate authorities only", SAF_OWNER_CERTAUTH);
        saf_hint(err, "safring ca create makes one");
        return SAF_E_USAGE;
    }
    if (!args->san.count && profile != SAF_PROFILE_CLIENT)
        cli_note(cli, "warning: a server's certificate without --san is of no use: clients look for its name there (RFC 9525), not in the subject");
    join(&san, &args->san);
    SAF_TRY(saf_buffer_check(&san, err));
    saf_issue_request request = { .owner = args->cert.owner, .label = args->cert.name, .profile = profile,
                                  .subject = args->subject, .san = saf_buffer_text(&san), .valid_days = args->valid_days,
                                  .path_len = -1, .signer_owner = args->sign_with.owner,
                                  .signer_label = args->sign_with.name,
                                  .serial = args->serial ? SAF_SERIAL_SEQUENTIAL : SAF_SERIAL_RANDOM };
    return cli_issue_certificate(cli, &issue, &request, err);
}

static const char *const profiles[] = { "server", "client", "zowe", NULL };

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the new certificate", offsetof(cert_issue, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs it", offsetof(cert_issue, sign_with), .required = true },
    { CLI_TEXT, "subject", "DN", "its name, such as \"CN=Zowe Service,O=Example\"", offsetof(cert_issue, subject),
      .required = true },
    { CLI_LIST, "san", "NAMES", "subject alternative names: dns:NAME, ip:ADDRESS, email:ADDRESS, uri:URI; comma-separated, repeatable",
      offsetof(cert_issue, san) },
    { CLI_CHOICE, "profile", "PROFILE", "what it is for (zowe: server and client)", offsetof(cert_issue, profile),
      .choices = profiles },
    { CLI_TEXT, "key", "KIND", "kind of key, as in safring ca create; default ec:P-256, for profile zowe rsa:3072",
      offsetof(cert_issue, key) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default 397, never longer than its signer",
      offsetof(cert_issue, valid_days), .min = 1, .max = 36500 },
    { CLI_CHOICE, "serial", "KIND", "how its serial number is made", offsetof(cert_issue, serial), .choices = cli_serial_kinds },
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a label", offsetof(cert_issue, if_exists),
      .choices = cli_issue_if_exists },
    { 0 },
};

const cli_command cli_command_cert_issue = {
    .noun = "cert",
    .verb = "issue",
    .summary = "make a server or client certificate",
    .racf = "RACDCERT GENCERT ... SIGNWITH",
    .description =
        "Makes a key pair and a certificate for it, signed by a CA of the store, and keeps both in the store.\n"
        "\n"
        "Profiles: server (TLS server), client (TLS client), zowe (both, with an RSA key unless another is asked for, because Zowe's API "
        "ML signs its own tokens with RS256 and this key).",
    .examples = "safring cert issue ZWESVUSR/localhost --sign-with CERTAUTH/localca --profile zowe --subject \"CN=Zowe Service\" "
                "--san dns:localhost,ip:127.0.0.1,ip:::1 --key rsa:3072",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(cert_issue),
    .run = run,
};
