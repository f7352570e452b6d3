#include "cert-object.h"

#include "login-lock.h"
#include "pair-spec.h"
#include "token-space.h"

#include <openssl/err.h>

/* DER that OpenSSL allocates. */
typedef struct encoding {
    unsigned char *data;
    int len; /* negative: it failed */
} encoding;

static void encoding_free(encoding *owned)
{
    OPENSSL_free(owned->data);
}

OWN_VALUE(encoding, encoding_free)

static saf_bytes bytes_of(const encoding *encoded)
{
    return saf_bytes_of(encoded->data, (size_t)encoded->len);
}

saf_status cert_object_read(X509 **out, saf_bytes der, saf_error *err)
{
    const unsigned char *at = der.data;
    OWN(X509) *x509 = der.len && der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!x509 || at != der.data + der.len) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "what is to be put into the token is not one certificate in DER");
    }
    *out = GIVE(&x509);
    return SAF_OK;
}

/* ---- making ----------------------------------------------------------------------------------------------- */

static saf_status create(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_uri *name, X509 *x509,
                         saf_bytes value, saf_error *err)
{
    OWN(encoding) subject = { 0 };
    OWN(encoding) issuer = { 0 };
    OWN(encoding) serial = { 0 };
    subject.len = i2d_X509_NAME(X509_get_subject_name(x509), &subject.data);
    issuer.len = i2d_X509_NAME(X509_get_issuer_name(x509), &issuer.data);
    serial.len = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial.data);
    if (subject.len < 0 || issuer.len < 0 || serial.len < 0)
        return saf_fail_openssl(err, "cannot encode the names of the certificate for key \"%s\"", name->object);

    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, CKO_CERTIFICATE);
    p11_template_add_number(&wanted, CKA_CERTIFICATE_TYPE, CKC_X_509);
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    p11_template_add_flag(&wanted, CKA_PRIVATE, false);
    p11_template_add_text(&wanted, CKA_LABEL, name->object);
    p11_template_add_bytes(&wanted, CKA_ID, saf_bytes_of(name->id, name->id_len));
    p11_template_add_bytes(&wanted, CKA_SUBJECT, bytes_of(&subject));
    p11_template_add_bytes(&wanted, CKA_ISSUER, bytes_of(&issuer));
    p11_template_add_bytes(&wanted, CKA_SERIAL_NUMBER, bytes_of(&serial));
    p11_template_add_bytes(&wanted, CKA_VALUE, value);
    CK_RV answer = p11_create_object(out, session, &wanted);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "token %s does not take a certificate for key \"%s\"", session->token.label, name->object);
    return SAF_OK;
}

static saf_status create_checked(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_uri *name, X509 *x509,
                                 saf_bytes value, saf_error *err)
{
    SAF_TRY(create(out, session, name, x509, value, err));
    if (p11_has_bytes(session, *out, CKA_ID, saf_bytes_of(name->id, name->id_len)) &&
        p11_has_bytes(session, *out, CKA_VALUE, value))
        return SAF_OK;
    session->p11->cryptoki->C_DestroyObject(session->handle, *out);
    return saf_fail(err, SAF_E_UNSUPPORTED, "token %s did not keep the certificate for key \"%s\"", session->token.label,
                    name->object);
}

/* ---- putting ---------------------------------------------------------------------------------------------- */

static bool is_same(const saf_p11_session *session, CK_OBJECT_HANDLE object, const saf_p11_uri *name, saf_bytes der)
{
    return p11_has_bytes(session, object, CKA_VALUE, der) && p11_has_bytes(session, object, CKA_LABEL, saf_bytes_of_text(name->object));
}

/* A kill before the last line leaves one certificate too many, never none. */
saf_status cert_object_put(const saf_p11_session *session, const saf_p11_uri *name, X509 *x509, saf_bytes der, saf_error *err)
{
    OWN(p11_objects) earlier = { 0 };
    bool is_there = false;
    CK_OBJECT_HANDLE made;
    SAF_TRY(p11_find_by_id(&earlier, session, CKO_CERTIFICATE, saf_bytes_of(name->id, name->id_len), err));
    for (size_t i = 0; i < earlier.count && !is_there; i++)
        if ((is_there = is_same(session, earlier.handles[i], name, der)))
            earlier.handles[i] = earlier.handles[--earlier.count];
    if (!is_there)
        SAF_TRY(create_checked(&made, session, name, x509, der, err));
    for (size_t i = 0; i < earlier.count; i++)
        SAF_TRY(p11_destroy_object(session, earlier.handles[i], name->object, err));
    return SAF_OK;
}

saf_status saf_p11_put_cert(saf_p11_session *session, const saf_p11_uri *uri, saf_bytes der, saf_error *err)
{
    OWN(X509) *x509 = NULL;
    saf_p11_uri name;
    SAF_TRY(cert_object_read(&x509, der, err));
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(token_space_check(session->p11->token_directory, err));
    SAF_TRY(p11_pair_read_name(&name, session, uri, err));
    return cert_object_put(session, &name, x509, der, err);
}
