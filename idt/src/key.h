/** @file A key bound to one algorithm and one use: what a signer and a verifier have in common. */
#ifndef IDT_KEY_H
#define IDT_KEY_H

#include "algorithm.h"
#include "hmac.h"

#include <safring/secret.h>

struct saf_idt_lane;

typedef enum idt_use { IDT_TO_SIGN, IDT_TO_VERIFY } idt_use;

/** Immutable once made, so that threads share it. Exactly one of secret, pkey and call is set; none for unsigned tokens. */
typedef struct idt_key {
    const idt_algorithm *algorithm;
    const struct idt_family *family; /**< the algorithm's, or the callback's */
    idt_use use;
    uint64_t id[2];       /**< random: how lanes know it again. An address could be another key's by then. */
    size_t signature_len; /**< bytes; for a callback of an RSA algorithm the most there may be */
    saf_secret secret;
    idt_hmac_key *hmac;   /**< of the secret; NULL where libcrypto hashes */
    EVP_PKEY *pkey;
    saf_idt_sign_fn call;
    void *call_context;
} idt_key;

/** Fill an empty key. On failure it is to be freed all the same. SAF_E_USAGE, SAF_E_MEMORY, SAF_E_FAILED. */
saf_status idt_key_from_bytes(idt_key *out, saf_idt_alg alg, idt_use use, saf_bytes bytes, saf_error *err);
saf_status idt_key_from_pkey(idt_key *out, saf_idt_alg alg, idt_use use, EVP_PKEY *pkey, saf_error *err);
saf_status idt_key_from_callback(idt_key *out, saf_idt_alg alg, idt_use use, saf_idt_sign_fn call, void *context,
                                 saf_error *err);
void idt_key_from_nothing(idt_key *out, idt_use use);

void idt_key_free(idt_key *key);

/** The key's states for HMAC if the lane's path hashes itself; else NULL. */
const idt_hmac_key *idt_key_hmac(const struct saf_idt_lane *lane, const idt_key *key);

/** Sign with the lane's context for @p key; @p out has room for SAF_IDT_SIGNATURE_MAX bytes. */
saf_status idt_key_sign(struct saf_idt_lane *lane, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len);

/** As the family's verify, with the lane's context for @p key. */
saf_status idt_key_verify(struct saf_idt_lane *lane, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good);

/** A kid as it may stand in a header: 1 to SAF_IDT_KID_MAX characters of printable ASCII without " and \; NULL is none. */
saf_status idt_kid_check(const char *kid, saf_error *err);

/** Printable ASCII that stands in a JSON string as it is, 1 to @p max characters. */
bool idt_is_plain_text(saf_bytes text, size_t max);

#endif
