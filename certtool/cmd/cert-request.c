/** @file safring cert request */
#include <cli/keys.h>
#include <cli/out-file.h>

#include <base/fail.h>

typedef struct cert_request {
    cli_name cert;
    cli_out out;
} cert_request;

static saf_status request_of(cli *cli, const cert_request *args, saf_store *store, saf_error *err)
{
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    OWN(saf_change) *change = NULL;
    OWN(EVP_PKEY) *key = NULL;
    OWN(saf_blob) pem = { 0 };
    SAF_TRY(cli_keys_of_signer(&key, &keys, args->cert.owner, args->cert.name, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_cert_request(&pem, change, args->cert.owner, args->cert.name, key, err));
    SAF_TRY(cli_end_change(cli, &change, err)); /* first: whoever has the request relies on the key being kept */
    return cli_out_write(cli, &args->out, saf_bytes_of(pem.data, pem.len), CLI_OUT_PUBLIC, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_request *args = args_;
    OWN(saf_store) *store = NULL;
    bool keep = false;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, CLI_OUT_TEXT, CLI_OUT_PUBLIC, err));
    json_object_update_new(cli->result, json_pack("{s:s,s:s}", "owner", args->cert.owner, "label", args->cert.name));
    return keep ? SAF_OK : request_of(cli, args, store, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate for whose key another one is wanted", offsetof(cert_request, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    CLI_OUT_OPTIONS(cert_request, out),
    { 0 },
};

const cli_command cli_command_cert_request = {
    .noun = "cert",
    .verb = "request",
    .summary = "write a certificate request (PKCS#10) for a key of the store",
    .racf = "RACDCERT GENREQ",
    .description =
        "Writes a request for a certificate with the subject, alternative names and usages of one that is here, signed with its private key, for another "
        "CA to sign. The store remembers that an answer is awaited: until safring cert import brings it, the certificate is deleted only with --force.\n"
        "\n"
        "To have a new key signed by a foreign CA: safring cert rekey makes the key and a self-signed certificate, request and import follow.",
    .examples = "safring cert request ZWESVUSR/localhost --out localhost.csr",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(cert_request),
    .run = run,
};
