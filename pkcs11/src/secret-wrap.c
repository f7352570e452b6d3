/*
 * Keys that leave a token and come into one. What wraps is always a key in the token: one that is there, or one that is derived from a passphrase and put
 * into session memory for the moment.
 */
#include "secret-make.h"
#include "wrapped-file.h"

#include <base/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/core_names.h>

enum { KEK_LEN = 32, SCRYPT_N = 1 << 17, SCRYPT_R = 8, SCRYPT_P = 1, SALT_LEN = 32, SCRYPT_SPARE = 1 << 20 };

#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210BUL /* PKCS#11 3.0; before, CKM_AES_KEY_WRAP_PAD could be RFC 5649, too */
#endif

/* ---- the key that wraps ----------------------------------------------------------------------------------- */

typedef struct wrapping_key {
    const saf_p11_session *session;
    CK_OBJECT_HANDLE handle;
    bool is_ours; /* in session memory, to be destroyed */
    CK_MECHANISM how;
    const char *how_name;
} wrapping_key;

static void wrapping_key_free(wrapping_key *key)
{
    if (key->is_ours)
        key->session->p11->cryptoki->C_DestroyObject(key->session->handle, key->handle);
    key->is_ours = false;
}

OWN_VALUE(wrapping_key, wrapping_key_free)
OWN_POINTER(EVP_KDF, EVP_KDF_free)
OWN_POINTER(EVP_KDF_CTX, EVP_KDF_CTX_free)

/* NULL: it has neither. */
static const char *choose_mechanism(CK_MECHANISM *how, const saf_p11_session *session)
{
    CK_MECHANISM_INFO info;
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    *how = (CK_MECHANISM) { CKM_AES_KEY_WRAP_KWP, NULL, 0 };
    if (cryptoki->C_GetMechanismInfo(session->token.slot, how->mechanism, &info) == CKR_OK)
        return "CKM_AES_KEY_WRAP_KWP";
    how->mechanism = CKM_AES_KEY_WRAP_PAD;
    return cryptoki->C_GetMechanismInfo(session->token.slot, how->mechanism, &info) == CKR_OK ? "CKM_AES_KEY_WRAP_PAD" : NULL;
}

static saf_status need_mechanism(wrapping_key *key, const saf_p11_session *session, saf_error *err)
{
    key->session = session;
    key->how_name = choose_mechanism(&key->how, session);
    if (key->how_name)
        return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "token %s has no mechanism CKM_AES_KEY_WRAP_KWP or CKM_AES_KEY_WRAP_PAD (RFC 5649)", session->token.label);
}

/* HKDF (RFC 5869) makes another key of the same passphrase and salt when any of what it is bound to is another. */
static saf_status bind_key(unsigned char out[KEK_LEN], const unsigned char stretched[KEK_LEN], saf_bytes context, saf_error *err)
{
    OWN(EVP_KDF) *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    OWN(EVP_KDF_CTX) *run = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)stretched, KEK_LEN),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)context.data, context.len),
        OSSL_PARAM_construct_end(),
    };
    if (!run || EVP_KDF_derive(run, out, KEK_LEN, params) <= 0)
        return saf_fail_openssl(err, "cannot derive a key from the passphrase");
    return SAF_OK;
}

static saf_status derive(unsigned char out[KEK_LEN], const saf_secret *passphrase, const wrapped_file *file, saf_error *err)
{
    OWN(saf_buffer) context = { 0 };
    unsigned char stretched[KEK_LEN];
    const wrapped_scrypt *scrypt = &file->scrypt;
    SAF_TRY(wrapped_context(&context, file, err));
    uint64_t memory = 128 * (scrypt->n + scrypt->p) * scrypt->r + SCRYPT_SPARE;
    if (!EVP_PBE_scrypt((const char *)passphrase->data, passphrase->len, scrypt->salt, scrypt->salt_len, scrypt->n, scrypt->r, scrypt->p, memory,
                        stretched, sizeof stretched))
        return saf_fail_openssl(err, "cannot derive a key from the passphrase");
    saf_status status = bind_key(out, stretched, saf_buffer_bytes(&context), err);
    OPENSSL_cleanse(stretched, sizeof stretched);
    return status;
}

