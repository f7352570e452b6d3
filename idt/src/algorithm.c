#include "algorithm.h"
#include "signature.h"

#include <base/fail.h>

/* RFC 7518 3.1; RFC 8037 3.1. Another algorithm is another row, and a family only when its mathematics is new. */
static const idt_algorithm algorithms[] = {
    { SAF_IDT_ALG_NONE, "none", &idt_family_none, NULL, 0, NULL, { NULL } },
    { SAF_IDT_HS256, "HS256", &idt_family_hmac, EVP_sha256, 32, &idt_sha256, { NULL } },
    { SAF_IDT_HS384, "HS384", &idt_family_hmac, EVP_sha384, 48, &idt_sha384, { NULL } },
    { SAF_IDT_HS512, "HS512", &idt_family_hmac, EVP_sha512, 64, &idt_sha512, { NULL } },
    { SAF_IDT_RS256, "RS256", &idt_family_rsa_pkcs1, EVP_sha256, 0, &idt_sha256, { NULL } },
    { SAF_IDT_RS384, "RS384", &idt_family_rsa_pkcs1, EVP_sha384, 0, &idt_sha384, { NULL } },
    { SAF_IDT_RS512, "RS512", &idt_family_rsa_pkcs1, EVP_sha512, 0, &idt_sha512, { NULL } },
    { SAF_IDT_PS256, "PS256", &idt_family_rsa_pss, EVP_sha256, 0, &idt_sha256, { NULL } },
    { SAF_IDT_PS384, "PS384", &idt_family_rsa_pss, EVP_sha384, 0, &idt_sha384, { NULL } },
    { SAF_IDT_PS512, "PS512", &idt_family_rsa_pss, EVP_sha512, 0, &idt_sha512, { NULL } },
    { SAF_IDT_ES256, "ES256", &idt_family_ecdsa, EVP_sha256, 64, &idt_sha256, { "prime256v1", "P-256" } },
    { SAF_IDT_ES384, "ES384", &idt_family_ecdsa, EVP_sha384, 96, &idt_sha384, { "secp384r1", "P-384" } },
    { SAF_IDT_ES512, "ES512", &idt_family_ecdsa, EVP_sha512, 132, &idt_sha512, { "secp521r1", "P-521" } },
    { SAF_IDT_EDDSA, "EdDSA", &idt_family_eddsa, NULL, 64, NULL, { NULL } },
};

enum { ALGORITHM_COUNT = sizeof algorithms / sizeof algorithms[0] };

const idt_algorithm *idt_algorithm_of(saf_idt_alg alg)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++)
        if (algorithms[i].alg == alg)
            return &algorithms[i];
    return NULL;
}

const char *saf_idt_alg_name(saf_idt_alg alg)
{
    const idt_algorithm *algorithm = idt_algorithm_of(alg);
    return algorithm ? algorithm->name : "unknown";
}

saf_status saf_idt_alg_parse(saf_idt_alg *out, const char *name, saf_error *err)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (strcmp(algorithms[i].name, name) == 0) {
            *out = algorithms[i].alg;
            return SAF_OK;
        }
    }
    (void)saf_fail(err, SAF_E_USAGE, "\"%s\" is not a signature algorithm", name);
    saf_hint(err, "HS256, RS256, PS256, ES256 (each also 384 and 512), EdDSA or none, in this spelling");
    return SAF_E_USAGE;
}

/* RFC 7518 3.2: a key of at least the size of the hash output MUST be used. */
size_t saf_idt_alg_key_min(saf_idt_alg alg)
{
    const idt_algorithm *algorithm = idt_algorithm_of(alg);
    return algorithm && algorithm->family == &idt_family_hmac ? algorithm->signature_len : 0;
}
