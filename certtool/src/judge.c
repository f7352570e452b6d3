#include "judge.h"

#include "chain.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/sha.h>

/* The record that the certificate would have, as far as finding its issuers needs one. */
static saf_cert pretend_record(const char *owner, saf_bytes der)
{
    saf_cert cert = { .label = "?", .trust = SAF_NOTRUST, .der = der };
    snprintf(cert.owner, sizeof cert.owner, "%s", owner);
    SHA256(der.data, der.len, cert.fingerprint);
    return cert;
}

saf_status judge(judgement *out, saf_change *change, const char *owner, saf_bytes der, X509 *x509, saf_error *err)
{
    OWN(saf_cert_page) issuers = { 0 };
    OWN(x509_stack) *stack = sk_X509_new_null();
    saf_cert cert = pretend_record(owner, der);
    int trusted = 0;
    if (!stack)
        return saf_fail_memory(err);
    SAF_TRY(chain_find(&issuers, &trusted, saf_change_store(change), saf_change_principal(change), &cert, x509, err));
    SAF_TRY(chain_read(stack, &issuers, err));
    for (size_t i = 0; i < issuers.count; i++)
        trusted = trusted && chain_trusts(issuers.certs[i]) && !issuers.certs[i]->revoked_at;
    out->is_trusted = trusted && chain_validate(x509, stack, saf_clock_now()).error == X509_V_OK;
    out->is_self_signed = chain_is_self_signed(x509);
    return SAF_OK;
}
