#include "chain.h"

#include <base/fail.h>
#include <base/shell.h>

OWN_HANDLE(saf_issued, saf_issued_free)

static saf_status refuse_without_ca(const saf_cert *cert, X509 *x509, saf_error *err)
{
    bool is_own = chain_is_self_signed(x509);
    saf_status status = is_own ? saf_fail(err, SAF_E_CONFLICT, "%s/%s is self-signed: nobody can revoke it", cert->owner, cert->label)
                               : saf_fail(err, SAF_E_CONFLICT, "no CA of this store signed %s/%s", cert->owner, cert->label);
    saf_hint(err, "take its trust away: safring cert alter %s --status notrust", saf_shell_quote_name(cert->owner, cert->label).text);
    return status;
}

static saf_status refuse_without_key(const saf_cert *ca, const saf_cert *cert, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s, which signed it, has no private key here, so no CRL of this store could say so: "
                                 "ask that CA", ca->owner, ca->label);
    saf_hint(err, "until then take its trust away: safring cert alter %s --status notrust", saf_shell_quote_name(cert->owner, cert->label).text);
    return status;
}

/* Several may have the CA's key, and one list; of them the one that could sign it. */
static saf_status find_ca(const saf_cert **out, const saf_cert_page *candidates, X509 *x509, saf_error *err)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const saf_cert *ca = candidates->certs[i];
        OWN(X509) *issuer = NULL;
        if (*out && ((*out)->key_place != SAF_KEY_NONE || ca->key_place == SAF_KEY_NONE))
            continue;
        SAF_TRY(der_read_x509(&issuer, ca->der, ca->label, err));
        if (chain_is_issuer(issuer, x509))
            *out = ca;
    }
    return SAF_OK;
}

/* The CA's key may be gone: then the store knows by its list what it signed. What came in by an import, its CA too, is on nobody's list yet. */
static saf_status put_on_list(saf_change *change, const saf_cert *ca, const saf_cert *cert, saf_reason reason, saf_error *err)
{
    OWN(saf_issued) *issued = NULL;
    saf_status found = saf_store_find_issued(&issued, saf_change_store(change), saf_change_principal(change), ca, cert->serial, NULL);
    if (found == SAF_E_NOT_FOUND && ca->key_place == SAF_KEY_NONE)
        return refuse_without_key(ca, cert, err);
    if (found == SAF_E_NOT_FOUND)
        SAF_TRY(saf_store_record_issued(change, ca, cert->der, cert->owner, cert->label, err));
    return saf_store_revoke(change, ca, cert->serial, reason, err);
}

saf_status saf_cert_revoke(saf_cert **out, saf_change *change, const char *owner, const char *label, saf_reason reason, saf_error *err)
{
    saf_store *store = saf_change_store(change);
    const saf_principal *who = saf_change_principal(change);
    OWN(saf_cert) *cert = NULL;
    OWN(saf_cert) *now = NULL;
    OWN(saf_cert_page) candidates = { 0 };
    OWN(X509) *x509 = NULL;
    const saf_cert *ca = NULL;
    SAF_TRY(saf_store_find_cert(&cert, store, who, owner, label, err));
    SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
    if (!chain_is_self_signed(x509)) {
        SAF_TRY(saf_store_find_issuers(&candidates, store, who, cert, err));
        SAF_TRY(find_ca(&ca, &candidates, x509, err));
    }
    if (!ca)
        return refuse_without_ca(cert, x509, err);
    SAF_TRY(put_on_list(change, ca, cert, reason, err));
    SAF_TRY(saf_store_find_cert(&now, store, who, cert->owner, cert->label, err));
    if (out)
        *out = GIVE(&now);
    return SAF_OK;
}
