#include "key-source.h"
#include "derived-key.h"
#include "key-use.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <safring/secret-key.h>

#include <stdlib.h>

OWN_HANDLE(policy_key, policy_key_release)
OWN_HANDLE(saf_ring, saf_ring_close)
OWN_HANDLE(saf_p11_session, saf_p11_logout)

const saf_principal issuer_itself = { 0 };

policy_key *policy_key_reference(policy_key *key)
{
    key->references++;
    return key;
}

static void free_key(policy_key *key)
{
    saf_idt_signer_free(&key->signer);
    saf_idt_verifier_free(&key->verifier);
    saf_p11_signer_close(&key->in_token);
    derived_release(key);
    free(key);
}

void policy_key_release(policy_key **key)
{
    if (*key && --(*key)->references == 0)
        free_key(*key);
    *key = NULL;
}

/* Hint and codes stay as they are, which saf_fail() would not let them. */
void error_put_before(saf_error *err, const char *text)
{
    char cause[SAF_ERROR_TEXT_SIZE];
    if (!err)
        return;
    memcpy(cause, err->text, sizeof cause);
    snprintf(err->text, sizeof err->text, "%s", text);
    size_t len = strlen(err->text);
    memccpy(err->text + len, cause, '\0', sizeof err->text - len);
    err->text[sizeof err->text - 1] = '\0';
}

saf_status policy_blame(saf_error *err, const saf_policy *policy, saf_status status)
{
    char name[sizeof "policy JWT...SAF: " + SAF_APPL_MAX + SAF_OWNER_MAX];
    snprintf(name, sizeof name, "policy JWT.%s.%s.SAF: ", policy->appl, policy->user);
    error_put_before(err, name);
    return status;
}

saf_idt_rules policy_rules(const policy_key *key, const char *kid)
{
    return (saf_idt_rules) {
        .kid = kid[0] ? kid : NULL,
        .leeway_sec = key->leeway_sec,
        .lifetime_max_sec = key->policy.timeout_min * 60,
        .any_appl = key->policy.any_appl,
    };
}

/* What the core calls a caller's mistake (RSA key with ES256, a kid with blanks) is here a policy at odds with its key. */
static saf_status at_odds(saf_status status, saf_error *err)
{
    if (status != SAF_E_USAGE)
        return status;
    if (err)
        err->status = SAF_E_CONFLICT;
    return SAF_E_CONFLICT;
}

/* ---- no key -------------------------------------------------------------------------------------------------- */

static saf_status prepare_unsigned(policy_key *key, saf_error *err)
{
    saf_idt_rules rules = policy_rules(key, key->policy.kid);
    SAF_TRY(saf_idt_signer_unsigned(&key->signer, err));
    return saf_idt_verifier_unsigned(&key->verifier, &rules, err);
}

/* ---- secret keys --------------------------------------------------------------------------------------------- */

bool is_hmac(saf_idt_alg alg)
{
    return saf_idt_alg_key_min(alg) > 0;
}

static saf_p11_mechanism mechanism_of(saf_idt_alg alg)
{
    static const saf_p11_mechanism mechanisms[] = {
        [SAF_IDT_HS256] = SAF_P11_HMAC_SHA256,  [SAF_IDT_HS384] = SAF_P11_HMAC_SHA384,  [SAF_IDT_HS512] = SAF_P11_HMAC_SHA512,
        [SAF_IDT_RS256] = SAF_P11_RSA_SHA256,   [SAF_IDT_RS384] = SAF_P11_RSA_SHA384,   [SAF_IDT_RS512] = SAF_P11_RSA_SHA512,
        [SAF_IDT_PS256] = SAF_P11_PSS_SHA256,   [SAF_IDT_PS384] = SAF_P11_PSS_SHA384,   [SAF_IDT_PS512] = SAF_P11_PSS_SHA512,
        [SAF_IDT_ES256] = SAF_P11_ECDSA_SHA256, [SAF_IDT_ES384] = SAF_P11_ECDSA_SHA384, [SAF_IDT_ES512] = SAF_P11_ECDSA_SHA512,
        [SAF_IDT_EDDSA] = SAF_P11_ED25519,
    };
    return mechanisms[alg];
}

static saf_status sign_in_token(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    *out_len = SAF_IDT_SIGNATURE_MAX;
    return saf_p11_signer_sign(context, message, out, out_len);
}

static saf_status require_module(const key_source *source, saf_error *err)
{
    return source->p11 ? SAF_OK : saf_fail(err, SAF_E_UNSUPPORTED, "its key is in a token, and no PKCS#11 module was opened");
}

