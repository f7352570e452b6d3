/*
 * Making an RSA key of 4096 bits takes seconds, for which no process is to wait that wants to log in; and SoftHSM 2.6.1 does
 * not bear that one makes an object of a token while another looks for objects in it. So there a pair is made in the session
 * alone, and copied into the token when the lock file is held, too. A kill before that leaves nothing behind. Threads of this
 * process do wait: libp11 lists what is in sessions, and gives up when some of it goes away meanwhile.
 *
 * Other modules may not be able to copy, and have no lock file: they make the pair in the token at once.
 */
#include "login-lock.h"
#include "mechanism.h"
#include "object.h"
#include "pair-spec.h"
#include "token-space.h"

typedef struct order {
    const saf_p11_session *session;
    saf_p11_pair_spec spec;
    p11_curve curve;
} order;

typedef struct pair {
    CK_OBJECT_HANDLE public, private; /* CK_INVALID_HANDLE: none */
} pair;

typedef enum place { IN_SESSION, IN_TOKEN } place;

/* What a half is to be: asked for, and read again afterwards. */
typedef struct flag_row {
    CK_ATTRIBUTE_TYPE type;
    bool value;
    const char *name;
} flag_row;

#define FLAG(type, value) { type, value, #type }

/* It signs and does nothing else. Decryption would be for RSA key transport in TLS 1.2, against which RFC 9325, 4.1 advises
 * and which no TLS library needs; and a key that decrypts by PKCS #1 1.5 also signs, for whoever finds a padding oracle. */
static const flag_row private_flags[] = {
    FLAG(CKA_PRIVATE, true),  FLAG(CKA_SENSITIVE, true), FLAG(CKA_EXTRACTABLE, false), FLAG(CKA_SIGN, true),
    FLAG(CKA_DECRYPT, false), FLAG(CKA_UNWRAP, false),   FLAG(CKA_DERIVE, false),
};

/* Not private: it is read, and listed, without a PIN. */
static const flag_row public_flags[] = {
    FLAG(CKA_PRIVATE, false), FLAG(CKA_VERIFY, true),  FLAG(CKA_ENCRYPT, false),
    FLAG(CKA_WRAP, false),    FLAG(CKA_DERIVE, false),
};

enum {
    PRIVATE_FLAGS = sizeof private_flags / sizeof *private_flags,
    PUBLIC_FLAGS = sizeof public_flags / sizeof *public_flags
};

static saf_bytes id_of(const order *what)
{
    return saf_bytes_of(what->spec.id, what->spec.id_len);
}

static saf_bytes curve_of(const order *what)
{
    return saf_bytes_of(what->curve.der, what->curve.len);
}

typedef struct kind_row {
    CK_MECHANISM_TYPE mechanism;
    const char *what;
} kind_row;

static const kind_row kind_rows[] = {
    [SAF_P11_RSA] = { CKM_RSA_PKCS_KEY_PAIR_GEN, "make RSA keys" },
    [SAF_P11_EC] = { CKM_EC_KEY_PAIR_GEN, "make EC keys" },
    [SAF_P11_EDWARDS] = { CKM_EC_EDWARDS_KEY_PAIR_GEN, "make Ed25519 keys" },
};

/* ---- making ----------------------------------------------------------------------------------------------- */

/* SoftHSM copies nothing that may not be changed: in the session it still may. */
static void add_half(p11_template *list, const order *what, place where, const flag_row *flags, size_t count)
{
    p11_template_add_flag(list, CKA_TOKEN, where == IN_TOKEN);
    p11_template_add_flag(list, CKA_MODIFIABLE, where == IN_SESSION);
    for (size_t i = 0; i < count; i++)
        p11_template_add_flag(list, flags[i].type, flags[i].value);
    p11_template_add_text(list, CKA_LABEL, what->spec.label);
    p11_template_add_bytes(list, CKA_ID, id_of(what));
}

