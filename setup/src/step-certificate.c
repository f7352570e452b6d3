/* The certificates in the store: CAs that are made or trusted, and the server's, made or imported. */
#include "identity.h"

#include <base/clock.h>
#include <base/fail.h>

#include <openssl/x509v3.h>

static const char key_spec[] = "rsa:3072"; /* API ML signs RS256 with its TLS key */

/* ---- is what is there what it should be? ---- */

__attribute__((format(printf, 3, 4)))
static saf_status refuse(const known_cert *cert, saf_error *err, const char *format, ...)
{
    char why[SAF_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return saf_fail(err, SAF_E_CONFLICT, "%s/%s is in the store, but %s", cert->owner, cert->label, why);
}

/* Another label does not help a file's certificate: the store would know it again. */
static saf_status hint_other_name(saf_status status, const saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    if (plan_makes_certificates(plan))
        saf_hint(err, "give %s another value in zowe.yaml, and a new one is made", names_key(plan, cert));
    else if (*cert->origin)
        saf_hint(err, "put another certificate into %s", cert->origin);
    else
        saf_hint(err, "give %s another value in zowe.yaml", names_key(plan, cert));
    return status;
}

static saf_status check_key(const saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    if (cert->record->key_place == SAF_KEY_NONE)
        return hint_other_name(refuse(cert, err, "it has no private key there"), plan, cert, err);
    if (cert->record->key_place == SAF_KEY_IN_TOKEN && !plan_is_ring(plan))
        return hint_other_name(refuse(cert, err, "its private key is in a token and cannot be written to a keystore"), plan, cert, err);
    return SAF_OK;
}

static saf_status check_accepted(const saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    const saf_cert *record = cert->record;
    char end[SAF_TIME_TEXT_SIZE];
    if (record->trust != SAF_TRUST && record->trust != SAF_HIGHTRUST)
        return hint_other_name(refuse(cert, err, "its status is NOTRUST"), plan, cert, err);
    if (record->not_after > saf_clock_now())
        return SAF_OK;
    return hint_other_name(refuse(cert, err, "it expired at %s", saf_time_format(end, record->not_after)), plan, cert, err);
}

static saf_status check_usable(const saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    SAF_TRY(check_key(plan, cert, err));
    return check_accepted(plan, cert, err);
}

static saf_status check_authority(const saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    if (!cert->record->is_ca)
        return hint_other_name(refuse(cert, err, "it is no CA"), plan, cert, err);
    return check_usable(plan, cert, err);
}

static bool has_part(const X509_NAME *name, int nid, const char *value)
{
    X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, X509_NAME_get_index_by_NID(name, nid, -1));
    unsigned char *text = NULL;
    int len = entry ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry)) : -1;
    bool same = len >= 0 && !strcasecmp((const char *)text, value);
    OPENSSL_free(text);
    return same;
}

static bool has_subject(const saf_zowe_config *config, X509 *x509)
{
    const X509_NAME *name = X509_get_subject_name(x509);
    return has_part(name, NID_commonName, config->dname.common_name) &&
           has_part(name, NID_organizationalUnitName, config->dname.org_unit) &&
           has_part(name, NID_organizationName, config->dname.org) &&
           has_part(name, NID_localityName, config->dname.locality) &&
           has_part(name, NID_stateOrProvinceName, config->dname.state) &&
           has_part(name, NID_countryName, config->dname.country);
}

/* One entry of the list, "dns:…" or "ip:…", cut out into room. Returns what follows it, NULL at the end. */
static const char *next_name(char *room, size_t size, const char *list)
{
    size_t len = strcspn(list, ",");
    snprintf(room, size, "%.*s", (int)len, list);
    return list[len] ? list + len + 1 : NULL;
}

