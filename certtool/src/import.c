#include "chain.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/sha.h>

enum { LABEL_TRIES = 1000 };

/* ---- is it to be trusted? --------------------------------------------------------------------------------- */

/* The record that the certificate would have, as far as finding its issuers needs one. */
static saf_cert pretend_record(const saf_import_request *request, const char *owner)
{
    saf_cert cert = { .trust = SAF_NOTRUST, .der = request->der };
    snprintf(cert.owner, sizeof cert.owner, "%s", owner);
    snprintf(cert.label, sizeof cert.label, "%s", request->label);
    SHA256(request->der.data, request->der.len, cert.fingerprint);
    return cert;
}

static saf_status judge(saf_trust *out, saf_change *change, const saf_import_request *request, const char *owner,
                        X509 *x509, saf_error *err)
{
    OWN(saf_cert_page) issuers = { 0 };
    OWN(x509_stack) *stack = sk_X509_new_null();
    saf_cert cert = pretend_record(request, owner);
    int trusted = 0;
    if (!stack)
        return saf_fail_memory(err);
    SAF_TRY(chain_find(&issuers, &trusted, saf_change_store(change), saf_change_principal(change), &cert, x509, err));
    SAF_TRY(chain_read(stack, &issuers, err));
    for (size_t i = 0; i < issuers.count; i++)
        trusted = trusted && chain_trusts(issuers.certs[i]);
    int is_valid = chain_validate(x509, stack, saf_clock_now()).error == X509_V_OK;
    *out = trusted && is_valid ? SAF_TRUST : SAF_NOTRUST;
    return SAF_OK;
}

/* ---- is it there already? --------------------------------------------------------------------------------- */

/* SAF_OK with *out NULL: no. */
static saf_status find_same(saf_cert **out, saf_change *change, saf_bytes der, saf_error *err)
{
    unsigned char fingerprint[SAF_FINGERPRINT_LEN];
    saf_error ignored = { 0 };
    SHA256(der.data, der.len, fingerprint);
    saf_status status = saf_store_find_cert_by_fingerprint(out, saf_change_store(change), saf_change_principal(change),
                                                           fingerprint, &ignored);
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = ignored;
    return status;
}

static saf_status find_again(saf_cert **out, saf_change *change, const saf_cert *cert, saf_error *err)
{
    return saf_store_find_cert(out, saf_change_store(change), saf_change_principal(change), cert->owner, cert->label,
                               err);
}

static saf_status give_key(saf_cert **cert, saf_change *change, EVP_PKEY *key, saf_error *err)
{
    saf_cert *made = NULL;
    SAF_TRY(saf_store_add_key(change, *cert, key, err));
    SAF_TRY(find_again(&made, change, *cert, err));
    saf_cert_free(cert);
    *cert = made;
    return SAF_OK;
}

/* ---- labels ----------------------------------------------------------------------------------------------- */

static saf_status is_label_taken(int *out, saf_change *change, const char *owner, const char *label, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    saf_error ignored = { 0 };
    saf_status status = saf_store_find_cert(&cert, saf_change_store(change), saf_change_principal(change), owner, label,
                                            &ignored);
    *out = status == SAF_OK;
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = ignored;
    return status;
}

/* "label 2", with the label cut between characters so that the number fits. */
static void number_label(char out[SAF_LABEL_MAX + 1], const char *label, unsigned number)
{
    char suffix[12];
    size_t suffix_len = (size_t)snprintf(suffix, sizeof suffix, " %u", number);
    size_t len = strlen(label);
    if (len > SAF_LABEL_MAX - suffix_len)
        len = SAF_LABEL_MAX - suffix_len;
    while (len && ((unsigned char)label[len] & 0xC0) == 0x80)
        len--;
    while (len && label[len - 1] == ' ')
        len--;
    snprintf(out, SAF_LABEL_MAX + 1, "%.*s%s", (int)len, label, suffix);
}

/* CAs come in with bundles, under labels that nobody chose; elsewhere a taken label is the user's to solve. */
static saf_status free_label(char out[SAF_LABEL_MAX + 1], saf_change *change, const char *owner, const char *label,
                             saf_error *err)
{
    int taken = !strcmp(owner, SAF_OWNER_CERTAUTH);
    snprintf(out, SAF_LABEL_MAX + 1, "%s", label);
    if (taken)
        SAF_TRY(is_label_taken(&taken, change, owner, out, err));
    for (unsigned number = 2; taken && number < LABEL_TRIES; number++) {
        number_label(out, label, number);
        SAF_TRY(is_label_taken(&taken, change, owner, out, err));
    }
    return SAF_OK;
}

/* ---- import ----------------------------------------------------------------------------------------------- */

static saf_status add(saf_cert **out, saf_change *change, const saf_import_request *request, const char *owner,
                      X509 *x509, saf_error *err)
{
    char label[SAF_LABEL_MAX + 1];
    saf_trust trust = request->trust;
    SAF_TRY(saf_label_check(request->label, err));
    SAF_TRY(free_label(label, change, owner, request->label, err));
    if (!(int)trust)
        SAF_TRY(judge(&trust, change, request, owner, x509, err));
    saf_cert_entry entry = { .owner = owner, .label = label, .trust = trust, .der = request->der, .key = request->key };
    SAF_TRY(saf_store_add_cert(change, &entry, err));
    return saf_store_find_cert(out, saf_change_store(change), saf_change_principal(change), owner, label, err);
}

static saf_status check_key(const saf_import_request *request, X509 *x509, saf_error *err)
{
    if (request->key && !der_same_public_key(request->key, X509_get0_pubkey(x509)))
        return saf_fail(err, SAF_E_USAGE, "the private key does not belong to the certificate");
    return SAF_OK;
}

saf_status saf_cert_import(saf_cert **out, saf_import_result *result, saf_change *change,
                           const saf_import_request *request, saf_error *err)
{
    char owner[SAF_OWNER_MAX + 1];
    OWN(X509) *x509 = NULL;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(saf_owner_fold(owner, request->owner, err));
    SAF_TRY(der_read_x509(&x509, request->der, "what is to be imported", err));
    SAF_TRY(check_key(request, x509, err));
    SAF_TRY(find_same(&cert, change, request->der, err));
    saf_import_result done = cert ? SAF_IMPORT_WAS_THERE : SAF_IMPORT_ADDED;
    if (!cert)
        SAF_TRY(add(&cert, change, request, owner, x509, err));
    else if (request->key && cert->key_place == SAF_KEY_NONE)
        SAF_TRY(give_key(&cert, change, request->key, err));
    if (result)
        *result = done;
    if (out)
        *out = GIVE(&cert);
    return SAF_OK;
}
