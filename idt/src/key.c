#include "key.h"
#include "lane.h"
#include "signature.h"

#include <base/fail.h>
#include <base/random.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

static saf_status key_begin(idt_key *out, saf_idt_alg alg, idt_use use, saf_error *err)
{
    const idt_algorithm *algorithm = idt_algorithm_of(alg);
    if (!algorithm || alg == SAF_IDT_ALG_NONE)
        return saf_fail(err, SAF_E_USAGE, "\"%s\" is not an algorithm that takes a key", saf_idt_alg_name(alg));
    *out = (idt_key) { .algorithm = algorithm, .family = algorithm->family, .use = use,
                       .signature_len = algorithm->signature_len };
    return saf_random_bytes((unsigned char *)out->id, sizeof out->id, err);
}

/* Use the key once, with a context of its own: what does not work shall say so now and not at the first token. */
static saf_status key_try(const idt_key *key)
{
    unsigned char signature[SAF_IDT_SIGNATURE_MAX];
    size_t len = 0;
    idt_context context = { 0 };
    saf_status status = key->family->prepare(&context, key);
    if (status == SAF_OK && key->use == IDT_TO_SIGN)
        status = key->family->sign(&context, key, saf_bytes_of_text("safring"), signature, &len);
    idt_context_clear(&context);
    OPENSSL_cleanse(signature, sizeof signature);
    return status;
}

saf_status idt_key_from_bytes(idt_key *out, saf_idt_alg alg, idt_use use, saf_bytes bytes, saf_error *err)
{
    SAF_TRY(key_begin(out, alg, use, err));
    size_t least = saf_idt_alg_key_min(alg);
    if (least == 0)
        return saf_fail(err, SAF_E_USAGE, "%s does not use a secret key", out->algorithm->name);
    if (!bytes.data || bytes.len < least)
        return saf_fail(err, SAF_E_USAGE, "%s needs a key of at least %zu bytes, not %zu", out->algorithm->name, least,
                        bytes.data ? bytes.len : 0);
    SAF_TRY(saf_secret_set(&out->secret, bytes, err));
    if (key_try(out) != SAF_OK)
        return saf_fail_openssl(err, "cannot prepare an %s key", out->algorithm->name);
    if (idt_hmac_key_new(&out->hmac, idt_path_best(), out->algorithm->hash, bytes) != SAF_OK)
        return saf_fail_memory(err);
    return SAF_OK;
}

saf_status idt_key_from_pkey(idt_key *out, saf_idt_alg alg, idt_use use, EVP_PKEY *pkey, saf_error *err)
{
    SAF_TRY(key_begin(out, alg, use, err));
    if (!pkey || !out->family->check)
        return saf_fail(err, SAF_E_USAGE, "%s needs a %s", out->algorithm->name, pkey ? "secret key" : "key");
    SAF_TRY(out->family->check(out->algorithm, pkey, err));
    if (!EVP_PKEY_up_ref(pkey))
        return saf_fail_openssl(err, "cannot keep the key");
    out->pkey = pkey;
    if (!out->signature_len)
        out->signature_len = (size_t)EVP_PKEY_get_size(pkey);
    if (key_try(out) != SAF_OK) {
        (void)saf_fail_openssl(err, "the key cannot %s with %s", use == IDT_TO_SIGN ? "sign" : "verify",
                               out->algorithm->name);
        if (err)
            err->status = SAF_E_USAGE;
        if (use == IDT_TO_SIGN)
            saf_hint(err, "signing needs the private key");
        return SAF_E_USAGE;
    }
    return SAF_OK;
}

saf_status idt_key_from_callback(idt_key *out, saf_idt_alg alg, idt_use use, saf_idt_sign_fn call, void *context,
                                 saf_error *err)
{
    SAF_TRY(key_begin(out, alg, use, err));
    if (!call)
        return saf_fail(err, SAF_E_USAGE, "%s needs a function that signs", out->algorithm->name);
    if (use == IDT_TO_VERIFY && out->family != &idt_family_hmac)
        return saf_fail(err, SAF_E_USAGE, "%s cannot be verified by a function that signs", out->algorithm->name);
    out->family = &idt_family_callback;
    out->call = call;
    out->call_context = context;
    if (!out->signature_len)
        out->signature_len = SAF_IDT_SIGNATURE_MAX;
    return SAF_OK;
}

void idt_key_from_nothing(idt_key *out, idt_use use)
{
    const idt_algorithm *algorithm = idt_algorithm_of(SAF_IDT_ALG_NONE);
    *out = (idt_key) { .algorithm = algorithm, .family = algorithm->family, .use = use };
}

void idt_key_free(idt_key *key)
{
    saf_secret_free(&key->secret);
    idt_hmac_key_free(&key->hmac);
    EVP_PKEY_free(key->pkey);
    OPENSSL_cleanse(key, sizeof *key);
}

const idt_hmac_key *idt_key_hmac(const saf_idt_lane *lane, const idt_key *key)
{
    return key->hmac && idt_hmac_way(lane->path, key->hmac->hash) ? key->hmac : NULL;
}

/* Whatever libcrypto says of a failure stays out of the error queue of the caller's thread, which may be serving TLS: the status is all
 * that a hot path tells. */
static saf_status family_sign(saf_idt_lane *lane, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    idt_context *context = NULL;
    ERR_set_mark();
    saf_status status = idt_lane_context(lane, key, &context);
    if (status == SAF_OK)
        status = key->family->sign(context, key, message, out, out_len);
    ERR_pop_to_mark();
    return status;
}

static saf_status family_verify(saf_idt_lane *lane, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good)
{
    idt_context *context = NULL;
    ERR_set_mark();
    saf_status status = idt_lane_context(lane, key, &context);
    if (status == SAF_OK)
        status = key->family->verify(context, key, message, signature, good);
    ERR_pop_to_mark();
    return status;
}

saf_status idt_key_sign(saf_idt_lane *lane, const idt_key *key, saf_bytes message, unsigned char *out, size_t *out_len)
{
    const idt_hmac_key *hmac = idt_key_hmac(lane, key);
    if (!hmac)
        return family_sign(lane, key, message, out, out_len);
    idt_hmac_sign(lane->path, hmac, message, out);
    *out_len = key->signature_len;
    return SAF_OK;
}

saf_status idt_key_verify(saf_idt_lane *lane, const idt_key *key, saf_bytes message, saf_bytes signature, bool *good)
{
    const idt_hmac_key *hmac = idt_key_hmac(lane, key);
    if (!hmac)
        return family_verify(lane, key, message, signature, good);
    *good = idt_hmac_verify(lane->path, hmac, message, signature);
    return SAF_OK;
}

bool idt_is_plain_text(saf_bytes text, size_t max)
{
    if (text.len == 0 || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~' || text.data[i] == '"' || text.data[i] == '\\')
            return false;
    return true;
}

saf_status idt_kid_check(const char *kid, saf_error *err)
{
    if (kid && !idt_is_plain_text(saf_bytes_of_text(kid), SAF_IDT_KID_MAX))
        return saf_fail(err, SAF_E_USAGE, "a kid has 1 to %d characters of printable ASCII without \" and \\", SAF_IDT_KID_MAX);
    return SAF_OK;
}
