#include "cert-object.h"
#include "key-pair.h"
#include "login-lock.h"
#include "pair-import.h"
#include "token-space.h"

#include <safring/token.h>

#include <openssl/sha.h>

/* ---- which id --------------------------------------------------------------------------------------------- */

static saf_status find_public(p11_objects *out, const saf_p11_session *session, const EVP_PKEY *key, saf_error *err)
{
    p11_template wanted = { 0 };
    OWN(pair_material) material = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, CKO_PUBLIC_KEY);
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    SAF_TRY(pair_add_public(&wanted, &material, key, err));
    return p11_find_objects(out, session, &wanted, err);
}

/* Of the pair that is there already, or the hash that NSS and p11tool use. */
static saf_status choose_id(saf_p11_uri *name, const saf_p11_session *session, const X509 *x509, const EVP_PKEY *key, saf_error *err)
{
    OWN(p11_objects) there = { 0 };
    unsigned len = 0;
    SAF_TRY(find_public(&there, session, key, err));
    for (size_t i = 0; i < there.count && !name->id_len; i++)
        if (p11_read_bytes(session, there.handles[i], CKA_ID, name->id, sizeof name->id, &name->id_len) != CKR_OK)
            name->id_len = 0;
    if (name->id_len)
        return SAF_OK;
    _Static_assert(SHA_DIGEST_LENGTH <= SAF_P11_ID_MAX, "room for the hash");
    if (!X509_pubkey_digest(x509, EVP_sha1(), name->id, &len))
        return saf_fail_openssl(err, "cannot hash the public key of \"%s\"", name->object);
    name->id_len = len;
    return SAF_OK;
}

static saf_status find_private(p11_objects *out, const saf_p11_session *session, const saf_p11_uri *name, saf_error *err)
{
    return p11_find_by_id(out, session, CKO_PRIVATE_KEY, saf_bytes_of(name->id, name->id_len), err);
}

/* ---- binding ---------------------------------------------------------------------------------------------- */

static saf_status check_request(const saf_token_bind_request *request, const EVP_PKEY *key, saf_error *err)
{
    size_t len = request->label ? strlen(request->label) : 0;
    if (len < 1 || len > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "a label must have 1 to %d bytes", SAF_P11_OBJECT_MAX);
    if (request->key && EVP_PKEY_eq(request->key, key) != 1)
        return saf_fail(err, SAF_E_MALFORMED, "the private key is not that of the certificate \"%s\"", request->label);
    return SAF_OK;
}

static saf_status put_private(saf_token_bound *out, const saf_p11_session *session, const saf_p11_uri *name, X509 *x509, const EVP_PKEY *key, saf_error *err)
{
    OWN(p11_objects) there = { 0 };
    SAF_TRY(find_private(&there, session, name, err));
    out->has_key = there.count > 0;
    if (out->has_key || !key)
        return SAF_OK;
    unsigned char *subject = NULL;
    int len = i2d_X509_NAME(X509_get_subject_name(x509), &subject);
    saf_status status = len < 0 ? saf_fail_openssl(err, "cannot encode the subject of \"%s\"", name->object)
                                : pair_import_private(session, name, saf_bytes_of(subject, (size_t)len), key, err);
    OPENSSL_free(subject);
    out->has_key = out->made_key = status == SAF_OK;
    return status;
}

static saf_status put_public(const saf_p11_session *session, const saf_p11_uri *name, const EVP_PKEY *key, saf_error *err)
{
    OWN(p11_objects) there = { 0 };
    SAF_TRY(find_public(&there, session, key, err));
    return there.count ? SAF_OK : pair_import_public(session, name, key, err);
}

static saf_status format(char out[SAF_P11_URI_MAX + 1], const saf_p11_session *session, const saf_p11_uri *name, saf_p11_type type, saf_error *err)
{
    char text[SAF_P11_URI_MAX];
    saf_p11_uri uri = *name;
    memcpy(uri.token, session->token.label, sizeof uri.token);
    uri.type = type;
    SAF_TRY(p11_format_object_uri(text, &uri, err));
    memcpy(out, text, sizeof text);
    return SAF_OK;
}

