#include "compromise.h"

#include <base/fail.h>

static bool is_compromised(const saf_cert *cert)
{
    return cert->revoked_at && (cert->reason == SAF_REASON_KEY_COMPROMISE || cert->reason == SAF_REASON_CA_COMPROMISE ||
                                cert->reason == SAF_REASON_AA_COMPROMISE);
}

static saf_status refuse(const saf_cert *cert, const saf_cert *revoked, saf_error *err)
{
    saf_status status = SAF_E_CONFLICT;
    if (!strcmp(cert->label, revoked->label))
        status = saf_fail(err, status, "%s/%s was revoked because its key is compromised (%s)", cert->owner, cert->label,
                          saf_reason_name(revoked->reason));
    else
        status = saf_fail(err, status, "%s/%s has the key of %s/%s, which was revoked because that is compromised (%s)", cert->owner,
                          cert->label, revoked->owner, revoked->label, saf_reason_name(revoked->reason));
    saf_hint(err, "give it a new key: safring cert rekey \"%s/%s\"", cert->owner, cert->label);
    return status;
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

saf_status compromise_check(saf_change *change, const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_page) page = { 0 };
    const saf_cert *revoked = is_compromised(cert) ? cert : NULL;
    if (!revoked)
        SAF_TRY(find_revoked(&revoked, &page, change, cert, err));
    return revoked ? refuse(cert, revoked, err) : SAF_OK;
}
