/** @file safring cert issue */
#include <cli/issue-many.h>

#include <base/fail.h>

typedef struct cert_issue {
    cli_name cert;
    const char *subject, *key, *from;
    cli_list san;
    cli_signing signing;
    unsigned batch;
    int profile, if_exists;
} cert_issue;

static saf_status issue_list_of(cli *cli, const cert_issue *args, saf_issue_request *request, saf_error *err)
{
    cli_issue_many many = { .file = args->from, .key = args->key, .profile = request->profile, .batch = args->batch };
    if (!args->signing.sign_with.name)
        return saf_fail(err, SAF_E_USAGE, "--from needs --sign-with OWNER/LABEL");
    if (args->cert.name || args->subject || args->san.count || args->if_exists)
        return saf_fail(err, SAF_E_USAGE, "with --from the list says owner, label, subject and san; --if-exists does not go with it");
    return cli_issue_from_list(cli, &many, request, err);
}

static saf_status check_arguments(cli *cli, const cert_issue *args, saf_error *err)
{
    if (!args->cert.name)
        return saf_fail(err, SAF_E_USAGE, "OWNER/LABEL is missing, or --from FILE with many");
    if (!args->subject)
        return saf_fail(err, SAF_E_USAGE, "--subject DN is missing");
    SAF_TRY(cli_leaf_owner_check(args->cert.owner, err));
    if (!args->san.count && cli_profile_values[args->profile] != SAF_PROFILE_CLIENT)
        cli_note(cli, "warning: a server's certificate without --san is of no use: clients look for its name there (RFC 9525), not in the subject");
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_issue *args = args_;
    OWN(cli_request_texts) texts = { 0 };
    saf_profile profile = cli_profile_values[args->profile];
    cli_issue issue = { .name = args->cert, .key = args->key, .default_key = cli_default_key(profile), .if_exists = args->if_exists };
    saf_issue_request request = { .owner = args->cert.owner, .label = args->cert.name, .profile = profile, .subject = args->subject,
                                  .path_len = -1 };
    SAF_TRY(cli_signing_fill(&request, &texts, &args->signing, err));
    if (args->from)
        return issue_list_of(cli, args, &request, err);
    SAF_TRY(check_arguments(cli, args, err));
    cli_join(&texts.san, "", &args->san);
    SAF_TRY(saf_buffer_check(&texts.san, err));
    request.san = saf_buffer_text(&texts.san);
    return cli_issue_certificate(cli, &issue, &request, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the new certificate", offsetof(cert_issue, cert) },
    { 0 },
};

static const cli_option options[] = {
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs it; default: it signs itself, as a first step to safring cert request",
      offsetof(cert_issue, signing.sign_with) },
    { CLI_TEXT, "subject", "DN", "its name, such as \"CN=Zowe Service,O=Example\"", offsetof(cert_issue, subject) },
    { CLI_LIST, "san", "NAMES", "subject alternative names: dns:NAME, ip:ADDRESS, email:ADDRESS, uri:URI; comma-separated, repeatable",
      offsetof(cert_issue, san) },
    { CLI_CHOICE, "profile", "PROFILE", "what it is for (zowe: server and client)", offsetof(cert_issue, profile),
      .choices = cli_profiles },
    { CLI_TEXT, "key", "KIND", "kind of key or place in a token, as in safring ca create; default ec:P-256, for profile zowe rsa:3072",
      offsetof(cert_issue, key) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default 397, never longer than its signer",
      offsetof(cert_issue, signing.valid_days), .min = 1, .max = 36500 },
    { CLI_TEXT, "from", "FILE", "issue all that this list names instead of one: CSV with the columns owner,label,subject,san,profile,key,valid_days "
      "named in its first line, or JSON Lines with the same names, their keys in the store; \"-\": standard input", offsetof(cert_issue, from) },
    { CLI_NUMBER, "batch", "N", "with --from: how many in one transaction; default 500", offsetof(cert_issue, batch), .min = 1, .max = 10000,
      .initial = 500 },
    CLI_SIGNING_OPTIONS(cert_issue, signing),
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
        "Makes a key pair and a certificate for it, signed by a CA of the store, and keeps both in the store, or the key in a PKCS#11 token. Without --sign-with it "
        "signs itself: so begins a certificate that a foreign CA is to sign, with safring cert request and safring cert import.\n"
        "\n"
        "Profiles: server (TLS server), client (TLS client), zowe (both, with an RSA key unless another is asked for, because Zowe's API "
        "ML signs its own tokens with RS256 and this key).\n"
        "\n"
        "With --from the certificates of a list are issued in batches, each one transaction. What a line leaves empty the options say. A line whose label is there "
        "already is left as it is, so that an interrupted run is completed by the same command; one that fails is reported with its reason, does not stop the "
        "others, and makes the exit code 1.",
    .examples = "safring cert issue ZWESVUSR/localhost --sign-with CERTAUTH/localca --profile zowe --subject \"CN=Zowe Service\" "
                "--san dns:localhost,ip:127.0.0.1,ip:::1 --key rsa:3072\n"
                "safring cert issue --from servers.csv --sign-with CERTAUTH/localca --profile server",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(cert_issue),
    .run = run,
};
