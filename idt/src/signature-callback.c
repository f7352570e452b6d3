#include "signature.h"

#include <openssl/crypto.h>

/* A length that is not the algorithm's would make tokens that nobody accepts, or read past the end: do not trust it. */
static saf_status callback_sign(idt_context *context, const idt_key *key, saf_bytes message, unsigned char *out,
                                size_t *out_len)
{
    (void)context;
    size_t len = 0;
    saf_status status = key->call(key->call_context, message, out, &len);
    if (status == SAF_E_USAGE || status == SAF_E_SPACE) /* of the call in there, not of ours: the claims and the room are right */
        return SAF_E_FAILED;
    if (status != SAF_OK)
        return status;
    size_t fixed = key->algorithm->signature_len;
    if (len == 0 || len > SAF_IDT_SIGNATURE_MAX || (fixed && len != fixed))
        return SAF_E_FAILED;
    *out_len = len;
    return SAF_OK;
}

static saf_status callback_verify(idt_context *context, const idt_key *key, saf_bytes message, saf_bytes signature,
                                  bool *good)
{
    unsigned char expected[SAF_IDT_SIGNATURE_MAX];
    size_t len = 0;
    saf_status status = callback_sign(context, key, message, expected, &len);
    *good = status == SAF_OK && idt_same_secret(saf_bytes_of(expected, len), signature);
    OPENSSL_cleanse(expected, sizeof expected);
    return status;
}

const idt_family idt_family_callback = { .sign = callback_sign, .verify = callback_verify };
