/**
 * @file
 * Start and end date of a key. Internal to this room.
 *
 * SoftHSM 2.6.1 takes CKA_START_DATE and CKA_END_DATE of a private object but cannot read them again (it decrypts what it
 * never encrypted). So the dates are also in a data object that the key's sequence number names; where the token gives the
 * attributes back, that object is not kept.
 */
#ifndef KEY_DATES_H
#define KEY_DATES_H

#include "session.h"

/** Seconds of the first moment of a day; 0: none. */
typedef struct p11_dates {
    int64_t start, end;
} p11_dates;

/** Record the dates of the key that will get @p sequence; *out is CK_INVALID_HANDLE when there are none. */
saf_status p11_dates_record(CK_OBJECT_HANDLE *out, const saf_p11_session *session, uint32_t sequence, p11_dates dates,
                            saf_error *err);

/** Whether the key itself says its dates. */
bool p11_dates_are_readable(const saf_p11_session *session, CK_OBJECT_HANDLE key);

/** Destroy the record of a key that is no more. */
void p11_dates_forget(const saf_p11_session *session, uint32_t sequence);

/** The dates of a key, from itself or from the record. @p sequence is 0 when it has none. */
p11_dates p11_dates_read(const saf_p11_session *session, CK_OBJECT_HANDLE key, uint32_t sequence);

#endif
