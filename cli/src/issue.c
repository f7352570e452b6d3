#include <cli/issue.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

const char *const cli_serial_kinds[] = { "random", "sequential", NULL };
const char *const cli_issue_if_exists[] = { "fail", "keep", NULL };
const char *const cli_signatures[] = { "pkcs1", "pss", NULL };
const char *const cli_profiles[] = { "server", "client", "zowe", NULL };
const saf_profile cli_profile_values[] = { SAF_PROFILE_SERVER, SAF_PROFILE_CLIENT, SAF_PROFILE_ZOWE };
enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP };

saf_status cli_leaf_owner_check(const char *owner, saf_error *err)
{
    if (strcmp(owner, SAF_OWNER_CERTAUTH) != 0)
        return SAF_OK;
    (void)saf_fail(err, SAF_E_USAGE, "%s has certificate authorities only", SAF_OWNER_CERTAUTH);
    saf_hint(err, "safring ca create makes one");
    return SAF_E_USAGE;
}

const char *cli_default_key(saf_profile profile)
{
    return profile == SAF_PROFILE_CA ? "ec:P-384" : profile == SAF_PROFILE_ZOWE ? "rsa:3072" : "ec:P-256";
}

/* ---- options into a request ---- */

void cli_request_texts_free(cli_request_texts *texts)
{
    saf_buffer_free(&texts->san);
    saf_buffer_free(&texts->crl_urls);
    saf_buffer_free(&texts->ca_issuers_urls);
}

void cli_join(saf_buffer *out, const char *prefix, const cli_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        saf_buffer_printf(out, "%s%s%s", out->len ? "," : "", prefix, list->items[i]);
}

saf_status cli_signing_fill(saf_issue_request *request, cli_request_texts *texts, const cli_signing *signing, saf_error *err)
{
    cli_join(&texts->crl_urls, "", &signing->crl_url);
    cli_join(&texts->ca_issuers_urls, "", &signing->ca_issuers_url);
    SAF_TRY(saf_buffer_check(&texts->crl_urls, err));
    SAF_TRY(saf_buffer_check(&texts->ca_issuers_urls, err));
    request->crl_urls = texts->crl_urls.len ? saf_buffer_text(&texts->crl_urls) : NULL;
    request->ca_issuers_urls = texts->ca_issuers_urls.len ? saf_buffer_text(&texts->ca_issuers_urls) : NULL;
    request->valid_days = signing->valid_days;
    request->serial = signing->serial ? SAF_SERIAL_SEQUENTIAL : SAF_SERIAL_RANDOM;
    request->signature = signing->signature ? SAF_SIGNATURE_PSS : SAF_SIGNATURE_PKCS1;
    request->signer_owner = signing->sign_with.name ? signing->sign_with.owner : NULL;
    request->signer_label = signing->sign_with.name;
    return SAF_OK;
}

/* ---- one certificate ---- */

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

void cli_say_new_cert(const cli *cli, const char *what_happened, const saf_cert *cert)
{
    cli_say_cert(cli, what_happened, cert);
    cli_hide_draft(cli, cli->result);
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
    (void)saf_fail(err, SAF_E_EXISTS, "certificate %s/%s exists already", issue->name.owner, issue->name.name);
    saf_hint(err, "choose another label; --if-exists keep accepts the one that is there");
    return SAF_E_EXISTS;
}

static saf_status check_request(const cli_key_place *place, const cli_issue *issue, const saf_issue_request *request, saf_error *err)
{
    SAF_TRY(saf_label_check(issue->name.name, err));
    SAF_TRY(cli_key_place_check(place, err));
    SAF_TRY(saf_subject_check(request->subject, err));
    return saf_san_check(request->san, err);
}

static saf_status issue_new(cli *cli, cli_keys *keys, saf_issue_request *request, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    OWN(saf_cert) *cert = NULL;
    request->key_uri = cli_keys_uri(keys);
    SAF_TRY(saf_change_begin(&change, keys->store, &cli->who, err));
    SAF_TRY(saf_cert_issue(&cert, change, request, err));
    SAF_TRY(cli_keys_keep(keys, change, err));
    cli_say_new_cert(cli, cli->common.dry_run ? "would issue" : "issued", cert);
    json_object_set_new(cli->result, "made", json_boolean(!cli->common.dry_run));
    SAF_TRY(cli_end_change(cli, &change, err));
    cli_keys_show_cert(keys, cert);
    return SAF_OK;
}

static saf_status say_existing(const cli *cli, const saf_cert *existing)
{
    cli_say_cert(cli, "there already:", existing);
    json_object_set_new(cli->result, "made", json_false());
    return SAF_OK;
}

static saf_status make_and_issue(cli *cli, saf_store *store, const cli_key_place *place, saf_issue_request *request, saf_error *err)
{
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    OWN(EVP_PKEY) *signer_key = NULL;
    OWN(EVP_PKEY) *key = NULL;
    SAF_TRY(cli_keys_of_signer(&signer_key, &keys, request->signer_owner, request->signer_label, err));
    SAF_TRY(cli_keys_make(&key, &keys, place, err));
    request->signer_key = signer_key;
    request->key = key;
    return issue_new(cli, &keys, request, err);
}

saf_status cli_issue_certificate(cli *cli, const cli_issue *issue, saf_issue_request *request, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *existing = NULL;
    cli_key_place place;
    SAF_TRY(cli_key_place_parse(&place, issue->key, issue->default_key, issue->name.name, err));
    SAF_TRY(check_request(&place, issue, request, err));
    /* A signer has to be there: without one in a store there is nothing to begin with. */
    SAF_TRY(request->signer_owner ? cli_open_store(&store, cli, err) : cli_open_store_to_change(&store, cli, err));
    SAF_TRY(find_existing(&existing, cli, issue, store, err));
    if (existing)
        return say_existing(cli, existing);
    saf_status status = make_and_issue(cli, store, &place, request, err);
    if (status != SAF_E_EXISTS || issue->if_exists != IF_EXISTS_KEEP) /* else another command was faster */
        return status;
    return saf_store_find_cert(&existing, store, &cli->who, issue->name.owner, issue->name.name, err) == SAF_OK ? say_existing(cli, existing) : status;
}
