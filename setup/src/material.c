/* The certificates an installation is about: the server's, and the CAs it is to trust; from the store, from files, or still to be made. */
#include "identity.h"

#include <base/clock.h>
#include <base/fail.h>
#include <base/file.h>
#include <keyring/label.h>

#include <openssl/err.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

static saf_status set_der(known_cert *cert, saf_bytes der, saf_error *err)
{
    saf_buffer_free(&cert->der);
    saf_buffer_append(&cert->der, der);
    return saf_buffer_check(&cert->der, err);
}

static saf_status take_record(saf_setup_plan *plan, known_cert *cert, saf_cert **record, saf_error *err)
{
    cert->record = GIVE(record);
    cert->owner = text_pool_copy(&plan->texts, cert->record->owner);
    cert->label = text_pool_copy(&plan->texts, cert->record->label);
    return set_der(cert, cert->record->der, err);
}

/* ---- CAs ---- */

static bool has_authority(const saf_setup_plan *plan, saf_bytes der)
{
    for (size_t i = 0; i < plan->authority_count; i++)
        if (identity_same_bytes(saf_buffer_bytes(&plan->authorities[i].cert.der), der))
            return true;
    return false;
}

static saf_status new_authority(authority **out, saf_setup_plan *plan, const char *alias, saf_error *err)
{
    if (plan->authority_count == AUTHORITIES_MAX)
        return saf_fail(err, SAF_E_USAGE, "more than %d certificate authorities are to be trusted", AUTHORITIES_MAX);
    for (size_t i = 0; i < plan->authority_count; i++)
        if (*alias && !strcasecmp(plan->authorities[i].alias, alias))
            return saf_fail(err, SAF_E_USAGE, "two certificate authorities would be called %s; give caAlias another value", alias);
    authority *made = &plan->authorities[plan->authority_count++];
    *made = (authority){ .cert = { .owner = SAF_OWNER_CERTAUTH, .label = "", .origin = "" }, .alias = alias, .pem_path = "" };
    *out = made;
    return SAF_OK;
}

/* The installation's own. Whether one of that name will do is judged where its step is planned. */
static saf_status add_made_authority(saf_setup_plan *plan, const char *label, saf_error *err)
{
    authority *made = NULL;
    OWN(saf_cert) *record = NULL;
    SAF_TRY(new_authority(&made, plan, plan_is_ring(plan) ? "" : label, err));
    made->made = true;
    made->cert.label = label;
    if (!plan_is_ring(plan))
        made->pem_path = text_pool_printf(&plan->texts, "%s/%s.cer", plan->names.ca_dir, names_lower(plan, label));
    SAF_TRY(plan_find_cert(&record, plan, SAF_OWNER_CERTAUTH, label, err));
    return record ? take_record(plan, &made->cert, &record, err) : SAF_OK;
}

static saf_status is_label_free(bool *out, const saf_setup_plan *plan, const char *label, saf_error *err)
{
    OWN(saf_cert) *taken = NULL;
    *out = false;
    for (size_t i = 0; i < plan->authority_count; i++)
        if (!strcmp(plan->authorities[i].cert.label, label))
            return SAF_OK;
    SAF_TRY(plan_find_cert(&taken, plan, SAF_OWNER_CERTAUTH, label, err));
    *out = !taken;
    return SAF_OK;
}

/* The wanted label, or with a number behind it when another CA has that. */
static saf_status choose_label(const char **out, saf_setup_plan *plan, const char *wanted, saf_error *err)
{
    enum { TRIES = 1000 };
    bool is_free = false;
    *out = text_pool_printf(&plan->texts, "%.*s", (int)label_fit(wanted, strlen(wanted), SAF_LABEL_MAX), wanted);
    SAF_TRY(is_label_free(&is_free, plan, *out, err));
    for (unsigned number = 2; !is_free && number < TRIES; number++) {
        *out = text_pool_printf(&plan->texts, "%.*s %u", (int)label_fit(wanted, strlen(wanted), SAF_LABEL_MAX - 4), wanted, number);
        SAF_TRY(is_label_free(&is_free, plan, *out, err));
    }
    return is_free ? SAF_OK : saf_fail(err, SAF_E_EXISTS, "CERTAUTH has too many certificates called %s", wanted);
}