static CK_RV put_into_session(wrapping_key *key, const unsigned char value[KEK_LEN])
{
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, CKO_SECRET_KEY);
    p11_template_add_number(&wanted, CKA_KEY_TYPE, CKK_AES);
    p11_template_add_flag(&wanted, CKA_TOKEN, false);
    p11_template_add_flag(&wanted, CKA_PRIVATE, true);
    p11_template_add_flag(&wanted, CKA_SENSITIVE, true);
    p11_template_add_flag(&wanted, CKA_EXTRACTABLE, false);
    p11_template_add_flag(&wanted, CKA_WRAP, true);
    p11_template_add_flag(&wanted, CKA_UNWRAP, true);
    p11_template_add_flag(&wanted, CKA_ENCRYPT, false);
    p11_template_add_flag(&wanted, CKA_DECRYPT, false);
    p11_template_add_flag(&wanted, CKA_SIGN, false);
    p11_template_add_flag(&wanted, CKA_VERIFY, false);
    p11_template_add_bytes(&wanted, CKA_VALUE, saf_bytes_of(value, KEK_LEN));
    CK_RV answer = p11_create_object(&key->handle, key->session, &wanted);
    key->is_ours = answer == CKR_OK;
    return answer;
}

static saf_status from_passphrase(wrapping_key *out, const saf_p11_session *session, const saf_secret *passphrase, const wrapped_file *file,
                                  saf_error *err)
{
    unsigned char value[KEK_LEN];
    SAF_TRY(need_mechanism(out, session, err));
    if (!passphrase->len)
        return saf_fail(err, SAF_E_USAGE, "an empty passphrase wraps nothing");
    saf_status status = derive(value, passphrase, file, err);
    CK_RV answer = status == SAF_OK ? put_into_session(out, value) : CKR_OK;
    OPENSSL_cleanse(value, sizeof value);
    return answer == CKR_OK ? status : p11_fail(err, answer, "token %s does not take the key of a passphrase", session->token.label);
}

typedef enum direction { WRAP, UNWRAP } direction;

static saf_status from_token(wrapping_key *out, saf_p11_secret *about, const saf_p11_session *session, const saf_p11_uri *uri, direction way,
                             saf_error *err)
{
    SAF_TRY(need_mechanism(out, session, err));
    SAF_TRY(p11_secret_find(&out->handle, session, uri, err));
    SAF_TRY(p11_secret_describe(about, session, out->handle, err));
    bool may = way == WRAP ? about->wraps : about->unwraps;
    if (about->kind == SAF_P11_AES && may)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "the key \"%s\" of token %s %s", about->label, session->token.label,
                                 about->kind != SAF_P11_AES ? "is no AES key" : way == WRAP ? "may not wrap others" : "may not unwrap others");
    saf_hint(err, "safring secret generate --alg A256 makes one that may");
    return status;
}

static saf_status check_one_way(const saf_p11_wrapping *with, saf_error *err)
{
    if (!with->passphrase != !with->key)
        return SAF_OK;
    return saf_fail(err, SAF_E_USAGE, "a key is wrapped under a passphrase or under an AES key: one of them");
}

/* ---- wrapping --------------------------------------------------------------------------------------------- */

static saf_status check_may_leave(const saf_p11_secret *secret, saf_error *err)
{
    if (!secret->extractable) {
        saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "the secret key \"%s\" stays in token %s: it was made so that it never leaves", secret->label,
                                     secret->token);
        saf_hint(err, "make another version that may leave: safring secret generate --extractable wrapped --if-exists new-version");
        return status;
    }
    if (secret->kind != SAF_P11_OTHER_SECRET && *secret->check_value)
        return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "the secret key \"%s\" of token %s can %s, so that nobody could tell later whether it is the same", secret->label,
                    secret->token, secret->kind == SAF_P11_AES ? "not encrypt" : "not sign");
}

static saf_status settle_about(wrapped_file *file, const saf_p11_secret *secret, const saf_p11_wrapping *with, saf_error *err)
{
    saf_p11_wrapped *about = &file->about;
    *file = (wrapped_file) { .about = { .kind = secret->kind, .len = secret->len, .by_passphrase = with->passphrase != NULL },
                             .scrypt = { .n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P, .salt_len = SALT_LEN } };
    memcpy(about->label, secret->label, sizeof about->label);
    memcpy(about->check_value, secret->check_value, sizeof about->check_value);
    return saf_random_bytes(file->scrypt.salt, SALT_LEN, err);
}

static saf_status open_to_wrap(wrapping_key *out, wrapped_file *file, const saf_p11_session *session, const saf_p11_wrapping *with, saf_error *err)
{
    saf_p11_secret key = { 0 };
    if (with->passphrase)
        return from_passphrase(out, session, with->passphrase, file, err);
    SAF_TRY(from_token(out, &key, session, with->key, WRAP, err));
    if (!*key.check_value)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the AES key \"%s\" of token %s cannot encrypt, so that nobody could tell later that it was it", key.label,
                        session->token.label);
    memcpy(file->about.key_label, key.label, sizeof key.label);
    memcpy(file->about.key_check_value, key.check_value, sizeof key.check_value);
    return SAF_OK;
}

