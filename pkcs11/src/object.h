/** @file Objects in a token: finding them, reading their attributes. Internal to this room. */
#ifndef OBJECT_H
#define OBJECT_H

#include "session.h"

typedef struct p11_objects {
    CK_OBJECT_HANDLE *handles;
    size_t count;
} p11_objects;

void p11_objects_free(p11_objects *objects);

OWN_VALUE(p11_objects, p11_objects_free)

/** All objects that have the attributes of @p wanted. */
saf_status p11_find_objects(p11_objects *out, const saf_p11_session *session, const p11_template *wanted, saf_error *err);

/** All token objects of that type (secret key or private) that have the label and id of @p uri (may be NULL). SAF_E_USAGE: it
 *  names another token or type. */
saf_status p11_find_by_uri(p11_objects *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_p11_type type,
                           saf_error *err);

/** The one such object. SAF_E_NOT_FOUND; SAF_E_CONFLICT, and the text lists the URIs of those that match. */
saf_status p11_find_one(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_uri *uri, saf_p11_type type,
                        saf_error *err);

/** The failure of finding more than one: the text lists their URIs. */
saf_status p11_refuse_several(const saf_p11_session *session, const p11_objects *objects, saf_p11_type type, saf_error *err);

/** All objects of that class and CKA_ID, whatever their label. Also those of this process's sessions, because a copy that a
 *  kill interrupted is in the token and says that it is not. */
saf_status p11_find_by_id(p11_objects *out, const saf_p11_session *session, CK_OBJECT_CLASS class, saf_bytes id,
                          saf_error *err);

/** Make an object. */
CK_RV p11_create_object(CK_OBJECT_HANDLE *out, const saf_p11_session *session, p11_template *list);

/** Destroy an object of the key with that label; SAF_OK when another process has done so. */
saf_status p11_destroy_object(const saf_p11_session *session, CK_OBJECT_HANDLE object, const char *label, saf_error *err);

/** Read one attribute of at most @p cap bytes; *len is 0 when the object has none or one that is longer. */
CK_RV p11_read_bytes(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out, size_t cap,
                     size_t *len);

/** Whether an attribute can be read and is just this. */
bool p11_has_bytes(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, saf_bytes wanted);

/** The flag or number; false or 0 when the object has none. */
bool p11_read_flag(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
CK_ULONG p11_read_number(const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

/** The first second of a date; 0 and CKR_OK when it is empty. */
CK_RV p11_read_date(int64_t *seconds, const saf_p11_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

/** Set the parts of a URI that name this object: token, label, id and @p type. What is too long for a URI is left out. */
CK_RV p11_read_uri(saf_p11_uri *out, const saf_p11_session *session, CK_OBJECT_HANDLE object, saf_p11_type type);

/** Write such a URI; without the label when both do not fit. */
saf_status p11_format_object_uri(char out[SAF_P11_URI_MAX], const saf_p11_uri *uri, saf_error *err);

#endif
