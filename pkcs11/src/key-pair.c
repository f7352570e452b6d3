/*
 * The one file that knows libp11, and knows when not to ask it: libp11 0.4.12 gives up on a token's whole list of private keys at the first one of a
 * kind that it does not know, Ed25519 among them. Then the keys are OpenSSL keys of our own making (pair-provider.c).
 *
 * libp11 0.4.12 damages keys in use when its lists are read again, so each key gets a context of its own, read once;
 * asked for again, the same key comes from there. A context is kept until the module is closed, even one that was of no
 * use (it serves the next key that is asked for), because releasing its slots closes all sessions of the process
 * (C_CloseAllSessions); and it is never unloaded, which would finalise the module (PKCS11_CTX_unload): that is module.c's
 * affair. libp11 is not given the PIN, of which it would keep a copy: we have logged in, and Cryptoki's login holds for
 * the process.
 */
#include "key-pair.h"

#include "login-lock.h"
#include "object.h"
#include "pair-key.h"

#include <base/own-openssl.h>

/* libp11.h names two types that OPENSSL_NO_DEPRECATED hides; we use neither */
typedef struct rsa_meth_st RSA_METHOD;
typedef struct ec_key_method_st EC_KEY_METHOD;

#include <libp11.h>

struct p11_key_pair {
    p11_key_pair *next;
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE object; /* valid in the whole process */
    saf_p11_uri name;        /* its label and id */
    bool retired;            /* see p11_key_pairs_retire() */
    PKCS11_CTX *context;
    PKCS11_SLOT *slots;
    unsigned slot_count;
    pair_library *library; /* NULL: libp11's key */
    EVP_PKEY *key; /* NULL: it could not be loaded */
};

static void key_pair_free(p11_key_pair *pair)
{
    EVP_PKEY_free(pair->key);
    pair_library_free(&pair->library);
    if (pair->slots)
        PKCS11_release_all_slots(pair->context, pair->slots, pair->slot_count);
    if (pair->context)
        PKCS11_CTX_free(pair->context);
    free(pair);
}

void p11_key_pairs_free(saf_p11 *p11)
{
    while (p11->key_pairs) {
        p11_key_pair *pair = p11->key_pairs;
        p11->key_pairs = pair->next;
        key_pair_free(pair);
    }
}

/* ---- libp11's view of a key ------------------------------------------------------------------------------- */

static saf_status read_slots(p11_key_pair *pair, const saf_p11 *p11, saf_error *err)
{
    PKCS11_CTX *context = PKCS11_CTX_new();
    if (!context)
        return saf_fail_memory(err);
    if (PKCS11_CTX_load(context, p11->path) != 0 ||
        PKCS11_enumerate_slots(context, &pair->slots, &pair->slot_count) != 0) {
        PKCS11_CTX_free(context); /* it has no slots to release */
        return saf_fail_openssl(err, "%s cannot be read by libp11", p11->path);
    }
    pair->context = context;
    return SAF_OK;
}

static PKCS11_TOKEN *find_token(const p11_key_pair *pair)
{
    for (unsigned i = 0; i < pair->slot_count; i++)
        if (PKCS11_get_slotid_from_slot(&pair->slots[i]) == pair->slot)
            return pair->slots[i].token;
    return NULL;
}

static bool is_named(const PKCS11_KEY *key, const saf_p11_uri *name)
{
    const char *label = key->label ? key->label : "";
    return !strcmp(label, name->object) && key->id_len == name->id_len &&
           (!name->id_len || !memcmp(key->id, name->id, name->id_len));
}

static PKCS11_KEY *find_key(PKCS11_TOKEN *token, const saf_p11_uri *name)
{
    PKCS11_KEY *keys = NULL;
    unsigned count = 0;
    if (!token || PKCS11_enumerate_keys(token, &keys, &count) != 0)
        return NULL;
    for (unsigned i = 0; i < count; i++)
        if (is_named(&keys[i], name))
            return &keys[i];
    return NULL;
}

static saf_status load_by_libp11(p11_key_pair *pair, const saf_p11_session *session, saf_error *err)
{
    if (!pair->slots)
        SAF_TRY(read_slots(pair, session->p11, err));
    PKCS11_KEY *key = find_key(find_token(pair), &pair->name);
    if (!key) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_UNSUPPORTED, "libp11 cannot use the key");
    }
    pair->key = PKCS11_get_private_key(key);
    if (!pair->key)
        return saf_fail_openssl(err, "private key \"%s\" of token %s cannot be used", pair->name.object,
                                session->token.label);
    return SAF_OK;
}

