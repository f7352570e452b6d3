/* PKCS#12 files with a private key: the server's, and that of the CA that was made. */
#include "identity.h"
#include "step-file.h"

#include <base/fail.h>

typedef struct keystore {
    const known_cert *cert;
    const char *alias;
    const setup_secret *password;
    const char *password_key; /* in zowe.yaml */
} keystore;

enum { SERVER, CA };

static keystore keystore_of(const saf_setup_plan *plan, size_t index)
{
    const saf_zowe_config *config = plan->config;
    if (index == CA)
        return (keystore){ &plan->authorities[0].cert, config->pkcs12.ca_alias, &plan->ca_password,
                           "zowe.setup.certificate.pkcs12.caPassword" };
    return (keystore){ &plan->server, config->pkcs12.name, &plan->keystore_password, "zowe.setup.certificate.pkcs12.password" };
}

static saf_status render(saf_blob *out, saf_setup_plan *plan, const setup_step *step, saf_error *err)
{
    keystore k = keystore_of(plan, step->index);
    saf_export_request request = { .cert = k.cert->record, .format = SAF_FORMAT_P12, .with_key = true, .with_chain = true,
                                   .password = &k.password->value, .alias = k.alias };
    return saf_cert_export(out, plan->store, &plan->who, &request, err);
}

static saf_status refuse_unreadable(const setup_step *step, const keystore *k, const saf_error *why, saf_error *err)
{
    saf_status status = file_refuse(step->shown.object, err, "%s", why->text);
    saf_hint(err, "give its password in %s, or move it away, and run this again", k->password_key);
    return status;
}

/* The chain as the store knows it now, behind the certificate. */
static saf_status has_chain(bool *out, const saf_setup_plan *plan, const saf_cert *record, const saf_bundle *bundle, saf_error *err)
{
    OWN(saf_cert_page) chain = { 0 };
    int complete = 0;
    SAF_TRY(saf_cert_chain(&chain, &complete, plan->store, &plan->who, record, err));
    *out = chain.count == saf_bundle_chain_size(bundle) + 1;
    for (size_t i = 1; i < chain.count && *out; i++) {
        bool found = false;
        for (size_t j = 0; j < saf_bundle_chain_size(bundle); j++)
            found |= identity_same_bytes(chain.certs[i]->der, saf_bundle_chain_at(bundle, j));
        *out = found;
    }
    return SAF_OK;
}

static saf_status compare(file_verdict *out, const saf_setup_plan *plan, const setup_step *step, const keystore *k,
                          const saf_bundle *bundle, saf_error *err)
{
    bool is_ours = false, same = false;
    saf_bytes der = saf_bundle_cert(bundle);
    SAF_TRY(identity_is_ours(&is_ours, plan, k->cert, der, err));
    if (!is_ours)
        return file_refuse(step->shown.object, err, "holds a certificate that is not %s/%s of the store", k->cert->owner, k->cert->label);
    if (k->cert->record && saf_bundle_key(bundle) && identity_same_bytes(k->cert->record->der, der))
        SAF_TRY(has_chain(&same, plan, k->cert->record, bundle, err));
    *out = same ? FILE_SAME : FILE_OLDER;
    return SAF_OK;
}

static saf_status examine(file_verdict *out, saf_setup_plan *plan, const setup_step *step, saf_bytes content, saf_error *err)
{
    keystore k = keystore_of(plan, step->index);
    OWN(saf_bundle) *bundle = NULL;
    saf_error why = { 0 };
    if (saf_bundle_read(&bundle, content, &k.password->value, k.alias, "its content", &why) != SAF_OK)
        return refuse_unreadable(step, &k, &why, err);
    return compare(out, plan, step, &k, bundle, err);
}

static const file_kind keystore_kind = { "keystore", 0600, render, examine };

static saf_status plan_keystore(saf_setup_plan *plan, size_t index, const char *path, saf_error *err)
{
    keystore k = keystore_of(plan, index);
    const char *text = text_pool_printf(&plan->texts, "write %s with key and chain of %s/%s", path, k.cert->owner, k.cert->label);
    return file_plan(plan, &keystore_kind, index, path, text, err);
}

saf_status plan_keystores(saf_setup_plan *plan, saf_error *err)
{
    if (plan_makes_certificates(plan))
        SAF_TRY(plan_keystore(plan, CA, plan->names.ca_keystore, err));
    return plan_keystore(plan, SERVER, plan->names.keystore, err);
}