/* A CA of a file: what the store calls it, if it has it; else the wanted label. */
static saf_status add_foreign_authority(saf_setup_plan *plan, saf_bytes der, const char *alias, const char *label,
                                        const char *origin, saf_error *err)
{
    authority *added = NULL;
    const char *chosen = NULL;
    OWN(saf_cert) *record = NULL;
    SAF_TRY(plan_find_same_cert(&record, plan, der, err));
    if (!record)
        SAF_TRY(choose_label(&chosen, plan, label, err));
    SAF_TRY(new_authority(&added, plan, plan_is_ring(plan) ? "" : alias, err));
    added->cert.origin = origin;
    if (!plan_is_ring(plan))
        added->pem_path = text_pool_printf(&plan->texts, "%s/%s.cer", plan->names.server_dir, alias);
    if (record)
        return take_record(plan, &added->cert, &record, err);
    added->cert.label = chosen;
    return set_der(&added->cert, der, err);
}

/* The hint is for whoever has given no password, or a wrong one. */
static saf_status read_bundle(saf_bundle **out, const char *path, const saf_secret *password, const char *alias, const char *hint,
                              saf_error *err)
{
    OWN(saf_buffer) content = { 0 };
    SAF_TRY(saf_file_read(&content, path, FILE_MAX, err));
    saf_status status = saf_bundle_read(out, saf_buffer_bytes(&content), password, alias, path, err);
    if (status == SAF_E_DENIED)
        saf_hint(err, "%s", hint);
    return status;
}

/* ---- importCertificateAuthorities: PEM files, Zowe's extca1, extca2, … ---- */

static saf_status add_extca(saf_setup_plan *plan, saf_bytes der, const char *path, size_t *number, saf_error *err)
{
    if (has_authority(plan, der))
        return SAF_OK;
    const char *alias = text_pool_printf(&plan->texts, "extca%zu", ++*number);
    return add_foreign_authority(plan, der, alias, alias, path, err);
}

static saf_status add_extca_file(saf_setup_plan *plan, const char *path, size_t *number, saf_error *err)
{
    OWN(saf_bundle) *bundle = NULL;
    SAF_TRY(read_bundle(&bundle, path, NULL, NULL, "a file of importCertificateAuthorities is PEM without a password", err));
    SAF_TRY(add_extca(plan, saf_bundle_cert(bundle), path, number, err));
    for (size_t i = 0; i < saf_bundle_chain_size(bundle); i++)
        SAF_TRY(add_extca(plan, saf_bundle_chain_at(bundle, i), path, number, err));
    return SAF_OK;
}

static saf_status add_extcas(saf_setup_plan *plan, saf_error *err)
{
    size_t number = 0;
    for (size_t i = 0; i < plan->config->import_ca_count; i++)
        SAF_TRY(add_extca_file(plan, plan->config->import_cas[i], &number, err));
    return SAF_OK;
}

/* ---- importCertificateAuthorities: labels ---- */

static saf_status add_record_authority(saf_setup_plan *plan, saf_cert **record, saf_error *err)
{
    authority *added = NULL;
    if (has_authority(plan, (*record)->der))
        return SAF_OK;
    SAF_TRY(new_authority(&added, plan, "", err));
    return take_record(plan, &added->cert, record, err);
}

static saf_status add_labelled(saf_setup_plan *plan, const char *label, saf_error *err)
{
    OWN(saf_cert) *record = NULL;
    SAF_TRY(plan_find_cert(&record, plan, SAF_OWNER_CERTAUTH, label, err));
    if (record)
        return add_record_authority(plan, &record, err);
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "the store has no CERTAUTH/%s, which importCertificateAuthorities names", label);
    saf_hint(err, "take it out of zowe.yaml, or name one of those that safring cert list --owner CERTAUTH shows");
    return status;
}

static saf_status add_labels(saf_setup_plan *plan, saf_error *err)
{
    for (size_t i = 0; i < plan->config->import_ca_count; i++)
        SAF_TRY(add_labelled(plan, plan->config->import_cas[i], err));
    return SAF_OK;
}

