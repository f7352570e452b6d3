/*
 * Which certificate another one for the same public key renews, and whether it may: anybody can have a certificate made for your public
 * key, and anybody can keep an old one of yours.
 */
#include "import.h"

#include "chain.h"

#include <base/buffer.h>
#include <base/fail.h>

/* Without a private key there is nothing whose certificate could be renewed. */
static int is_candidate(const saf_cert *cert)
{
    return cert->key_place != SAF_KEY_NONE;
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
static saf_cert **only(const saf_cert_page *page, criterion meets, const char *label)
{
    saf_cert **found = NULL;
    for (size_t i = 0; i < page->count; i++) {
        if (!is_candidate(page->certs[i]) || !meets(page->certs[i], label))
            continue;
        if (found)
            return NULL;
        found = &page->certs[i];
    }
    return found;
}

/* The request that is awaited says best which one is meant, then the user. What a stranger had made for the key is kept beside as NOTRUST,
 * and must not stand in the way of renewals for ever. */
static saf_cert **choose(const saf_cert_page *page, const char *label)
{
    static const criterion best_first[] = { is_awaited, has_label, is_any, is_trusted };
    saf_cert **chosen = NULL;
    for (size_t i = 0; !chosen && i < sizeof best_first / sizeof *best_first; i++)
        chosen = only(page, best_first[i], label);
    return chosen;
}

static saf_status refuse_several(const import_job *job, const saf_cert_page *page, saf_error *err)
{
    OWN(saf_buffer) list = { 0 };
    for (size_t i = 0; i < page->count; i++)
        if (is_candidate(page->certs[i]))
            saf_buffer_printf(&list, "%s%s/%s", list.len ? ", " : "", job->owner, page->certs[i]->label);
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
    if (!job->verdict.is_trusted)
        return "its chain does not verify to a certificate that is trusted here, or it is not in date";
    if (job->verdict.is_self_signed && !is_self_signed_too(old))
        return "it is self-signed, and nobody else speaks for it";
    int is_answer = old->requested_at && !job->verdict.is_self_signed;
    if (!is_answer && !old->revoked_at && !is_newer(job->facts, old))
        return "it does not end later";
    return NULL;
}

static int any_would_be_renewed(const import_job *job, const saf_cert_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        if (is_candidate(page->certs[i]) && !refusal_of(job, page->certs[i]))
            return 1;
    return 0;
}

saf_status import_find_renewal(import_renewal *out, const import_job *job, saf_error *err)
{
    OWN(saf_cert_page) page = { 0 };
    *out = (import_renewal) { 0 };
    if (job->role != IMPORT_MEANT)
        return SAF_OK;
    SAF_TRY(saf_store_find_certs_of_key(&page, saf_change_store(job->change), saf_change_principal(job->change), job->owner,
                                        job->facts->key_id, err));
    saf_cert **chosen = choose(&page, job->request->label);
    if (!chosen)
        return any_would_be_renewed(job, &page) ? refuse_several(job, &page, err) : SAF_OK;
    out->refusal = refusal_of(job, *chosen);
    out->old = GIVE(chosen);
    return SAF_OK;
}