saf_status key_source_open(saf_p11_signer **out, key_source *source, const char *uri, saf_idt_alg alg, saf_error *err)
{
    saf_p11_uri parsed = { 0 };
    SAF_TRY(saf_p11_uri_parse(&parsed, uri, err));
    SAF_TRY(require_module(source, err));
    return saf_p11_signer_open(out, source->p11, &parsed, mechanism_of(alg), err);
}

saf_status key_source_login(saf_p11_session **out, saf_p11_uri *uri, key_source *source, const char *text, saf_error *err)
{
    SAF_TRY(saf_p11_uri_parse(uri, text, err));
    SAF_TRY(require_module(source, err));
    return saf_p11_login(out, source->p11, uri, NULL, err);
}

/* RFC 7518 3.2: the key must be as long as the hash or longer. Some tokens do not tell a length. */
static saf_status check_length(const policy_key *key, saf_error *err)
{
    size_t len = saf_p11_signer_key_size(key->in_token), min = saf_idt_alg_key_min(key->alg);
    if (!len || len >= min)
        return SAF_OK;
    return saf_fail(err, SAF_E_CONFLICT, "key %s has %zu bytes; the algorithm needs %zu", key->policy.key, len, min);
}

static saf_status prepare_hmac(policy_key *key, key_source *source, saf_error *err)
{
    saf_idt_rules rules = policy_rules(key, key->policy.kid);
    SAF_TRY(key_source_open(&key->in_token, source, key->policy.key, key->alg, err));
    SAF_TRY(check_length(key, err));
    SAF_TRY(saf_idt_signer_from_callback(&key->signer, key->alg, sign_in_token, key->in_token, rules.kid, err));
    return saf_idt_verifier_from_callback(&key->verifier, key->alg, sign_in_token, key->in_token, &rules, err);
}

static saf_status read_value(saf_secret *out, const saf_policy *policy, key_source *source, saf_error *err)
{
    OWN(saf_p11_session) *session = NULL;
    saf_p11_uri uri = { 0 };
    SAF_TRY(key_source_login(&session, &uri, source, policy->key, err));
    return saf_p11_read_secret(out, session, &uri, err);
}

static saf_status prepare_in_memory(policy_key *key, key_source *source, saf_error *err)
{
    saf_idt_rules rules = policy_rules(key, key->policy.kid);
    OWN(saf_secret) value = { 0 };
    SAF_TRY(read_value(&value, &key->policy, source, err));
    SAF_TRY(saf_idt_signer_from_bytes(&key->signer, key->alg, saf_secret_bytes(&value), rules.kid, err));
    return saf_idt_verifier_from_bytes(&key->verifier, key->alg, saf_secret_bytes(&value), &rules, err);
}

static saf_status prepare_secret(policy_key *key, key_source *source, int64_t now, saf_error *err)
{
    SAF_TRY(key_use_check_key(&key->policy, source, err));
    if (key->policy.key_use == SAF_KEY_USE_DERIVED)
        return derived_prepare(key, source, now, err);
    if (key->policy.key_use == SAF_KEY_USE_MEMORY)
        return prepare_in_memory(key, source, err);
    return prepare_hmac(key, source, err);
}

/* ---- key pairs ----------------------------------------------------------------------------------------------- */

/* A copy through its encoding, so that who verifies has no private key. */
static saf_status copy_public_key(EVP_PKEY **out, EVP_PKEY *key, saf_error *err)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const unsigned char *cursor = der;
    EVP_PKEY *copy = len > 0 ? d2i_PUBKEY(NULL, &cursor, len) : NULL;
    OPENSSL_free(der);
    if (!copy)
        return saf_fail_openssl(err, "cannot copy the public key");
    *out = copy;
    return SAF_OK;
}

static saf_status prepare_pair(policy_key *key, EVP_PKEY *private_key, saf_error *err)
{
    saf_idt_rules rules = policy_rules(key, key->policy.kid);
    OWN(EVP_PKEY) *public_key = NULL;
    SAF_TRY(copy_public_key(&public_key, private_key, err));
    SAF_TRY(saf_idt_signer_from_key(&key->signer, key->alg, private_key, rules.kid, err));
    return saf_idt_verifier_from_key(&key->verifier, key->alg, public_key, &rules, err);
}

/* ---- key pairs in a token ------------------------------------------------------------------------------------------ */

