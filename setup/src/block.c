/* The zowe.certificate block: where servers find what the other steps make. Paths are as servers see them, without the root. */
#include "plan.h"

#include <base/fail.h>

/* Zowe's schema allows no other password for a ring; it protects nothing. */
static const char ring_password[] = "password";

static void wish(saf_setup_plan *plan, size_t *count, const char *section, const char *key, const char *value, bool is_secret)
{
    plan->wishes[(*count)++] = (saf_yaml_wish){ { "zowe", "certificate", section, key }, value, is_secret };
}

/* Readers split the list at commas, so no entry may have one. */
static saf_status append_entry(saf_buffer *list, const char *entry, saf_error *err)
{
    if (strchr(entry, ','))
        return saf_fail(err, SAF_E_USAGE, "%s has a comma, so zowe.certificate.pem.certificateAuthorities cannot list it", entry);
    saf_buffer_printf(list, "%s%s", list->len ? "," : "", entry);
    return SAF_OK;
}

static saf_status append_ring_entry(saf_buffer *list, const saf_setup_plan *plan, const authority *ca, saf_error *err)
{
    char text[SAF_RING_NAME_MAX + SAF_OWNER_MAX + SAF_LABEL_MAX + 32];
    snprintf(text, sizeof text, "%s&%s", plan->names.ring_address, ca->cert.label);
    return append_entry(list, text, err);
}

/* A self-signed certificate is its own authority. */
static saf_status list_authorities(const char **out, saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_buffer) list = { 0 };
    for (size_t i = 0; i < plan->authority_count; i++) {
        const authority *ca = &plan->authorities[i];
        if (plan_is_ring(plan))
            SAF_TRY(append_ring_entry(&list, plan, ca, err));
        else
            SAF_TRY(append_entry(&list, plan_shown_path(plan, ca->pem_path), err));
    }
    if (!plan->authority_count && !plan_is_ring(plan))
        SAF_TRY(append_entry(&list, plan_shown_path(plan, plan->names.pem_cert), err));
    SAF_TRY(saf_buffer_check(&list, err));
    *out = text_pool_copy(&plan->texts, saf_buffer_text(&list));
    return SAF_OK;
}

static void wish_ring(saf_setup_plan *plan, const char *authorities)
{
    size_t count = 0;
    const char *type = plan->config->type;
    const char *address = plan->names.ring_address;
    wish(plan, &count, "keystore", "type", type, false);
    wish(plan, &count, "keystore", "file", address, false);
    wish(plan, &count, "keystore", "password", ring_password, false);
    wish(plan, &count, "keystore", "alias", plan->server.label, false);
    wish(plan, &count, "truststore", "type", type, false);
    wish(plan, &count, "truststore", "file", address, false);
    wish(plan, &count, "truststore", "password", ring_password, false);
    wish(plan, &count, "pem", "key", "", false);
    wish(plan, &count, "pem", "certificate", "", false);
    wish(plan, &count, "pem", "certificateAuthorities", authorities, false);
}

static void wish_files(saf_setup_plan *plan, const char *authorities)
{
    size_t count = 0;
    const setup_names *n = &plan->names;
    const char *password = (const char *)plan->keystore_password.value.data;
    wish(plan, &count, "keystore", "type", "PKCS12", false);
    wish(plan, &count, "keystore", "file", plan_shown_path(plan, n->keystore), false);
    wish(plan, &count, "keystore", "password", password, true);
    wish(plan, &count, "keystore", "alias", plan->config->pkcs12.name, false);
    wish(plan, &count, "truststore", "type", "PKCS12", false);
    wish(plan, &count, "truststore", "file", plan_shown_path(plan, n->truststore), false);
    wish(plan, &count, "truststore", "password", password, true);
    wish(plan, &count, "pem", "key", plan_shown_path(plan, n->pem_key), false);
    wish(plan, &count, "pem", "certificate", plan_shown_path(plan, n->pem_cert), false);
    wish(plan, &count, "pem", "certificateAuthorities", authorities, false);
}

saf_status block_make(saf_setup_plan *plan, saf_error *err)
{
    const char *authorities = NULL;
    SAF_TRY(list_authorities(&authorities, plan, err));
    if (plan_is_ring(plan))
        wish_ring(plan, authorities);
    else
        wish_files(plan, authorities);
    saf_yaml_wishes wishes = { plan->wishes, WISHES };
    saf_yaml_render(&plan->block, &wishes, SAF_YAML_MASK_SECRETS);
    return saf_buffer_check(&plan->block, err);
}