static void add_size(p11_template *list, const order *what)
{
    static const unsigned char exponent[] = { 0x01, 0x00, 0x01 };
    if (what->spec.kind != SAF_P11_RSA) {
        p11_template_add_bytes(list, CKA_EC_PARAMS, curve_of(what));
        return;
    }
    p11_template_add_number(list, CKA_MODULUS_BITS, what->spec.rsa_bits);
    p11_template_add_bytes(list, CKA_PUBLIC_EXPONENT, saf_bytes_of(exponent, sizeof exponent));
}

static saf_status generate(pair *out, const order *what, place where, saf_error *err)
{
    const saf_p11_session *session = what->session;
    p11_template public = { 0 };
    p11_template private = { 0 };
    add_half(&public, what, where, public_flags, PUBLIC_FLAGS);
    add_size(&public, what);
    add_half(&private, what, where, private_flags, PRIVATE_FLAGS);
    SAF_TRY(p11_template_check(&public, err));
    SAF_TRY(p11_template_check(&private, err));
    CK_MECHANISM how = { kind_rows[what->spec.kind].mechanism, NULL, 0 };
    CK_RV answer = session->p11->cryptoki->C_GenerateKeyPair(session->handle, &how, public.attributes, public.count,
                                                             private.attributes, private.count, &out->public, &out->private);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "token %s cannot make key pair \"%s\"", session->token.label, what->spec.label);
    return SAF_OK;
}

static CK_RV copy(CK_OBJECT_HANDLE *out, const saf_p11_session *session, CK_OBJECT_HANDLE half)
{
    p11_template changes = { 0 };
    p11_template_add_flag(&changes, CKA_TOKEN, true);
    p11_template_add_flag(&changes, CKA_MODIFIABLE, false);
    return session->p11->cryptoki->C_CopyObject(session->handle, half, changes.attributes, changes.count, out);
}

/* The private half last: when it is there, the pair is whole. */
static saf_status copy_pair(pair *out, const pair *made, const order *what, saf_error *err)
{
    CK_RV answer = copy(&out->public, what->session, made->public);
    if (answer == CKR_OK)
        answer = copy(&out->private, what->session, made->private);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "token %s cannot keep key pair \"%s\"", what->session->token.label, what->spec.label);
    return SAF_OK;
}

static void destroy(const pair *made, const saf_p11_session *session)
{
    if (made->private != CK_INVALID_HANDLE)
        session->p11->cryptoki->C_DestroyObject(session->handle, made->private);
    if (made->public != CK_INVALID_HANDLE)
        session->p11->cryptoki->C_DestroyObject(session->handle, made->public);
}

/* ---- looking ---------------------------------------------------------------------------------------------- */

static saf_status check_class(CK_OBJECT_CLASS class, size_t own, const order *what, saf_error *err)
{
    OWN(p11_objects) found = { 0 };
    SAF_TRY(p11_find_by_id(&found, what->session, class, id_of(what), err));
    if (found.count > own)
        return saf_fail(err, SAF_E_EXISTS, "token %s has a key or certificate with the id of key pair \"%s\" already",
                        what->session->token.label, what->spec.label);
    return SAF_OK;
}

/* Nothing but what was made in the session has the id; a certificate or public half alone would be taken for this key's. */
static saf_status check_free(const pair *made, const order *what, saf_error *err)
{
    SAF_TRY(check_class(CKO_PRIVATE_KEY, made->private != CK_INVALID_HANDLE, what, err));
    SAF_TRY(check_class(CKO_PUBLIC_KEY, made->public != CK_INVALID_HANDLE, what, err));
    return check_class(CKO_CERTIFICATE, 0, what, err);
}

static const char *lost_of_half(const order *what, CK_OBJECT_HANDLE half, const flag_row *flags, size_t count)
{
    if (!p11_has_bytes(what->session, half, CKA_LABEL, saf_bytes_of_text(what->spec.label)))
        return "CKA_LABEL";
    if (!p11_has_bytes(what->session, half, CKA_ID, id_of(what)))
        return "CKA_ID";
    if (!p11_read_flag(what->session, half, CKA_TOKEN))
        return "CKA_TOKEN";
    for (size_t i = 0; i < count; i++)
        if (p11_read_flag(what->session, half, flags[i].type) != flags[i].value)
            return flags[i].name;
    return NULL;
}