/* Whether the key fits the algorithm, the public key says. Verifying never calls the token. */
static saf_status prepare_pair_in_token(policy_key *key, key_source *source, const char *uri, saf_error *err)
{
    saf_idt_rules rules = policy_rules(key, key->policy.kid);
    OWN(EVP_PKEY) *public_key = NULL;
    SAF_TRY(key_source_open(&key->in_token, source, uri, key->alg, err));
    SAF_TRY(saf_p11_signer_public_key(&public_key, key->in_token, err));
    SAF_TRY(saf_idt_verifier_from_key(&key->verifier, key->alg, public_key, &rules, err));
    return saf_idt_signer_from_callback(&key->signer, key->alg, sign_in_token, key->in_token, rules.kid, err);
}

/* ---- from a ring --------------------------------------------------------------------------------------------- */

static bool is_named(const saf_connection *connection, const char *label)
{
    return connection->usage == SAF_USAGE_PERSONAL && strcmp(connection->cert->label, label) == 0;
}

/* A CA of the same label may stand before it in the ring, but only a PERSONAL connection gives a key. */
static const saf_connection *find_signer(const saf_ring *ring, const char *label)
{
    if (!label[0])
        return saf_ring_default(ring);
    const saf_connection *connection = NULL;
    for (size_t i = 0; (connection = saf_ring_at(ring, i)); i++)
        if (is_named(connection, label))
            break;
    return connection;
}

static saf_status no_signer(const saf_ring_address *address, saf_error *err)
{
    if (!address->label[0])
        return saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s has no default certificate", address->owner, address->name);
    return saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s has no PERSONAL certificate \"%s\"", address->owner, address->name,
                    address->label);
}

/* The ring is asked also for a key that turns out to be in a token, because the authority decides there. */
static saf_status prepare_from_connection(policy_key *key, key_source *source, const saf_ring *ring, saf_error *err)
{
    const saf_connection *signer = find_signer(ring, key->ring.label);
    if (!signer)
        return no_signer(&key->ring, err);
    if (signer->cert->trust == SAF_NOTRUST)
        return saf_fail(err, SAF_E_DENIED, "certificate %s/%s has the status NOTRUST", signer->cert->owner,
                        signer->cert->label);
    OWN(EVP_PKEY) *private_key = NULL;
    saf_status status = saf_ring_load_key(&private_key, ring, signer, source->store, &issuer_itself, err);
    if (status == SAF_OK)
        return prepare_pair(key, private_key, err);
    if (status != SAF_E_UNSUPPORTED || signer->cert->key_place != SAF_KEY_IN_TOKEN)
        return status;
    if (key->policy.key_use != SAF_KEY_USE_TOKEN)
        return saf_fail(err, SAF_E_UNSUPPORTED, "key use \"memory\" is not for the key of %s/%s, which is in a token and signs there; use \"token\"",
                        signer->cert->owner, signer->cert->label);
    return prepare_pair_in_token(key, source, signer->cert->key_uri, err);
}

static saf_status prepare_from_ring(policy_key *key, key_source *source, saf_error *err)
{
    if (is_hmac(key->alg))
        return saf_fail(err, SAF_E_CONFLICT, "%s needs a secret key in a token, and %s names a ring", key->policy.alg,
                        key->policy.key);
    SAF_TRY(saf_ring_address_parse(&key->ring, key->policy.key, err));
    OWN(saf_ring) *ring = NULL;
    SAF_TRY(saf_ring_open(&ring, source->store, &issuer_itself, key->ring.owner, key->ring.name, err));
    key->ring_generation = saf_ring_generation(ring);
    return prepare_from_connection(key, source, ring, err);
}

/* ---- any policy ---------------------------------------------------------------------------------------------- */

static saf_status prepare(policy_key *key, key_source *source, int64_t now, saf_error *err)
{
    SAF_TRY(saf_idt_alg_parse(&key->alg, key->policy.alg, err));
    SAF_TRY(key_use_check(&key->policy, err));
    if (key->alg == SAF_IDT_ALG_NONE)
        return prepare_unsigned(key, err);
    if (strncmp(key->policy.key, "pkcs11:", 7) != 0)
        return prepare_from_ring(key, source, err);
    return is_hmac(key->alg) ? prepare_secret(key, source, now, err) : prepare_pair_in_token(key, source, key->policy.key, err);
}

saf_status policy_key_prepare(policy_key **out, key_source *source, const saf_policy *policy, int64_t now, saf_error *err)
{
    OWN(policy_key) *key = calloc(1, sizeof *key);
    if (!key)
        return saf_fail_memory(err);
    *key = (policy_key) { .references = 1, .policy = *policy, .leeway_sec = source->leeway_sec };
    saf_status status = at_odds(prepare(key, source, now, err), err);
    if (status != SAF_OK)
        return policy_blame(err, policy, status);
    *out = GIVE(&key);
    return SAF_OK;
}
