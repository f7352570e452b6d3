/* The states of a hash can be copied for nothing only through the functions that OpenSSL 3 calls deprecated. */
#undef OPENSSL_NO_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#include "idt-limits.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#ifdef HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

struct limits {
    SHA256_CTX inner256, outer256;
    SHA512_CTX inner512, outer512;
    unsigned char mac[SHA512_DIGEST_LENGTH];
    EVP_PKEY_CTX *sign, *verify;
    EVP_MD_CTX *sign_message, *verify_message;
    unsigned char digests[WORLD_BATCH][SHA256_DIGEST_LENGTH]; /* as many as the work has tokens: no input comes twice in a row */
    unsigned char signatures[WORLD_BATCH][SAF_IDT_SIGNATURE_MAX];
    size_t signature_lens[WORLD_BATCH];
    size_t next;
#ifdef HAVE_IPSEC_MB
    IMB_MGR *manager;
    IMB_JOB jobs[WORLD_BATCH];
    unsigned char macs[WORLD_BATCH][SHA512_DIGEST_LENGTH];
#endif
};

static int is_hmac(const world *w)
{
    return saf_idt_alg_key_min(w->key->alg) > 0;
}

/* ---- HMAC ---- */

static void open_hmac(world *w)
{
    unsigned char inner[SHA512_CBLOCK], outer[SHA512_CBLOCK];
    for (size_t i = 0; i < sizeof inner; i++) {
        unsigned char byte = i < sizeof w->key->secret ? w->key->secret[i] : 0;
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5C;
    }
    SHA256_Init(&w->limits->inner256);
    SHA256_Init(&w->limits->outer256);
    SHA512_Init(&w->limits->inner512);
    SHA512_Init(&w->limits->outer512);
    SHA256_Update(&w->limits->inner256, inner, SHA256_CBLOCK);
    SHA256_Update(&w->limits->outer256, outer, SHA256_CBLOCK);
    SHA512_Update(&w->limits->inner512, inner, SHA512_CBLOCK);
    SHA512_Update(&w->limits->outer512, outer, SHA512_CBLOCK);
}

static void hmac256(struct limits *l, saf_bytes message)
{
    SHA256_CTX context = l->inner256;
    SHA256_Update(&context, message.data, message.len);
    SHA256_Final(l->mac, &context);
    context = l->outer256;
    SHA256_Update(&context, l->mac, SHA256_DIGEST_LENGTH);
    SHA256_Final(l->mac, &context);
}

static void hmac512(struct limits *l, saf_bytes message)
{
    SHA512_CTX context = l->inner512;
    SHA512_Update(&context, message.data, message.len);
    SHA512_Final(l->mac, &context);
    context = l->outer512;
    SHA512_Update(&context, l->mac, SHA512_DIGEST_LENGTH);
    SHA512_Final(l->mac, &context);
}

size_t limit_hmac(world *w)
{
    if (w->key->alg == SAF_IDT_HS256)
        hmac256(w->limits, world_message(w));
    else
        hmac512(w->limits, world_message(w));
    return 1;
}

/* The limit has to compute the very MAC that the token has. */
static void check_hmac(world *w)
{
    unsigned char mac[SHA512_DIGEST_LENGTH];
    unsigned len = 0;
    const EVP_MD *digest = w->key->alg == SAF_IDT_HS256 ? EVP_sha256() : EVP_sha512();
    saf_bytes message = world_message(w);
    MUST(EVP_Q_mac(NULL, "HMAC", NULL, EVP_MD_get0_name(digest), NULL, w->key->secret, sizeof w->key->secret, message.data, message.len, mac,
                   sizeof mac, NULL));
    len = (unsigned)EVP_MD_get_size(digest);
    limit_hmac(w);
    MUST(memcmp(mac, w->limits->mac, len) == 0);
#ifdef HAVE_IPSEC_MB
    limit_hmac_burst(w);
    MUST(memcmp(mac, w->limits->macs[0], len) == 0 && memcmp(mac, w->limits->macs[WORLD_BATCH - 1], len) == 0);
#endif
}

/* ---- intel-ipsec-mb ---- */

#ifdef HAVE_IPSEC_MB

int limits_have_burst(void)
{
    return 1;
}