/* The certificate last: while it is not there, everybody sees that something is missing, and doing it again completes it. */
static saf_status bind_all(saf_token_bound *out, const saf_p11_session *session, const saf_token_bind_request *request, X509 *x509,
                           const EVP_PKEY *key, saf_error *err)
{
    saf_p11_uri name = { 0 };
    snprintf(name.object, sizeof name.object, "%s", request->label);
    SAF_TRY(choose_id(&name, session, x509, key, err));
    SAF_TRY(put_private(out, session, &name, x509, request->key, err));
    SAF_TRY(put_public(session, &name, key, err));
    SAF_TRY(cert_object_put(session, &name, x509, request->cert, err));
    if (out->has_key)
        SAF_TRY(format(out->key_uri, session, &name, SAF_P11_PRIVATE, err));
    return format(out->uri, session, &name, SAF_P11_CERT, err);
}

saf_status saf_token_bind(saf_token_bound *out, saf_p11_session *session, const saf_token_bind_request *request, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    saf_token_bound bound = { 0 };
    SAF_TRY(cert_object_read(&x509, request->cert, err));
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    if (!key)
        return saf_fail_openssl(err, "the public key of \"%s\" cannot be read", request->label);
    SAF_TRY(check_request(request, key, err));
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(token_space_check(session->p11->token_directory, err));
    SAF_TRY(bind_all(&bound, session, request, x509, key, err));
    *out = bound;
    return SAF_OK;
}

/* ---- unbinding -------------------------------------------------------------------------------------------- */

static saf_status find_cert(p11_objects *out, const saf_p11_session *session, saf_bytes der, saf_error *err)
{
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, CKO_CERTIFICATE);
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    p11_template_add_bytes(&wanted, CKA_VALUE, der);
    SAF_TRY(p11_find_objects(out, session, &wanted, err));
    return out->count ? SAF_OK : saf_fail(err, SAF_E_NOT_FOUND, "token %s does not have that certificate", session->token.label);
}

static saf_status destroy_class(const saf_p11_session *session, CK_OBJECT_CLASS class, saf_bytes id, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    SAF_TRY(p11_find_by_id(&found, session, class, id, err));
    for (size_t i = 0; i < found.count; i++) {
        SAF_TRY(p11_destroy_object(session, found.handles[i], "the certificate", err));
        p11_key_pairs_retire_object(session->p11, session->token.slot, found.handles[i]);
    }
    return SAF_OK;
}

/* Who else has the id: another certificate of the same key needs it still. */
static saf_status is_shared(bool *out, const saf_p11_session *session, saf_bytes id, size_t own, saf_error *err)
{
    OWN(p11_objects) certs = { 0 };
    SAF_TRY(p11_find_by_id(&certs, session, CKO_CERTIFICATE, id, err));
    *out = certs.count > own;
    return SAF_OK;
}

static saf_status destroy_keys(saf_token_unbound *out, const saf_p11_session *session, saf_bytes id, size_t own, saf_token_keys keys, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    bool shared;
    SAF_TRY(p11_find_by_id(&found, session, CKO_PRIVATE_KEY, id, err));
    SAF_TRY(is_shared(&shared, session, id, own, err));
    out->kept_key = found.count > 0 && (keys == SAF_TOKEN_KEEP_KEYS || shared);
    for (size_t i = 0; i < found.count; i++)
        out->kept_key |= p11_read_flag(session, found.handles[i], CKA_LOCAL);
    if (out->kept_key || shared)
        return SAF_OK;
    SAF_TRY(destroy_class(session, CKO_PRIVATE_KEY, id, err));
    out->keys = found.count;
    return destroy_class(session, CKO_PUBLIC_KEY, id, err);
}

/* The certificate last: a kill leaves something to find the rest by. */
saf_status saf_token_unbind(saf_token_unbound *out, saf_p11_session *session, saf_bytes cert, saf_token_keys keys, saf_error *err)
{
    OWN(p11_objects) certs = { 0 };
    OWN(p11_guard) guard = { 0 };
    saf_token_unbound unbound = { 0 };
    unsigned char id[SAF_P11_ID_MAX];
    size_t id_len;
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(find_cert(&certs, session, cert, err));
    for (size_t i = 0; i < certs.count; i++) {
        if (p11_read_bytes(session, certs.handles[i], CKA_ID, id, sizeof id, &id_len) == CKR_OK && id_len)
            SAF_TRY(destroy_keys(&unbound, session, saf_bytes_of(id, id_len), certs.count, keys, err));
    }
    for (size_t i = 0; i < certs.count; i++)
        SAF_TRY(p11_destroy_object(session, certs.handles[i], "the certificate", err));
    unbound.certs = certs.count;
    *out = unbound;
    return SAF_OK;
}
