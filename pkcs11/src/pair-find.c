#include "login-lock.h"
#include "object.h"
#include "pair-spec.h"

saf_status p11_pair_read_name(saf_p11_uri *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    SAF_TRY(p11_find_one(&key, session, uri, SAF_P11_PRIVATE, err));
    CK_RV answer = p11_read_uri(out, session, key, SAF_P11_PRIVATE);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot read a private key of token %s", session->token.label);
    if (!out->id_len)
        return saf_fail(err, SAF_E_UNSUPPORTED, "private key \"%s\" of token %s has no id that a certificate could share",
                        out->object, session->token.label);
    return SAF_OK;
}

saf_status saf_p11_find_pair(char out[SAF_P11_URI_MAX + 1], saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    saf_p11_uri name;
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(p11_pair_read_name(&name, session, uri, err));
    return p11_format_object_uri(out, &name, err);
}
