#include "compromise.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/shell.h>

static bool is_compromised(const saf_cert *cert)
{
    return cert->revoked_at && (cert->reason == SAF_REASON_KEY_COMPROMISE || cert->reason == SAF_REASON_CA_COMPROMISE ||
                                cert->reason == SAF_REASON_AA_COMPROMISE);
}

/* ---- what the owner can see ---- */

static saf_status refuse(const saf_cert *cert, const saf_cert *revoked, saf_error *err)
{
    if (!strcmp(cert->label, revoked->label))
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s was revoked because its key is compromised (%s)", cert->owner, cert->label,
                        saf_reason_name(revoked->reason));
    return saf_fail(err, SAF_E_CONFLICT, "%s/%s has the key of %s/%s, which was revoked because that is compromised (%s)", cert->owner,
                    cert->label, revoked->owner, revoked->label, saf_reason_name(revoked->reason));
}

/* Who may not list the owner's certificates is not told about the others. */
static saf_status find_revoked(const saf_cert **out, saf_cert_page *page, saf_change *change, const saf_cert *cert, saf_error *err)
{
    saf_error why = { 0 };
    saf_status status = saf_store_find_certs_of_key(page, saf_change_store(change), saf_change_principal(change), cert->owner,
                                                    cert->key_id, &why);
    for (size_t i = 0; !*out && i < page->count; i++)
        if (is_compromised(page->certs[i]))
            *out = page->certs[i];
    if (status == SAF_OK || status == SAF_E_DENIED)
        return SAF_OK;
    if (err)
        *err = why;
    return status;
}

static saf_status check_kept(saf_change *change, const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_page) page = { 0 };
    const saf_cert *revoked = is_compromised(cert) ? cert : NULL;
    if (!revoked)
        SAF_TRY(find_revoked(&revoked, &page, change, cert, err));
    return revoked ? refuse(cert, revoked, err) : SAF_OK;
}

/* ---- whatever was signed for the key ---- */

saf_status compromise_check_key(saf_change *change, const X509_PUBKEY *key, const char *whose, saf_error *err)
{
    OWN(saf_buffer) info = { 0 };
    int64_t at = 0;
    saf_reason reason = SAF_REASON_UNSPECIFIED;
    char when[SAF_TIME_TEXT_SIZE];
    DER_APPEND(&info, X509_PUBKEY, key);
    SAF_TRY(saf_buffer_check(&info, err));
    SAF_TRY(saf_store_find_compromise(&at, &reason, saf_change_store(change), saf_buffer_bytes(&info), err));
    return !at ? SAF_OK : saf_fail(err, SAF_E_CONFLICT, "the key of %s is compromised: a certificate for it was revoked at %s (%s)", whose,
                                   saf_time_format(when, at), saf_reason_name(reason));
}

/* A certificate that was replaced, and then revoked by its serial, says as much of the key as one that is here. */
static saf_status check_issued(saf_change *change, const saf_cert *cert, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    char name[SAF_OWNER_MAX + SAF_LABEL_MAX + sizeof "/"];
    SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
    snprintf(name, sizeof name, "%s/%s", cert->owner, cert->label);
    return compromise_check_key(change, X509_get_X509_PUBKEY(x509), name, err);
}

saf_status compromise_check(saf_change *change, const saf_cert *cert, saf_error *err)
{
    saf_status status = check_kept(change, cert, err);
    if (status == SAF_OK)
        status = check_issued(change, cert, err);
    if (status == SAF_E_CONFLICT)
        saf_hint(err, "give it a new key: safring cert rekey %s", saf_shell_quote_name(cert->owner, cert->label).text);
    return status;
}
