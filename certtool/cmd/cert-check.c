/** @file safring cert check */
#include <cli/bundle.h>

#include <base/clock.h>
#include <base/fail.h>

typedef struct cert_check {
    const char *file, *password_source, *alias;
} cert_check;

static void say_format(const cli *cli, const cert_check *args, const saf_bundle *bundle)
{
    saf_bundle_facts facts = saf_bundle_describe(bundle);
    size_t others = saf_bundle_chain_size(bundle);
    bool has_key = saf_bundle_key(bundle) != NULL;
    cli_say(cli, "%s\n    format       %s%s%s%s\n", args->file, facts.format, facts.profile ? ", profile " : "", facts.profile ? facts.profile : "",
            has_key ? ", with a private key" : "");
    if (facts.cert_cipher)
        cli_say(cli, "    protected by %s (key), %s (certificates), %s, %u rounds\n", facts.key_cipher ? facts.key_cipher : "none", facts.cert_cipher,
                facts.mac, facts.rounds);
    cli_say(cli, "    holds        %zu certificate%s\n", others + 1, others ? "s" : "");
    json_object_update_new(cli->result,
                           json_pack("{s:o,s:s,s:b,s:s?,s:s?,s:s?,s:s?,s:i}", "file", cli_text(args->file), "format", facts.format, "has_key",
                                     has_key, "p12_profile", facts.profile, "key_cipher", facts.key_cipher, "cert_cipher", facts.cert_cipher, "mac",
                                     facts.mac, "rounds", (int)facts.rounds));
}

/* What the store knows of it: RACF's CHECKCERT. NULL: nothing, or there is no store. */
static saf_status find_registered(saf_cert **out, const cli *cli, saf_store *store, const saf_cert *cert, saf_error *err)
{
    if (!store)
        return SAF_OK;
    saf_status status = saf_store_find_cert_by_fingerprint(out, store, &cli->who, cert->fingerprint, err);
    return status == SAF_E_NOT_FOUND ? SAF_OK : status;
}

static void say_registered(const cli *cli, const saf_cert *registered, json_t *shape)
{
    if (!registered) {
        cli_say(cli, "    in the store no\n");
        json_object_set_new(shape, "registered", json_null());
        return;
    }
    cli_say(cli, "    in the store %s/%s, %s%s\n", registered->owner, registered->label, cli_trust_name(registered->trust),
            registered->revoked_at ? ", REVOKED" : "");
    json_object_set_new(shape, "registered", json_pack("{s:s,s:s,s:s,s:b}", "owner", registered->owner, "label", registered->label, "status",
                                                       cli_trust_name(registered->trust), "revoked", registered->revoked_at != 0));
}

static saf_status say_cert(const cli *cli, saf_store *store, json_t *list, saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    OWN(saf_cert) *registered = NULL;
    char from[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE], key[64];
    SAF_TRY(saf_cert_read(&cert, der, err));
    SAF_TRY(find_registered(&registered, cli, store, cert, err));
    OWN(own_text) fingerprint = cli_hex(cert->fingerprint, sizeof cert->fingerprint);
    cert->key_place = SAF_KEY_STORED; /* whether there is a key is said once, of the file */
    cli_say(cli, "\n    subject      %s\n    issuer       %s\n    serial       %s\n    from         %s\n    until        %s%s\n    key          %s%s\n"
            "    fingerprint  %s\n",
            cert->subject, cert->issuer, cert->serial, saf_time_format(from, cert->not_before), saf_time_format(until, cert->not_after),
            cert->not_after <= saf_clock_now() ? ", EXPIRED" : "", cli_key_text(key, sizeof key, cert), cert->is_ca ? ", CA" : "",
            fingerprint ? fingerprint : "");
    json_t *shape = cli_shape_cert(cert);
    static const char *const of_records[] = { "owner", "label", "status", "has_key", "key_uri" };
    for (size_t i = 0; i < sizeof of_records / sizeof *of_records; i++)
        json_object_del(shape, of_records[i]);
    say_registered(cli, registered, shape);
    json_array_append_new(list, shape);
    return SAF_OK;
}

static saf_status say_certs(const cli *cli, saf_store *store, const saf_bundle *bundle, saf_error *err)
{
    json_t *list = json_array();
    json_object_set_new(cli->result, "certificates", list);
    SAF_TRY(say_cert(cli, store, list, saf_bundle_cert(bundle), err));
    for (size_t i = 0; i < saf_bundle_chain_size(bundle); i++)
        SAF_TRY(say_cert(cli, store, list, saf_bundle_chain_at(bundle, i), err));
    return SAF_OK;
}

static saf_status judge(cli *cli, saf_store *store, const saf_bundle *bundle, saf_error *err)
{
    saf_bundle_check check = { 0 };
    SAF_TRY(saf_bundle_check_chain(&check, bundle, store, &cli->who, err));
    const char *why = check.is_valid ? NULL : check.why ? check.why : "its chain is not complete";
    cli_say(cli, "\n%s%s%s\n", why ? "not good: " : "good: in date, and its chain is complete and valid", why ? why : "",
            why && check.depth > 0 ? " (of an issuer)" : "");
    json_object_update_new(cli->result, json_pack("{s:b,s:b,s:s?}", "good", why == NULL, "chain_complete", check.is_complete, "why", why));
    cli->answer_is_no = why != NULL;
    return SAF_OK;
}

/* A file can be checked without a store; one that is there and cannot be opened is an error. */
static saf_status open_store_if_any(saf_store **out, const cli *cli, saf_error *err)
{
    saf_status status = cli_open_store(out, cli, err);
    return status == SAF_E_NOT_FOUND && !cli->common.store ? SAF_OK : status;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_check *args = args_;
    OWN(saf_bundle) *bundle = NULL;
    OWN(saf_store) *store = NULL;
    SAF_TRY(cli_read_bundle(&bundle, args->file, args->password_source, args->alias, err));
    SAF_TRY(open_store_if_any(&store, cli, err));
    say_format(cli, args, bundle);
    SAF_TRY(say_certs(cli, store, bundle, err));
    return judge(cli, store, bundle, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "FILE", NULL, "PEM, DER, PKCS#7 or PKCS#12; \"-\": standard input", offsetof(cert_check, file), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_SOURCE, "password-source", "SOURCE", "where the file's password is", offsetof(cert_check, password_source) },
    { CLI_TEXT, "alias", "NAME", "which entry of a p12 with several keys", offsetof(cert_check, alias) },
    { 0 },
};

const cli_command cli_command_cert_check = {
    .noun = "cert",
    .verb = "check",
    .summary = "look at a file of certificates: what it holds, and whether it is good",
    .racf = "RACDCERT CHECKCERT",
    .description =
        "Shows what a file holds, how it is protected and which of safring's PKCS#12 profiles that is, and whether its certificates are in the store and under "
        "which label. Nothing is changed.\n"
        "\n"
        "Exit code 0: the certificate is in date, not revoked here, and its chain, with the certificates of the file and the store, is complete and valid; "
        "3: it is not, and the reason is said. That its root is one to be trusted is not checked.",
    .examples = "safring cert check localhost.p12 --password-source file:pw",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(cert_check),
    .run = run,
};
