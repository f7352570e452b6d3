/*
 * Tokens per second and thread, by algorithm. Beside each figure stands its share of what libcrypto alone does in the same run with
 * the same bytes: for HS one EVP_MAC context that is set back and never keyed again, for the others one EVP_DigestSign or
 * EVP_DigestVerify with a new context. The machine's mood cancels out in the shares.
 */
#include "bench.h"

#include <safring/idt.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <string.h>

enum { MESSAGE_LEN = 229 };

static const double run_seconds = 0.1;

typedef struct subject {
    saf_idt_alg alg;
    const EVP_MD *digest;
    int padding; /* RSA: of the plain signature */
    EVP_PKEY *key;
    EVP_MAC_CTX *mac;
    saf_idt_signer *signer;
    saf_idt_verifier *verifier;
    saf_idt_lane *lane;
    char token[SAF_IDT_TOKEN_MAX];
    size_t token_len;
    unsigned char message[MESSAGE_LEN];
    unsigned char signature[SAF_IDT_SIGNATURE_MAX];
    size_t signature_len;
} subject;

static void our_sign(void *context)
{
    subject *s = context;
    const saf_bytes amr = saf_bytes_of_text("saf-pwd");
    const saf_idt_claims claims = { .sub = saf_bytes_of_text("IBMUSER"), .aud = saf_bytes_of_text("ZOWEAPPL"),
                                    .lifetime_sec = 300, .amr = &amr, .amr_count = 1 };
    MUST(saf_idt_sign(s->lane, s->signer, &claims, s->token, sizeof s->token, &s->token_len) == SAF_OK);
}

static void our_verify(void *context)
{
    subject *s = context;
    const saf_idt_expect expect = { saf_bytes_of_text("IBMUSER"), saf_bytes_of_text("ZOWEAPPL") };
    saf_idt_result result;
    MUST(saf_idt_verify(s->lane, s->verifier, saf_bytes_of(s->token, s->token_len), &expect, &result) == SAF_OK);
    MUST(result.verdict == SAF_IDT_GOOD);
}

static void plain_mac(void *context)
{
    subject *s = context;
    MUST(EVP_MAC_init(s->mac, NULL, 0, NULL) && EVP_MAC_update(s->mac, s->message, MESSAGE_LEN) &&
         EVP_MAC_final(s->mac, s->signature, &s->signature_len, sizeof s->signature));
}

static void set_padding(const subject *s, EVP_PKEY_CTX *options)
{
    if (s->padding)
        MUST(EVP_PKEY_CTX_set_rsa_padding(options, s->padding) > 0);
    if (s->padding == RSA_PKCS1_PSS_PADDING)
        MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0);
}

static void plain_sign(void *context)
{
    subject *s = context;
    EVP_PKEY_CTX *options = NULL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    MUST(EVP_DigestSignInit(md, &options, s->digest, NULL, s->key) == 1);
    set_padding(s, options);
    s->signature_len = sizeof s->signature;
    MUST(EVP_DigestSign(md, s->signature, &s->signature_len, s->message, MESSAGE_LEN) == 1);
    EVP_MD_CTX_free(md);
}

static void plain_verify(void *context)
{
    subject *s = context;
    EVP_PKEY_CTX *options = NULL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    MUST(EVP_DigestVerifyInit(md, &options, s->digest, NULL, s->key) == 1);
    set_padding(s, options);
    MUST(EVP_DigestVerify(md, s->signature, s->signature_len, s->message, MESSAGE_LEN) == 1);
    EVP_MD_CTX_free(md);
}

static EVP_PKEY *new_key(saf_idt_alg alg, EVP_PKEY *rsa)
{
    static const char *const curves[] = { "P-256", "P-384", "P-521" };
    if (alg >= SAF_IDT_RS256 && alg <= SAF_IDT_PS512)
        return EVP_PKEY_up_ref(rsa) ? rsa : NULL;
    if (alg >= SAF_IDT_ES256 && alg <= SAF_IDT_ES512)
        return EVP_EC_gen(curves[alg - SAF_IDT_ES256]);
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void open_mac(subject *s)
{
    static const unsigned char secret[64] = "a secret for measuring";
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)EVP_MD_get0_name(s->digest), 0),
        OSSL_PARAM_construct_end(),
    };
    MUST(mac && (s->mac = EVP_MAC_CTX_new(mac)) && EVP_MAC_init(s->mac, secret, sizeof secret, params));
    EVP_MAC_free(mac);
    MUST(saf_idt_signer_from_bytes(&s->signer, s->alg, saf_bytes_of(secret, sizeof secret), NULL, NULL) == SAF_OK);
    MUST(saf_idt_verifier_from_bytes(&s->verifier, s->alg, saf_bytes_of(secret, sizeof secret), NULL, NULL) == SAF_OK);
}

static void open_subject(subject *s, saf_idt_alg alg, EVP_PKEY *rsa)
{
    const EVP_MD *digests[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
    *s = (subject) { .alg = alg };
    memset(s->message, 'm', sizeof s->message);
    if (alg != SAF_IDT_EDDSA)
        s->digest = digests[(alg - SAF_IDT_HS256) % 3];
    if (alg >= SAF_IDT_RS256 && alg <= SAF_IDT_PS512)
        s->padding = alg < SAF_IDT_PS256 ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
    MUST(saf_idt_lane_open(&s->lane, NULL, NULL) == SAF_OK);
    if (alg <= SAF_IDT_HS512) {
        open_mac(s);
        return;
    }
    MUST((s->key = new_key(alg, rsa)));
    MUST(saf_idt_signer_from_key(&s->signer, alg, s->key, NULL, NULL) == SAF_OK);
    MUST(saf_idt_verifier_from_key(&s->verifier, alg, s->key, NULL, NULL) == SAF_OK);
}

static void close_subject(subject *s)
{
    saf_idt_signer_free(&s->signer);
    saf_idt_verifier_free(&s->verifier);
    saf_idt_lane_close(&s->lane);
    EVP_MAC_CTX_free(s->mac);
    EVP_PKEY_free(s->key);
}

static void measure(subject *s)
{
    double plain_signed = rate_of(s->mac ? plain_mac : plain_sign, s, run_seconds);
    double signed_ = rate_of(our_sign, s, run_seconds);
    double plain_verified = rate_of(s->mac ? plain_mac : plain_verify, s, run_seconds);
    double verified = rate_of(our_verify, s, run_seconds);
    printf("%-6s %11.0f %7.2f %13.0f %7.2f %14.0f %14.0f\n", saf_idt_alg_name(s->alg), signed_, signed_ / plain_signed,
           verified, verified / plain_verified, plain_signed, plain_verified);
}

int main(void)
{
    static subject s;
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    MUST(rsa);
    printf("%-6s %11s %7s %13s %7s %14s %14s\n", "alg", "sign/s", "share", "verify/s", "share", "libcrypto/s", "libcrypto/s");
    for (saf_idt_alg alg = SAF_IDT_HS256; alg <= SAF_IDT_EDDSA; alg++) {
        open_subject(&s, alg, rsa);
        measure(&s);
        close_subject(&s);
    }
    EVP_PKEY_free(rsa);
    return 0;
}
