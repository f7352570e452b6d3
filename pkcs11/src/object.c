#include "object.h"

#include <base/buffer.h>

void p11_objects_free(p11_objects *objects)
{
    free(objects->handles);
    *objects = (p11_objects) { 0 };
}

/* ---- finding ---------------------------------------------------------------------------------------------- */

enum { BATCH = 64, OBJECTS_MAX = 1000000 };

static bool make_room(p11_objects *found, size_t *room)
{
    if (found->count + BATCH <= *room)
        return true;
    size_t wanted = 2 * *room + BATCH;
    CK_OBJECT_HANDLE *grown = realloc(found->handles, wanted * sizeof *grown);
    if (!grown)
        return false;
    found->handles = grown;
    *room = wanted;
    return true;
}

static CK_RV collect(p11_objects *found, const saf_p11_session *session)
{
    size_t room = 0;
    while (found->count < OBJECTS_MAX) {
        if (!make_room(found, &room))
            return CKR_HOST_MEMORY;
        CK_ULONG got = 0;
        CK_RV answer = session->p11->cryptoki->C_FindObjects(session->handle, found->handles + found->count, BATCH, &got);
        if (answer != CKR_OK || got == 0)
            return answer;
        if (got > BATCH)
            return CKR_GENERAL_ERROR;
        found->count += got;
    }
    return CKR_DEVICE_MEMORY; /* a module that finds objects for ever */
}

saf_status p11_find_objects(p11_objects *out, const saf_p11_session *session, const p11_template *wanted, saf_error *err)
{
    SAF_TRY(p11_template_check(wanted, err));
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    CK_ATTRIBUTE *attributes = (CK_ATTRIBUTE *)(uintptr_t)wanted->attributes; /* Cryptoki only reads them here */
    OWN(p11_objects) found = { 0 };
    CK_RV answer = cryptoki->C_FindObjectsInit(session->handle, attributes, wanted->count);
    if (answer == CKR_OK) {
        answer = collect(&found, session);
        cryptoki->C_FindObjectsFinal(session->handle);
    }
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot search token %s", session->token.label);
    *out = found;
    found.handles = NULL;
    return SAF_OK;
}

saf_status p11_find_by_id(p11_objects *out, const saf_p11_session *session, CK_OBJECT_CLASS class, saf_bytes id,
                          saf_error *err)
{
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, class);
    p11_template_add_bytes(&wanted, CKA_ID, id);
    return p11_find_objects(out, session, &wanted, err);
}

CK_RV p11_create_object(CK_OBJECT_HANDLE *out, const saf_p11_session *session, p11_template *list)
{
    if (list->overflowed)
        return CKR_TEMPLATE_INCONSISTENT;
    return session->p11->cryptoki->C_CreateObject(session->handle, list->attributes, list->count, out);
}