static saf_status load_by_ourselves(p11_key_pair *pair, const saf_p11_session *session, saf_error *err)
{
    OWN(pair_key) *key = NULL;
    saf_error why = { 0 };
    saf_status status = pair_key_find(&key, session, pair->object, &why);
    if (status != SAF_OK)
        return saf_fail(err, status, "private key \"%s\" of token %s cannot be used: %s", pair->name.object, session->token.label, why.text);
    return pair_library_open(&pair->library, &pair->key, key, err);
}

/* Whether libp11 has given up on this token before: each attempt would cost a context that is kept. */
static bool is_known_as_mixed(const saf_p11_session *session)
{
    const p11_key_pair *pair = session->p11->key_pairs;
    while (pair && (pair->retired || !pair->library || pair->slot != session->token.slot))
        pair = pair->next;
    return pair;
}

static saf_status load(p11_key_pair *pair, const saf_p11_session *session, saf_error *err)
{
    CK_KEY_TYPE type = p11_read_number(session, pair->object, CKA_KEY_TYPE);
    saf_status status = SAF_E_UNSUPPORTED;
    if ((type == CKK_RSA || type == CKK_EC) && !is_known_as_mixed(session))
        status = load_by_libp11(pair, session, err);
    return status == SAF_E_UNSUPPORTED ? load_by_ourselves(pair, session, err) : status;
}

/* ---- loaded once ------------------------------------------------------------------------------------------ */

static bool same_name(const saf_p11_uri *a, const saf_p11_uri *b)
{
    return !strcmp(a->object, b->object) && a->id_len == b->id_len && !memcmp(a->id, b->id, a->id_len);
}

static p11_key_pair *find_loaded(const saf_p11_session *session, CK_OBJECT_HANDLE object, const saf_p11_uri *name)
{
    for (p11_key_pair *pair = session->p11->key_pairs; pair; pair = pair->next)
        if (pair->key && !pair->retired && pair->slot == session->token.slot && pair->object == object &&
            same_name(&pair->name, name))
            return pair;
    return NULL;
}

/* One whose key could not be loaded: no key is in use that reading the lists again would damage, so it serves the next. */
static p11_key_pair *find_unused(const saf_p11_session *session)
{
    for (p11_key_pair *pair = session->p11->key_pairs; pair; pair = pair->next)
        if (!pair->key && !pair->retired && pair->slot == session->token.slot)
            return pair;
    return NULL;
}

static p11_key_pair *add_pair(const saf_p11_session *session)
{
    p11_key_pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    pair->slot = session->token.slot;
    pair->next = session->p11->key_pairs;
    session->p11->key_pairs = pair;
    return pair;
}

static saf_status load_once(p11_key_pair **out, const saf_p11_session *session, CK_OBJECT_HANDLE object, saf_error *err)
{
    saf_p11_uri name;
    CK_RV answer = p11_read_uri(&name, session, object, SAF_P11_PRIVATE);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot read a private key of token %s", session->token.label);
    *out = find_loaded(session, object, &name);
    if (*out)
        return SAF_OK;
    p11_key_pair *pair = find_unused(session);
    if (!pair)
        pair = add_pair(session);
    if (!pair)
        return saf_fail_memory(err);
    pair->object = object;
    pair->name = name;
    *out = pair;
    return load(pair, session, err);
}

void p11_key_pairs_retire(saf_p11 *p11, CK_SLOT_ID slot)
{
    for (p11_key_pair *pair = p11->key_pairs; pair; pair = pair->next)
        pair->retired = pair->retired || pair->slot == slot;
}

void p11_key_pairs_retire_all(saf_p11 *p11)
{
    for (p11_key_pair *pair = p11->key_pairs; pair; pair = pair->next)
        pair->retired = true;
}

bool p11_key_pairs_in_use(const saf_p11 *p11)
{
    const p11_key_pair *pair = p11->key_pairs;
    while (pair && (pair->retired || !pair->key))
        pair = pair->next;
    return pair;
}

void p11_key_pairs_retire_object(saf_p11 *p11, CK_SLOT_ID slot, CK_OBJECT_HANDLE object)
{
    for (p11_key_pair *pair = p11->key_pairs; pair; pair = pair->next)
        pair->retired = pair->retired || (pair->key && pair->slot == slot && pair->object == object);
}

saf_status saf_p11_load_private_key(EVP_PKEY **out, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *pin,
                                    saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    OWN(saf_p11_session) *session = NULL;
    SAF_TRY(p11_login_session(&session, p11, uri, pin, err));
    CK_OBJECT_HANDLE object;
    SAF_TRY(p11_find_one(&object, session, uri, SAF_P11_PRIVATE, err));
    p11_key_pair *pair;
    SAF_TRY(load_once(&pair, session, object, err));
    if (!EVP_PKEY_up_ref(pair->key))
        return saf_fail_openssl(err, "cannot share a private key of token %s", session->token.label);
    *out = pair->key;
    return SAF_OK;
}
