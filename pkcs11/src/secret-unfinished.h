/**
 * @file
 * Keys whose making was interrupted. Internal to this room.
 *
 * SoftHSM 2.6.1 writes a key's attributes first and its value then: a kill in between leaves a key that looks right and signs nothing. So the number of
 * a key that is being made is in a data object meanwhile. Whoever makes or destroys a key next destroys what was left; until then nobody is shown it.
 * Other modules make a key at once, and have no lock under which it would be certain that nobody is at work.
 */
#ifndef SECRET_UNFINISHED_H
#define SECRET_UNFINISHED_H

#include "secret-key.h"

/** Note that the key of that number is being made; with the guard held. *out is to be destroyed when it is there; CK_INVALID_HANDLE: nothing was noted. */
saf_status p11_unfinished_note(CK_OBJECT_HANDLE *out, const saf_p11_session *session, uint32_t sequence, saf_error *err);

/** Destroy what was interrupted; with the guard held. */
saf_status p11_unfinished_clear(const saf_p11_session *session, saf_error *err);

/** Take such keys out of what was found. */
saf_status p11_unfinished_hide(p11_objects *keys, const saf_p11_session *session, saf_error *err);

#endif
