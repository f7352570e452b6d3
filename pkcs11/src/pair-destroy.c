#include "key-pair.h"
#include "login-lock.h"
#include "object.h"

/* The private key goes last: while anything is left of a pair, its URI still names something. */
static const CK_OBJECT_CLASS classes[] = { CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY };

static saf_status destroy_all(const saf_p11_session *session, CK_OBJECT_CLASS class, const saf_p11_uri *uri, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    SAF_TRY(p11_find_by_id(&found, session, class, saf_bytes_of(uri->id, uri->id_len), err));
    for (size_t i = 0; i < found.count; i++) {
        SAF_TRY(p11_destroy_object(session, found.handles[i], uri->object, err));
        p11_key_pairs_retire_object(session->p11, session->token.slot, found.handles[i]);
    }
    return SAF_OK;
}

static bool has_no_id(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    unsigned char id[SAF_P11_ID_MAX];
    size_t len;
    return p11_read_bytes(session, object, CKA_ID, id, sizeof id, &len) == CKR_ATTRIBUTE_TYPE_INVALID;
}

/* SoftHSM 2.6.1 copies one attribute after the other. What a kill interrupted early has a label, and neither id nor key; a
 * whole object always has an id, be it empty. */
static saf_status destroy_begun(const saf_p11_session *session, CK_OBJECT_CLASS class, const char *label, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, class);
    p11_template_add_text(&wanted, CKA_LABEL, label);
    SAF_TRY(p11_find_objects(&found, session, &wanted, err));
    for (size_t i = 0; i < found.count; i++)
        if (has_no_id(session, found.handles[i]))
            SAF_TRY(p11_destroy_object(session, found.handles[i], label, err));
    return SAF_OK;
}

/* Several private keys with one id are not a pair of ours. */
static saf_status check_one_or_none(const saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    saf_p11_uri name = *uri;
    *name.object = '\0';
    OWN(p11_objects) found = { 0 };
    SAF_TRY(p11_find_by_uri(&found, session, &name, SAF_P11_PRIVATE, err));
    return found.count > 1 ? p11_refuse_several(session, &found, SAF_P11_PRIVATE, err) : SAF_OK;
}

saf_status saf_p11_destroy_pair(saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    if (!uri->id_len)
        return saf_fail(err, SAF_E_USAGE, "the URI of a key pair to destroy must have an id");
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(check_one_or_none(session, uri, err));
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        SAF_TRY(destroy_all(session, classes[i], uri, err));
        if (*uri->object && session->p11->token_directory)
            SAF_TRY(destroy_begun(session, classes[i], uri->object, err));
    }
    return SAF_OK;
}
