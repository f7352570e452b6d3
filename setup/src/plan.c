#include "plan.h"

#include <base/fail.h>

#include <openssl/sha.h>

/* ---- what the others ask ---- */

bool plan_is_ring(const saf_setup_plan *plan)
{
    return plan->config->scenario >= SAF_ZOWE_KEYRING_GENERATE;
}

bool plan_makes_certificates(const saf_setup_plan *plan)
{
    saf_zowe_scenario scenario = plan->config->scenario;
    return scenario == SAF_ZOWE_PKCS12_GENERATE || scenario == SAF_ZOWE_KEYRING_GENERATE;
}

const char *plan_shown_path(const saf_setup_plan *plan, const char *path)
{
    return path + strlen(plan->names.root);
}

/* "Not there" is an answer here. */
static saf_status or_none(saf_status status, const saf_error *own, saf_error *err)
{
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = *own;
    return status;
}

saf_status plan_find_cert(saf_cert **out, const saf_setup_plan *plan, const char *owner, const char *label, saf_error *err)
{
    saf_error own = { 0 };
    if (!plan->store)
        return SAF_OK;
    return or_none(saf_store_find_cert(out, plan->store, &plan->who, owner, label, &own), &own, err);
}

saf_status plan_find_same_cert(saf_cert **out, const saf_setup_plan *plan, saf_bytes der, saf_error *err)
{
    unsigned char fingerprint[SAF_FINGERPRINT_LEN];
    saf_error own = { 0 };
    if (!plan->store)
        return SAF_OK;
    SHA256(der.data, der.len, fingerprint);
    return or_none(saf_store_find_cert_by_fingerprint(out, plan->store, &plan->who, fingerprint, &own), &own, err);
}

saf_status plan_load_record(saf_setup_plan *plan, known_cert *cert, saf_error *err)
{
    if (cert->record)
        return SAF_OK;
    SAF_TRY(saf_store_find_cert(&cert->record, plan->store, &plan->who, cert->owner, cert->label, err));
    saf_buffer_free(&cert->der);
    saf_buffer_append(&cert->der, cert->record->der);
    return saf_buffer_check(&cert->der, err);
}

void known_cert_free(known_cert *cert)
{
    saf_cert_free(&cert->record);
    saf_buffer_free(&cert->der);
    EVP_PKEY_free(cert->key);
    cert->key = NULL;
}

/* ---- steps ---- */

static saf_status grow(saf_setup_plan *plan, saf_error *err)
{
    size_t cap = plan->step_cap ? plan->step_cap * 2 : 32;
    setup_step *steps = realloc(plan->steps, cap * sizeof *steps);
    if (!steps)
        return saf_fail_memory(err);
    plan->steps = steps;
    plan->step_cap = cap;
    return SAF_OK;
}

saf_status plan_add(setup_step **out, saf_setup_plan *plan, const step_kind *kind, saf_step_state state, const char *object,
                    const char *text, saf_error *err)
{
    if (plan->step_count == plan->step_cap)
        SAF_TRY(grow(plan, err));
    setup_step *step = &plan->steps[plan->step_count++];
    *step = (setup_step){ .shown = { kind->action, object, text, state }, .kind = kind };
    if (out)
        *out = step;
    return SAF_OK;
}

/* ---- making ---- */

static saf_status open_store(saf_setup_plan *plan, saf_error *err)
{
    saf_error own = { 0 };
    return or_none(saf_store_open(&plan->store, plan->options.store_dir, plan->options.store_options, &own), &own, err);
}

static saf_status look(saf_setup_plan *plan, saf_error *err)
{
    SAF_TRY(names_settle(plan, err));
    SAF_TRY(open_store(plan, err));
    SAF_TRY(material_gather(plan, err));
    SAF_TRY(secrets_settle(plan, err));
    SAF_TRY(idt_look(plan, err));
    return block_make(plan, err);
}

static saf_status add_steps(saf_setup_plan *plan, saf_error *err)
{
    SAF_TRY(plan_store(plan, err));
    SAF_TRY(plan_secrets_file(plan, err));
    SAF_TRY(plan_pin_files(plan, err));
    SAF_TRY(plan_authorities(plan, err));
    SAF_TRY(plan_certificate(plan, err));
    SAF_TRY(plan_ring(plan, err));
    SAF_TRY(plan_idt(plan, err));
    SAF_TRY(plan_files(plan, err));
    SAF_TRY(plan_config_file(plan, err));
    return plan_lock(plan, err);
}

OWN_HANDLE(saf_setup_plan, saf_setup_plan_free)

static saf_setup_plan *plan_new(const saf_setup_options *options)
{
    saf_setup_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->options = *options;
    plan->config = options->config;
    plan->who = options->who ? *options->who : (saf_principal){ 0 };
    plan->secrets_path = "";
    plan->ca_password_path = "";
    plan->pin_path = "";
    plan->so_pin_path = "";
    plan->server.origin = "";
    return plan;
}

saf_status saf_setup_plan_make(saf_setup_plan **out, const saf_setup_options *options, saf_error *err)
{
    if (!options->config || !options->store_dir || (options->update_config && !options->config_path))
        return saf_fail(err, SAF_E_USAGE, "a plan needs a configuration, a store directory, and a file to update");
    OWN(saf_setup_plan) *plan = plan_new(options);
    if (!plan)
        return saf_fail_memory(err);
    SAF_TRY(look(plan, err));
    SAF_TRY(add_steps(plan, err));
    SAF_TRY(text_pool_check(&plan->texts, err));
    *out = GIVE(&plan);
    return SAF_OK;
}

static void secrets_free(saf_setup_plan *plan)
{
    saf_secret_free(&plan->keystore_password.value);
    saf_secret_free(&plan->ca_password.value);
    saf_secret_free(&plan->pin.value);
    saf_secret_free(&plan->so_pin.value);
}

void saf_setup_plan_free(saf_setup_plan **out)
{
    saf_setup_plan *plan = out ? *out : NULL;
    if (!plan)
        return;
    for (size_t i = 0; i < plan->step_count; i++)
        EVP_PKEY_free(plan->steps[i].key);
    for (size_t i = 0; i < plan->authority_count; i++)
        known_cert_free(&plan->authorities[i].cert);
    known_cert_free(&plan->server);
    secrets_free(plan);
    idt_close(plan);
    saf_change_abandon(&plan->change);
    saf_store_close(&plan->store);
    saf_buffer_free(&plan->block);
    text_pool_free(&plan->texts);
    free(plan->steps);
    free(plan);
    *out = NULL;
}

/* ---- asking ---- */

size_t saf_setup_plan_size(const saf_setup_plan *plan)
{
    return plan->step_count;
}

const saf_setup_step *saf_setup_plan_at(const saf_setup_plan *plan, size_t index)
{
    return index < plan->step_count ? &plan->steps[index].shown : NULL;
}

size_t saf_setup_plan_pending(const saf_setup_plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        count += plan->steps[i].shown.state == SAF_STEP_TO_DO;
    return count;
}

const char *saf_setup_certificate_block(const saf_setup_plan *plan)
{
    return saf_buffer_text(&plan->block);
}

const char *saf_setup_secrets_path(const saf_setup_plan *plan)
{
    return plan->secrets_path;
}

const char *saf_setup_pin_path(const saf_setup_plan *plan)
{
    bool in_file = plan->pin.origin == SECRET_MADE || plan->pin.origin == SECRET_KEPT;
    return in_file ? plan->pin_path : "";
}
