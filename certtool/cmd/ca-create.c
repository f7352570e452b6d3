/** @file safring ca create */
#include <cli/issue.h>

#include <base/fail.h>

typedef struct ca_create {
    cli_name cert;
    const char *subject, *key;
    cli_signing signing;
    unsigned path_len;
    cli_list permit_dns, permit_ip, permit_email, permit_uri, exclude_dns, exclude_ip, exclude_email, exclude_uri;
    int if_exists;
} ca_create;

enum { NO_PATH_LEN = SAF_PATH_LEN_MAX + 1 };

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ca_create *args = args_;
    OWN(cli_request_texts) texts = { 0 };
    OWN(saf_buffer) permit = { 0 };
    OWN(saf_buffer) exclude = { 0 };
    cli_issue issue = { .name = args->cert, .key = args->key, .default_key = cli_default_key(SAF_PROFILE_CA),
                        .if_exists = args->if_exists };
    saf_issue_request request = { .owner = args->cert.owner, .label = args->cert.name, .profile = SAF_PROFILE_CA,
                                  .subject = args->subject, .path_len = args->path_len == NO_PATH_LEN ? -1 : (int)args->path_len };
    cli_join(&permit, "dns:", &args->permit_dns);
    cli_join(&permit, "ip:", &args->permit_ip);
    cli_join(&permit, "email:", &args->permit_email);
    cli_join(&permit, "uri:", &args->permit_uri);
    cli_join(&exclude, "dns:", &args->exclude_dns);
    cli_join(&exclude, "ip:", &args->exclude_ip);
    cli_join(&exclude, "email:", &args->exclude_email);
    cli_join(&exclude, "uri:", &args->exclude_uri);
    SAF_TRY(saf_buffer_check(&permit, err));
    SAF_TRY(saf_buffer_check(&exclude, err));
    request.permit = permit.len ? saf_buffer_text(&permit) : NULL;
    request.exclude = exclude.len ? saf_buffer_text(&exclude) : NULL;
    SAF_TRY(cli_signing_fill(&request, &texts, &args->signing, err));
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
    { CLI_TEXT, "key", "KIND",
      "kind of key: rsa:2048|3072|4096, ec:P-256|P-384|P-521, ec:brainpoolP256r1|P384r1|P512r1, ed25519; or in a token: "
      "\"token:NAME;object=LABEL;type=KIND\"; or one that is in a token already: \"pkcs11:token=NAME;object=LABEL;type=private\"; default ec:P-384",
      offsetof(ca_create, key) },
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs it; default: it signs itself (a root)",
      offsetof(ca_create, signing.sign_with) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default 3650, never longer than its signer",
      offsetof(ca_create, signing.valid_days), .min = 1, .max = 36500 },
    { CLI_NUMBER, "path-len", "N", "how many CAs may stand between it and a server's certificate; default: no limit",
      offsetof(ca_create, path_len), .max = SAF_PATH_LEN_MAX, .initial = NO_PATH_LEN },
    { CLI_LIST, "permit-dns", "NAMES", "it may sign for these domains and those below them only; comma-separated, repeatable",
      offsetof(ca_create, permit_dns) },
    { CLI_LIST, "exclude-dns", "NAMES", "it may not sign for these domains and those below them", offsetof(ca_create, exclude_dns) },
    { CLI_LIST, "permit-ip", "NETWORKS", "it may sign for these addresses only, such as 10.0.0.0/8 or fd00::/8",
      offsetof(ca_create, permit_ip) },
    { CLI_LIST, "exclude-ip", "NETWORKS", "it may not sign for these addresses", offsetof(ca_create, exclude_ip) },
    { CLI_LIST, "permit-email", "NAMES", "it may sign for these mailboxes, hosts or .domains only", offsetof(ca_create, permit_email) },
    { CLI_LIST, "exclude-email", "NAMES", "it may not sign for these", offsetof(ca_create, exclude_email) },
    { CLI_LIST, "permit-uri", "HOSTS", "it may sign for URIs of these hosts or .domains only", offsetof(ca_create, permit_uri) },
    { CLI_LIST, "exclude-uri", "HOSTS", "it may not sign for these", offsetof(ca_create, exclude_uri) },
    CLI_SIGNING_OPTIONS(ca_create, signing),
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
        "Makes a key pair and a CA certificate for it, self-signed or signed by another CA of the store, and keeps both in the store, or the key in a "
        "PKCS#11 token. A key pair that is in a token already, whoever made it there, is used when --key is its URI. It may sign certificates and CRLs.\n"
        "\n"
        "The subject's attributes are written in the order in which they stand; a comma in a value is written after a backslash.\n"
        "\n"
        "Name constraints (--permit-..., --exclude-...) bind everything that is signed below it: a kind of name that is not mentioned is free, of one "
        "that is permitted only what is named may be signed, and what is excluded never (RFC 5280 4.2.1.10). What verifiers would refuse is not issued.",
    .examples = "safring ca create CERTAUTH/localca --subject \"CN=Zowe Development CA,O=Zowe Sample,C=CZ\" --key ec:P-256\n"
                "safring ca create CERTAUTH/sub --subject \"CN=Issuing CA\" --sign-with CERTAUTH/localca --path-len 0 --permit-dns example.test",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(ca_create),
    .run = run,
};
