#include "signature.h"

void idt_context_clear(idt_context *context)
{
    EVP_MAC_CTX_free(context->mac);
    EVP_MD_CTX_free(context->md);
    EVP_PKEY_CTX_free(context->pkey);
    *context = (idt_context) { 0 };
}

saf_status idt_context_prepare_digest(idt_context *context, const idt_algorithm *algorithm)
{
    context->md = EVP_MD_CTX_new();
    return context->md && EVP_DigestInit_ex2(context->md, algorithm->digest(), NULL) ? SAF_OK : SAF_E_FAILED;
}

saf_status idt_context_prepare_pkey(idt_context *context, const idt_key *key)
{
    context->pkey = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (!context->pkey)
        return SAF_E_FAILED;
    int ready = key->use == IDT_TO_SIGN ? EVP_PKEY_sign_init(context->pkey) : EVP_PKEY_verify_init(context->pkey);
    return ready == 1 && EVP_PKEY_CTX_set_signature_md(context->pkey, key->algorithm->digest()) > 0 ? SAF_OK
                                                                                                   : SAF_E_FAILED;
}

static saf_status hash_by_libcrypto(idt_context *context, saf_bytes message, unsigned char hash[EVP_MAX_MD_SIZE], size_t *hash_len)
{
    unsigned len = 0;
    /* Without a digest the context is set back to the one it has, which costs neither a lookup nor an allocation. */
    if (!EVP_DigestInit_ex2(context->md, NULL, NULL) || !EVP_DigestUpdate(context->md, message.data, message.len) ||
        !EVP_DigestFinal_ex(context->md, hash, &len))
        return SAF_E_FAILED;
    *hash_len = len;
    return SAF_OK;
}

saf_status idt_context_hash(idt_context *context, const idt_algorithm *algorithm, saf_bytes message, unsigned char hash[EVP_MAX_MD_SIZE],
                            size_t *hash_len)
{
    if (!context->path || !idt_hmac_way(context->path, algorithm->hash))
        return hash_by_libcrypto(context, message, hash, hash_len);
    idt_hash(context->path, algorithm->hash, message, hash);
    *hash_len = algorithm->hash->digest_len;
    return SAF_OK;
}

/* libcrypto answers "wrong" and "not even a signature" differently; both are the sender's doing. */
bool idt_context_accepts(idt_context *context, saf_bytes signature, const unsigned char *hash, size_t hash_len)
{
    return EVP_PKEY_verify(context->pkey, signature.data, signature.len, hash, hash_len) == 1;
}
