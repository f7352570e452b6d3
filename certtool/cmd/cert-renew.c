/** @file safring cert renew */
#include <cli/hook.h>
#include <cli/issue.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

typedef struct cert_renew {
    cli_name cert, sign_with;
    unsigned valid_days;
    int serial;
    int64_t due_sec;
    const char *owner, *hook;
} cert_renew;

/* One run: of one certificate, or of all that are due. */
typedef struct renewal {
    cli *cli;
    const cert_renew *args;
    saf_store *store;
    cli_keys keys;
    cli_rings changed;
    json_t *list; /* NULL: of one */
    size_t renewed, failed;
} renewal;

static void release(renewal *renewal)
{
    cli_keys_close(&renewal->keys);
    cli_rings_free(&renewal->changed);
}

OWN_VALUE(renewal, release)

/* Whose key will sign: the one named, else the issuer if its key is in a token. One in the store is found by the library. */
static saf_status load_signer_key(EVP_PKEY **out, renewal *renewal, const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_page) chain = { 0 };
    const cli_name *signer = &renewal->args->sign_with;
    if (signer->name)
        return cli_keys_of_signer(out, &renewal->keys, signer->owner, signer->name, err);
    SAF_TRY(saf_cert_chain(&chain, NULL, renewal->store, &renewal->cli->who, cert, err));
    return cli_keys_of_cert(out, &renewal->keys, chain.certs[chain.count > 1 ? 1 : 0], err);
}

/* Another command may have renewed it since it was looked up: once is enough. */
static bool has_changed(const renewal *renewal, const saf_cert *cert)
{
    OWN(saf_cert) *now = NULL;
    saf_status status = saf_store_find_cert(&now, renewal->store, &renewal->cli->who, cert->owner, cert->label, NULL);
    return status == SAF_E_NOT_FOUND || (status == SAF_OK && memcmp(now->fingerprint, cert->fingerprint, sizeof now->fingerprint) != 0);
}

static saf_status renew_now(saf_cert **out, renewal *renewal, const saf_cert *cert, saf_error *err)
{
    const cert_renew *args = renewal->args;
    OWN(saf_change) *change = NULL;
    OWN(EVP_PKEY) *signer_key = NULL;
    SAF_TRY(load_signer_key(&signer_key, renewal, cert, err));
    saf_renew_request request = { .owner = cert->owner, .label = cert->label, .signer_key = signer_key, .valid_days = args->valid_days,
                                  .signer_owner = args->sign_with.name ? args->sign_with.owner : NULL, .signer_label = args->sign_with.name,
                                  .serial = args->serial ? SAF_SERIAL_SEQUENTIAL : SAF_SERIAL_RANDOM };
    SAF_TRY(saf_change_begin(&change, renewal->store, &renewal->cli->who, err));
    if (has_changed(renewal, cert))
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s was changed by another command meanwhile", cert->owner, cert->label);
    SAF_TRY(saf_cert_renew(out, change, &request, err));
    SAF_TRY(cli_rings_add_of(&renewal->changed, renewal->cli, renewal->store, *out, err));
    if (renewal->cli->common.dry_run)
        return SAF_OK;
    SAF_TRY(cli_commit(renewal->cli, &change, err));
    cli_keys_show_cert(&renewal->keys, *out);
    return SAF_OK;
}

/* A hook is told of rings that have changed, not of those that were to. */
static saf_status renew(saf_cert **out, renewal *renewal, const saf_cert *cert, saf_error *err)
{
    size_t rings = renewal->changed.count;
    saf_status status = renew_now(out, renewal, cert, err);
    if (status != SAF_OK)
        renewal->changed.count = rings;
    return status;
}

static const char *done_text(const renewal *renewal)
{
    return renewal->cli->common.dry_run ? "would renew" : "renewed";
}

/* ---- all that are due ---- */

