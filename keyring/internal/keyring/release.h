/** @file The record of private keys that leave the store as files: written by the floor that makes those. */
#ifndef KEYRING_RELEASE_H
#define KEYRING_RELEASE_H

#include <safring/store.h>

/** Record that the private key of @p cert is given out (action key-export), before it is: on disk when this returns, or, when a change is open on the
 *  store, with that. @p ring: the ring that it is taken from, "OWNER/NAME", or NULL. From a publication nothing is recorded: its reader has no store. */
saf_status saf_store_record_key_export(saf_store *store, const saf_principal *who, const saf_cert *cert, const char *ring, const char *format, saf_error *err);

#endif
