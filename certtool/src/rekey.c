#include "chain.h"
#include "issue.h"
#include "serial.h"
#include "successor.h"

#include <base/fail.h>

#include <keyring/ask.h>

/* RACF demands the old private key, although nothing here needs it: what has none is a copy of somebody else's certificate. */
static saf_status find_old(saf_cert **out, X509 **x509, saf_change *change, const saf_rekey_request *request, saf_error *err)
{
    saf_store *store = saf_change_store(change);
    const saf_principal *who = saf_change_principal(change);
    OWN(saf_cert) *old = NULL;
    SAF_TRY(saf_store_find_cert(&old, store, who, request->owner, request->label, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_CERT_REKEY, old->owner, old->label, err));
    if (!request->key)
        return saf_fail(err, SAF_E_USAGE, "a certificate needs a key pair");
    if (old->key_place == SAF_KEY_NONE)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s has no private key here, so it is not for us to give it a new one", old->owner,
                        old->label);
    SAF_TRY(der_read_x509(x509, old->der, old->label, err));
    if (der_same_public_key(request->key, X509_get0_pubkey(*x509)))
        return saf_fail(err, SAF_E_USAGE, "the key is the one that %s/%s has already", old->owner, old->label);
    *out = GIVE(&old);
    return SAF_OK;
}

static saf_status open_signer(saf_signer **out, saf_change *change, const saf_rekey_request *request, saf_error *err)
{
    if (!request->signer_owner && !request->signer_label)
        return signer_open_self(out, request->owner, request->new_label, request->key, err);
    if (!request->signer_owner || !request->signer_label)
        return saf_fail(err, SAF_E_USAGE, "a signer is named by owner and label, and one of them is missing");
    return saf_signer_open(out, saf_change_store(change), saf_change_principal(change), request->signer_owner,
                           request->signer_label, request->signer_key, err);
}

static saf_status make(saf_blob *out, saf_change *change, const saf_rekey_request *request, const saf_cert *old, X509 *x509,
                       const saf_signer *signer, saf_error *err)
{
    OWN(cert_content) content = { 0 };
    OWN(public_key) key = { 0 };
    SAF_TRY(public_key_of(&key, request->key, err));
    SAF_TRY(successor_fill(&content, x509, &key, signer, err));
    content.signature = signature_is_rsa(signer->key) ? request->signature : SAF_SIGNATURE_PKCS1;
    SAF_TRY(successor_set_dates(&content, old, request->valid_days, signer, err));
    /* A self-signed one's number 1 may be the old one's, of the same name. */
    SAF_TRY(serial_append(&content.serial, signer->cert ? request->serial : SAF_SERIAL_RANDOM, change, signer->cert, err));
    return content_sign(out, &content, signer, err);
}

saf_status saf_cert_rekey(saf_cert **out, saf_change *change, const saf_rekey_request *request, saf_error *err)
{
    OWN(saf_cert) *old = NULL;
    OWN(X509) *x509 = NULL;
    OWN(saf_signer) *signer = NULL;
    OWN(saf_blob) der = { 0 };
    SAF_TRY(saf_label_check(request->new_label, err));
    SAF_TRY(find_old(&old, &x509, change, request, err));
    SAF_TRY(open_signer(&signer, change, request, err));
    SAF_TRY(make(&der, change, request, old, x509, signer, err));
    const issue_place place = { old->owner, request->new_label, chain_trusts(old) ? old->trust : SAF_TRUST, request->key,
                                request->key_uri };
    return issue_keep(out, change, &place, signer, blob_bytes(&der), err);
}