static void say_renewed(renewal *renewal, const saf_cert *old, const saf_cert *cert)
{
    char before[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE];
    cli_say(renewal->cli, "%s %s/%s\n    until        %s (was %s)\n    replaced     serial %s\n", done_text(renewal), cert->owner, cert->label,
            saf_time_format(until, cert->not_after), saf_time_format(before, old->not_after), old->serial);
    json_t *shape = cli_shape_cert(cert);
    cli_hide_draft(renewal->cli, shape);
    json_object_set_new(shape, "renewed", json_true());
    json_object_set_new(shape, "replaced_serial", json_string(old->serial));
    json_array_append_new(renewal->list, shape);
    renewal->renewed++;
}

static void say_failed(renewal *renewal, const saf_cert *cert, const saf_error *why)
{
    cli_note(renewal->cli, "%s/%s is not renewed: %s", cert->owner, cert->label, why->text);
    if (why->hint[0])
        cli_note(renewal->cli, "hint for %s/%s: %s", cert->owner, cert->label, why->hint);
    json_array_append_new(renewal->list, json_pack("{s:s,s:s,s:b,s:s,s:s}", "owner", cert->owner, "label", cert->label, "renewed", 0, "message",
                                                   why->text, "hint", why->hint));
    renewal->failed++;
}

static void say_changed(renewal *renewal, const saf_cert *cert)
{
    static const char why[] = "another command has changed it meanwhile";
    cli_say(renewal->cli, "left alone %s/%s: %s\n", cert->owner, cert->label, why);
    json_array_append_new(renewal->list, json_pack("{s:s,s:s,s:b,s:s}", "owner", cert->owner, "label", cert->label, "renewed", 0, "message", why));
}

static void renew_due(renewal *renewal, const saf_cert *old)
{
    OWN(saf_cert) *cert = NULL;
    saf_error why = { 0 };
    if (renew(&cert, renewal, old, &why) == SAF_OK)
        say_renewed(renewal, old, cert);
    else if (has_changed(renewal, old))
        say_changed(renewal, old);
    else
        say_failed(renewal, old, &why);
    cli_say_now(renewal->cli);
}

static saf_status renew_all_due(renewal *renewal, saf_error *err)
{
    OWN(saf_cert_page) due = { 0 };
    renewal->list = json_array();
    json_object_set_new(renewal->cli->result, "certificates", renewal->list);
    SAF_TRY(saf_cert_find_due(&due, renewal->store, &renewal->cli->who, renewal->args->owner, renewal->args->due_sec, err));
    for (size_t i = 0; i < due.count; i++)
        renew_due(renewal, due.certs[i]);
    cli_say(renewal->cli, "%zu of %zu due certificate%s %s\n", renewal->renewed, due.count, due.count == 1 ? "" : "s",
            renewal->cli->common.dry_run ? "would be renewed" : "renewed");
    renewal->cli->some_failed = renewal->failed > 0;
    return SAF_OK;
}

/* ---- one ---- */

static saf_status renew_one(renewal *renewal, saf_error *err)
{
    OWN(saf_cert) *old = NULL;
    OWN(saf_cert) *cert = NULL;
    const cli_name *name = &renewal->args->cert;
    SAF_TRY(saf_store_find_cert(&old, renewal->store, &renewal->cli->who, name->owner, name->name, err));
    SAF_TRY(renew(&cert, renewal, old, err));
    cli_say_new_cert(renewal->cli, done_text(renewal), cert);
    cli_say(renewal->cli, "    replaced     serial %s, valid until it ends or is revoked\n", old->serial);
    json_object_set_new(renewal->cli->result, "replaced_serial", json_string(old->serial));
    return SAF_OK;
}

static void say_rings(const renewal *renewal)
{
    json_t *rings = json_array();
    for (size_t i = 0; i < renewal->changed.count; i++) {
        const saf_ring_entry *ring = &renewal->changed.items[i];
        cli_say(renewal->cli, "%s ring %s/%s\n", renewal->cli->common.dry_run ? "would change" : "changed", ring->owner, ring->name);
        json_array_append_new(rings, json_pack("{s:s,s:s}", "owner", ring->owner, "ring", ring->name));
    }
    json_object_set_new(renewal->cli->result, "changed_rings", rings);
}

