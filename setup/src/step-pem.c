/* Copies of certificates and of the server's key as PEM, for servers that are not Java's. */
#include "identity.h"
#include "step-file.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pem.h>

static saf_status export_pem(saf_blob *out, const saf_setup_plan *plan, const saf_cert *record, bool key_only, saf_error *err)
{
    saf_export_request request = { .cert = record, .format = SAF_FORMAT_PEM, .key_only = key_only };
    return saf_cert_export(out, plan->store, &plan->who, &request, err);
}

static saf_status is_rendered(bool *out, const saf_setup_plan *plan, const saf_cert *record, bool key_only, saf_bytes content,
                              saf_error *err)
{
    OWN(saf_blob) wanted = { 0 };
    *out = false;
    if (!record)
        return SAF_OK;
    SAF_TRY(export_pem(&wanted, plan, record, key_only, err));
    *out = identity_same_bytes(saf_bytes_of(wanted.data, wanted.len), content);
    return SAF_OK;
}

/* ---- certificates ---- */

static saf_status examine_cert_of(file_verdict *out, const saf_setup_plan *plan, const setup_step *step, const known_cert *cert,
                                  saf_bytes content, saf_error *err)
{
    OWN(saf_bundle) *bundle = NULL;
    bool is_same = false, is_ours = false;
    SAF_TRY(is_rendered(&is_same, plan, cert->record, false, content, err));
    *out = is_same ? FILE_SAME : FILE_OLDER;
    if (is_same)
        return SAF_OK;
    if (saf_bundle_read(&bundle, content, NULL, NULL, "it", NULL) == SAF_OK)
        SAF_TRY(identity_is_ours(&is_ours, plan, cert, saf_bundle_cert(bundle), err));
    return is_ours ? SAF_OK : file_refuse(step->shown.object, err, "is not %s/%s of the store", cert->owner, cert->label);
}

static saf_status render_server(saf_blob *out, saf_setup_plan *plan, __attribute__((unused)) const setup_step *step, saf_error *err)
{
    return export_pem(out, plan, plan->server.record, false, err);
}

static saf_status examine_server(file_verdict *out, saf_setup_plan *plan, const setup_step *step, saf_bytes content, saf_error *err)
{
    return examine_cert_of(out, plan, step, &plan->server, content, err);
}

static saf_status render_authority(saf_blob *out, saf_setup_plan *plan, const setup_step *step, saf_error *err)
{
    return export_pem(out, plan, plan->authorities[step->index].cert.record, false, err);
}

static saf_status examine_authority(file_verdict *out, saf_setup_plan *plan, const setup_step *step, saf_bytes content,
                                    saf_error *err)
{
    return examine_cert_of(out, plan, step, &plan->authorities[step->index].cert, content, err);
}

/* ---- the key ---- */

static saf_status render_key(saf_blob *out, saf_setup_plan *plan, __attribute__((unused)) const setup_step *step, saf_error *err)
{
    return export_pem(out, plan, plan->server.record, true, err);
}

/* Ours is not encrypted. To try a password on another could take for ever: its file says how often it is hashed. */
static int give_no_password(__attribute__((unused)) char *out, __attribute__((unused)) int size, __attribute__((unused)) int writing,
                            __attribute__((unused)) void *context)
{
    return -1;
}

/* Whether the file holds the server's private key, in whatever spelling. */
static bool holds_key(const saf_setup_plan *plan, saf_bytes content)
{
    OWN(BIO) *bio = BIO_new_mem_buf(content.data, (int)content.len);
    OWN(EVP_PKEY) *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_no_password, NULL) : NULL;
    OWN(X509) *x509 = NULL;
    ERR_clear_error();
    return key && identity_read(&x509, saf_buffer_bytes(&plan->server.der), "", NULL) == SAF_OK &&
           EVP_PKEY_eq(X509_get0_pubkey(x509), key) == 1;
}

static saf_status examine_key(file_verdict *out, saf_setup_plan *plan, const setup_step *step, saf_bytes content, saf_error *err)
{
    bool is_same = false;
    const saf_cert *record = plan->server.record;
    SAF_TRY(is_rendered(&is_same, plan, record && record->key_place == SAF_KEY_STORED ? record : NULL, true, content, err));
    *out = is_same ? FILE_SAME : FILE_OLDER;
    if (is_same || holds_key(plan, content))
        return SAF_OK;
    return file_refuse(step->shown.object, err, "is not the private key of %s/%s", plan->server.owner, plan->server.label);
}

/* ---- planning ---- */

static const file_kind server_kind = { "pem", 0644, render_server, examine_server };
static const file_kind key_kind = { "pem", 0600, render_key, examine_key };
static const file_kind authority_kind = { "pem", 0644, render_authority, examine_authority };

static saf_status plan_authority_pem(saf_setup_plan *plan, size_t index, saf_error *err)
{
    const authority *ca = &plan->authorities[index];
    const char *text = text_pool_printf(&plan->texts, "write %s, the certificate %s/%s", ca->pem_path, ca->cert.owner, ca->cert.label);
    return file_plan(plan, &authority_kind, index, ca->pem_path, text, err);
}

saf_status plan_pem(saf_setup_plan *plan, saf_error *err)
{
    const setup_names *n = &plan->names;
    const known_cert *server = &plan->server;
    const char *cert_text = text_pool_printf(&plan->texts, "write %s, the certificate %s/%s", n->pem_cert, server->owner, server->label);
    const char *key_text = text_pool_printf(&plan->texts, "write %s, its private key, not encrypted (mode 0600)", n->pem_key);
    for (size_t i = 0; i < plan->authority_count; i++)
        SAF_TRY(plan_authority_pem(plan, i, err));
    SAF_TRY(file_plan(plan, &server_kind, 0, n->pem_cert, cert_text, err));
    return file_plan(plan, &key_kind, 0, n->pem_key, key_text, err);
}
