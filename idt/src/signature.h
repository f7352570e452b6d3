/**
 * @file
 * How signatures are made and checked: one table of functions per family of algorithms, one file per family.
 */
#ifndef IDT_SIGNATURE_H
#define IDT_SIGNATURE_H

#include "key.h"
#include "wipe.h"

#include <safring/idt.h>

#include <openssl/evp.h>

/** What a lane keeps for a key it has used: libcrypto's contexts, ready for the next message. Which are set is the
 *  family's affair. */
typedef struct idt_context {
    uint64_t key_id[2];
    const idt_path *path; /* NULL: everything is libcrypto's */
    EVP_MAC_CTX *mac;
    EVP_MD_CTX *md;
    EVP_PKEY_CTX *pkey;
} idt_context;

typedef struct idt_family {
    /** Whether libcrypto's key fits the algorithm. NULL: such keys are not for this family. */
    saf_status (*check)(const idt_algorithm *algorithm, EVP_PKEY *pkey, saf_error *err);
    /** Fill an empty context for @p key. NULL: the family needs none. */
    saf_status (*prepare)(idt_context *context, const idt_key *key);
    /** Sign into @p out, which has room for SAF_IDT_SIGNATURE_MAX bytes, in JWS form. */
    saf_status (*sign)(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len);
    /** Whether @p signature is the key's for @p message. Not SAF_OK: it could not be told. */
    saf_status (*verify)(idt_context *context, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good);
} idt_family;

extern const idt_family idt_family_none;
extern const idt_family idt_family_callback;
extern const idt_family idt_family_hmac;
extern const idt_family idt_family_rsa_pkcs1;
extern const idt_family idt_family_rsa_pss;
extern const idt_family idt_family_ecdsa;
extern const idt_family idt_family_eddsa;

/** Free what the context holds and make it empty. */
void idt_context_clear(idt_context *context);

/** Make context->md ready to hash with the algorithm's digest. */
saf_status idt_context_prepare_digest(idt_context *context, const idt_algorithm *algorithm);

/** Make context->pkey ready to sign or to verify hashes, whichever the key is for. */
saf_status idt_context_prepare_pkey(idt_context *context, const idt_key *key);

/** The hash of @p message, by the path or by a prepared digest. */
saf_status idt_context_hash(idt_context *context, const idt_algorithm *algorithm, saf_bytes message, unsigned char hash[EVP_MAX_MD_SIZE],
                            size_t *hash_len);

/** Whether libcrypto accepts the signature of a hash, in libcrypto's form. */
bool idt_context_accepts(idt_context *context, saf_bytes signature, const unsigned char *hash, size_t hash_len);


#endif