static saf_status check_arguments(const cert_renew *args, saf_error *err)
{
    if (!args->cert.name == !args->due_sec)
        return saf_fail(err, SAF_E_USAGE, "name what to renew: OWNER/LABEL, or --due TIME for all that end within it");
    if (args->owner && !args->due_sec)
        return saf_fail(err, SAF_E_USAGE, "--owner goes with --due");
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_renew *args = args_;
    OWN(saf_store) *store = NULL;
    char owner[SAF_OWNER_MAX + 1];
    SAF_TRY(check_arguments(args, err));
    if (args->owner)
        SAF_TRY(saf_owner_fold(owner, args->owner, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    OWN(renewal) renewal = { .cli = cli, .args = args, .store = store, .keys = { .cli = cli, .store = store } };
    SAF_TRY(args->due_sec ? renew_all_due(&renewal, err) : renew_one(&renewal, err));
    say_rings(&renewal);
    if (cli->common.dry_run)
        cli_say(cli, "dry run: nothing was changed\n");
    cli_say_now(cli); /* a hook may take its time */
    if (args->hook && !cli->common.dry_run)
        cli->some_failed |= cli_hook_run(cli, args->hook, saf_store_dir(store), &renewal.changed) > 0;
    return SAF_OK;
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_renew, cert) },
    { 0 },
};

static const cli_option options[] = {
    { CLI_DURATION, "due", "TIME", "all that end within this time, such as 30d, issuers first; instead of OWNER/LABEL", offsetof(cert_renew, due_sec),
      .min = 1, .max = 3650u * 86400u },
    { CLI_TEXT, "owner", "OWNER", "with --due: this owner's only", offsetof(cert_renew, owner) },
    { CLI_TEXT, "hook", "COMMAND", "run this with sh once for each ring that changed, named in its environment as SAFRING_RING, at the end",
      offsetof(cert_renew, hook) },
    { CLI_NAME, "sign-with", "OWNER/LABEL", "the CA that signs the new one; default: who signed the old one, of a self-signed one itself",
      offsetof(cert_renew, sign_with) },
    { CLI_NUMBER, "valid-days", "N", "how long it is valid; default: as long as the old one was to be, never longer than its signer",
      offsetof(cert_renew, valid_days), .min = 1, .max = 36500 },
    { CLI_CHOICE, "serial", "KIND", "how its serial number is made", offsetof(cert_renew, serial), .choices = cli_serial_kinds },
    { 0 },
};

const cli_command cli_command_cert_renew = {
    .noun = "cert",
    .verb = "renew",
    .summary = "renew a certificate, or all that end soon, keeping keys and rings",
    .racf = "RACDCERT GENREQ, GENCERT and ADD of the same key",
    .description =
        "Makes a new certificate for the same key, with the same subject, alternative names and other extensions, and puts it in the old one's place: label, "
        "private key and rings stay. For a new key: safring cert rekey.\n"
        "\n"
        "With --due each certificate is renewed in a step of its own (one that is made for less than that time is renewed by every run: say --valid-days, or a shorter time); one that cannot be renewed (its CA is not here, say) is named, does not stop the others, and "
        "makes the exit code 1, and one that another command renews at the same time is left to that one. The hook is run when all is done, once for each ring that changed; SAFRING_RING, SAFRING_RING_OWNER, SAFRING_RING_NAME "
        "and SAFRING_HOME are in its environment. A hook that fails makes the exit code 1, too.",
    .examples = "safring cert renew ZWESVUSR/localhost\n"
                "safring cert renew --due 30d --hook 'echo \"$SAFRING_RING has changed\"'",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(cert_renew),
    .run = run,
};
