/* The PKCS#12 file with the CAs that servers trust. What others have put into it stays. */
#include "identity.h"
#include "step-file.h"

#include <base/fail.h>
#include <base/file.h>

#include <openssl/err.h>

enum { FILE_MAX = 4 * 1024 * 1024, ENTRIES_MAX = 1024 };

/* ---- what is to be in it ---- */

/* A self-signed certificate is its own authority. */
static size_t wanted_count(const saf_setup_plan *plan)
{
    return plan->authority_count ? plan->authority_count : 1;
}

static const known_cert *wanted_at(const saf_setup_plan *plan, size_t index, const char **alias)
{
    *alias = plan->authority_count ? plan->authorities[index].alias : plan->config->pkcs12.name;
    return plan->authority_count ? &plan->authorities[index].cert : &plan->server;
}

/* ---- what is in it ---- */

static saf_status refuse_file(const char *path, const char *why, saf_error *err)
{
    saf_status status = file_refuse(path, err, "%s", why);
    saf_hint(err, "give its password in zowe.setup.certificate.pkcs12.password, or move it away, and run this again");
    return status;
}

/* Some file is there, of whoever may write in the directory: what would take for ever to open is not opened. */
static saf_status check_opens(const saf_setup_plan *plan, const char *path, saf_bytes content, saf_error *err)
{
    saf_error why = { 0 };
    saf_status status = saf_pkcs12_check(content, &plan->keystore_password.value, "its content", &why);
    if (status == SAF_OK || status == SAF_E_MEMORY)
        return status == SAF_OK ? SAF_OK : saf_fail_memory(err);
    return refuse_file(path, status == SAF_E_UNSUPPORTED ? why.text : "cannot be opened with the keystore's password", err);
}

static saf_status read_entries(x509_stack **out, const saf_setup_plan *plan, const char *path, saf_bytes content, saf_error *err)
{
    const unsigned char *at = content.data;
    OWN(PKCS12) *p12 = d2i_PKCS12(NULL, &at, (long)content.len);
    OWN(EVP_PKEY) *key = NULL;
    OWN(X509) *cert = NULL;
    OWN(x509_stack) *others = NULL;
    const char *password = (const char *)plan->keystore_password.value.data;
    SAF_TRY(check_opens(plan, path, content, err));
    bool readable = p12 && PKCS12_parse(p12, password, &key, &cert, &others);
    ERR_clear_error();
    if (readable && !key) {
        *out = others ? GIVE(&others) : sk_X509_new_null();
        return *out ? SAF_OK : saf_fail_memory(err);
    }
    return refuse_file(path, readable ? "holds a private key" : "cannot be opened with the keystore's password", err);
}

/* Java writes and compares aliases in lower case. */
static bool has_alias(X509 *x509, const char *alias)
{
    int len = 0;
    const char *name = (const char *)X509_alias_get0(x509, &len);
    return name && (size_t)len == strlen(alias) && !strncasecmp(name, alias, (size_t)len);
}

static X509 *find_alias(const x509_stack *entries, const char *alias)
{
    for (int i = 0; i < sk_X509_num(entries); i++)
        if (has_alias(sk_X509_value(entries, i), alias))
            return sk_X509_value(entries, i);
    return NULL;
}

typedef unsigned char *openssl_bytes;
static inline void own_openssl_bytes(openssl_bytes *bytes)
{
    OPENSSL_free(*bytes);
}

static saf_status encode(openssl_bytes *out, saf_bytes *der, X509 *x509, saf_error *err)
{
    int len = i2d_X509(x509, out);
    if (len < 0)
        return saf_fail_openssl(err, "cannot encode a certificate of the trust store");
    *der = saf_bytes_of(*out, (size_t)len);
    return SAF_OK;
}

/* ---- judging ---- */

