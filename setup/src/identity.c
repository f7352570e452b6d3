#include "identity.h"

#include <base/fail.h>

#include <openssl/err.h>

saf_status identity_read(X509 **out, saf_bytes der, const char *what, saf_error *err)
{
    const unsigned char *at = der.data;
    OWN(X509) *x509 = d2i_X509(NULL, &at, (long)der.len);
    if (!x509 || at != der.data + der.len) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "%s is not a certificate", what);
    }
    *out = GIVE(&x509);
    return SAF_OK;
}

bool identity_same_bytes(saf_bytes a, saf_bytes b)
{
    return a.len == b.len && (a.len == 0 || !memcmp(a.data, b.data, a.len));
}

bool identity_same_key(saf_bytes a, saf_bytes b)
{
    OWN(X509) *left = NULL;
    OWN(X509) *right = NULL;
    if (identity_read(&left, a, "", NULL) != SAF_OK || identity_read(&right, b, "", NULL) != SAF_OK)
        return false;
    return EVP_PKEY_eq(X509_get0_pubkey(left), X509_get0_pubkey(right)) == 1;
}

saf_status identity_is_ours(bool *out, const saf_setup_plan *plan, const known_cert *wanted, saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *same = NULL;
    *out = wanted->der.len && identity_same_key(saf_buffer_bytes(&wanted->der), der);
    if (*out)
        return SAF_OK;
    SAF_TRY(plan_find_same_cert(&same, plan, der, err));
    *out = same != NULL;
    return SAF_OK;
}
