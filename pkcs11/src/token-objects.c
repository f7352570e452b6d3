#include "login-lock.h"
#include "object.h"
#include "sequence.h"

#include <safring/token.h>

void saf_token_object_list_free(saf_token_object_list *list)
{
    if (!list)
        return;
    free(list->objects);
    *list = (saf_token_object_list) { 0 };
}

OWN_VALUE(saf_token_object_list, saf_token_object_list_free)

static saf_p11_type type_of(CK_OBJECT_CLASS class)
{
    switch (class) {
    case CKO_SECRET_KEY: return SAF_P11_SECRET_KEY;
    case CKO_PRIVATE_KEY: return SAF_P11_PRIVATE;
    case CKO_PUBLIC_KEY: return SAF_P11_PUBLIC;
    case CKO_CERTIFICATE: return SAF_P11_CERT;
    case CKO_DATA: return SAF_P11_DATA;
    default: return SAF_P11_ANY;
    }
}

static const char *key_type_name(CK_KEY_TYPE type)
{
    switch (type) {
    case CKK_RSA: return "RSA";
    case CKK_EC: return "EC";
    case CKK_EC_EDWARDS: return "EdDSA";
    case CKK_AES: return "AES";
    case CKK_GENERIC_SECRET: return "generic";
    default: return NULL;
    }
}

static bool is_key(saf_p11_type type)
{
    return type == SAF_P11_SECRET_KEY || type == SAF_P11_PRIVATE || type == SAF_P11_PUBLIC;
}

static saf_status describe_uri(saf_token_object *out, const saf_p11_uri *uri, saf_error *err)
{
    memcpy(out->label, uri->object, sizeof out->label);
    memcpy(out->id, uri->id, uri->id_len);
    out->id_len = uri->id_len;
    char text[SAF_P11_URI_MAX];
    if (out->type == SAF_P11_ANY)
        return SAF_OK;
    SAF_TRY(p11_format_object_uri(text, uri, err));
    memcpy(out->uri, text, sizeof text);
    return SAF_OK;
}

/* False: it went away meanwhile. */
static saf_status describe(saf_token_object *out, bool *there, const saf_p11_session *session, CK_OBJECT_HANDLE object, saf_error *err)
{
    saf_p11_uri uri;
    *out = (saf_token_object) { .type = type_of(p11_read_number(session, object, CKA_CLASS)) };
    CK_RV answer = p11_read_uri(&uri, session, object, out->type);
    *there = answer != CKR_OBJECT_HANDLE_INVALID;
    if (!*there)
        return SAF_OK;
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot read an object of token %s", session->token.label);
    out->is_private = p11_read_flag(session, object, CKA_PRIVATE);
    if (is_key(out->type)) {
        out->key_type = key_type_name(p11_read_number(session, object, CKA_KEY_TYPE));
        out->sensitive = p11_read_flag(session, object, CKA_SENSITIVE);
        out->extractable = p11_read_flag(session, object, CKA_EXTRACTABLE);
        out->generated = p11_read_flag(session, object, CKA_LOCAL);
    }
    out->is_counter = p11_sequence_is_counter(session, object);
    return describe_uri(out, &uri, err);
}

static int compare(const void *a, const void *b)
{
    const saf_token_object *left = a, *right = b;
    if (left->type != right->type)
        return left->type < right->type ? -1 : 1;
    int order = strcmp(left->label, right->label);
    if (order)
        return order;
    order = memcmp(left->id, right->id, left->id_len < right->id_len ? left->id_len : right->id_len);
    return order ? order : (left->id_len > right->id_len) - (left->id_len < right->id_len);
}

static saf_status list(saf_token_object_list *out, const saf_p11_session *session, saf_error *err)
{
    p11_template wanted = { 0 };
    OWN(p11_objects) found = { 0 };
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    SAF_TRY(p11_find_objects(&found, session, &wanted, err));
    out->objects = calloc(found.count + 1, sizeof *out->objects);
    if (!out->objects)
        return saf_fail_memory(err);
    for (size_t i = 0; i < found.count; i++) {
        bool there;
        SAF_TRY(describe(&out->objects[out->count], &there, session, found.handles[i], err));
        out->count += there;
    }
    qsort(out->objects, out->count, sizeof *out->objects, compare);
    return SAF_OK;
}

saf_status saf_token_list_objects(saf_token_object_list *out, saf_p11_session *session, saf_error *err)
{
    OWN(saf_token_object_list) made = { 0 };
    OWN(p11_guard) guard = { 0 };
    uint32_t highest;
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(list(&made, session, err));
    SAF_TRY(p11_sequence_compare(&made.last_sequence, &highest, session, err));
    *out = made;
    made.objects = NULL;
    return SAF_OK;
}
