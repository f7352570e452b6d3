/** @file safring cert sign */
#include <cli/issue.h>
#include <cli/out-file.h>

#include <base/clock.h>
#include <base/fail.h>
#include <base/shell.h>

#include <openssl/pem.h>

OWN_HANDLE(saf_csr, saf_csr_free)
OWN_VALUE(saf_cert_details, saf_cert_details_free)
OWN_VALUE(saf_dropped_list, saf_dropped_list_free)

typedef struct cert_sign {
    const char *file, *subject;
    cli_list san;
    cli_signing signing;
    unsigned path_len;
    int profile;
    cli_out out;
} cert_sign;

enum { NO_PATH_LEN = SAF_PATH_LEN_MAX + 1, REQUEST_FILE_MAX = 256 * 1024 };

static const saf_profile profile_values[] = { SAF_PROFILE_SERVER, SAF_PROFILE_CLIENT, SAF_PROFILE_ZOWE, SAF_PROFILE_CA };

static void say_dropped(const cli *cli, const saf_dropped_list *dropped)
{
    json_t *list = json_array();
    for (size_t i = 0; i < dropped->count; i++) {
        const saf_dropped *item = &dropped->items[i];
        cli_note(cli, "dropped %s: %s", item->what, item->why);
        json_array_append_new(list, json_pack("{s:o,s:o}", "what", cli_text(item->what), "why", cli_text(item->why)));
    }
    json_object_set_new(cli->result, "dropped", list);
}

static void say_signed(cli *cli, const cert_sign *args, const saf_cert *cert)
{
    char until[SAF_TIME_TEXT_SIZE];
    json_object_update_new(cli->result, cli_shape_cert(cert));
    cli_hide_draft(cli, cli->result);
    json_object_del(cli->result, "owner"); /* it is not in the store */
    json_object_del(cli->result, "label");
    if (cli_out_has_file(&args->out))
        cli_say(cli, "%s\n    subject      %s\n    issuer       %s\n    serial       %s\n    until        %s\n",
                cli->common.dry_run ? "would sign" : "signed", cert->subject, cert->issuer, cert->serial,
                saf_time_format(until, cert->not_after));
}

static saf_status write_pem(cli *cli, const cert_sign *args, const saf_blob *der, saf_error *err)
{
    OWN(own_text) pem = cli_pem(PEM_STRING_X509, saf_bytes_of(der->data, der->len));
    return pem ? cli_out_write(cli, &args->out, saf_bytes_of_text(pem), CLI_OUT_PUBLIC, err) : saf_fail_memory(err);
}

static saf_status warn_of_no_names(const cli *cli, saf_profile profile, const saf_blob *der, saf_error *err)
{
    OWN(saf_cert_details) details = { 0 };
    SAF_TRY(saf_cert_describe(&details, saf_bytes_of(der->data, der->len), err));
    if (!details.name_count && (profile == SAF_PROFILE_SERVER || profile == SAF_PROFILE_ZOWE))
        cli_note(cli, "warning: neither the request nor --san names the server: clients look for its name in the alternative names (RFC 9525), not in the "
                 "subject");
    return SAF_OK;
}

/* What is signed is recorded before anybody has it: a certificate that is out and unknown could not be revoked. */
static saf_status commit_and_write(cli *cli, const cert_sign *args, saf_change **change, const saf_blob *der, const saf_cert *cert,
                                   saf_error *err)
{
    SAF_TRY(cli_end_change(cli, change, err));
    saf_status status = write_pem(cli, args, der, err);
    if (status != SAF_OK)
        saf_hint(err, "it is signed and recorded; have it again: safring ca issued %s --serial %s",
                 saf_shell_quote_name(args->signing.sign_with.owner, args->signing.sign_with.name).text, cert->serial);
    return status;
}

