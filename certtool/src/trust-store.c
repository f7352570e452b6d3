#include "pkcs12.h"

#include <base/fail.h>

saf_status saf_trust_store_write(saf_blob *out, const saf_trust_entry *entries, size_t count,
                                 const saf_secret *password, saf_error *err)
{
    OWN(p12_builder) builder = { 0 };
    SAF_TRY(p12_check_password(password, err));
    if (!count)
        return saf_fail(err, SAF_E_USAGE, "a trust store needs a certificate");
    for (size_t i = 0; i < count; i++) {
        OWN(X509) *x509 = NULL;
        const char *alias = entries[i].alias;
        if (!alias || !*alias)
            return saf_fail(err, SAF_E_USAGE, "an entry of a trust store needs an alias");
        SAF_TRY(der_read_x509(&x509, entries[i].der, alias, err));
        SAF_TRY(p12_add_cert(&builder, x509, alias, P12_TRUSTED, err));
    }
    return p12_finish(out, &builder, password, err);
}
