#include "issue.h"
#include "san.h"
#include "serial.h"
#include "subject.h"

#include <base/fail.h>

saf_status issue_check(const saf_issue_request *request, saf_error *err)
{
    if (!profile_facts_of(request->profile))
        return saf_fail(err, SAF_E_USAGE, "there is no certificate profile %d", (int)request->profile);
    SAF_TRY(content_check_days(request->valid_days, err));
    if (request->profile == SAF_PROFILE_CA && (request->path_len < -1 || request->path_len > SAF_PATH_LEN_MAX))
        return saf_fail(err, SAF_E_USAGE, "%d is not a path length; it is 0 to %d, or -1 for none", request->path_len,
                        SAF_PATH_LEN_MAX);
    return SAF_OK;
}

saf_status issue_find_signer(const saf_signer **out, saf_signer **opened, saf_change *change, const saf_issue_request *request,
                             saf_error *err)
{
    *out = request->signer;
    if (request->signer || (!request->signer_owner && !request->signer_label))
        return SAF_OK;
    if (!request->signer_owner || !request->signer_label)
        return saf_fail(err, SAF_E_USAGE, "a signer is named by owner and label, and one of them is missing");
    SAF_TRY(saf_signer_open(opened, saf_change_store(change), saf_change_principal(change), request->signer_owner,
                            request->signer_label, request->signer_key, err));
    *out = *opened;
    return SAF_OK;
}

/* ---- making ----------------------------------------------------------------------------------------------- */

/* RFC 5280 4.1.2.4, 4.1.2.6: who issues certificates has a name. 4.2.1.6: who has none needs an alternative. */
static saf_status check_names(const saf_issue_request *request, const cert_holder *holder, const saf_signer *signer, saf_error *err)
{
    if (X509_NAME_entry_count(holder->subject))
        return SAF_OK;
    if (request->profile == SAF_PROFILE_CA || !signer->cert)
        return saf_fail(err, SAF_E_USAGE, "a CA and a self-signed certificate need a subject");
    if (sk_GENERAL_NAME_num(holder->names) <= 0)
        return saf_fail(err, SAF_E_USAGE, "a certificate needs a subject or an alternative name");
    return SAF_OK;
}

static saf_status fill(cert_content *content, const saf_issue_request *request, const cert_holder *holder, const saf_signer *signer,
                       saf_error *err)
{
    unsigned days = request->valid_days ? request->valid_days : profile_facts_of(request->profile)->valid_days;
    content->signature = request->signature;
    content->is_ordinary = request->profile != SAF_PROFILE_CA;
    DER_APPEND(&content->subject, X509_NAME, holder->subject);
    saf_buffer_append(&content->public_key, saf_buffer_bytes(&holder->key.info));
    SAF_TRY(content_set_dates(content, days * CONTENT_DAY_SEC, signer, err));
    return extensions_write(&content->extensions, request, holder, signer, err);
}

saf_status issue_make(saf_blob *out, const saf_issue_request *request, const cert_holder *holder, const saf_signer *signer,
                      saf_change *change, saf_error *err)
{
    OWN(cert_content) content = { 0 };
    saf_serial_kind serial = change ? request->serial : SAF_SERIAL_RANDOM;
    SAF_TRY(check_names(request, holder, signer, err));
    SAF_TRY(fill(&content, request, holder, signer, err));
    SAF_TRY(serial_append(&content.serial, serial, change, signer->cert, err));
    return content_sign(out, &content, signer, err);
}

static saf_status read_holder(cert_holder *out, const saf_issue_request *request, saf_error *err)
{
    SAF_TRY(issue_check(request, err));
    if (!request->key)
        return saf_fail(err, SAF_E_USAGE, "a certificate needs a key pair");
    SAF_TRY(subject_parse(&out->subject, request->subject, err));
    SAF_TRY(san_parse(&out->names, request->san, err));
    return public_key_of(&out->key, request->key, err);
}

saf_status saf_signer_issue(saf_blob *out, const saf_signer *signer, const saf_issue_request *request, saf_error *err)
{
    OWN(cert_holder) holder = { 0 };
    SAF_TRY(read_holder(&holder, request, err));
    return issue_make(out, request, &holder, signer, NULL, err);
}

/* ---- keeping ---------------------------------------------------------------------------------------------- */

saf_status issue_keep(saf_cert **out, saf_change *change, const issue_place *place, const saf_signer *signer, saf_bytes der,
                      saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    saf_cert_entry entry = { .owner = place->owner, .label = place->label, .der = der,
                             .trust = (int)place->trust ? place->trust : SAF_TRUST,
                             .key = place->key_uri ? NULL : place->key, .key_uri = place->key_uri };
    SAF_TRY(saf_store_add_cert(change, &entry, err));
    if (out || !signer->cert)
        SAF_TRY(saf_store_find_cert(&cert, saf_change_store(change), saf_change_principal(change), place->owner, place->label, err));
    SAF_TRY(saf_store_record_issued(change, signer->cert ? signer->cert : cert, der, place->owner, place->label, err));
    if (out)
        *out = GIVE(&cert);
    return SAF_OK;
}

static saf_status check_place(const issue_place *place, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    SAF_TRY(saf_owner_fold(owner, place->owner, err));
    return saf_label_check(place->label, err);
}

saf_status saf_cert_issue(saf_cert **out, saf_change *change, const saf_issue_request *request, saf_error *err)
{
    OWN(cert_holder) holder = { 0 };
    OWN(saf_signer) *opened = NULL;
    OWN(saf_blob) der = { 0 };
    const saf_signer *signer = NULL;
    const issue_place place = { request->owner, request->label, request->trust, request->key, request->key_uri };
    SAF_TRY(check_place(&place, err));
    SAF_TRY(read_holder(&holder, request, err));
    SAF_TRY(issue_find_signer(&signer, &opened, change, request, err));
    if (!signer) {
        SAF_TRY(signer_open_self(&opened, request->owner, request->label, request->key, err));
        signer = opened;
    }
    SAF_TRY(issue_make(&der, request, &holder, signer, change, err));
    return issue_keep(out, change, &place, signer, blob_bytes(&der), err);
}