static saf_status wrap(wrapped_file *file, const wrapping_key *with, CK_OBJECT_HANDLE key, saf_error *err)
{
    const saf_p11_session *session = with->session;
    CK_MECHANISM how = with->how;
    CK_ULONG len = sizeof file->key;
    char doing[SAF_P11_OBJECT_MAX + 32];
    snprintf(doing, sizeof doing, "wrap secret key \"%s\"", file->about.label);
    CK_RV answer = session->p11->cryptoki->C_WrapKey(session->handle, &how, with->handle, key, file->key, &len);
    if (answer != CKR_OK)
        return p11_fail_mechanism(err, answer, session, with->how_name, doing);
    /* RFC 5649; what was meant by CKM_AES_KEY_WRAP_PAD before PKCS#11 3.0 is longer by a block */
    if (file->about.len && len != (file->about.len + 7) / 8 * 8 + 8)
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s of token %s is not the one of RFC 5649", with->how_name, session->token.label);
    file->key_len = len;
    return SAF_OK;
}

static saf_status prove(wrapped_file *file, const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    SAF_TRY(wrapped_statement(&text, file, err));
    CK_RV answer = p11_secret_prove(file->proof, &file->proof_len, session, key, file->about.kind, saf_buffer_bytes(&text));
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "token %s cannot use secret key \"%s\"", session->token.label, file->about.label);
}

static saf_status hand_over(char out[SAF_P11_WRAPPED_MAX], size_t *out_len, const wrapped_file *file, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    SAF_TRY(wrapped_write(&text, file, err));
    if (text.len > SAF_P11_WRAPPED_MAX)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the wrapped secret key \"%s\" would be longer than %d bytes", file->about.label, SAF_P11_WRAPPED_MAX);
    memcpy(out, text.data, text.len);
    *out_len = text.len;
    return SAF_OK;
}

saf_status saf_p11_wrap_secret(char out[SAF_P11_WRAPPED_MAX], size_t *out_len, saf_p11_session *session, const saf_p11_uri *uri,
                               const saf_p11_wrapping *with, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    saf_p11_secret secret;
    wrapped_file file;
    OWN(wrapping_key) kek = { 0 };
    SAF_TRY(check_one_way(with, err));
    SAF_TRY(p11_secret_find(&key, session, uri, err));
    SAF_TRY(p11_secret_describe(&secret, session, key, err));
    SAF_TRY(check_may_leave(&secret, err));
    SAF_TRY(settle_about(&file, &secret, with, err));
    SAF_TRY(open_to_wrap(&kek, &file, session, with, err));
    SAF_TRY(wrap(&file, &kek, key, err));
    SAF_TRY(prove(&file, session, key, err));
    return hand_over(out, out_len, &file, err);
}

/* ---- unwrapping ------------------------------------------------------------------------------------------- */

typedef struct unwrapping {
    const wrapped_file *file;
    const wrapping_key *with;
} unwrapping;

static CK_RV call_unwrap(CK_OBJECT_HANDLE *out, const unwrapping *what, p11_template *wanted)
{
    const saf_p11_session *session = what->with->session;
    CK_MECHANISM how = what->with->how;
    return session->p11->cryptoki->C_UnwrapKey(session->handle, &how, what->with->handle, (unsigned char *)(uintptr_t)what->file->key,
                                               what->file->key_len, wanted->attributes, wanted->count, out);
}

static saf_status refuse_altered(const wrapped_file *file, saf_error *err)
{
    if (file->about.by_passphrase)
        return saf_fail(err, SAF_E_DENIED, "the passphrase does not open the wrapped secret key \"%s\": another one, or somebody has altered it",
                        file->about.label);
    return saf_fail(err, SAF_E_DENIED, "the AES key does not open the wrapped secret key \"%s\": another one, or somebody has altered it",
                    file->about.label);
}

/* What a token says of bytes that were wrapped under another key differs; SoftHSM 2.6.1: CKR_GENERAL_ERROR. */
static saf_status fail_to_unwrap(const unwrapping *what, CK_RV answer, saf_error *err)
{
    const char *label = what->file->about.label;
    char doing[SAF_P11_OBJECT_MAX + 32];
    if (answer == CKR_WRAPPED_KEY_INVALID || answer == CKR_WRAPPED_KEY_LEN_RANGE || answer == CKR_GENERAL_ERROR || answer == CKR_FUNCTION_FAILED ||
        answer == CKR_ENCRYPTED_DATA_INVALID)
        return refuse_altered(what->file, err);
    snprintf(doing, sizeof doing, "unwrap secret key \"%s\"", label);
    return p11_fail_mechanism(err, answer, what->with->session, what->with->how_name, doing);
}

