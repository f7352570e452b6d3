/*
 * Which certificate another one for the same public key renews, and whether it may: anybody can have a certificate made for your public
 * key, and anybody can keep an old one of yours.
 */
#include "import.h"

#include "chain.h"

#include <base/buffer.h>
#include <base/fail.h>

/* All of an owner that have one key. */
typedef struct key_holders {
    saf_cert_page page;
    const saf_cert *facts; /* of the certificate that comes in: it may be there already, as a stray */
    const char *label;     /* that was asked for; NULL: none was */
} key_holders;

static void key_holders_clear(key_holders *holders)
{
    saf_cert_page_free(&holders->page);
}

OWN_VALUE(key_holders, key_holders_clear)

/* Without a private key there is nothing whose certificate could be renewed. */
static int is_candidate(const key_holders *holders, const saf_cert *cert)
{
    return cert->key_place != SAF_KEY_NONE && memcmp(cert->fingerprint, holders->facts->fingerprint, sizeof cert->fingerprint) != 0;
}

typedef int (*criterion)(const saf_cert *cert, const char *label);

static int is_awaited(const saf_cert *cert, __attribute__((unused)) const char *label)
{
    return cert->requested_at != 0;
}

static int has_label(const saf_cert *cert, const char *label)
{
    return label && !strcmp(cert->label, label);
}

static int is_any(__attribute__((unused)) const saf_cert *cert, __attribute__((unused)) const char *label)
{
    return 1;
}

static int is_trusted(const saf_cert *cert, __attribute__((unused)) const char *label)
{
    return chain_trusts(cert);
}

/* NULL: there is none that meets it, or several. */
static saf_cert **only(const key_holders *holders, criterion meets)
{
    saf_cert **found = NULL;
    for (size_t i = 0; i < holders->page.count; i++) {
        saf_cert **cert = &holders->page.certs[i];
        if (!is_candidate(holders, *cert) || !meets(*cert, holders->label))
            continue;
        if (found)
            return NULL;
        found = cert;
    }
    return found;
}

/* The request that is awaited says best which one is meant, then the user. What a stranger had made for the key is kept beside as NOTRUST,
 * and must not stand in the way of renewals for ever. */
static saf_cert **choose(const key_holders *holders)
{
    static const criterion best_first[] = { is_awaited, has_label, is_any, is_trusted };
    saf_cert **chosen = NULL;
    for (size_t i = 0; !chosen && i < sizeof best_first / sizeof *best_first; i++)
        chosen = only(holders, best_first[i]);
    return chosen;
}

static saf_status refuse_several(const import_job *job, const key_holders *holders, saf_error *err)
{
    OWN(saf_buffer) list = { 0 };
    for (size_t i = 0; i < holders->page.count; i++)
        if (is_candidate(holders, holders->page.certs[i]))
            saf_buffer_printf(&list, "%s%s/%s", list.len ? ", " : "", job->owner, holders->page.certs[i]->label);
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "several certificates have the key of the one that is to be imported: %s",
                                 saf_buffer_text(&list));
    saf_hint(err, "name the one that it is to renew by its label");
    return status;
}

/* A self-signed one proves only that the key's owner made it, once: it may follow another such, no CA's. */
static int is_self_signed_too(const saf_cert *old)
{
    OWN(X509) *x509 = NULL;
    return chain_trusts(old) && der_read_x509(&x509, old->der, old->label, NULL) == SAF_OK && chain_is_self_signed(x509);
}

static int is_newer(const saf_cert *facts, const saf_cert *old)
{
    if (facts->not_after != old->not_after)
        return facts->not_after > old->not_after;
    return facts->not_before > old->not_before;
}

static const char *refusal_of(const import_job *job, const saf_cert *old)
{
    if (job->is_revoked)
        return "a CA of this store has revoked it";
    if (job->is_compromised)
        return "a CA of this store has revoked a certificate for its key because that is compromised";
    if (!job->verdict.is_trusted)
        return "its chain does not verify to a certificate that is trusted here, or it is not in date";
    if (job->verdict.is_self_signed && !is_self_signed_too(old))
        return "it is self-signed, and nobody else speaks for it";
    int is_answer = old->requested_at && !job->verdict.is_self_signed;
    if (!is_answer && !old->revoked_at && !is_newer(job->facts, old))
        return "it does not end later";
    return NULL;
}

static int any_would_be_renewed(const import_job *job, const key_holders *holders)
{
    for (size_t i = 0; i < holders->page.count; i++)
        if (is_candidate(holders, holders->page.certs[i]) && !refusal_of(job, holders->page.certs[i]))
            return 1;
    return 0;
}

saf_status import_find_renewal(import_renewal *out, const import_job *job, saf_error *err)
{
    OWN(key_holders) holders = { .facts = job->facts, .label = job->request->label };
    *out = (import_renewal) { 0 };
    if (job->role != IMPORT_MEANT)
        return SAF_OK;
    SAF_TRY(saf_store_find_certs_of_key(&holders.page, saf_change_store(job->change), saf_change_principal(job->change), job->owner,
                                        job->facts->key_id, err));
    saf_cert **chosen = choose(&holders);
    if (!chosen)
        return any_would_be_renewed(job, &holders) ? refuse_several(job, &holders, err) : SAF_OK;
    out->refusal = refusal_of(job, *chosen);
    out->old = GIVE(chosen);
    return SAF_OK;
}
