/** @file safring cert rekey */
#include <cli/issue.h>

#include <base/fail.h>

#include <string.h>

typedef struct cert_rekey {
    cli_name cert, sign_with;
    const char *new_label, *key;
    unsigned valid_days;
    int serial, signature;
} cert_rekey;

/* As --key would name the old one's kind. */
static void kind_of(char *out, size_t out_cap, const saf_cert *cert)
{
    if (!strcmp(cert->key_type, "rsa"))
        snprintf(out, out_cap, "rsa:%u", cert->key_bits);
    else
        snprintf(out, out_cap, "%s", cert->key_type);
}

static saf_status rekey(cli *cli, cli_keys *keys, const saf_rekey_request *request, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(saf_change_begin(&change, keys->store, &cli->who, err));
    SAF_TRY(saf_cert_rekey(&cert, change, request, err));
    SAF_TRY(cli_keys_keep(keys, change, err));
    cli_say_new_cert(cli, cli->common.dry_run ? "would make" : "made", cert);
    SAF_TRY(cli_end_change(cli, &change, err));
    cli_keys_show_cert(keys, cert);
    return SAF_OK;
}

static saf_status make_key_and_rekey(cli *cli, const cert_rekey *args, saf_store *store, const cli_key_place *place, saf_error *err)
{
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    OWN(EVP_PKEY) *signer_key = NULL;
    OWN(EVP_PKEY) *key = NULL;
    SAF_TRY(cli_keys_of_signer(&signer_key, &keys, args->sign_with.owner, args->sign_with.name, err));
    SAF_TRY(cli_keys_make(&key, &keys, place, err));
    saf_rekey_request request = { .owner = args->cert.owner, .label = args->cert.name, .new_label = args->new_label, .key = key,
                                  .key_uri = cli_keys_uri(&keys), .signer_owner = args->sign_with.name ? args->sign_with.owner : NULL,
                                  .signer_label = args->sign_with.name, .signer_key = signer_key,
                                  .signature = args->signature ? SAF_SIGNATURE_PSS : SAF_SIGNATURE_PKCS1, .valid_days = args->valid_days,
                                  .serial = args->serial ? SAF_SERIAL_SEQUENTIAL : SAF_SERIAL_RANDOM };
    return rekey(cli, &keys, &request, err);
}

static saf_status refuse_taken_label(const cli *cli, const cert_rekey *args, saf_store *store, saf_error *err)
{
    OWN(saf_cert) *taken = NULL;
    saf_status status = saf_store_find_cert(&taken, store, &cli->who, args->cert.owner, args->new_label, err);
    if (status == SAF_E_NOT_FOUND)
        return SAF_OK;
    return status == SAF_OK ? saf_fail(err, SAF_E_EXISTS, "certificate %s/%s exists already", args->cert.owner, args->new_label) : status;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_rekey *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *old = NULL;
    cli_key_place place;
    char kind[64];
    SAF_TRY(saf_label_check(args->new_label, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&old, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(refuse_taken_label(cli, args, store, err));
    kind_of(kind, sizeof kind, old);
    SAF_TRY(cli_key_place_parse(&place, args->key, kind, args->new_label, err));
    saf_status status = cli_key_place_check(&place, err);
    if (status != SAF_OK && !args->key)
        saf_hint(err, "the old key's kind is not made any more: say which with --key");
    return status == SAF_OK ? make_key_and_rekey(cli, args, store, &place, err) : status;
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the old certificate", offsetof(cert_rekey, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_TEXT, "new-label", "LABEL", "the new certificate's label", offsetof(cert_rekey, new_label), .required = true },
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs the new one; default: it is self-signed, as in RACF, and a request follows",
      offsetof(cert_rekey, sign_with) },
    { CLI_TEXT, "key", "KIND", "kind of the new key or its place in a token, as in safring ca create; default: as the old one's, in the store",
      offsetof(cert_rekey, key) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default: as long as the old one was to be, never longer than its signer",
      offsetof(cert_rekey, valid_days), .min = 1, .max = 36500 },
    { CLI_CHOICE, "serial", "KIND", "how its serial number is made", offsetof(cert_rekey, serial), .choices = cli_serial_kinds },
    { CLI_CHOICE, "signature", "KIND", "how an RSA signer signs", offsetof(cert_rekey, signature), .choices = cli_signatures },
    { 0 },
};

const cli_command cli_command_cert_rekey = {
    .noun = "cert",
    .verb = "rekey",
    .summary = "make a new key and certificate beside an old one",
    .racf = "RACDCERT REKEY",
    .description =
        "Makes a new key pair and a certificate for it with the subject, alternative names and other extensions of the old one, under the same owner. The old "
        "one is not changed and stays in use: safring cert rollover puts the new one in its place when the time has come.\n"
        "\n"
        "Without --sign-with it is self-signed. To have a foreign CA sign it: safring cert request, then safring cert import, then safring cert rollover.",
    .examples = "safring cert rekey ZWESVUSR/localhost --new-label \"localhost 2027\" --sign-with CERTAUTH/localca",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(cert_rekey),
    .run = run,
};
