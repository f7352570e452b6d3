#include "chain.h"
#include "compromise.h"
#include "serial.h"
#include "successor.h"

#include <base/fail.h>
#include <base/shell.h>

/* What every step of a renewal looks at. */
typedef struct renewal {
    saf_change *change;
    saf_store *store;
    const saf_principal *who;
    const saf_renew_request *request;
    saf_cert *old;
    X509 *x509;
} renewal;

static void renewal_free(renewal *renewal)
{
    saf_cert_free(&renewal->old);
    X509_free(renewal->x509);
}

OWN_VALUE(renewal, renewal_free)

/* ---- who signs -------------------------------------------------------------------------------------------- */

/* A CA that was rekeyed has its name, and another key. NULL: there is none. */
static const saf_cert *find_successor(const saf_cert_page *candidates, const saf_cert *old)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const saf_cert *ca = candidates->certs[i];
        if (chain_may_vouch(ca, old->owner) && chain_is_usable(ca) && ca->key_place != SAF_KEY_NONE)
            return ca;
    }
    return NULL;
}

static saf_status refuse_without_issuer(const saf_cert *old, const saf_cert *issuer, const saf_cert_page *candidates, saf_error *err)
{
    saf_status status = SAF_E_CONFLICT;
    const saf_cert *successor = find_successor(candidates, old);
    if (issuer)
        status = saf_fail(err, status, "%s/%s, which signed %s/%s, has no private key here", issuer->owner, issuer->label,
                          old->owner, old->label);
    else
        status = saf_fail(err, status, "the issuer of %s/%s is not here: \"%.80s\"", old->owner, old->label, old->issuer);
    if (successor)
        saf_hint(err, "have it signed by the CA that has its name now: safring cert renew %s --sign-with %s",
                 saf_shell_quote_name(old->owner, old->label).text, saf_shell_quote_name(successor->owner, successor->label).text);
    else
        saf_hint(err, "ask for it: safring cert request %s", saf_shell_quote_name(old->owner, old->label).text);
    return status;
}

static saf_status check_has_key(const saf_cert *old, saf_error *err)
{
    if (old->key_place != SAF_KEY_NONE)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s has no private key here: it was rolled over, or is somebody else's",
                                 old->owner, old->label);
    saf_hint(err, "its holder sends a request: safring cert sign");
    return status;
}

/* A renewed CA can be here twice: one that may sign is better than one that only has the key, and that better than neither. */
static int rank(const saf_cert *issuer, const saf_renew_request *request)
{
    int has_key = issuer->key_place != SAF_KEY_NONE || request->signer_key;
    return 1 + 2 * has_key + chain_is_usable(issuer);
}

static saf_status choose_issuer(const saf_cert **out, const saf_cert_page *candidates, const renewal *renewal, saf_error *err)
{
    int best = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        const saf_cert *candidate = candidates->certs[i];
        OWN(X509) *x509 = NULL;
        SAF_TRY(der_read_x509(&x509, candidate->der, candidate->label, err));
        if (rank(candidate, renewal->request) <= best || !chain_is_issuer(x509, renewal->x509))
            continue;
        best = rank(candidate, renewal->request);
        *out = candidate;
    }
    return SAF_OK;
}

static saf_status open_issuer(saf_signer **out, const renewal *renewal, saf_error *err)
{
    OWN(saf_cert_page) candidates = { 0 };
    const saf_cert *issuer = NULL;
    EVP_PKEY *key = renewal->request->signer_key;
    SAF_TRY(saf_store_find_issuers(&candidates, renewal->store, renewal->who, renewal->old, err));
    SAF_TRY(choose_issuer(&issuer, &candidates, renewal, err));
    if (!issuer || (issuer->key_place == SAF_KEY_NONE && !key))
        return refuse_without_issuer(renewal->old, issuer, &candidates, err);
    return saf_signer_open(out, renewal->store, renewal->who, issuer->owner, issuer->label, key, err);
}

static saf_status open_self(saf_signer **out, const renewal *renewal, saf_error *err)
{
    const saf_cert *old = renewal->old;
    OWN(EVP_PKEY) *key = NULL;
    SAF_TRY(signer_load_key(&key, renewal->store, renewal->who, old, renewal->request->signer_key, err));
    if (!der_same_public_key(key, X509_get0_pubkey(renewal->x509)))
        return saf_fail(err, SAF_E_CONFLICT, "the private key is not that of %s/%s", old->owner, old->label);
    return signer_open_self(out, old->owner, old->label, key, err);
}

static saf_status open_signer(saf_signer **out, const renewal *renewal, saf_error *err)
{
    const saf_renew_request *request = renewal->request;
    if (request->signer_owner && request->signer_label)
        return saf_signer_open(out, renewal->store, renewal->who, request->signer_owner, request->signer_label,
                               request->signer_key, err);
    if (request->signer_owner || request->signer_label)
        return saf_fail(err, SAF_E_USAGE, "a signer is named by owner and label, and one of them is missing");
    return chain_is_self_signed(renewal->x509) ? open_self(out, renewal, err) : open_issuer(out, renewal, err);
}

/* ---- the new one ------------------------------------------------------------------------------------------ */

static saf_status make(saf_blob *out, const renewal *renewal, const saf_signer *signer, saf_error *err)
{
    OWN(cert_content) content = { 0 };
    /* Number 1 of its own name is the old self-signed one's: the new one takes what its counter says. */
    const saf_cert *counter = signer->cert ? signer->cert : renewal->old;
    SAF_TRY(successor_fill(&content, renewal->x509, NULL, signer, err));
    SAF_TRY(successor_set_dates(&content, renewal->old, renewal->request->valid_days, signer, err));
    SAF_TRY(serial_append(&content.serial, renewal->request->serial, renewal->change, counter, err));
    return content_sign(out, &content, signer, err);
}

static saf_status put(saf_cert **out, const renewal *renewal, const saf_signer *signer, saf_bytes der, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    const saf_cert *old = renewal->old;
    SAF_TRY(saf_store_replace_cert(renewal->change, old, der, old->trust, SAF_REPLACE_RENEWED, err));
    SAF_TRY(saf_store_find_cert(&cert, renewal->store, renewal->who, old->owner, old->label, err));
    SAF_TRY(saf_store_record_issued(renewal->change, signer->cert ? signer->cert : cert, der, old->owner, old->label, err));
    if (out)
        *out = GIVE(&cert);
    return SAF_OK;
}

saf_status saf_cert_renew(saf_cert **out, saf_change *change, const saf_renew_request *request, saf_error *err)
{
    OWN(renewal) renewal = { .change = change, .store = saf_change_store(change), .who = saf_change_principal(change),
                             .request = request };
    OWN(saf_signer) *signer = NULL;
    OWN(saf_blob) der = { 0 };
    SAF_TRY(saf_store_find_cert(&renewal.old, renewal.store, renewal.who, request->owner, request->label, err));
    SAF_TRY(check_has_key(renewal.old, err));
    SAF_TRY(compromise_check(change, renewal.old, err));
    SAF_TRY(der_read_x509(&renewal.x509, renewal.old->der, renewal.old->label, err));
    SAF_TRY(open_signer(&signer, &renewal, err));
    SAF_TRY(make(&der, &renewal, signer, err));
    return put(out, &renewal, signer, blob_bytes(&der), err);
}
