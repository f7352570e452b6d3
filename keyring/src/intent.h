/** @file Intents as the rest of the room uses them. */
#ifndef KEYRING_INTENT_H
#define KEYRING_INTENT_H

#include "store.h"

/** Note an intent as a part of a change, whose step is open. */
saf_status intent_note(uint64_t *number, saf_change *change, saf_intent_kind kind, const char *uri, saf_error *err);

#endif
