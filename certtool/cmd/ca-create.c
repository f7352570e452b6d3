/** @file safring ca create */
#include <cli/issue.h>

#include <base/fail.h>

typedef struct ca_create {
    cli_name cert, sign_with;
    const char *subject, *key;
    unsigned valid_days, path_len;
    int serial, if_exists;
} ca_create;

enum { NO_PATH_LEN = SAF_PATH_LEN_MAX + 1 };

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ca_create *args = args_;
    cli_issue issue = { .name = args->cert, .key = args->key ? args->key : "ec:P-384", .if_exists = args->if_exists };
    saf_issue_request request = { .owner = args->cert.owner, .label = args->cert.name, .profile = SAF_PROFILE_CA,
                                  .subject = args->subject, .valid_days = args->valid_days,
                                  .path_len = args->path_len == NO_PATH_LEN ? -1 : (int)args->path_len,
                                  .serial = args->serial ? SAF_SERIAL_SEQUENTIAL : SAF_SERIAL_RANDOM };
    if (args->sign_with.name) {
        request.signer_owner = args->sign_with.owner;
        request.signer_label = args->sign_with.name;
    }
    return cli_issue_certificate(cli, &issue, &request, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the new certificate; CAs belong to CERTAUTH as a rule", offsetof(ca_create, cert),
      .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "subject", "DN", "its name, such as \"CN=Example CA,O=Example,C=CZ\"", offsetof(ca_create, subject),
      .required = true },
    { CLI_TEXT, "key", "KIND", "kind of key: rsa:2048|3072|4096, ec:P-256|P-384|P-521, ec:brainpoolP256r1, ed25519; default ec:P-384",
      offsetof(ca_create, key) },
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs it; default: it signs itself (a root)",
      offsetof(ca_create, sign_with) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default 3650, never longer than its signer",
      offsetof(ca_create, valid_days), .min = 1, .max = 36500 },
    { CLI_NUMBER, "path-len", "N", "how many CAs may stand between it and a server's certificate; default: no limit",
      offsetof(ca_create, path_len), .max = SAF_PATH_LEN_MAX, .initial = NO_PATH_LEN },
    { CLI_CHOICE, "serial", "KIND", "how its serial number is made", offsetof(ca_create, serial), .choices = cli_serial_kinds },
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a label", offsetof(ca_create, if_exists),
      .choices = cli_issue_if_exists },
    { 0 },
};

const cli_command cli_command_ca_create = {
    .noun = "ca",
    .verb = "create",
    .summary = "make a certificate authority",
    .racf = "RACDCERT CERTAUTH GENCERT",
    .description =
        "Makes a key pair and a CA certificate for it, self-signed or signed by another CA of the store, and keeps both in the store. It may "
        "sign certificates and CRLs.\n"
        "\n"
        "The subject's attributes are written in the order in which they stand; a comma in a value is written after a backslash.",
    .examples = "safring ca create CERTAUTH/localca --subject \"CN=Zowe Development CA,O=Zowe Sample,C=CZ\" --key ec:P-256\n"
                "safring ca create CERTAUTH/sub --subject \"CN=Issuing CA\" --sign-with CERTAUTH/localca",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ca_create),
    .run = run,
};
