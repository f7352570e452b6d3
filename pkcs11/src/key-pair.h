/** @file Key pairs of a module, kept for whoever asks for them again. Internal to this room. */
#ifndef KEY_PAIR_H
#define KEY_PAIR_H

#include "module.h"

/** Keep those of a slot for whoever has them, and give them to nobody else: its login was lost, and with it what they
 *  know of the token. With the guard held. */
void p11_key_pairs_retire(saf_p11 *p11, CK_SLOT_ID slot);

/** Likewise those of an object that was destroyed: a later one may get its handle. With the guard held. */
void p11_key_pairs_retire_object(saf_p11 *p11, CK_SLOT_ID slot, CK_OBJECT_HANDLE object);

/** Likewise all of them: the module was started anew. With the guard held. */
void p11_key_pairs_retire_all(saf_p11 *p11);

/** Whether somebody may be using one that is not retired. With the guard held. */
bool p11_key_pairs_in_use(const saf_p11 *p11);

/** Free all of them, when the module is closed. */
void p11_key_pairs_free(saf_p11 *p11);

#endif