static const char *lost_of_size(const order *what, CK_OBJECT_HANDLE public)
{
    if (what->spec.kind != SAF_P11_RSA)
        return p11_has_bytes(what->session, public, CKA_EC_PARAMS, curve_of(what)) ? NULL : "CKA_EC_PARAMS";
    return p11_read_number(what->session, public, CKA_MODULUS_BITS) == what->spec.rsa_bits ? NULL : "CKA_MODULUS_BITS";
}

/* A token may leave out what it does not like, and say nothing. */
static saf_status check_kept(const pair *kept, const order *what, saf_error *err)
{
    const char *half = "private";
    const char *lost = lost_of_half(what, kept->private, private_flags, PRIVATE_FLAGS);
    if (!lost) {
        half = "public";
        lost = lost_of_half(what, kept->public, public_flags, PUBLIC_FLAGS);
    }
    if (!lost)
        lost = lost_of_size(what, kept->public);
    if (lost)
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s did not keep %s of %s key \"%s\"", what->session->token.label, lost,
                        half, what->spec.label);
    return SAF_OK;
}

/* ---- keeping ---------------------------------------------------------------------------------------------- */

static bool must_copy(const pair *made)
{
    return made->private != CK_INVALID_HANDLE;
}

/* Nothing half-kept: a pair that is not as wanted is destroyed again. */
static saf_status keep(p11_guard *guard, const pair *made, const order *what, saf_error *err)
{
    pair kept = { CK_INVALID_HANDLE, CK_INVALID_HANDLE };
    SAF_TRY(p11_guard_add_lock(guard, err));
    SAF_TRY(token_space_check(guard->p11->token_directory, err));
    SAF_TRY(check_free(made, what, err));
    saf_status status = must_copy(made) ? copy_pair(&kept, made, what, err) : generate(&kept, what, IN_TOKEN, err);
    if (status == SAF_OK)
        status = check_kept(&kept, what, err);
    if (status != SAF_OK)
        destroy(&kept, what->session);
    return status;
}

static saf_status make(p11_guard *guard, const order *what, saf_error *err)
{
    pair made = { CK_INVALID_HANDLE, CK_INVALID_HANDLE };
    if (what->session->p11->token_directory) /* SoftHSM */
        SAF_TRY(generate(&made, what, IN_SESSION, err));
    saf_status status = keep(guard, &made, what, err);
    destroy(&made, what->session);
    return status;
}

static saf_status make_edwards(p11_guard *guard, order *what, saf_error *err)
{
    saf_status status = make(guard, what, err);
    if (status != SAF_E_UNSUPPORTED || what->session->p11->token_directory) /* SoftHSM has understood */
        return status;
    p11_curve_of_edwards(&what->curve, P11_EDWARDS_BY_NAME);
    return make(guard, what, err);
}

static saf_status require_kind(const order *what, saf_error *err)
{
    const kind_row *row = &kind_rows[what->spec.kind];
    return p11_require_mechanism(what->session->p11, &what->session->token, row->mechanism, CKF_GENERATE_KEY_PAIR, row->what, err);
}

saf_status saf_p11_generate_pair(char uri[SAF_P11_URI_MAX + 1], saf_p11_session *session, const saf_p11_pair_spec *spec,
                                 saf_error *err)
{
    order what = { .session = session, .spec = *spec };
    char text[SAF_P11_URI_MAX + 1];
    SAF_TRY(p11_pair_check(&what.curve, spec, err));
    SAF_TRY(p11_pair_make_id(&what.spec, err));
    SAF_TRY(p11_pair_format_uri(text, session, &what.spec, err));
    OWN(p11_guard) guard = { 0 };
    p11_guard_take_mutex(&guard, session->p11);
    SAF_TRY(require_kind(&what, err));
    SAF_TRY((spec->kind == SAF_P11_EDWARDS ? make_edwards(&guard, &what, err) : make(&guard, &what, err)));
    memcpy(uri, text, sizeof text);
    return SAF_OK;
}
