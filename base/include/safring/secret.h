/**
 * @file
 * Secrets: PINs, passphrases, key bytes.
 *
 * A saf_secret owns its bytes, which live in OpenSSL's secure heap when the program has one
 * (CRYPTO_secure_malloc_init), are wiped when freed, and are always followed by one zero byte that is
 * not counted. There is deliberately no way to print one, to compare two with anything but
 * saf_secret_equal(), or to take one from a command-line argument.
 *
 * A *source* names a place that holds a secret, in the form that the --pin-source, --password-source
 * and --store-secret-source options take:
 *
 *     file:PATH   the file's content
 *     fd:N        what can be read from the open file descriptor N
 *     env:NAME    the environment variable NAME
 *     cred:NAME   the file NAME in $CREDENTIALS_DIRECTORY (systemd)
 *
 * One trailing newline is dropped. Sources are safe to show; they are never secrets themselves.
 *
 *     saf_secret pin = {0};
 *     saf_status status = saf_secret_from_source(&pin, "file:pin", &err);
 *     …
 *     saf_secret_free(&pin);
 */
#ifndef SAFRING_SECRET_H
#define SAFRING_SECRET_H

#include <safring/bytes.h>
#include <safring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The longest secret that a source may hold, in bytes. */
enum { SAF_SECRET_MAX = 4096 };

/** An owned secret; {0} is an empty one. */
typedef struct saf_secret {
    unsigned char *data; /**< NULL when empty */
    size_t len;          /**< in bytes, without the terminator */
} saf_secret;

/**
 * Copy @p bytes into a new secret.
 *
 * @param out  receives the secret; what it held before is wiped and freed
 * @retval SAF_E_MEMORY
 */
saf_status saf_secret_set(saf_secret *out, saf_bytes bytes, saf_error *err);

/**
 * Read a secret from a source (forms above).
 *
 * @retval SAF_E_USAGE      the source has no known form
 * @retval SAF_E_NOT_FOUND  file, variable or credential is not there
 * @retval SAF_E_DENIED     the file may not be read, or anybody may write it (who writes it chooses the secret)
 * @retval SAF_E_MALFORMED  empty, longer than SAF_SECRET_MAX, or holds a zero byte
 * @retval SAF_E_IO, SAF_E_MEMORY
 */
saf_status saf_secret_from_source(saf_secret *out, const char *source, saf_error *err);

/**
 * Whether more users than a file's owner and, for reading, its group can get at the secret behind a file: source. 1 or 0.
 * Reading it is allowed all the same; a program that talks to a person should say so.
 */
int saf_secret_source_is_exposed(const char *source);

/** Whether two secrets are the same; takes a time that depends on their lengths alone. 1 or 0. */
int saf_secret_equal(const saf_secret *a, const saf_secret *b);

/** Borrow a secret's bytes. */
static inline saf_bytes saf_secret_bytes(const saf_secret *secret)
{
    return saf_bytes_of(secret->data, secret->len);
}

/** Wipe, free, and make empty. @p secret may be NULL or empty. */
void saf_secret_free(saf_secret *secret);

#ifdef __cplusplus
}
#endif

#endif
