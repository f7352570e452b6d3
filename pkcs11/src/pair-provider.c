/*
 * Keys in tokens as OpenSSL keys, for those that libp11 0.4.12 cannot use: Ed25519 keys, and the others of a token that has one.
 *
 * A provider in a library context of its own, so that nobody who looks for "ED25519" or "RSA" in the program's context comes upon it. OpenSSL tries to
 * move a key to the implementation that it would use; this one moves its public half and refuses the private one, upon which OpenSSL uses the
 * implementation that the key came from.
 */
#include "pair-key.h"

#include <base/own-openssl.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/provider.h>

struct pair_library {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *ours, *openssl;
};

static const char TOKEN_KEY[] = "safring-token-key"; /* a parameter that only this file sets */

/* ---- keys ---- */

static void *new_half(const char *type)
{
    pair_half *half = calloc(1, sizeof *half);
    if (half)
        half->type = type;
    return half;
}

static void *new_rsa(__attribute__((unused)) void *provider) { return new_half("RSA"); }
static void *new_ec(__attribute__((unused)) void *provider) { return new_half("EC"); }
static void *new_edwards(__attribute__((unused)) void *provider) { return new_half("ED25519"); }

static void free_half(void *key)
{
    pair_half *half = key;
    if (!half)
        return;
    pair_key_free(&half->token_key);
    EVP_PKEY_free(half->public_key);
    free(half);
}

static int has_parts(const void *key, int selection)
{
    const pair_half *half = key;
    if (!half || !half->public_key)
        return 0;
    return !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || half->token_key;
}

/* Both halves say the same of a pair. */
static int match_halves(const void *one, const void *other, __attribute__((unused)) int selection)
{
    const pair_half *a = one, *b = other;
    return a->public_key && b->public_key && EVP_PKEY_eq(a->public_key, b->public_key) == 1;
}

static int set_token_key(pair_half *half, const OSSL_PARAM *handed)
{
    pair_key *key = NULL;
    if (handed->data_size != sizeof key)
        return 0;
    memcpy(&key, handed->data, sizeof key);
    if (!EVP_PKEY_up_ref(key->public_key))
        return 0;
    pair_key_hold(key);
    half->token_key = key;
    half->public_key = key->public_key;
    return 1;
}

static int import_half(void *key, __attribute__((unused)) int selection, const OSSL_PARAM params[])
{
    pair_half *half = key;
    const OSSL_PARAM *handed = OSSL_PARAM_locate_const(params, TOKEN_KEY);
    if (half->public_key)
        return 0;
    if (handed)
        return set_token_key(half, handed);
    OWN(EVP_PKEY_CTX) *maker = EVP_PKEY_CTX_new_from_name(NULL, half->type, NULL);
    return maker && EVP_PKEY_fromdata_init(maker) > 0 &&
           EVP_PKEY_fromdata(maker, &half->public_key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) > 0;
}

/* See the top. */
static int export_half(void *key, int selection, OSSL_CALLBACK *take, void *context)
{
    const pair_half *half = key;
    if (!half->public_key || (half->token_key && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)))
        return 0;
    return EVP_PKEY_export(half->public_key, EVP_PKEY_PUBLIC_KEY, take, context);
}

