/** @file Sequence numbers of a token's keys, as ICSF gives them. Internal to this room. */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "session.h"

enum { P11_SEQUENCE_SIZE = 4 }; /* of CKA_ID, big endian */

void p11_sequence_write(unsigned char out[P11_SEQUENCE_SIZE], uint32_t sequence);

/** The number in a CKA_ID; 0 when it is none of ours. */
uint32_t p11_sequence_read(const unsigned char *id, size_t id_len);

/** Assign the next number, never to be assigned again in this token; with the guard held. */
saf_status p11_sequence_assign(uint32_t *out, const saf_p11_session *session, saf_error *err);

/** Whether an object is the one in which the last number is kept. */
bool p11_sequence_is_counter(const saf_p11_session *session, CK_OBJECT_HANDLE object);

/** The last number that is recorded (0: none), and the highest that a secret key has; with the guard held. */
saf_status p11_sequence_compare(uint32_t *recorded, uint32_t *highest, const saf_p11_session *session, saf_error *err);

/** Record a number as the last one; with the guard held. */
saf_status p11_sequence_record(const saf_p11_session *session, uint32_t sequence, saf_error *err);

#endif