/* ---- a certificate from a file ---- */

static bool is_ca(saf_bytes der)
{
    OWN(X509) *x509 = NULL;
    return identity_read(&x509, der, "", NULL) == SAF_OK && X509_check_ca(x509) > 0;
}

/* "" when there is none, or it has a zero byte to deceive with. */
static const char *common_name(saf_setup_plan *plan, saf_bytes der)
{
    OWN(X509) *x509 = NULL;
    if (identity_read(&x509, der, "", NULL) != SAF_OK)
        return "";
    const X509_NAME *subject = X509_get_subject_name(x509);
    X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, X509_NAME_get_index_by_NID(subject, NID_commonName, -1));
    unsigned char *text = NULL;
    int len = entry ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry)) : -1;
    const char *name = len > 0 && !memchr(text, 0, (size_t)len) ? text_pool_copy(&plan->texts, (char *)text) : "";
    OPENSSL_free(text);
    ERR_clear_error();
    return name;
}

/* "Example Root CA" of "CN=Example Root CA,O=…", or caN. */
static const char *label_of_ca(saf_setup_plan *plan, saf_bytes der, size_t number)
{
    const char *name = common_name(plan, der);
    const char *label = text_pool_printf(&plan->texts, "%.*s", (int)label_fit(name, strlen(name), SAF_LABEL_MAX), name);
    return saf_label_check(label, NULL) == SAF_OK ? label : text_pool_printf(&plan->texts, "ca%zu", number);
}

static saf_status add_chain(saf_setup_plan *plan, const saf_bundle *bundle, const char *origin, saf_error *err)
{
    size_t number = 0;
    for (size_t i = 0; i < saf_bundle_chain_size(bundle); i++) {
        saf_bytes der = saf_bundle_chain_at(bundle, i);
        if (!is_ca(der) || has_authority(plan, der))
            continue;
        const char *alias = text_pool_printf(&plan->texts, "ca%zu", ++number);
        SAF_TRY(add_foreign_authority(plan, der, alias, label_of_ca(plan, der, number), origin, err));
    }
    return SAF_OK;
}

typedef struct validity {
    int64_t begin, end;
} validity;

static saf_status read_validity(validity *out, saf_bytes der, const char *what, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    struct tm begin, end;
    SAF_TRY(identity_read(&x509, der, what, err));
    if (!ASN1_TIME_to_tm(X509_get0_notBefore(x509), &begin) || !ASN1_TIME_to_tm(X509_get0_notAfter(x509), &end)) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "the validity of the certificate in %s is not a time", what);
    }
    *out = (validity){ timegm(&begin), timegm(&end) };
    return SAF_OK;
}

static saf_status check_not_expired(const saf_setup_plan *plan, const validity *file, saf_error *err)
{
    const known_cert *server = &plan->server;
    char end[SAF_TIME_TEXT_SIZE];
    if (file->end > saf_clock_now())
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "the certificate in %s, to be %s/%s, expired at %s", server->origin,
                                 server->owner, server->label, saf_time_format(end, file->end));
    saf_hint(err, "put a renewed certificate into that file");
    return status;
}

/* The store's stays only when nothing speaks for the file's. */
static bool is_newer(const validity *file, const saf_cert *record)
{
    return file->begin > record->not_before || file->end > record->not_after;
}

static saf_status refuse_stranger(const saf_setup_plan *plan, saf_error *err)
{
    const known_cert *server = &plan->server;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s is another certificate than the one in %s", server->owner,
                                 server->label, server->origin);
    saf_hint(err, "give %s another value in zowe.yaml", names_key(plan, server));
    return status;
}

/* The store may know it by another name, or have a newer one under this; a stranger in its place is a conflict. */
static saf_status find_imported(saf_setup_plan *plan, saf_bytes der, saf_error *err)
{
    known_cert *server = &plan->server;
    OWN(saf_cert) *record = NULL;
    validity file = { 0 };
    SAF_TRY(plan_find_same_cert(&record, plan, der, err));
    if (record)
        return take_record(plan, server, &record, err);
    SAF_TRY(read_validity(&file, der, server->origin, err));
    SAF_TRY(plan_find_cert(&record, plan, server->owner, server->label, err));
    if (record && !identity_same_key(record->der, der))
        return refuse_stranger(plan, err);
    if (record && !is_newer(&file, record))
        return take_record(plan, server, &record, err);
    SAF_TRY(check_not_expired(plan, &file, err));
    return set_der(server, der, err);
}