static bool covers(X509 *x509, const char *name)
{
    if (!strncmp(name, "ip:", 3))
        return X509_check_ip_asc(x509, name + 3, 0) == 1;
    return X509_check_host(x509, name + 4, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static saf_status check_names(const saf_setup_plan *plan, const known_cert *cert, X509 *x509, saf_error *err)
{
    char name[300];
    for (const char *at = plan->names.san; at;) {
        at = next_name(name, sizeof name, at);
        if (!covers(x509, name))
            return hint_other_name(refuse(cert, err, "it does not name %s", name), plan, cert, err);
    }
    return SAF_OK;
}

static saf_status check_signer(const saf_setup_plan *plan, const known_cert *cert, X509 *x509, saf_error *err)
{
    const known_cert *ca = &plan->authorities[0].cert;
    OWN(X509) *signer = NULL;
    if (!ca->record)
        return hint_other_name(refuse(cert, err, "its CA %s/%s is not", ca->owner, ca->label), plan, cert, err);
    SAF_TRY(identity_read(&signer, saf_buffer_bytes(&ca->der), ca->label, err));
    if (X509_verify(x509, X509_get0_pubkey(signer)) == 1)
        return SAF_OK;
    return hint_other_name(refuse(cert, err, "%s/%s did not sign it", ca->owner, ca->label), plan, cert, err);
}

/* A certificate that was renewed passes; one that zowe.yaml now wants otherwise does not. */
static saf_status check_server(const saf_setup_plan *plan, saf_error *err)
{
    const known_cert *cert = &plan->server;
    OWN(X509) *x509 = NULL;
    SAF_TRY(check_usable(plan, cert, err));
    SAF_TRY(identity_read(&x509, saf_buffer_bytes(&cert->der), cert->label, err));
    SAF_TRY(check_signer(plan, cert, x509, err));
    if (!has_subject(plan->config, x509))
        return hint_other_name(refuse(cert, err, "its subject is %s", cert->record->subject), plan, cert, err);
    return check_names(plan, cert, x509, err);
}

/* ---- making ---- */

static saf_status make_key(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    saf_key_spec spec;
    if (step->key)
        return SAF_OK;
    SAF_TRY(saf_key_spec_parse(&spec, key_spec, err));
    return saf_key_generate(&step->key, &spec, plan->options.progress, plan->options.progress_context, err);
}

static saf_status issue_authority(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    const known_cert *ca = &plan->authorities[step->index].cert;
    saf_issue_request request = { .owner = ca->owner, .label = ca->label, .profile = SAF_PROFILE_CA,
                                  .subject = plan->names.ca_subject, .key = step->key,
                                  .valid_days = plan->config->validity_days, .path_len = -1 };
    return saf_cert_issue(NULL, plan->change, &request, err);
}

static saf_status issue_server(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    const known_cert *ca = &plan->authorities[0].cert;
    saf_issue_request request = { .owner = plan->server.owner, .label = plan->server.label, .profile = SAF_PROFILE_ZOWE,
                                  .subject = plan->names.subject, .san = plan->names.san, .key = step->key,
                                  .signer_owner = ca->owner, .signer_label = ca->label,
                                  .valid_days = plan->config->validity_days, .path_len = -1 };
    return saf_cert_issue(NULL, plan->change, &request, err);
}

static const step_kind issue_authority_kind = { "ca", true, make_key, issue_authority };
static const step_kind issue_server_kind = { "certificate", true, make_key, issue_server };

/* ---- importing ---- */

/* Between plan and now another process may have put it elsewhere: then the plan's names are wrong. */
static saf_status import(saf_setup_plan *plan, const known_cert *cert, saf_error *err)
{
    OWN(saf_cert) *record = NULL;
    saf_import_result result = SAF_IMPORT_ADDED;
    SAF_TRY(material_import(&record, &result, plan, cert, err));
    if (!strcmp(record->owner, cert->owner) && !strcmp(record->label, cert->label) &&
        (result == SAF_IMPORT_RENEWED) == cert->renews)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s/%s came to be %s/%s meanwhile", cert->owner, cert->label, record->owner,
                                 record->label);
    saf_hint(err, "run this again");
    return status;
}

static saf_status import_authority(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    return import(plan, &plan->authorities[step->index].cert, err);
}

/* A record that was there without its key is not what it was: it is read again when it is needed. */
static saf_status import_server(saf_setup_plan *plan, __attribute__((unused)) setup_step *step, saf_error *err)
{
    SAF_TRY(import(plan, &plan->server, err));
    saf_cert_free(&plan->server.record);
    return SAF_OK;
}

static const step_kind import_authority_kind = { "trust", true, NULL, import_authority };
static const step_kind import_server_kind = { "certificate", true, NULL, import_server };

/* ---- planning ---- */

static const char *object_of(saf_setup_plan *plan, const known_cert *cert)
{
    return text_pool_printf(&plan->texts, "%s/%s", cert->owner, cert->label);
}

enum { DAY_SEC = 24 * 60 * 60 };

/* A CA made seconds ago takes no day off. */
static unsigned whole_days(int64_t seconds)
{
    return (unsigned)((seconds + DAY_SEC / 2) / DAY_SEC);
}

/* How long a certificate is, or will be, valid: as saf_cert_issue() does it, none outlives its signer (NULL: itself, or one that is made
 * with it). */
static unsigned days_of(const saf_setup_plan *plan, const known_cert *cert, const saf_cert *signer)
{
    unsigned wanted = plan->config->validity_days;
    if (cert->record)
        return whole_days(cert->record->not_after - cert->record->not_before);
    if (!signer)
        return wanted;
    int64_t begin = saf_clock_now();
    if (begin < signer->not_before)
        begin = signer->not_before;
    unsigned left = whole_days(signer->not_after - begin);
    return left < wanted ? left : wanted;
}

static saf_status plan_made_authority(saf_setup_plan *plan, size_t index, saf_error *err)
{
    const known_cert *ca = &plan->authorities[index].cert;
    setup_step *step = NULL;
    if (ca->record)
        SAF_TRY(check_authority(plan, ca, err));
    const char *object = object_of(plan, ca);
    const char *text = text_pool_printf(&plan->texts, "make the CA %s, RSA 3072, %u days", object, days_of(plan, ca, NULL));
    SAF_TRY(plan_add(&step, plan, &issue_authority_kind, ca->record ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err));
    step->index = index;
    return SAF_OK;
}

/* One that was named by its label is in the store: nothing to do, and nothing to say. */
static saf_status plan_foreign_authority(saf_setup_plan *plan, size_t index, saf_error *err)
{
    const known_cert *ca = &plan->authorities[index].cert;
    setup_step *step = NULL;
    if (!*ca->origin)
        return SAF_OK;
    const char *object = object_of(plan, ca);
    const char *text = text_pool_printf(&plan->texts, "trust %s from %s", object, ca->origin);
    SAF_TRY(plan_add(&step, plan, &import_authority_kind, ca->record ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err));
    step->index = index;
    return SAF_OK;
}

saf_status plan_authorities(saf_setup_plan *plan, saf_error *err)
{
    for (size_t i = 0; i < plan->authority_count; i++)
        SAF_TRY(plan->authorities[i].made ? plan_made_authority(plan, i, err) : plan_foreign_authority(plan, i, err));
    return SAF_OK;
}

static saf_status plan_issued(saf_setup_plan *plan, saf_error *err)
{
    const known_cert *server = &plan->server;
    const known_cert *ca = &plan->authorities[0].cert;
    if (server->record)
        SAF_TRY(check_server(plan, err));
    const char *object = object_of(plan, server);
    const char *text = text_pool_printf(&plan->texts, "issue %s, RSA 3072, %u days, signed by %s/%s", object,
                                        days_of(plan, server, ca->record), ca->owner, ca->label);
    return plan_add(NULL, plan, &issue_server_kind, server->record ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err);
}

/* A key that is missing is added. */
static saf_status plan_imported(saf_setup_plan *plan, saf_error *err)
{
    const known_cert *server = &plan->server;
    bool is_there = server->record && server->record->key_place != SAF_KEY_NONE;
    if (server->record)
        SAF_TRY(is_there ? check_usable(plan, server, err) : check_accepted(plan, server, err));
    const char *what = server->renews ? "renew" : server->record ? "add the private key of" : "import";
    const char *object = object_of(plan, server);
    const char *text = text_pool_printf(&plan->texts, "%s %s from %s", what, object, server->origin);
    return plan_add(NULL, plan, &import_server_kind, is_there ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err);
}

saf_status plan_certificate(saf_setup_plan *plan, saf_error *err)
{
    if (plan->config->scenario == SAF_ZOWE_KEYRING_CONNECT)
        return check_usable(plan, &plan->server, err);
    return plan_makes_certificates(plan) ? plan_issued(plan, err) : plan_imported(plan, err);
}