static void open_burst(world *w)
{
    static _Thread_local unsigned char inner[SHA512_DIGEST_LENGTH], outer[SHA512_DIGEST_LENGTH];
    struct limits *l = w->limits;
    int is_short = w->key->alg == SAF_IDT_HS256;
    l->manager = alloc_mb_mgr(0);
    MUST(l->manager);
    init_mb_mgr_auto(l->manager, NULL);
    memcpy(inner, is_short ? (void *)l->inner256.h : (void *)l->inner512.h, is_short ? sizeof l->inner256.h : sizeof l->inner512.h);
    memcpy(outer, is_short ? (void *)l->outer256.h : (void *)l->outer512.h, is_short ? sizeof l->outer256.h : sizeof l->outer512.h);
    for (size_t i = 0; i < WORLD_BATCH; i++) {
        IMB_JOB *job = &l->jobs[i];
        job->cipher_mode = IMB_CIPHER_NULL;
        job->chain_order = IMB_ORDER_HASH_CIPHER;
        job->hash_alg = is_short ? IMB_AUTH_HMAC_SHA_256 : IMB_AUTH_HMAC_SHA_512;
        job->src = (const unsigned char *)w->tokens[i];
        job->msg_len_to_hash_in_bytes = w->message_len;
        job->auth_tag_output = l->macs[i];
        job->auth_tag_output_len_in_bytes = is_short ? SHA256_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;
        job->u.HMAC._hashed_auth_key_xor_ipad = inner;
        job->u.HMAC._hashed_auth_key_xor_opad = outer;
        memcpy(w->tokens[i], w->token, w->token_len);
    }
}

size_t limit_hmac_burst(world *w)
{
    struct limits *l = w->limits;
    uint32_t done = IMB_SUBMIT_HASH_BURST(l->manager, l->jobs, WORLD_BATCH, l->jobs[0].hash_alg);
    MUST(done == WORLD_BATCH);
    return done;
}

static void close_burst(world *w)
{
    if (w->limits->manager)
        free_mb_mgr(w->limits->manager);
}

#else

int limits_have_burst(void)
{
    return 0;
}

static void open_burst(world *w)
{
    (void)w;
}

size_t limit_hmac_burst(world *w)
{
    (void)w;
    return 0;
}

static void close_burst(world *w)
{
    (void)w;
}

#endif

/* ---- public keys ---- */

static void set_padding(saf_idt_alg alg, EVP_PKEY_CTX *context)
{
    if (alg != SAF_IDT_EDDSA)
        MUST(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0);
    if (alg == SAF_IDT_RS256)
        MUST(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0);
    if (alg == SAF_IDT_PS256)
        MUST(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0);
}

static void open_pkey(world *w)
{
    struct limits *l = w->limits;
    saf_bytes message = world_message(w);
    for (size_t i = 0; i < WORLD_BATCH; i++)
        SHA256(message.data, message.len - i, l->digests[i]);
    l->sign = EVP_PKEY_CTX_new_from_pkey(NULL, w->key->pkey, NULL);
    l->verify = EVP_PKEY_CTX_new_from_pkey(NULL, w->key->pkey, NULL);
    MUST(EVP_PKEY_sign_init(l->sign) > 0 && EVP_PKEY_verify_init(l->verify) > 0);
    set_padding(w->key->alg, l->sign);
    set_padding(w->key->alg, l->verify);
}

/* Ed25519 hashes the message itself, twice, and takes no digest. */
static void open_message(world *w)
{
    struct limits *l = w->limits;
    l->sign_message = EVP_MD_CTX_new();
    l->verify_message = EVP_MD_CTX_new();
    MUST(EVP_DigestSignInit(l->sign_message, NULL, NULL, NULL, w->key->pkey) == 1 &&
         EVP_DigestVerifyInit(l->verify_message, NULL, NULL, NULL, w->key->pkey) == 1);
}

size_t limit_sign(world *w)
{
    struct limits *l = w->limits;
    size_t i = l->next++ % WORLD_BATCH;
    saf_bytes message = world_message(w);
    l->signature_lens[i] = sizeof l->signatures[i];
    if (l->sign_message)
        MUST(EVP_DigestSign(l->sign_message, l->signatures[i], &l->signature_lens[i], message.data, message.len - i) == 1);
    else
        MUST(EVP_PKEY_sign(l->sign, l->signatures[i], &l->signature_lens[i], l->digests[i], sizeof l->digests[i]) == 1);
    return 1;
}

size_t limit_verify(world *w)
{
    struct limits *l = w->limits;
    size_t i = l->next++ % WORLD_BATCH;
    saf_bytes message = world_message(w);
    if (l->verify_message)
        MUST(EVP_DigestVerify(l->verify_message, l->signatures[i], l->signature_lens[i], message.data, message.len - i) == 1);
    else
        MUST(EVP_PKEY_verify(l->verify, l->signatures[i], l->signature_lens[i], l->digests[i], sizeof l->digests[i]) == 1);
    return 1;
}

void limits_open(world *w)
{
    w->limits = calloc(1, sizeof *w->limits);
    MUST(w->limits);
    if (is_hmac(w)) {
        open_hmac(w);
        open_burst(w);
        check_hmac(w);
        return;
    }
    if (w->key->alg == SAF_IDT_EDDSA)
        open_message(w);
    else
        open_pkey(w);
    for (size_t i = 0; i < WORLD_BATCH; i++)
        limit_sign(w);
}

void limits_close(world *w)
{
    EVP_PKEY_CTX_free(w->limits->sign);
    EVP_PKEY_CTX_free(w->limits->verify);
    EVP_MD_CTX_free(w->limits->sign_message);
    EVP_MD_CTX_free(w->limits->verify_message);
    close_burst(w);
    free(w->limits);
    w->limits = NULL;
}
