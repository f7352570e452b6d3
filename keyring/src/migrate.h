/** @file A store that an older release made. */
#ifndef KEYRING_MIGRATE_H
#define KEYRING_MIGRATE_H

#include "store.h"

/** Bring the database of an unlocked store to this release's schema, unless it has that. SAF_E_DENIED: it cannot be written. */
saf_status migrate_store(saf_store *store, saf_error *err);

#endif
