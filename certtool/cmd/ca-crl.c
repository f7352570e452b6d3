/** @file safring ca crl */
#include <cli/issue.h>
#include <cli/out-file.h>

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/pem.h>

typedef struct ca_crl {
    cli_name ca;
    cli_out out;
    int64_t next_update_sec;
    int format, signature;
} ca_crl;

enum { FORMAT_PEM, FORMAT_DER };

static void say_crl(const cli *cli, const ca_crl *args, const saf_crl_facts *facts)
{
    char from[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE];
    saf_time_format(from, facts->this_update);
    saf_time_format(until, facts->next_update);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:I,s:I,s:s,s:s}", "owner", args->ca.owner, "label", args->ca.name, "number",
                                                  (json_int_t)facts->number, "revoked", (json_int_t)facts->entries, "this_update", from,
                                                  "next_update", until));
    if (cli_out_has_file(&args->out))
        cli_say(cli, "CRL number %llu of %s/%s\n    revoked      %zu\n    next update  %s\n", (unsigned long long)facts->number, args->ca.owner,
                args->ca.name, facts->entries, until);
}

static saf_status write_crl(cli *cli, const ca_crl *args, const saf_blob *der, saf_error *err)
{
    saf_bytes bytes = saf_bytes_of(der->data, der->len);
    if (args->format == FORMAT_DER)
        return cli_out_write(cli, &args->out, bytes, CLI_OUT_PUBLIC, err);
    OWN(own_text) pem = cli_pem(PEM_STRING_X509_CRL, bytes);
    return pem ? cli_out_write(cli, &args->out, saf_bytes_of_text(pem), CLI_OUT_PUBLIC, err) : saf_fail_memory(err);
}

static saf_status make_crl(cli *cli, const ca_crl *args, saf_store *store, saf_error *err)
{
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    OWN(saf_change) *change = NULL;
    OWN(EVP_PKEY) *key = NULL;
    OWN(saf_blob) der = { 0 };
    saf_crl_facts facts = { 0 };
    SAF_TRY(cli_keys_of_signer(&key, &keys, args->ca.owner, args->ca.name, err));
    saf_crl_request request = { .owner = args->ca.owner, .label = args->ca.name, .key = key,
                                .signature = args->signature ? SAF_SIGNATURE_PSS : SAF_SIGNATURE_PKCS1,
                                .next_update_sec = (unsigned)args->next_update_sec };
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ca_crl(&der, &facts, change, &request, err));
    say_crl(cli, args, &facts);
    SAF_TRY(cli_end_change(cli, &change, err));
    return write_crl(cli, args, &der, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ca_crl *args = args_;
    OWN(saf_store) *store = NULL;
    bool keep = false;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, args->format == FORMAT_DER ? CLI_OUT_BINARY : CLI_OUT_TEXT, CLI_OUT_PUBLIC, err));
    return keep ? SAF_OK : make_crl(cli, args, store, err);
}

static const char *const formats[] = { "pem", "der", NULL };

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the CA", offsetof(ca_crl, ca), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_DURATION, "next-update", "TIME", "when the next one is to be there, such as 12h or 30d; default 7d", offsetof(ca_crl, next_update_sec),
      .min = 60, .max = 3650u * 86400u },
    { CLI_CHOICE, "format", "FORMAT", "how to write it: pem for servers that read files, der for what --crl-url names (RFC 5280 4.2.1.13)",
      offsetof(ca_crl, format), .choices = formats },
    { CLI_CHOICE, "signature", "KIND", "how an RSA CA signs", offsetof(ca_crl, signature), .choices = cli_signatures },
    CLI_OUT_OPTIONS(ca_crl, out),
    { 0 },
};

const cli_command cli_command_ca_crl = {
    .noun = "ca",
    .verb = "crl",
    .summary = "sign a certificate revocation list",
    .racf = "none in RACDCERT; PKI Services create CRL",
    .description =
        "Signs a list of all that the CA has revoked (RFC 5280 5), with a number that rises each time. Programs take it until its next update: make a new one "
        "earlier, from a timer. A revoked certificate that has ended is left out once a list made after its end had it.",
    .examples = "safring ca crl CERTAUTH/localca --out localca.crl\n"
                "safring ca crl CERTAUTH/localca --next-update 30d --format der --out localca.crl --if-exists replace",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(ca_crl),
    .run = run,
};
