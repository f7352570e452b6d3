/**
 * @file
 * What vouches for the rows of a store's database: keys that come from the store key, which whoever writes the file without the master key has not.
 * FORMAT.md (*Authentic rows*) describes the bytes.
 */
#ifndef KEYRING_AUTHENTICATOR_H
#define KEYRING_AUTHENTICATOR_H

#include "storage.h"

#include <safring/secret.h>

/** The keys: of the rows' MACs, of what each adds to the sum, and of the sum's envelope. All are 32 bytes. */
struct authenticator_keys {
    const saf_secret *row, *sum, *seal;
};

typedef struct authenticator authenticator;

/** For the store with that id. Nothing is borrowed. */
saf_status authenticator_open(authenticator **out, const struct authenticator_keys *keys, const char *id, saf_error *err);
void authenticator_close(authenticator **authenticator);
OWN_HANDLE(authenticator, authenticator_close)

/** Let it vouch for the rows of @p storage, which must not outlive it. */
void authenticator_attach(authenticator *authenticator, struct storage *storage);

#endif