static saf_status compare_entry(file_verdict *out, const saf_setup_plan *plan, const char *path, const known_cert *wanted,
                                X509 *there, const char *alias, saf_error *err)
{
    OWN(openssl_bytes) bytes = NULL;
    saf_bytes der = { 0 };
    bool is_ours = false;
    if (there)
        SAF_TRY(encode(&bytes, &der, there, err));
    if (there && wanted->record && identity_same_bytes(der, wanted->record->der))
        return SAF_OK;
    *out = FILE_OLDER;
    if (!there)
        return SAF_OK;
    SAF_TRY(identity_is_ours(&is_ours, plan, wanted, der, err));
    return is_ours ? SAF_OK : file_refuse(path, err, "its entry %s is not %s/%s of the store", alias, wanted->owner, wanted->label);
}

static saf_status examine(file_verdict *out, saf_setup_plan *plan, const setup_step *step, saf_bytes content, saf_error *err)
{
    OWN(x509_stack) *entries = NULL;
    SAF_TRY(read_entries(&entries, plan, step->shown.object, content, err));
    *out = FILE_SAME;
    for (size_t i = 0; i < wanted_count(plan); i++) {
        const char *alias;
        const known_cert *wanted = wanted_at(plan, i, &alias);
        SAF_TRY(compare_entry(out, plan, step->shown.object, wanted, find_alias(entries, alias), alias, err));
    }
    return SAF_OK;
}

/* ---- writing ---- */

typedef struct entry_list {
    saf_trust_entry at[ENTRIES_MAX];
    openssl_bytes owned[ENTRIES_MAX];
    size_t count;
} entry_list;

static void entry_list_free(entry_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        OPENSSL_free(list->owned[i]);
    free(list);
}

OWN_POINTER(entry_list, entry_list_free)

static void add_wanted(entry_list *list, const saf_setup_plan *plan)
{
    for (size_t i = 0; i < wanted_count(plan); i++) {
        saf_trust_entry *entry = &list->at[list->count++];
        entry->der = wanted_at(plan, i, &entry->alias)->record->der;
    }
}

static bool is_wanted_alias(const saf_setup_plan *plan, X509 *x509)
{
    for (size_t i = 0; i < wanted_count(plan); i++) {
        const char *alias;
        (void)wanted_at(plan, i, &alias);
        if (has_alias(x509, alias))
            return true;
    }
    return false;
}

static saf_status add_others(entry_list *list, saf_setup_plan *plan, const x509_stack *entries, saf_error *err)
{
    for (int i = 0; i < sk_X509_num(entries); i++) {
        X509 *x509 = sk_X509_value(entries, i);
        const char *name = (const char *)X509_alias_get0(x509, NULL);
        if (is_wanted_alias(plan, x509))
            continue;
        if (list->count == ENTRIES_MAX)
            return saf_fail(err, SAF_E_UNSUPPORTED, "the trust store has more than %d entries", ENTRIES_MAX);
        saf_trust_entry *entry = &list->at[list->count];
        entry->alias = name ? text_pool_copy(&plan->texts, name) : text_pool_printf(&plan->texts, "other%d", i);
        SAF_TRY(encode(&list->owned[list->count], &entry->der, x509, err));
        list->count++;
    }
    return SAF_OK;
}

static saf_status render(saf_blob *out, saf_setup_plan *plan, const setup_step *step, saf_error *err)
{
    OWN(entry_list) *list = calloc(1, sizeof *list);
    OWN(saf_buffer) content = { 0 };
    OWN(x509_stack) *entries = NULL;
    if (!list)
        return saf_fail_memory(err);
    add_wanted(list, plan);
    if (step->replaces) {
        SAF_TRY(saf_file_read(&content, step->shown.object, FILE_MAX, err));
        SAF_TRY(read_entries(&entries, plan, step->shown.object, saf_buffer_bytes(&content), err));
        SAF_TRY(add_others(list, plan, entries, err));
    }
    return saf_trust_store_write(out, list->at, list->count, &plan->keystore_password.value, err);
}

static const file_kind truststore_kind = { "truststore", 0600, render, examine };

saf_status plan_truststore(saf_setup_plan *plan, saf_error *err)
{
    const char *path = plan->names.truststore;
    const char *text = text_pool_printf(&plan->texts, "write %s with %zu trusted certificate%s", path, wanted_count(plan),
                                        wanted_count(plan) == 1 ? "" : "s");
    return file_plan(plan, &truststore_kind, 0, path, text, err);
}
