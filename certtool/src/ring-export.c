#include "chain.h"
#include "pem.h"
#include "pkcs12.h"

#include <base/fail.h>
#include <base/shell.h>

#include <keyring/release.h>

/* What an export works with: the snapshot, and what it needs of it. */
typedef struct ring_export {
    const saf_ring *ring;
    const saf_ring_export_request *request;
    const saf_connection *server; /* the default, when its key is wanted */
    EVP_PKEY *key;
    const saf_cert *chain[CHAIN_MAX]; /* the server's certificate first */
    size_t chain_len;
} ring_export;

static void ring_export_free(ring_export *export)
{
    EVP_PKEY_free(export->key);
}

OWN_VALUE(ring_export, ring_export_free)

/* ---- who is in it ---- */

/* One who is connected as PERSONAL is the ring owner's own, not trusted for it. */
static bool is_anchor(const saf_connection *connection)
{
    return connection->usage != SAF_USAGE_PERSONAL && chain_is_usable(connection->cert);
}

static saf_status check_anchors(const saf_ring *ring, saf_error *err)
{
    for (size_t i = 0; i < saf_ring_size(ring); i++)
        if (is_anchor(saf_ring_at(ring, i)))
            return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s has no CERTAUTH or SITE certificate that is trusted now",
                                 saf_ring_owner(ring), saf_ring_name(ring));
    saf_hint(err, "see what it has: safring ring show %s", saf_shell_quote_name(saf_ring_owner(ring), saf_ring_name(ring)).text);
    return status;
}

static saf_status find_issuer(const saf_cert **out, const saf_ring *ring, X509 *x509, saf_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < saf_ring_size(ring) && !*out; i++) {
        const saf_cert *cert = saf_ring_at(ring, i)->cert;
        OWN(X509) *issuer = NULL;
        SAF_TRY(der_read_x509(&issuer, cert->der, cert->label, err));
        if (chain_trusts(cert) && !cert->revoked_at && chain_is_issuer(issuer, x509))
            *out = cert;
    }
    return SAF_OK;
}

/* As a server does: what is not in the ring is not in the chain. */
static saf_status find_chain(ring_export *export, saf_error *err)
{
    const saf_cert *cert = export->server->cert;
    while (cert && export->chain_len < CHAIN_MAX) {
        OWN(X509) *x509 = NULL;
        export->chain[export->chain_len++] = cert;
        SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
        if (chain_is_self_signed(x509))
            return SAF_OK;
        SAF_TRY(find_issuer(&cert, export->ring, x509, err));
    }
    return SAF_OK;
}

static saf_status record_export(const ring_export *export, saf_store *store, const saf_principal *who, saf_error *err)
{
    static const char *const names[] = { [SAF_RING_PEM] = "pem", [SAF_RING_P12] = "p12", [SAF_RING_K8S_SECRET] = "k8s-secret" };
    OWN(saf_buffer) ring = { 0 };
    saf_buffer_printf(&ring, "%s/%s", saf_ring_owner(export->ring), saf_ring_name(export->ring));
    SAF_TRY(saf_buffer_check(&ring, err));
    return saf_store_record_key_export(store, who, export->server->cert, saf_buffer_text(&ring), names[export->request->format], err);
}

/* A virtual ring has no default, and nothing can be connected to it. */
static void hint_default(const saf_ring *ring, saf_error *err)
{
    if (!strcmp(saf_ring_name(ring), "*"))
        saf_hint(err, "a virtual ring never has one: safring cert export OWNER/LABEL --with-key");
    else
        saf_hint(err, "choose one: safring ring connect %s OWNER/LABEL --default", saf_shell_quote_name(saf_ring_owner(ring), saf_ring_name(ring)).text);
}

static saf_status find_server(ring_export *export, saf_store *store, const saf_principal *who, saf_error *err)
{
    const saf_ring *ring = export->ring;
    export->server = saf_ring_default(ring);
    if (!export->server) {
        saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s has no default certificate, whose key could be exported",
                                     saf_ring_owner(ring), saf_ring_name(ring));
        hint_default(ring, err);
        return status;
    }
    SAF_TRY(saf_ring_load_key(&export->key, ring, export->server, store, who, err));
    SAF_TRY(record_export(export, store, who, err));
    return find_chain(export, err);
}

/* ---- PKCS#12 ---- */

static saf_status add_cert(p12_builder *builder, const saf_cert *cert, p12_role role, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
    return p12_add_cert(builder, x509, cert->label, role, err);
}

static saf_status write_trust_store(saf_blob *out, const ring_export *export, saf_error *err)
{
    OWN(p12_builder) builder = { 0 };
    for (size_t i = 0; i < saf_ring_size(export->ring); i++)
        if (is_anchor(saf_ring_at(export->ring, i)))
            SAF_TRY(add_cert(&builder, saf_ring_at(export->ring, i)->cert, P12_TRUSTED, err));
    return p12_finish(out, &builder, export->request->password, err);
}

static saf_status write_key_store(saf_blob *out, const ring_export *export, saf_error *err)
{
    OWN(p12_builder) builder = { 0 };
    OWN(X509) *x509 = NULL;
    const saf_cert *cert = export->server->cert;
    SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
    SAF_TRY(p12_add_key(&builder, export->key, x509, cert->label, export->request->password, err));
    for (size_t i = 1; i < export->chain_len; i++)
        SAF_TRY(add_cert(&builder, export->chain[i], P12_CHAIN, err));
    return p12_finish(out, &builder, export->request->password, err);
}

/* ---- PEM ---- */

