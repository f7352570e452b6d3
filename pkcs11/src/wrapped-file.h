/** @file The text that holds a wrapped key: pkcs11/WRAPPED.md says what is in it. Internal to this room. */
#ifndef WRAPPED_FILE_H
#define WRAPPED_FILE_H

#include <safring/secret-key.h>

#include <base/buffer.h>

enum {
    WRAPPED_SALT_MAX = 64,
    WRAPPED_SALT_MIN = 16,
    WRAPPED_KEY_MAX = SAF_P11_SECRET_MAX + 8,
    WRAPPED_PROOF_MAX = 32,
    WRAPPED_DIGEST_LEN = 32
};

/** What scrypt (RFC 7914) is to do; refused on reading when it would take more than 256 MiB or four times as long as what we write. */
typedef struct wrapped_scrypt {
    uint64_t n;
    uint32_t r, p;
    unsigned char salt[WRAPPED_SALT_MAX];
    size_t salt_len;
} wrapped_scrypt;

typedef struct wrapped_file {
    saf_p11_wrapped about;
    wrapped_scrypt scrypt; /* about.by_passphrase */
    unsigned char key[WRAPPED_KEY_MAX];
    size_t key_len;
    unsigned char proof[WRAPPED_PROOF_MAX];
    size_t proof_len;
} wrapped_file;

/** What HKDF is bound to: all but the wrapped key. */
saf_status wrapped_context(saf_buffer *out, const wrapped_file *file, saf_error *err);

/** What the key itself vouches for: that and the wrapped key. */
saf_status wrapped_statement(saf_buffer *out, const wrapped_file *file, saf_error *err);

/** Write the text. SAF_E_UNSUPPORTED: a label that is not UTF-8. */
saf_status wrapped_write(saf_buffer *out, const wrapped_file *file, saf_error *err);

/** Read it; all lengths, numbers and the digest are checked before anything is done with them. SAF_E_MALFORMED, SAF_E_UNSUPPORTED. */
saf_status wrapped_read(wrapped_file *out, saf_bytes text, saf_error *err);

#endif