static saf_status sign(cli *cli, const cert_sign *args, const saf_csr *csr, saf_issue_request *request, saf_store *store, saf_error *err)
{
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    OWN(saf_dropped_list) dropped = { 0 };
    OWN(saf_change) *change = NULL;
    OWN(EVP_PKEY) *signer_key = NULL;
    OWN(saf_cert) *cert = NULL;
    OWN(saf_blob) der = { 0 };
    SAF_TRY(cli_keys_of_signer(&signer_key, &keys, request->signer_owner, request->signer_label, err));
    request->signer_key = signer_key;
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_cert_sign_request(&der, &dropped, change, csr, request, err));
    SAF_TRY(saf_cert_read(&cert, saf_bytes_of(der.data, der.len), err));
    SAF_TRY(warn_of_no_names(cli, request->profile, &der, err));
    say_dropped(cli, &dropped);
    say_signed(cli, args, cert);
    return commit_and_write(cli, args, &change, &der, cert, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_sign *args = args_;
    OWN(cli_request_texts) texts = { 0 };
    OWN(saf_buffer) content = { 0 };
    OWN(saf_csr) *csr = NULL;
    OWN(saf_store) *store = NULL;
    bool keep = false;
    saf_issue_request request = { .profile = profile_values[args->profile], .subject = args->subject,
                                  .path_len = args->path_len == NO_PATH_LEN ? -1 : (int)args->path_len };
    cli_join(&texts.san, "", &args->san);
    SAF_TRY(saf_buffer_check(&texts.san, err));
    request.san = args->san.count ? saf_buffer_text(&texts.san) : NULL;
    SAF_TRY(cli_signing_fill(&request, &texts, &args->signing, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, CLI_OUT_TEXT, CLI_OUT_PUBLIC, err));
    if (keep)
        return SAF_OK;
    SAF_TRY(saf_file_read(&content, args->file, REQUEST_FILE_MAX, err));
    SAF_TRY(saf_csr_read(&csr, saf_buffer_bytes(&content), cli_file_name(args->file), err));
    SAF_TRY(cli_open_store(&store, cli, err));
    return sign(cli, args, csr, &request, store, err);
}

static const char *const profiles[] = { "server", "client", "zowe", "ca", NULL };

static const cli_option operands[] = {
    { CLI_TEXT, "FILE", NULL, "the request, PEM or DER; \"-\": standard input", offsetof(cert_sign, file), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs it", offsetof(cert_sign, signing.sign_with), .required = true },
    { CLI_CHOICE, "profile", "PROFILE", "what it may be for, whatever it asks", offsetof(cert_sign, profile), .choices = profiles },
    { CLI_TEXT, "subject", "DN", "its name; default: the request's", offsetof(cert_sign, subject) },
    { CLI_LIST, "san", "NAMES", "its alternative names, instead of the request's; as in safring cert issue", offsetof(cert_sign, san) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default 397, of a ca 3650, never longer than its signer",
      offsetof(cert_sign, signing.valid_days), .min = 1, .max = 36500 },
    { CLI_NUMBER, "path-len", "N", "of a ca: how many CAs may stand below it; default: no limit", offsetof(cert_sign, path_len),
      .max = SAF_PATH_LEN_MAX, .initial = NO_PATH_LEN },
    CLI_SIGNING_OPTIONS(cert_sign, signing),
    CLI_OUT_OPTIONS(cert_sign, out),
    { 0 },
};

const cli_command cli_command_cert_sign = {
    .noun = "cert",
    .verb = "sign",
    .summary = "sign a certificate request of somebody else",
    .racf = "RACDCERT GENCERT(request-data-set) ... SIGNWITH",
    .description =
        "Checks a PKCS#10 request (its signature, its key, its names) and signs a certificate for it, which is recorded as issued and written to a file, but "
        "not kept as a certificate of the store.\n"
        "\n"
        "Of what the request asks for, its subject, its alternative names (dns, ip, email, uri) and the usages that the profile has are granted. Everything "
        "else is dropped, and said.",
    .examples = "safring cert sign localhost.csr --sign-with CERTAUTH/localca --profile server --out localhost.pem",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(cert_sign),
    .run = run,
};
