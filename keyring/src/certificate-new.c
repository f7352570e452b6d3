#include "certificate-new.h"

#include "facts.h"

#include <base/fail.h>

saf_status new_cert_read(new_cert *out, saf_store *store, saf_bytes der, saf_error *err)
{
    out->der = der;
    SAF_TRY(facts_parse_once(&out->x509, &store->memo, der, err));
    out->facts = calloc(1, sizeof *out->facts);
    if (!out->facts)
        return saf_fail_memory(err);
    SAF_TRY(facts_read(out->facts, der, NULL, err));
    return facts_name_digest(out->issuer_digest, X509_get_issuer_name(out->x509), err);
}

void new_cert_free(new_cert *new)
{
    X509_free(new->x509);
    saf_cert_free(&new->facts);
    *new = (new_cert) { 0 };
}

struct storage_new_cert new_cert_row(const new_cert *new)
{
    const saf_cert *facts = new->facts;
    return (struct storage_new_cert) {
        .der = new->der,
        .issuer_digest = saf_bytes_of(new->issuer_digest, sizeof new->issuer_digest),
        .serial = facts->serial,
        .subject_hash = facts_name_hash(X509_get_subject_name(new->x509)),
        .fingerprint = saf_bytes_of(facts->fingerprint, sizeof facts->fingerprint),
        .key_id = saf_bytes_of(facts->key_id, sizeof facts->key_id),
        .not_after = facts->not_after,
    };
}

saf_status new_cert_refuse_known(struct storage *storage, const new_cert *new, saf_error *err)
{
    OWN(found_cert) found = { 0 };
    const char *serial = new->facts->serial;
    SAF_TRY(storage_find_cert_by_serial(storage, saf_bytes_of(new->issuer_digest, sizeof new->issuer_digest), serial,
                                        cert_take_found, &found, err));
    if (!found.cert)
        return SAF_OK;
    return saf_fail(err, SAF_E_EXISTS, "a certificate with serial %s of the same issuer is there already: %s/%s", serial,
                    found.cert->owner, found.cert->label);
}
