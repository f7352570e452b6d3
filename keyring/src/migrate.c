#include "migrate.h"

#include "audit.h"
#include "facts.h"

#include <base/fail.h>
#include <base/own-openssl.h>

static saf_status digest_issuer(unsigned char out[SAF_FINGERPRINT_LEN], saf_bytes der, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    if (facts_parse(&x509, der, err) != SAF_OK)
        return saf_fail(err, SAF_E_FAILED, "the database is damaged: an issued certificate cannot be read");
    return facts_name_canonical_digest(out, X509_get_issuer_name(x509), err);
}

static saf_status convert(saf_store *store, saf_error *err)
{
    unsigned schema;
    OWN(saf_change) *change = NULL;
    SAF_TRY(saf_change_begin(&change, store, NULL, err));
    SAF_TRY(storage_get_schema(&schema, store->storage, err));
    if (schema == STORAGE_SCHEMA) /* another process was faster */
        return SAF_OK;
    SAF_TRY(storage_upgrade_schema(store->storage, digest_issuer, err));
    SAF_TRY(audit_write(change, "store-upgrade", store->dir, NULL, err, "schema=%d old_schema=%u", STORAGE_SCHEMA, schema));
    return saf_change_commit(&change, err);
}

static saf_status fail_unwritable(const saf_store *store, unsigned schema, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_DENIED, "the store %s was made by an older release (schema %u, not %d) and cannot be"
                                 " written, so it cannot be converted", store->dir, schema, STORAGE_SCHEMA);
    saf_hint(err, "open it once where it can be written, for example: safring store show");
    return status;
}

saf_status migrate_store(saf_store *store, saf_error *err)
{
    unsigned schema;
    SAF_TRY(storage_get_schema(&schema, store->storage, err));
    if (schema == STORAGE_SCHEMA)
        return SAF_OK;
    saf_status status = convert(store, err);
    return status == SAF_E_DENIED ? fail_unwritable(store, schema, err) : status;
}
