/**
 * @file
 * How long a secret key is. Internal to this room.
 *
 * SoftHSM 2.6.1 forgets the length of a key that it unwraps, and takes no CKA_VALUE_LEN with it. So the length is then in a data object that the key's
 * sequence number names, as its dates are (key-dates.h); where the token tells the length, that object is not kept.
 */
#ifndef KEY_LEN_H
#define KEY_LEN_H

#include "session.h"

/** Record the length of the key that will get @p sequence. */
saf_status p11_len_record(CK_OBJECT_HANDLE *out, const saf_p11_session *session, uint32_t sequence, size_t len, saf_error *err);

/** CKA_VALUE_LEN, or what is recorded; 0: nobody knows. @p sequence is 0 when it has none. */
size_t p11_len_read(const saf_p11_session *session, CK_OBJECT_HANDLE key, uint32_t sequence);

/** Destroy the record of a key that is no more. */
void p11_len_forget(const saf_p11_session *session, uint32_t sequence);

#endif