static bool proves(const unwrapping *what, CK_OBJECT_HANDLE key, saf_bytes statement)
{
    unsigned char proof[P11_PROOF_MAX];
    size_t len;
    const wrapped_file *file = what->file;
    return p11_secret_prove(proof, &len, what->with->session, key, file->about.kind, statement) == CKR_OK && len == file->proof_len &&
           !CRYPTO_memcmp(proof, file->proof, len);
}

/* In session memory: what is not the key that the file speaks of never gets into the token, whatever interrupts us. */
static saf_status try_key(const unwrapping *what, saf_error *err)
{
    const saf_p11_session *session = what->with->session;
    const saf_p11_secret_spec spec = { .kind = what->file->about.kind };
    OWN(saf_buffer) statement = { 0 };
    CK_OBJECT_HANDLE key;
    p11_template wanted = { 0 };
    SAF_TRY(wrapped_statement(&statement, what->file, err));
    p11_secret_add_kind(&wanted, &spec, P11_IN_SESSION);
    SAF_TRY(p11_template_check(&wanted, err));
    CK_RV answer = call_unwrap(&key, what, &wanted);
    if (answer != CKR_OK)
        return fail_to_unwrap(what, answer, err);
    bool is_it = proves(what, key, saf_buffer_bytes(&statement));
    session->p11->cryptoki->C_DestroyObject(session->handle, key);
    return is_it ? SAF_OK : refuse_altered(what->file, err);
}

static saf_status unwrap(CK_OBJECT_HANDLE *out, __attribute__((unused)) const saf_p11_session *session, p11_template *wanted,
                         const p11_secret_order *order, saf_error *err)
{
    const unwrapping *what = order->context;
    SAF_TRY(p11_template_check(wanted, err));
    CK_RV answer = call_unwrap(out, what, wanted);
    return answer == CKR_OK ? SAF_OK : fail_to_unwrap(what, answer, err);
}

static saf_status check_way(const wrapped_file *file, const saf_p11_wrapping *with, saf_error *err)
{
    SAF_TRY(check_one_way(with, err));
    if (file->about.by_passphrase == (with->passphrase != NULL))
        return SAF_OK;
    if (file->about.by_passphrase)
        return saf_fail(err, SAF_E_USAGE, "the secret key \"%s\" was wrapped under a passphrase, not under a key", file->about.label);
    return saf_fail(err, SAF_E_USAGE, "the secret key \"%s\" was wrapped under the AES key \"%s\", not under a passphrase", file->about.label,
                    file->about.key_label);
}

static saf_status open_to_unwrap(wrapping_key *out, const wrapped_file *file, const saf_p11_session *session, const saf_p11_wrapping *with,
                                 saf_error *err)
{
    saf_p11_secret key;
    if (with->passphrase)
        return from_passphrase(out, session, with->passphrase, file, err);
    SAF_TRY(from_token(out, &key, session, with->key, UNWRAP, err));
    if (!*key.check_value || !strcmp(key.check_value, file->about.key_check_value))
        return SAF_OK;
    return saf_fail(err, SAF_E_DENIED, "the AES key \"%s\" of token %s has the check value %s; \"%s\" was wrapped under \"%s\" with %s", key.label,
                    session->token.label, key.check_value, file->about.label, file->about.key_label, file->about.key_check_value);
}

saf_status saf_p11_unwrap_secret(saf_p11_secret *out, saf_p11_session *session, saf_bytes text, const saf_p11_wrapping *with,
                                 const saf_p11_secret_spec *spec, saf_error *err)
{
    wrapped_file file;
    OWN(wrapping_key) kek = { 0 };
    const unwrapping what = { &file, &kek };
    p11_secret_order order = { .spec = *spec, .check_value = file.about.check_value, .may_lose_len = true, .make = unwrap, .context = &what };
    SAF_TRY(wrapped_read(&file, text, err));
    SAF_TRY(check_way(&file, with, err));
    order.spec.kind = file.about.kind;
    order.spec.len = file.about.len;
    if (!order.spec.label)
        order.spec.label = file.about.label;
    SAF_TRY(p11_secret_check_spec(&order.spec, err));
    SAF_TRY(open_to_unwrap(&kek, &file, session, with, err));
    SAF_TRY(try_key(&what, err));
    return p11_secret_make(out, session, &order, err);
}
