#include "key-source.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <stdlib.h>

OWN_HANDLE(policy_key, policy_key_free)
OWN_HANDLE(saf_ring, saf_ring_close)

const saf_principal issuer_itself = { 0 };

void policy_key_free(policy_key **key)
{
    if (!*key)
        return;
    saf_idt_signer_free(&(*key)->signer);
    saf_idt_verifier_free(&(*key)->verifier);
    saf_p11_mac_close(&(*key)->mac);
    free(*key);
    *key = NULL;
}

/* Hint and codes stay as they are, which saf_fail() would not let them. */
saf_status policy_blame(saf_error *err, const saf_policy *policy, saf_status status)
{
    if (!err)
        return status;
    char cause[SAF_ERROR_TEXT_SIZE];
    memcpy(cause, err->text, sizeof cause);
    int len = snprintf(err->text, sizeof err->text, "policy JWT.%s.%s.SAF: ", policy->appl, policy->user);
    memccpy(err->text + len, cause, '\0', sizeof err->text - (size_t)len);
    err->text[sizeof err->text - 1] = '\0';
    return status;
}

static saf_idt_rules rules_of(const saf_policy *policy, unsigned leeway_sec)
{
    return (saf_idt_rules) {
        .kid = policy->kid[0] ? policy->kid : NULL,
        .leeway_sec = leeway_sec,
        .lifetime_max_sec = policy->timeout_min * 60,
        .any_appl = policy->any_appl,
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

static saf_status prepare_unsigned(policy_key *key, key_source *source, saf_error *err)
{
    saf_idt_rules rules = rules_of(&key->policy, source->leeway_sec);
    SAF_TRY(saf_idt_signer_unsigned(&key->signer, err));
    return saf_idt_verifier_unsigned(&key->verifier, &rules, err);
}

/* ---- secret keys --------------------------------------------------------------------------------------------- */

static bool is_hmac(saf_idt_alg alg)
{
    return saf_idt_alg_key_min(alg) > 0;
}

static saf_p11_hash hash_of(saf_idt_alg alg)
{
    return alg == SAF_IDT_HS256 ? SAF_P11_SHA256 : alg == SAF_IDT_HS384 ? SAF_P11_SHA384 : SAF_P11_SHA512;
}

static saf_status mac_in_token(void *context, saf_bytes message, unsigned char *out, size_t *out_len)
{
    return saf_p11_mac_compute(context, message, out, out_len);
}

static saf_status prepare_hmac(policy_key *key, key_source *source, const saf_p11_uri *uri, saf_error *err)
{
    saf_idt_rules rules = rules_of(&key->policy, source->leeway_sec);
    SAF_TRY(token_login_mac(&key->mac, &source->logins, uri, hash_of(key->alg), saf_idt_alg_key_min(key->alg), err));
    SAF_TRY(saf_idt_signer_from_callback(&key->signer, key->alg, mac_in_token, key->mac, rules.kid, err));
    return saf_idt_verifier_from_callback(&key->verifier, key->alg, mac_in_token, key->mac, &rules, err);
}

/* ---- key pairs ----------------------------------------------------------------------------------------------- */

/* A copy through its encoding, so that verifying never calls the token that the private key may be in. */
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

static saf_status prepare_pair(policy_key *key, key_source *source, EVP_PKEY *private_key, saf_error *err)
{
    saf_idt_rules rules = rules_of(&key->policy, source->leeway_sec);
    OWN(EVP_PKEY) *public_key = NULL;
    SAF_TRY(copy_public_key(&public_key, private_key, err));
    SAF_TRY(saf_idt_signer_from_key(&key->signer, key->alg, private_key, rules.kid, err));
    return saf_idt_verifier_from_key(&key->verifier, key->alg, public_key, &rules, err);
}

/* ---- from a token -------------------------------------------------------------------------------------------- */

static saf_status require_token_use(const saf_policy *policy, saf_error *err)
{
    if (policy->key_use == SAF_KEY_USE_TOKEN)
        return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "key use \"%s\" is not supported yet for a key in a token; use \"token\"",
                    policy->key_use == SAF_KEY_USE_DERIVED ? "derived" : "memory");
}

static saf_status prepare_from_token(policy_key *key, key_source *source, saf_error *err)
{
    saf_p11_uri uri = { 0 };
    SAF_TRY(require_token_use(&key->policy, err));
    SAF_TRY(saf_p11_uri_parse(&uri, key->policy.key, err));
    if (is_hmac(key->alg))
        return prepare_hmac(key, source, &uri, err);
    OWN(EVP_PKEY) *private_key = NULL;
    SAF_TRY(token_login_private_key(&private_key, &source->logins, &uri, err));
    return prepare_pair(key, source, private_key, err);
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

static saf_status load_from_token(EVP_PKEY **out, policy_key *key, key_source *source, const char *key_uri,
                                  saf_error *err)
{
    saf_p11_uri uri = { 0 };
    SAF_TRY(require_token_use(&key->policy, err));
    SAF_TRY(saf_p11_uri_parse(&uri, key_uri, err));
    return token_login_private_key(out, &source->logins, &uri, err);
}

/* The ring is asked also for a key that turns out to be in a token, because the authority decides there. */
static saf_status load_ring_key(EVP_PKEY **out, policy_key *key, key_source *source, const saf_ring *ring,
                                saf_error *err)
{
    const saf_connection *signer = find_signer(ring, key->ring.label);
    if (!signer)
        return no_signer(&key->ring, err);
    if (signer->cert->trust == SAF_NOTRUST)
        return saf_fail(err, SAF_E_DENIED, "certificate %s/%s has the status NOTRUST", signer->cert->owner,
                        signer->cert->label);
    saf_status status = saf_ring_load_key(out, ring, signer, source->store, &issuer_itself, err);
    if (status == SAF_E_UNSUPPORTED && signer->cert->key_place == SAF_KEY_IN_TOKEN)
        return load_from_token(out, key, source, signer->cert->key_uri, err);
    return status;
}

static saf_status prepare_from_ring(policy_key *key, key_source *source, saf_error *err)
{
    if (is_hmac(key->alg))
        return saf_fail(err, SAF_E_CONFLICT, "%s needs a secret key in a token, and %s names a ring", key->policy.alg,
                        key->policy.key);
    if (key->policy.key_use == SAF_KEY_USE_DERIVED)
        return saf_fail(err, SAF_E_UNSUPPORTED, "key use \"derived\" is not for a key in a ring");
    SAF_TRY(saf_ring_address_parse(&key->ring, key->policy.key, err));
    OWN(saf_ring) *ring = NULL;
    SAF_TRY(saf_ring_open(&ring, source->store, &issuer_itself, key->ring.owner, key->ring.name, err));
    key->ring_generation = saf_ring_generation(ring);
    OWN(EVP_PKEY) *private_key = NULL;
    SAF_TRY(load_ring_key(&private_key, key, source, ring, err));
    return prepare_pair(key, source, private_key, err);
}

/* ---- any policy ---------------------------------------------------------------------------------------------- */

static saf_status prepare(policy_key *key, key_source *source, saf_error *err)
{
    SAF_TRY(saf_idt_alg_parse(&key->alg, key->policy.alg, err));
    if (key->alg == SAF_IDT_ALG_NONE)
        return prepare_unsigned(key, source, err);
    if (strncmp(key->policy.key, "pkcs11:", 7) == 0)
        return prepare_from_token(key, source, err);
    return prepare_from_ring(key, source, err);
}

saf_status policy_key_prepare(policy_key **out, key_source *source, const saf_policy *policy, saf_error *err)
{
    OWN(policy_key) *key = calloc(1, sizeof *key);
    if (!key)
        return saf_fail_memory(err);
    key->policy = *policy;
    saf_status status = at_odds(prepare(key, source, err), err);
    if (status != SAF_OK)
        return policy_blame(err, policy, status);
    *out = GIVE(&key);
    return SAF_OK;
}
