#include "signer.h"
#include "lane.h"

#include <base/base64url.h>
#include <base/fail.h>
#include <base/own.h>

#include <idt/raw.h>

#include <openssl/crypto.h>

OWN_HANDLE(saf_idt_signer, saf_idt_signer_free)

static saf_status signer_new(saf_idt_signer **out, const char *kid, saf_error *err)
{
    SAF_TRY(idt_kid_check(kid, err));
    saf_idt_signer *signer = calloc(1, sizeof *signer);
    if (!signer)
        return saf_fail_memory(err);
    *out = signer;
    return SAF_OK;
}

static saf_idt_signer *with_header(saf_idt_signer *signer, const char *kid)
{
    signer->header_len = idt_header_write(signer->header, signer->key.algorithm->name, kid);
    return signer;
}

saf_status saf_idt_signer_from_bytes(saf_idt_signer **out, saf_idt_alg alg, saf_bytes key, const char *kid, saf_error *err)
{
    OWN(saf_idt_signer) *signer = NULL;
    SAF_TRY(signer_new(&signer, kid, err));
    SAF_TRY(idt_key_from_bytes(&signer->key, alg, IDT_TO_SIGN, key, err));
    *out = with_header(GIVE(&signer), kid);
    return SAF_OK;
}

saf_status saf_idt_signer_from_key(saf_idt_signer **out, saf_idt_alg alg, EVP_PKEY *key, const char *kid, saf_error *err)
{
    OWN(saf_idt_signer) *signer = NULL;
    SAF_TRY(signer_new(&signer, kid, err));
    SAF_TRY(idt_key_from_pkey(&signer->key, alg, IDT_TO_SIGN, key, err));
    *out = with_header(GIVE(&signer), kid);
    return SAF_OK;
}

saf_status saf_idt_signer_from_callback(saf_idt_signer **out, saf_idt_alg alg, saf_idt_sign_fn sign, void *context,
                                        const char *kid, saf_error *err)
{
    OWN(saf_idt_signer) *signer = NULL;
    SAF_TRY(signer_new(&signer, kid, err));
    SAF_TRY(idt_key_from_callback(&signer->key, alg, IDT_TO_SIGN, sign, context, err));
    *out = with_header(GIVE(&signer), kid);
    return SAF_OK;
}

saf_status saf_idt_signer_unsigned(saf_idt_signer **out, saf_error *err)
{
    OWN(saf_idt_signer) *signer = NULL;
    SAF_TRY(signer_new(&signer, NULL, err));
    idt_key_from_nothing(&signer->key, IDT_TO_SIGN);
    *out = with_header(GIVE(&signer), NULL);
    return SAF_OK;
}

void saf_idt_signer_free(saf_idt_signer **signer)
{
    if (!signer || !*signer)
        return;
    idt_key_free(&(*signer)->key);
    free(*signer);
    *signer = NULL;
}

size_t saf_idt_signer_token_max(const saf_idt_signer *signer)
{
    return signer->header_len + saf_base64url_encoded_len(IDT_COMMON_MAX + IDT_OWN_MAX) + 1 +
           saf_base64url_encoded_len(signer->key.signature_len);
}

saf_status saf_idt_raw_sign(saf_idt_lane *lane, const saf_idt_signer *signer, saf_bytes message, unsigned char *out,
                            size_t *out_len)
{
    return idt_key_sign(lane, &signer->key, message, out, out_len);
}
