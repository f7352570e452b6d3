#include "key-dates.h"
#include "key-len.h"
#include "login-lock.h"
#include "secret-unfinished.h"
#include "sequence.h"

/* The key first: one without its dates would look as if it were in force for ever, a record without its key hurts nobody. */
static saf_status destroy_one(const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_error *err)
{
    saf_p11_uri name = { 0 };
    CK_RV answer = p11_read_uri(&name, session, key, SAF_P11_SECRET_KEY);
    if (answer == CKR_OBJECT_HANDLE_INVALID)
        return SAF_OK; /* another process was faster */
    SAF_TRY(p11_destroy_object(session, key, name.object, err));
    uint32_t sequence = p11_sequence_read(name.id, name.id_len);
    if (sequence) {
        p11_dates_forget(session, sequence);
        p11_len_forget(session, sequence);
    }
    return SAF_OK;
}

static saf_status destroy_all(const saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    SAF_TRY(p11_find_by_uri(&found, session, uri, SAF_P11_SECRET_KEY, err));
    for (size_t i = 0; i < found.count; i++)
        SAF_TRY(destroy_one(session, found.handles[i], err));
    if (found.count)
        return SAF_OK;
    CK_OBJECT_HANDLE none;
    return p11_find_one(&none, session, uri, SAF_P11_SECRET_KEY, err); /* says what is missing */
}

saf_status saf_p11_destroy_secret(saf_p11_session *session, const saf_p11_uri *uri, saf_p11_versions versions, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    if (!uri || (!*uri->object && !uri->id_len))
        return saf_fail(err, SAF_E_USAGE, "a secret key to destroy must be named by its label or id");
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(p11_unfinished_clear(session, err));
    if (versions == SAF_P11_ALL_VERSIONS)
        return destroy_all(session, uri, err);
    SAF_TRY(p11_secret_find(&key, session, uri, err));
    return destroy_one(session, key, err);
}
