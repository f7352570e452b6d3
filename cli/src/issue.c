#include <cli/issue.h>

#include <base/clock.h>
#include <base/fail.h>

const char *const cli_serial_kinds[] = { "random", "sequential", NULL };
const char *const cli_issue_if_exists[] = { "fail", "keep", NULL };
enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP };

void cli_say_cert(const cli *cli, const char *what_happened, const saf_cert *cert)
{
    char until[SAF_TIME_TEXT_SIZE], key[64];
    OWN(own_text) fingerprint = cli_hex(cert->fingerprint, sizeof cert->fingerprint);
    cli_say(cli,
            "%s %s/%s\n    subject      %s\n    issuer       %s\n    serial       %s\n    until        %s\n    key          %s\n"
            "    fingerprint  %s\n",
            what_happened, cert->owner, cert->label, cert->subject, cert->issuer, cert->serial,
            saf_time_format(until, cert->not_after), cli_key_text(key, sizeof key, cert), fingerprint ? fingerprint : "");
    json_object_update_new(cli->result, cli_shape_cert(cert));
}

/* Found only when that is fine: with --if-exists fail, an early answer saves making an RSA key for nothing. */
static saf_status find_existing(saf_cert **out, const cli *cli, const cli_issue *issue, saf_store *store, saf_error *err)
{
    saf_status status = saf_store_find_cert(out, store, &cli->who, issue->name.owner, issue->name.name, err);
    if (status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (status != SAF_OK || issue->if_exists == IF_EXISTS_KEEP)
        return status;
    saf_cert_free(out);
    (void)saf_fail(err, SAF_E_EXISTS, "there is a certificate %s/%s already", issue->name.owner, issue->name.name);
    saf_hint(err, "choose another label, or --if-exists keep");
    return SAF_E_EXISTS;
}

static saf_status make_key(EVP_PKEY **out, const char *kind, saf_error *err)
{
    saf_key_spec spec;
    cli_progress progress = { .what = "making the key" };
    SAF_TRY(saf_key_spec_parse(&spec, kind, err));
    saf_status status = saf_key_generate(out, &spec, cli_progress_turn, &progress, err);
    cli_progress_end(&progress);
    return status;
}

static saf_status check_request(const cli_issue *issue, const saf_issue_request *request, saf_error *err)
{
    saf_key_spec spec;
    SAF_TRY(saf_label_check(issue->name.name, err));
    SAF_TRY(saf_key_spec_parse(&spec, issue->key, err));
    SAF_TRY(saf_subject_check(request->subject, err));
    return saf_san_check(request->san, err);
}

static saf_status issue_new(cli *cli, saf_store *store, saf_issue_request *request, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_cert_issue(&cert, change, request, err));
    cli_say_cert(cli, cli->common.dry_run ? "would issue" : "issued", cert);
    json_object_set_new(cli->result, "made", json_boolean(!cli->common.dry_run));
    return cli_end_change(cli, &change, err);
}

saf_status cli_issue_certificate(cli *cli, const cli_issue *issue, saf_issue_request *request, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *existing = NULL;
    OWN(EVP_PKEY) *key = NULL;
    SAF_TRY(check_request(issue, request, err));
    /* A signer has to be there: without one in a store there is nothing to begin with. */
    SAF_TRY(request->signer_owner ? cli_open_store(&store, cli, err) : cli_open_store_to_change(&store, cli, err));
    SAF_TRY(find_existing(&existing, cli, issue, store, err));
    if (existing) {
        cli_say_cert(cli, "there already:", existing);
        json_object_set_new(cli->result, "made", json_false());
        return SAF_OK;
    }
    SAF_TRY(make_key(&key, issue->key, err));
    request->key = key;
    return issue_new(cli, store, request, err);
}