/* ---- what will become of it? ---- */

saf_status material_import(saf_cert **out, saf_import_result *result, saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    saf_import_request request = { .owner = cert->owner, .label = cert->label, .der = saf_buffer_bytes(&cert->der),
                                   .key = cert->key, .trust = SAF_TRUST };
    return saf_cert_import(out, result, plan->change, &request, err);
}

static saf_status try_import(saf_setup_plan *plan, saf_error *err)
{
    known_cert *server = &plan->server;
    OWN(saf_cert) *record = NULL;
    saf_import_result result = SAF_IMPORT_ADDED;
    for (size_t i = 0; i < plan->authority_count; i++)
        SAF_TRY(material_import(NULL, NULL, plan, &plan->authorities[i].cert, err));
    SAF_TRY(material_import(&record, &result, plan, server, err));
    if (result != SAF_IMPORT_RENEWED)
        return SAF_OK;
    server->renews = true;
    server->owner = text_pool_copy(&plan->texts, record->owner);
    server->label = text_pool_copy(&plan->texts, record->label);
    return SAF_OK;
}

/* One that ends earlier renews nothing, and the label is taken. */
static saf_status refuse_no_renewal(saf_setup_plan *plan, const saf_cert *facts, saf_error *err)
{
    const known_cert *server = &plan->server;
    char file_end[SAF_TIME_TEXT_SIZE], store_end[SAF_TIME_TEXT_SIZE];
    OWN(saf_cert) *record = NULL;
    SAF_TRY(saf_store_find_cert(&record, plan->store, &plan->who, server->owner, server->label, err));
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "the certificate in %s ends %s and does not renew the one that the store has for "
                                 "its key: %s/%s ends %s", server->origin, saf_time_format(file_end, facts->not_after),
                                 record->owner, record->label, saf_time_format(store_end, record->not_after));
    saf_hint(err, "give %s another value in zowe.yaml, and it is imported under that", names_key(plan, server));
    return status;
}

/* Whether it will renew what the store has for its key only saf_cert_import() knows: it is asked, and nothing of that is kept. */
static saf_status settle_renewal(saf_setup_plan *plan, saf_error *err)
{
    known_cert *server = &plan->server;
    OWN(saf_cert) *facts = NULL;
    OWN(saf_cert_page) of_key = { 0 };
    if (!plan->store || server->record)
        return SAF_OK;
    SAF_TRY(saf_cert_read(&facts, saf_buffer_bytes(&server->der), err));
    SAF_TRY(saf_store_find_certs_of_key(&of_key, plan->store, &plan->who, server->owner, facts->key_id, err));
    if (!of_key.count)
        return SAF_OK;
    SAF_TRY(saf_change_begin(&plan->change, plan->store, &plan->who, err));
    saf_status status = try_import(plan, err);
    saf_change_abandon(&plan->change);
    return status == SAF_E_EXISTS ? refuse_no_renewal(plan, facts, err) : status;
}

static saf_status read_import(saf_bundle **out, saf_setup_plan *plan, saf_error *err)
{
    const saf_zowe_config *c = plan->config;
    if (plan_is_ring(plan))
        return read_bundle(out, c->keyring.import_file, &c->keyring.import_password, NULL,
                           "its password is that of zowe.setup.certificate.keyring.import.password", err);
    const char *alias = *c->pkcs12.import_alias ? c->pkcs12.import_alias : NULL;
    return read_bundle(out, c->pkcs12.import_keystore, &c->pkcs12.import_password, alias,
                       "its password is that of zowe.setup.certificate.pkcs12.import.password", err);
}

