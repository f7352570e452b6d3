#include "chain.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/grow.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

/* How many signatures of CAs that are not in force are looked at for one chain. */
enum { STRANGERS_MAX = 32 };

/* A way up from a certificate. */
typedef struct chain_walk {
    saf_cert_page *chain; /* the issuers so far */
    const saf_cert *first;
    const saf_cert *end;  /* of the chain so far; borrowed */
    X509 *end_x509;       /* owned; NULL: it is the last */
    unsigned strangers_left;
    int64_t now;
} chain_walk;

static void own_end(chain_walk *walk)
{
    X509_free(walk->end_x509);
}

/* RFC 5280 6.1: the names chain, the key identifiers agree, and the signature is the issuer's. Errors here mean no. */
int chain_is_issuer_within(unsigned *left, X509 *issuer, X509 *x509)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    int is = key && X509_check_issued(issuer, x509) == X509_V_OK && *left > 0;
    *left -= is;
    is = is && X509_verify(x509, key) == 1;
    ERR_clear_error();
    return is;
}

int chain_is_issuer(X509 *issuer, X509 *x509)
{
    unsigned left = 1;
    return chain_is_issuer_within(&left, issuer, x509);
}

int chain_is_self_signed(X509 *x509)
{
    int is = X509_self_signed(x509, 1) == 1;
    ERR_clear_error();
    return is;
}

int chain_may_vouch(const saf_cert *ca, const char *owner)
{
    return !strcmp(ca->owner, owner) || !strcmp(ca->owner, SAF_OWNER_CERTAUTH) || !strcmp(ca->owner, SAF_OWNER_SITE);
}

static int is_usable_at(const saf_cert *cert, int64_t now)
{
    return cert->is_ca && chain_trusts(cert) && !cert->revoked_at && cert->not_before <= now && !chain_has_ended(cert, now);
}

int chain_is_usable(const saf_cert *cert)
{
    return is_usable_at(cert, saf_clock_now());
}

/* Cross-certificates can lead in a circle. */
static int is_in(const chain_walk *walk, const saf_cert *cert)
{
    for (size_t i = 0; i < walk->chain->count; i++)
        if (!memcmp(walk->chain->certs[i]->fingerprint, cert->fingerprint, sizeof cert->fingerprint))
            return 1;
    return !memcmp(walk->first->fingerprint, cert->fingerprint, sizeof cert->fingerprint);
}

/* The first issuer among the candidates that are usable, or among those that are not. *x509 NULL: there is none. */
static saf_status find_issuer(size_t *index, X509 **x509, chain_walk *walk, const saf_cert_page *candidates, int usable, saf_error *err)
{
    for (size_t i = 0; i < candidates->count && !*x509; i++) {
        const saf_cert *candidate = candidates->certs[i];
        OWN(X509) *parsed = NULL;
        if (!chain_may_vouch(candidate, walk->first->owner) || is_usable_at(candidate, walk->now) != usable || is_in(walk, candidate))
            continue;
        SAF_TRY(der_read_x509(&parsed, candidate->der, candidate->label, err));
        if (!(usable ? chain_is_issuer(parsed, walk->end_x509)
                     : chain_is_issuer_within(&walk->strangers_left, parsed, walk->end_x509)))
            continue;
        *x509 = GIVE(&parsed);
        *index = i;
    }
    return SAF_OK;
}

/* A renewed CA has several certificates with the same key: better one that can be used today. */
static saf_status choose(size_t *index, X509 **x509, chain_walk *walk, const saf_cert_page *candidates, saf_error *err)
{
    SAF_TRY(find_issuer(index, x509, walk, candidates, 1, err));
    return *x509 ? SAF_OK : find_issuer(index, x509, walk, candidates, 0, err);
}

static saf_status append(saf_cert_page *page, saf_cert **cert, saf_error *err)
{
    saf_cert **certs = saf_grow(page->certs, page->count, sizeof *certs);
    if (!certs)
        return saf_fail_memory(err);
    page->certs = certs;
    page->certs[page->count++] = GIVE(cert);
    return SAF_OK;
}