static saf_status write_anchors(BIO *bio, const ring_export *export, saf_error *err)
{
    for (size_t i = 0; i < saf_ring_size(export->ring); i++)
        if (is_anchor(saf_ring_at(export->ring, i)))
            SAF_TRY(pem_write_cert(bio, saf_ring_at(export->ring, i)->cert->der, err));
    return SAF_OK;
}

static saf_status write_chain(BIO *bio, const ring_export *export, saf_error *err)
{
    for (size_t i = 0; i < export->chain_len; i++)
        SAF_TRY(pem_write_cert(bio, export->chain[i]->der, err));
    return SAF_OK;
}

static saf_bytes bio_bytes(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return saf_bytes_of(data, (size_t)len);
}

static saf_status write_pem(saf_blob *out, const ring_export *export, saf_error *err)
{
    OWN(BIO) *bio = BIO_new(BIO_s_secmem());
    if (!bio)
        return saf_fail_memory(err);
    if (!export->key) {
        SAF_TRY(write_anchors(bio, export, err));
    } else {
        SAF_TRY(write_chain(bio, export, err));
        SAF_TRY(pem_write_key(bio, export->key, export->request->password, err));
    }
    return blob_copy(out, bio_bytes(bio), err);
}

/* ---- a Secret ---- */

static void add_base64(saf_buffer *yaml, const char *name, const saf_blob *blob)
{
    saf_buffer_printf(yaml, "  %s: ", name);
    size_t len = 4 * ((blob->len + 2) / 3);
    unsigned char *room = saf_buffer_extend(yaml, len + 1); /* OpenSSL ends it with a zero byte */
    if (room) {
        EVP_EncodeBlock(room, blob->data, (int)blob->len);
        room[len] = '\n';
    }
}

/* A block scalar: each line indented. PEM has nothing that YAML would read otherwise. */
static void add_text(saf_buffer *yaml, const char *name, saf_bytes text)
{
    saf_buffer_printf(yaml, "  %s: |\n", name);
    const unsigned char *end = text.data + text.len;
    for (const unsigned char *at = text.data; at < end;) {
        const unsigned char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((line_end ? line_end : end) - at);
        saf_buffer_append_text(yaml, "    ");
        saf_buffer_append(yaml, saf_bytes_of(at, len));
        saf_buffer_append_text(yaml, "\n");
        at += len + (line_end != NULL);
    }
}

static saf_status add_data(saf_buffer *yaml, const ring_export *export, saf_error *err)
{
    OWN(saf_blob) trust_store = { 0 };
    OWN(saf_blob) key_store = { 0 };
    SAF_TRY(write_trust_store(&trust_store, export, err));
    saf_buffer_append_text(yaml, "data:\n");
    if (export->key) {
        SAF_TRY(write_key_store(&key_store, export, err));
        add_base64(yaml, "keystore.p12", &key_store);
    }
    add_base64(yaml, "truststore.p12", &trust_store);
    return SAF_OK;
}

typedef saf_status (*pem_part)(BIO *bio, const ring_export *export, saf_error *err);

static saf_status write_plain_key(BIO *bio, const ring_export *export, saf_error *err)
{
    return pem_write_key(bio, export->key, NULL, err);
}

static saf_status add_pem(saf_buffer *yaml, const char *name, const ring_export *export, pem_part write, saf_error *err)
{
    OWN(BIO) *bio = BIO_new(BIO_s_secmem());
    if (!bio)
        return saf_fail_memory(err);
    SAF_TRY(write(bio, export, err));
    add_text(yaml, name, bio_bytes(bio));
    return SAF_OK;
}

/* Zowe's names (zwe migrate for kubernetes). */
static saf_status write_secret(saf_blob *out, const ring_export *export, saf_error *err)
{
    OWN(saf_buffer) yaml = { 0 };
    saf_buffer_append_text(&yaml, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: zowe-certificates-secret\ntype: Opaque\n");
    SAF_TRY(add_data(&yaml, export, err));
    saf_buffer_append_text(&yaml, "stringData:\n");
    if (export->key) {
        SAF_TRY(add_pem(&yaml, "keystore.key", export, write_plain_key, err));
        SAF_TRY(add_pem(&yaml, "keystore.cer", export, write_chain, err));
    }
    SAF_TRY(add_pem(&yaml, "ca.cer", export, write_anchors, err));
    SAF_TRY(saf_buffer_check(&yaml, err));
    return blob_copy(out, saf_buffer_bytes(&yaml), err);
}

/* ---- */

saf_status saf_ring_export(saf_blob *out, const saf_ring *ring, saf_store *store, const saf_principal *who,
                           const saf_ring_export_request *request, saf_error *err)
{
    OWN(ring_export) export = { .ring = ring, .request = request };
    if ((unsigned)request->format > SAF_RING_K8S_SECRET)
        return saf_fail(err, SAF_E_USAGE, "a ring is exported as PEM, PKCS#12 or a Kubernetes Secret");
    if (request->format != SAF_RING_PEM)
        SAF_TRY(p12_check_password(request->password, err));
    if (!request->with_key || request->format == SAF_RING_K8S_SECRET)
        SAF_TRY(check_anchors(ring, err));
    if (request->with_key)
        SAF_TRY(find_server(&export, store, who, err));
    switch (request->format) {
    case SAF_RING_PEM: return write_pem(out, &export, err);
    case SAF_RING_P12: return export.key ? write_key_store(out, &export, err) : write_trust_store(out, &export, err);
    case SAF_RING_K8S_SECRET: return write_secret(out, &export, err);
    }
    return saf_fail(err, SAF_E_USAGE, "a ring is exported as PEM, PKCS#12 or a Kubernetes Secret");
}
