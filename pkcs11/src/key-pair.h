/** @file Key pairs of a module, kept for whoever asks for them again. Internal to this room. */
#ifndef KEY_PAIR_H
#define KEY_PAIR_H

#include "module.h"

/** Free all of them, when the module is closed. */
void p11_key_pairs_free(saf_p11 *p11);

#endif