static saf_status gather_import(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_bundle) *bundle = NULL;
    SAF_TRY(read_import(&bundle, plan, err));
    EVP_PKEY *key = saf_bundle_key(bundle);
    if (!key || !EVP_PKEY_up_ref(key))
        return saf_fail(err, SAF_E_NOT_FOUND, "%s holds no private key", plan->server.origin);
    plan->server.key = key;
    SAF_TRY(find_imported(plan, saf_bundle_cert(bundle), err));
    SAF_TRY(plan_is_ring(plan) ? add_labels(plan, err) : add_extcas(plan, err));
    SAF_TRY(add_chain(plan, bundle, plan->server.origin, err));
    return settle_renewal(plan, err);
}

/* A trust store must trust something: the CA of the file, or that of the list, or the self-signed certificate itself. */
static saf_status check_has_authority(saf_setup_plan *plan, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    if (plan->authority_count)
        return SAF_OK;
    SAF_TRY(identity_read(&x509, saf_buffer_bytes(&plan->server.der), plan->server.origin, err));
    if (X509_check_issued(x509, x509) == X509_V_OK)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "%s does not hold the CA that issued its certificate", plan->server.origin);
    saf_hint(err, "name that CA's PEM file in zowe.setup.certificate.importCertificateAuthorities");
    return status;
}

/* ---- a certificate of the store ---- */

static saf_status add_issuers(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_cert_page) chain = { 0 };
    int complete = 0;
    SAF_TRY(saf_cert_chain(&chain, &complete, plan->store, &plan->who, plan->server.record, err));
    for (size_t i = 1; i < chain.count; i++)
        if (!strcmp(chain.certs[i]->owner, SAF_OWNER_CERTAUTH))
            SAF_TRY(add_record_authority(plan, &chain.certs[i], err));
    return SAF_OK;
}

static saf_status gather_connect(saf_setup_plan *plan, saf_error *err)
{
    known_cert *server = &plan->server;
    OWN(saf_cert) *record = NULL;
    SAF_TRY(plan_find_cert(&record, plan, server->owner, server->label, err));
    if (!record)
        return saf_fail(err, SAF_E_NOT_FOUND, "the store has no %s/%s, which keyring.connect names", server->owner, server->label);
    if (record->key_place == SAF_KEY_NONE)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s has no private key, so servers cannot use it", server->owner, server->label);
    SAF_TRY(take_record(plan, server, &record, err));
    SAF_TRY(add_issuers(plan, err));
    return add_labels(plan, err);
}

/* ---- */

static saf_status gather_generate(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_cert) *record = NULL;
    bool is_ring = plan_is_ring(plan);
    SAF_TRY(add_made_authority(plan, is_ring ? plan->config->keyring.ca_label : plan->config->pkcs12.ca_alias, err));
    SAF_TRY(is_ring ? add_labels(plan, err) : add_extcas(plan, err));
    SAF_TRY(plan_find_cert(&record, plan, plan->server.owner, plan->server.label, err));
    return record ? take_record(plan, &plan->server, &record, err) : SAF_OK;
}

static void name_server(saf_setup_plan *plan)
{
    const saf_zowe_config *config = plan->config;
    /* Through a ring its owner gets the private keys of its own certificates; for another's it needs an authority. */
    plan->server.owner = plan_is_ring(plan) ? config->keyring.owner : config->owner;
    plan->server.label = plan_is_ring(plan) ? config->keyring.label : config->pkcs12.name;
    if (config->scenario == SAF_ZOWE_KEYRING_CONNECT) {
        plan->server.owner = config->keyring.connect_user;
        plan->server.label = config->keyring.connect_label;
    }
    plan->server.origin = plan_is_ring(plan) ? config->keyring.import_file : config->pkcs12.import_keystore;
}

saf_status material_gather(saf_setup_plan *plan, saf_error *err)
{
    name_server(plan);
    switch (plan->config->scenario) {
    case SAF_ZOWE_PKCS12_IMPORT:
        SAF_TRY(gather_import(plan, err));
        return check_has_authority(plan, err);
    case SAF_ZOWE_KEYRING_IMPORT:
        return gather_import(plan, err);
    case SAF_ZOWE_KEYRING_CONNECT:
        return gather_connect(plan, err);
    default:
        return gather_generate(plan, err);
    }
}
