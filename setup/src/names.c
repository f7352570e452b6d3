/* Subject, alternative names and paths from what zowe.yaml says. */
#include "plan.h"

#include <base/fail.h>

#include <arpa/inet.h>
#include <ctype.h>

/* ---- subject ---- */

/* RFC 4514 2.4: blanks only where they would be lost. */
static bool needs_escape(const char *at, const char *first)
{
    return strchr(",+\"\\<>;=#", *at) || (*at == ' ' && (at == first || !at[1]));
}

static void append_value(saf_buffer *out, const char *value)
{
    for (const char *at = value; *at; at++) {
        if (needs_escape(at, value))
            saf_buffer_append_text(out, "\\");
        saf_buffer_append(out, saf_bytes_of(at, 1));
    }
}

static void append_part(saf_buffer *out, const char *name, const char *value)
{
    saf_buffer_printf(out, "%s%s=", out->len ? "," : "", name);
    append_value(out, value);
}

static saf_status make_subject(const char **out, saf_setup_plan *plan, const char *common_name, saf_error *err)
{
    const saf_zowe_config *config = plan->config;
    OWN(saf_buffer) text = { 0 };
    append_part(&text, "CN", common_name);
    append_part(&text, "OU", config->dname.org_unit);
    append_part(&text, "O", config->dname.org);
    append_part(&text, "L", config->dname.locality);
    append_part(&text, "ST", config->dname.state);
    append_part(&text, "C", config->dname.country);
    SAF_TRY(saf_buffer_check(&text, err));
    *out = text_pool_copy(&plan->texts, saf_buffer_text(&text));
    return saf_subject_check(*out, err);
}

/* ---- alternative names ---- */

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* ",dns:a,ip:b" has it, comma before and comma or end behind. */
static bool has_entry(const saf_buffer *list, const char *entry)
{
    size_t len = strlen(entry);
    for (const char *at = saf_buffer_text(list); (at = strstr(at, entry)); at++)
        if (at[-1] == ',' && (at[len] == ',' || !at[len]))
            return true;
    return false;
}

static void append_name(saf_buffer *list, const char *name)
{
    OWN(saf_buffer) entry = { 0 };
    saf_buffer_append_text(&entry, is_address(name) ? "ip:" : "dns:");
    for (; *name; name++)
        saf_buffer_append(&entry, saf_bytes_of(&(char){ (char)tolower((unsigned char)*name) }, 1));
    list->failed |= entry.failed;
    if (!has_entry(list, saf_buffer_text(&entry)))
        saf_buffer_printf(list, ",%s", saf_buffer_text(&entry));
}

/* Zowe adds the last three always. */
static saf_status make_san(saf_setup_plan *plan, saf_error *err)
{
    static const char *const always[] = { "localhost.localdomain", "localhost", "127.0.0.1" };
    OWN(saf_buffer) list = { 0 };
    for (size_t i = 0; i < plan->config->san_count; i++)
        append_name(&list, plan->config->san[i]);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        append_name(&list, always[i]);
    SAF_TRY(saf_buffer_check(&list, err));
    plan->names.san = text_pool_copy(&plan->texts, saf_buffer_text(&list) + 1);
    return saf_san_check(plan->names.san, err);
}

/* ---- paths ---- */

const char *names_lower(saf_setup_plan *plan, const char *text)
{
    char folded[SAF_LABEL_MAX + 1];
    size_t i = 0;
    for (; text[i] && i < SAF_LABEL_MAX; i++)
        folded[i] = (char)tolower((unsigned char)text[i]);
    folded[i] = '\0';
    return text_pool_copy(&plan->texts, folded);
}

const char *names_key(const saf_setup_plan *plan, const known_cert *cert)
{
    bool is_server = cert == &plan->server;
    if (is_server && plan->config->scenario == SAF_ZOWE_KEYRING_CONNECT)
        return "zowe.setup.certificate.keyring.connect.label";
    if (plan_is_ring(plan))
        return is_server ? "zowe.setup.certificate.keyring.label" : "zowe.setup.certificate.keyring.caLabel";
    return is_server ? "zowe.setup.certificate.pkcs12.name" : "zowe.setup.certificate.pkcs12.caAlias";
}

static const char *without_slashes_at_end(saf_setup_plan *plan, const char *path)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    return text_pool_printf(&plan->texts, "%.*s", (int)len, path);
}

/* Zowe's layout on disk. */
static void make_paths(saf_setup_plan *plan)
{
    setup_names *n = &plan->names;
    text_pool *texts = &plan->texts;
    const char *name = plan->config->pkcs12.name;
    const char *ca = plan->config->pkcs12.ca_alias;
    const char *directory = without_slashes_at_end(plan, plan->config->pkcs12.directory);
    n->server_dir = text_pool_printf(texts, "%s%s/%s", n->root, directory, name);
    n->ca_dir = text_pool_printf(texts, "%s%s/%s", n->root, directory, ca);
    n->keystore = text_pool_printf(texts, "%s/%s.keystore.p12", n->server_dir, name);
    n->truststore = text_pool_printf(texts, "%s/%s.truststore.p12", n->server_dir, name);
    n->pem_cert = text_pool_printf(texts, "%s/%s.cer", n->server_dir, names_lower(plan, name));
    n->pem_key = text_pool_printf(texts, "%s/%s.key", n->server_dir, names_lower(plan, name));
    n->ca_keystore = text_pool_printf(texts, "%s/%s.keystore.p12", n->ca_dir, ca);
}

static saf_status make_ring_address(saf_setup_plan *plan, saf_error *err)
{
    char text[SAF_RING_NAME_MAX + SAF_OWNER_MAX + 32];
    saf_ring_address address = { 0 };
    snprintf(address.owner, sizeof address.owner, "%s", plan->config->keyring.owner);
    snprintf(address.name, sizeof address.name, "%s", plan->config->keyring.name);
    SAF_TRY(saf_ring_address_format(text, sizeof text, &address, err));
    plan->names.ring_address = text_pool_copy(&plan->texts, text);
    return SAF_OK;
}

saf_status names_settle(saf_setup_plan *plan, saf_error *err)
{
    const char *root = plan->options.root ? plan->options.root : "";
    plan->names.root = without_slashes_at_end(plan, root);
    plan->names.ring_address = "";
    if (plan_is_ring(plan))
        SAF_TRY(make_ring_address(plan, err));
    else
        make_paths(plan);
    if (!plan_makes_certificates(plan))
        return SAF_OK;
    SAF_TRY(make_subject(&plan->names.subject, plan, plan->config->dname.common_name, err));
    SAF_TRY(make_subject(&plan->names.ca_subject, plan, plan->config->dname.ca_common_name, err));
    return make_san(plan, err);
}
