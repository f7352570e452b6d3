#include "grant.h"
#include "issue.h"

#include <base/fail.h>

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
    SAF_TRY(grant(&holder, &list, csr, request, err));
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
