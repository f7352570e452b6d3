/** @file The key that protects the store key: a file in the store's directory, or scrypt of a passphrase. */
#ifndef KEYRING_MASTER_KEY_H
#define KEYRING_MASTER_KEY_H

#include <base/buffer.h>

#include <safring/store.h>

/** The parameters of scrypt that new stores get: 128 MiB and about half a second for each guess. */
enum { MASTER_SCRYPT_N = 1 << 17, MASTER_SCRYPT_R = 8, MASTER_SCRYPT_P = 1 };

/** Make DIR/master.key, mode 0400, unless it is there. */
saf_status master_key_make_file(const char *dir, saf_error *err);

/** Read DIR/master.key. SAF_E_DENIED when others may read it or it is another user's, SAF_E_FAILED when it is missing. */
saf_status master_key_read_file(saf_secret *out, const char *dir, saf_error *err);

/** Fresh parameters for a passphrase, as they are kept in the database: a random salt, N, r, p. */
saf_status master_key_new_parameters(saf_buffer *out, saf_error *err);

/** Whether a passphrase, or where it is, was given. */
bool master_key_has_passphrase(const saf_store_options *options);

/** The master key of the passphrase that @p options gives; @p dir is for texts. SAF_E_DENIED when none is given or its source does not
 *  have it, never SAF_E_NOT_FOUND, by which callers know that there is no store. */
saf_status master_key_from_passphrase(saf_secret *out, const char *dir, const saf_store_options *options,
                                      saf_bytes parameters, saf_error *err);

#endif
