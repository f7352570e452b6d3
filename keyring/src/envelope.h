/**
 * @file
 * How secrets are sealed: AES-256-GCM, bound to what they belong to (FORMAT.md describes the bytes).
 *
 * *Wrapping* encrypts under a key directly. *Sealing* makes a random data key, encrypts under that, and wraps the data
 * key, so that a key of many records encrypts nothing but keys. What is opened under another key or with another @p
 * context than it was made with is refused: nothing can be moved from one record to another.
 */
#ifndef KEYRING_ENVELOPE_H
#define KEYRING_ENVELOPE_H

#include <base/buffer.h>

#include <safring/secret.h>

enum { SAF_ENVELOPE_KEY_LEN = 32 };

/** Encrypt @p plain under @p key; appends to @p out. */
saf_status saf_envelope_wrap(saf_buffer *out, const saf_secret *key, saf_bytes context, saf_bytes plain,
                             saf_error *err);

/** SAF_E_DENIED: wrong key, wrong context, or altered bytes; SAF_E_UNSUPPORTED: made by a newer release. */
saf_status saf_envelope_unwrap(saf_secret *out, const saf_secret *key, saf_bytes context, saf_bytes wrapped,
                               saf_error *err);

/** As wrap, with a data key of its own. */
saf_status saf_envelope_seal(saf_buffer *out, const saf_secret *key, saf_bytes context, saf_bytes plain,
                             saf_error *err);

/** As unwrap, for what was sealed. */
saf_status saf_envelope_open(saf_secret *out, const saf_secret *key, saf_bytes context, saf_bytes sealed,
                             saf_error *err);

#endif