/* Make the chain one longer, if the store knows how: the end moves on to the issuer, or becomes empty. */
static saf_status step(chain_walk *walk, saf_store *store, const saf_principal *who, saf_error *err)
{
    OWN(saf_cert_page) candidates = { 0 };
    OWN(X509) *issuer = NULL;
    size_t index = 0;
    SAF_TRY(saf_store_find_issuers(&candidates, store, who, walk->end, err));
    SAF_TRY(choose(&index, &issuer, walk, &candidates, err));
    X509_free(GIVE(&walk->end_x509));
    if (!issuer)
        return SAF_OK;
    SAF_TRY(append(walk->chain, &candidates.certs[index], err));
    walk->end = walk->chain->certs[walk->chain->count - 1];
    walk->end_x509 = GIVE(&issuer);
    return SAF_OK;
}

saf_status chain_find(saf_cert_page *out, int *complete, saf_store *store, const saf_principal *who,
                      const saf_cert *cert, X509 *x509, saf_error *err)
{
    X509_up_ref(x509);
    __attribute__((cleanup(own_end))) chain_walk walk = { out, cert, cert, x509, STRANGERS_MAX, saf_clock_now() };
    size_t limit = out->count + CHAIN_MAX - 1;
    *complete = 0;
    while (walk.end_x509 && !(*complete = chain_is_self_signed(walk.end_x509)) && out->count < limit)
        SAF_TRY(step(&walk, store, who, err));
    return SAF_OK;
}

/* ---- is it a valid path? ---------------------------------------------------------------------------------- */

saf_status chain_read(x509_stack *out, const saf_cert_page *issuers, saf_error *err)
{
    for (size_t i = 0; i < issuers->count; i++) {
        OWN(X509) *x509 = NULL;
        SAF_TRY(der_read_x509(&x509, issuers->certs[i]->der, issuers->certs[i]->label, err));
        if (!sk_X509_push(out, x509))
            return saf_fail_memory(err);
        x509 = NULL;
    }
    return SAF_OK;
}

static void own_store(X509_STORE **store)
{
    X509_STORE_free(*store);
}

static void own_store_ctx(X509_STORE_CTX **ctx)
{
    X509_STORE_CTX_free(*ctx);
}

path_verdict chain_validate(X509 *x509, x509_stack *issuers, int64_t when)
{
    int count = sk_X509_num(issuers);
    X509 *anchor = count > 0 ? sk_X509_value(issuers, count - 1) : x509;
    path_verdict verdict = { X509_V_ERR_UNSPECIFIED, 0 };
    __attribute__((cleanup(own_store))) X509_STORE *anchors = X509_STORE_new();
    __attribute__((cleanup(own_store_ctx))) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (anchors && ctx && X509_STORE_add_cert(anchors, anchor) && X509_STORE_CTX_init(ctx, anchors, x509, issuers)) {
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
        X509_STORE_CTX_set_time(ctx, 0, when);
        if (X509_verify_cert(ctx) == 1)
            verdict.error = X509_V_OK;
        else if (X509_STORE_CTX_get_error(ctx) != X509_V_OK)
            verdict = (path_verdict) { X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx) };
    }
    ERR_clear_error();
    return verdict;
}

/* ---- */

saf_status saf_cert_chain(saf_cert_page *out, int *complete, saf_store *store, const saf_principal *who,
                          const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_page) page = { 0 };
    OWN(saf_cert) *first = NULL;
    OWN(X509) *x509 = NULL;
    int is_complete = 0;
    SAF_TRY(saf_store_find_cert_by_fingerprint(&first, store, who, cert->fingerprint, err));
    SAF_TRY(der_read_x509(&x509, first->der, first->label, err));
    SAF_TRY(append(&page, &first, err));
    SAF_TRY(chain_find(&page, &is_complete, store, who, page.certs[0], x509, err));
    *out = page;
    page = (saf_cert_page) { 0 };
    if (complete)
        *complete = is_complete;
    return SAF_OK;
}