saf_status p11_destroy_object(const saf_p11_session *session, CK_OBJECT_HANDLE object, const char *label, saf_error *err)
{
    CK_RV answer = session->p11->cryptoki->C_DestroyObject(session->handle, object);
    if (answer == CKR_OK || answer == CKR_OBJECT_HANDLE_INVALID)
        return SAF_OK;
    return p11_fail(err, answer, "token %s cannot destroy an object of key \"%s\"", session->token.label, label);
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

CK_RV p11_read_bytes(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out, size_t cap,
                     size_t *len)
{
    CK_ATTRIBUTE attribute = { type, out, cap };
    CK_RV answer = session->p11->cryptoki->C_GetAttributeValue(session->handle, object, &attribute, 1);
    *len = answer == CKR_OK && attribute.ulValueLen <= cap ? attribute.ulValueLen : 0;
    return answer;
}

bool p11_has_bytes(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, saf_bytes wanted)
{
    size_t len;
    unsigned char *value = malloc(wanted.len + 1);
    bool has = value && p11_read_bytes(session, object, type, value, wanted.len, &len) == CKR_OK && len == wanted.len &&
               !memcmp(value, wanted.data, len);
    free(value);
    return has;
}

bool p11_read_flag(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL flag = CK_FALSE;
    size_t len;
    return p11_read_bytes(session, object, type, &flag, sizeof flag, &len) == CKR_OK && len == sizeof flag && flag;
}

CK_ULONG p11_read_number(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG number = 0;
    size_t len;
    CK_RV answer = p11_read_bytes(session, object, type, &number, sizeof number, &len);
    return answer == CKR_OK && len == sizeof number ? number : 0;
}

CK_RV p11_read_date(int64_t *seconds, const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_DATE date;
    size_t len;
    CK_RV answer = p11_read_bytes(session, object, type, &date, sizeof date, &len);
    *seconds = len == sizeof date ? p11_seconds_of_date(&date) : 0;
    return answer;
}

CK_RV p11_read_uri(saf_p11_uri *out, const saf_p11_session *session, CK_OBJECT_HANDLE object, saf_p11_type type)
{
    *out = (saf_p11_uri) { .type = type };
    memcpy(out->token, session->token.label, sizeof out->token);
    size_t len;
    CK_RV answer = p11_read_bytes(session, object, CKA_LABEL, out->object, SAF_P11_OBJECT_MAX, &len);
    out->object[len] = '\0';
    if (p11_status(answer) == SAF_E_TOKEN_GONE || p11_status(answer) == SAF_E_NOT_FOUND)
        return answer;
    if (p11_read_bytes(session, object, CKA_ID, out->id, sizeof out->id, &out->id_len) != CKR_OK)
        out->id_len = 0;
    return CKR_OK;
}

saf_status p11_format_object_uri(char out[SAF_P11_URI_MAX], const saf_p11_uri *uri, saf_error *err)
{
    saf_status status = saf_p11_uri_format(out, SAF_P11_URI_MAX, uri, err);
    if (status != SAF_E_SPACE)
        return status;
    saf_p11_uri shorter = *uri;
    *shorter.object = '\0';
    return saf_p11_uri_format(out, SAF_P11_URI_MAX, &shorter, err);
}

/* ---- by URI ----------------------------------------------------------------------------------------------- */

static const char *type_words(saf_p11_type type)
{
    return type == SAF_P11_PRIVATE ? "private key" : "secret key";
}

static saf_status check_uri(const saf_p11_session *session, const saf_p11_uri *uri, saf_p11_type type, saf_error *err)
{
    const saf_p11_token *token = &session->token;
    if ((*uri->token && strcmp(uri->token, token->label)) || (*uri->serial && strcmp(uri->serial, token->serial)))
        return saf_fail(err, SAF_E_USAGE, "the URI names token %s, but token %s is open",
                        *uri->token ? uri->token : uri->serial, token->label);
    if (uri->type != SAF_P11_ANY && uri->type != type)
        return saf_fail(err, SAF_E_USAGE, "the URI has the type of something other than a %s", type_words(type));
    return SAF_OK;
}

saf_status p11_find_by_uri(p11_objects *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_p11_type type,
                           saf_error *err)
{
    static const saf_p11_uri any = { 0 };
    if (!uri)
        uri = &any;
    SAF_TRY(check_uri(session, uri, type, err));
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, type == SAF_P11_PRIVATE ? CKO_PRIVATE_KEY : CKO_SECRET_KEY);
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    if (*uri->object)
        p11_template_add_text(&wanted, CKA_LABEL, uri->object);
    if (uri->id_len)
        p11_template_add_bytes(&wanted, CKA_ID, saf_bytes_of(uri->id, uri->id_len));
    return p11_find_objects(out, session, &wanted, err);
}

/* `token ZWE.IDT has no secret key "jwtsecret" with id 00000002` */
static saf_status refuse_missing(const saf_p11_session *session, const saf_p11_uri *uri, saf_p11_type type, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_printf(&text, "token %s has no %s", session->token.label, type_words(type));
    if (uri && *uri->object)
        saf_buffer_printf(&text, " \"%s\"", uri->object);
    if (uri && uri->id_len)
        saf_buffer_append_text(&text, " with id ");
    for (size_t i = 0; uri && i < uri->id_len; i++)
        saf_buffer_printf(&text, "%02X", uri->id[i]);
    SAF_TRY(saf_buffer_check(&text, err));
    return saf_fail(err, SAF_E_NOT_FOUND, "%s", saf_buffer_text(&text));
}

saf_status p11_refuse_several(const saf_p11_session *session, const p11_objects *objects, saf_p11_type type, saf_error *err)
{
    OWN(saf_buffer) uris = { 0 };
    for (size_t i = 0; i < objects->count; i++) {
        saf_p11_uri uri;
        char text[SAF_P11_URI_MAX];
        if (p11_read_uri(&uri, session, objects->handles[i], type) != CKR_OK)
            continue;
        SAF_TRY(p11_format_object_uri(text, &uri, err));
        saf_buffer_printf(&uris, "%s%s", uris.len ? ", " : "", text);
    }
    SAF_TRY(saf_buffer_check(&uris, err));
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "several %ss match: %s", type_words(type), saf_buffer_text(&uris));
    saf_hint(err, "name one by its whole URI");
    return status;
}

saf_status p11_find_one(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_p11_type type,
                        saf_error *err)
{
    OWN(p11_objects) objects = { 0 };
    SAF_TRY(p11_find_by_uri(&objects, session, uri, type, err));
    if (objects.count == 0)
        return refuse_missing(session, uri, type, err);
    if (objects.count > 1)
        return p11_refuse_several(session, &objects, type, err);
    *out = objects.handles[0];
    return SAF_OK;
}
