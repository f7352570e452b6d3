/** @file The key that protects the store key: a file in the store's directory, or scrypt of a passphrase. */
#ifndef KEYRING_MASTER_KEY_H
#define KEYRING_MASTER_KEY_H

#include <base/buffer.h>

#include <safring/secret.h>

/** The parameters of scrypt that new stores get: 128 MiB and about half a second for each guess. */
enum { MASTER_SCRYPT_N = 1 << 17, MASTER_SCRYPT_R = 8, MASTER_SCRYPT_P = 1 };

/** Make DIR/master.key, mode 0400, unless it is there. */
saf_status master_key_make_file(const char *dir, saf_error *err);

/** Read DIR/master.key. SAF_E_DENIED when others may read it. */
saf_status master_key_read_file(saf_secret *out, const char *dir, saf_error *err);

/** Fresh parameters for a passphrase, as they are kept in the database: a random salt, N, r, p. */
saf_status master_key_new_parameters(saf_buffer *out, saf_error *err);

/** The master key of a passphrase. @p source is a secret source; @p dir is for texts. */
saf_status master_key_from_passphrase(saf_secret *out, const char *dir, const char *source, saf_bytes parameters,
                                      saf_error *err);

#endif
