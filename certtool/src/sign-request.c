#include "compromise.h"
#include "csr.h"
#include "grant.h"
#include "issue.h"

#include <base/fail.h>

/* RFC 5280 4.1.2.6: a name is one subject's. Whoever had that of the signer, or of a CA above it, could sign CRLs for it, and certificates
 * that no path length counts. Who signs may give it to him; who asks may not take it. */
static saf_status check_subject(const cert_holder *holder, const saf_signer *signer, saf_error *err)
{
    for (int i = 0; i < sk_X509_num(signer->path); i++) {
        const saf_cert *ca = i == 0 ? signer->cert : signer->issuers.certs[i - 1];
        if (!X509_NAME_cmp(holder->subject, X509_get_subject_name(sk_X509_value(signer->path, i))))
            return saf_fail(err, SAF_E_CONFLICT, "the request is for the name of %s/%s itself: \"%.80s\"", ca->owner, ca->label,
                            ca->subject);
    }
    return SAF_OK;
}

saf_status saf_cert_sign_request(saf_blob *out, saf_dropped_list *dropped, saf_change *change, const saf_csr *csr,
                                 const saf_issue_request *request, saf_error *err)
{
    OWN(cert_holder) holder = { 0 };
    OWN(saf_dropped_list) list = { 0 };
    OWN(saf_signer) *opened = NULL;
    OWN(saf_blob) der = { 0 };
    const saf_signer *signer = NULL;
    SAF_TRY(issue_check(request, err));
    SAF_TRY(issue_find_signer(&signer, &opened, change, request, err));
    if (!signer)
        return saf_fail(err, SAF_E_USAGE, "a request is signed by a CA, and none is named");
    SAF_TRY(compromise_check_key(change, X509_REQ_get_X509_PUBKEY(csr->request), "the request", err));
    SAF_TRY(grant(&holder, &list, csr, request, err));
    if (!request->subject)
        SAF_TRY(check_subject(&holder, signer, err));
    SAF_TRY(issue_make(&der, request, &holder, signer, change, err));
    SAF_TRY(saf_store_record_issued(change, signer->cert, blob_bytes(&der), NULL, NULL, err));
    *out = der;
    der = (saf_blob) { 0 };
    if (dropped) {
        *dropped = list;
        list = (saf_dropped_list) { 0 };
    }
    return SAF_OK;
}