static const OSSL_PARAM *part_types(__attribute__((unused)) int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_octet_string(TOKEN_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    return types;
}

static int get_facts(void *key, OSSL_PARAM params[])
{
    const pair_half *half = key;
    return half->public_key && EVP_PKEY_get_params(half->public_key, params);
}

static const OSSL_PARAM *gettable_facts(__attribute__((unused)) void *provider)
{
    static const OSSL_PARAM facts[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    return facts;
}

static const char *operation_name_ec(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define ENTRY(id, function) { id, (void (*)(void))(function) }
#define KEY_ENTRIES(new) \
    ENTRY(OSSL_FUNC_KEYMGMT_NEW, new), ENTRY(OSSL_FUNC_KEYMGMT_FREE, free_half), ENTRY(OSSL_FUNC_KEYMGMT_HAS, has_parts), \
    ENTRY(OSSL_FUNC_KEYMGMT_MATCH, match_halves), ENTRY(OSSL_FUNC_KEYMGMT_IMPORT, import_half), \
    ENTRY(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, part_types), ENTRY(OSSL_FUNC_KEYMGMT_EXPORT, export_half), \
    ENTRY(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, part_types), ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_facts), \
    ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_facts)

static const OSSL_DISPATCH rsa_functions[] = { KEY_ENTRIES(new_rsa), { 0, NULL } };
static const OSSL_DISPATCH ec_functions[] = { KEY_ENTRIES(new_ec), ENTRY(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name_ec), { 0, NULL } };
static const OSSL_DISPATCH edwards_functions[] = { KEY_ENTRIES(new_edwards), { 0, NULL } };

/* ---- the provider ---- */

static const char PROPERTIES[] = "provider=safring";

static const OSSL_ALGORITHM kinds_of_keys[] = {
    { "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, rsa_functions, NULL },
    { "EC:id-ecPublicKey:1.2.840.10045.2.1", PROPERTIES, ec_functions, NULL },
    { "ED25519:1.3.101.112", PROPERTIES, edwards_functions, NULL },
    { NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM kinds_of_signatures[] = {
    { "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, pair_signature_functions, NULL },
    { "ECDSA", PROPERTIES, pair_signature_functions, NULL },
    { "ED25519:1.3.101.112", PROPERTIES, pair_signature_functions, NULL },
    { NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *query(__attribute__((unused)) void *provider, int operation, int *no_cache)
{
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? kinds_of_keys : operation == OSSL_OP_SIGNATURE ? kinds_of_signatures : NULL;
}

static const OSSL_DISPATCH provider_functions[] = { ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), { 0, NULL } };

static int init_provider(const OSSL_CORE_HANDLE *handle, __attribute__((unused)) const OSSL_DISPATCH *core, const OSSL_DISPATCH **out,
                         void **provider)
{
    *out = provider_functions;
    *provider = (void *)(uintptr_t)handle;
    return 1;
}

/* ---- a key in a library context of its own ---- */

void pair_library_free(pair_library **handle)
{
    pair_library *library = *handle;
    *handle = NULL;
    if (!library)
        return;
    if (library->ours)
        OSSL_PROVIDER_unload(library->ours);
    if (library->openssl)
        OSSL_PROVIDER_unload(library->openssl);
    OSSL_LIB_CTX_free(library->context);
    free(library);
}

/* OpenSSL's own provider writes our public keys down. */
static saf_status load_providers(pair_library *library, saf_error *err)
{
    library->context = OSSL_LIB_CTX_new();
    if (!library->context || !OSSL_PROVIDER_add_builtin(library->context, "safring", init_provider))
        return saf_fail_openssl(err, "cannot prepare OpenSSL for keys in tokens");
    library->openssl = OSSL_PROVIDER_load(library->context, "default");
    library->ours = OSSL_PROVIDER_load(library->context, "safring");
    return library->openssl && library->ours ? SAF_OK : saf_fail_openssl(err, "cannot prepare OpenSSL for keys in tokens");
}

saf_status pair_library_open(pair_library **out, EVP_PKEY **key, pair_key *token_key, saf_error *err)
{
    OWN(pair_library) *library = calloc(1, sizeof *library);
    if (!library)
        return saf_fail_memory(err);
    SAF_TRY(load_providers(library, err));
    const OSSL_PARAM params[] = { OSSL_PARAM_octet_string(TOKEN_KEY, &token_key, sizeof token_key), OSSL_PARAM_END };
    OWN(EVP_PKEY) *made = NULL;
    OWN(EVP_PKEY_CTX) *maker =
        EVP_PKEY_CTX_new_from_name(library->context, EVP_PKEY_get0_type_name(token_key->public_key), PROPERTIES);
    if (!maker || EVP_PKEY_fromdata_init(maker) <= 0 ||
        EVP_PKEY_fromdata(maker, &made, EVP_PKEY_KEYPAIR, (OSSL_PARAM *)(uintptr_t)params) <= 0)
        return saf_fail_openssl(err, "cannot make an OpenSSL key of the one in the token");
    *key = GIVE(&made);
    *out = GIVE(&library);
    return SAF_OK;
}
