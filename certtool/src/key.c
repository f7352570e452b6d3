#include "quote.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <safring/cert.h>

#include <openssl/rsa.h>

/* The spellings of --key that are more than their first word, and what the first word alone stands for. */
static const struct {
    const char *text;
    saf_key_spec spec;
} KEY_SPECS[] = {
    { "rsa:2048", { .kind = SAF_KEY_RSA, .rsa_bits = 2048 } },
    { "rsa:3072", { .kind = SAF_KEY_RSA, .rsa_bits = 3072 } },
    { "rsa:4096", { .kind = SAF_KEY_RSA, .rsa_bits = 4096 } },
    { "rsa", { .kind = SAF_KEY_RSA, .rsa_bits = 3072 } },
    { "ec:P-256", { .kind = SAF_KEY_EC, .curve = "P-256" } },
    { "ec:P-384", { .kind = SAF_KEY_EC, .curve = "P-384" } },
    { "ec:P-521", { .kind = SAF_KEY_EC, .curve = "P-521" } },
    { "ec", { .kind = SAF_KEY_EC, .curve = "P-256" } },
    { "ec:brainpoolP256r1", { .kind = SAF_KEY_EC, .curve = "brainpoolP256r1" } },
    { "ec:brainpoolP384r1", { .kind = SAF_KEY_EC, .curve = "brainpoolP384r1" } },
    { "ec:brainpoolP512r1", { .kind = SAF_KEY_EC, .curve = "brainpoolP512r1" } },
    { "ed25519", { .kind = SAF_KEY_ED25519 } },
};

saf_status saf_key_spec_parse(saf_key_spec *out, const char *text, saf_error *err)
{
    for (size_t i = 0; text && i < sizeof KEY_SPECS / sizeof *KEY_SPECS; i++)
        if (!strcasecmp(text, KEY_SPECS[i].text)) {
            *out = KEY_SPECS[i].spec;
            return SAF_OK;
        }
    return saf_fail(err, SAF_E_USAGE,
                    "\"%s\" is not a kind of key; known are rsa:2048, rsa:3072, rsa:4096, ec:P-256, ec:P-384, "
                    "ec:P-521, ec:brainpoolP256r1, ec:brainpoolP384r1, ec:brainpoolP512r1 and ed25519",
                    quote_text(text ? text : "").text);
}

/* What OpenSSL's callback hands back to us. */
typedef struct watcher {
    saf_progress_fn progress;
    void *context;
} watcher;

static int report_progress(EVP_PKEY_CTX *ctx)
{
    const watcher *who = EVP_PKEY_CTX_get_app_data(ctx);
    who->progress(who->context);
    return 1;
}

static const char *algorithm_name(saf_key_kind kind)
{
    switch (kind) {
    case SAF_KEY_RSA:
        return "RSA";
    case SAF_KEY_EC:
        return "EC";
    default:
        return "ED25519";
    }
}

static int set_parameters(EVP_PKEY_CTX *ctx, const saf_key_spec *spec)
{
    switch (spec->kind) {
    case SAF_KEY_RSA:
        return EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)spec->rsa_bits) > 0;
    case SAF_KEY_EC:
        return EVP_PKEY_CTX_set_group_name(ctx, spec->curve) > 0;
    default:
        return 1;
    }
}

saf_status saf_key_generate(EVP_PKEY **out, const saf_key_spec *spec, saf_progress_fn progress, void *context,
                            saf_error *err)
{
    const char *name = algorithm_name(spec->kind);
    watcher watching = { progress, context };
    OWN(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 || !set_parameters(ctx, spec))
        return saf_fail_openssl(err, "cannot make %s keys of this kind", name);
    if (progress) {
        EVP_PKEY_CTX_set_app_data(ctx, &watching);
        EVP_PKEY_CTX_set_cb(ctx, report_progress);
    }
    OWN(EVP_PKEY) *key = NULL;
    if (EVP_PKEY_generate(ctx, &key) <= 0)
        return saf_fail_openssl(err, "cannot make an %s key", name);
    *out = GIVE(&key);
    return SAF_OK;
}
