#include <support/signers.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

void signers_free(signers *w)
{
    saf_p11_close(&w->p11);
}

static saf_status give_pin(void *context, const saf_p11_token *token, saf_secret *pin, saf_error *err)
{
    signers *w = context;
    atomic_fetch_add(&w->pins_asked, 1);
    (void)err;
    return w->pin && token->label[0] ? saf_secret_set(pin, saf_bytes_of_text(w->pin), NULL) : SAF_E_DENIED;
}

void signers_enter_module(signers *w, const char *module)
{
    saf_error err = { 0 };
    saf_p11_options options = { .module = module, .pin = give_pin, .pin_context = w };
    w->pin = SOFTHSM_PIN;
    if (saf_p11_open(&w->p11, &options, &err) != SAF_OK)
        fail_msg("%s", err.text);
    saf_p11_token token;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    if (saf_p11_find_token(&token, w->p11, &uri, NULL) != SAF_OK)
        softhsm_init_token(w->p11, "ZWE.IDT");
}

void signers_enter(signers *w)
{
    signers_enter_module(w, NULL);
}

void signers_add_secret(const signers *w, const char *label, saf_bytes value, key_fate fate)
{
    saf_p11_session *login = NULL;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    assert_int_equal(saf_p11_login(&login, w->p11, &uri, NULL, NULL), SAF_OK);
    CK_SESSION_HANDLE raw = softhsm_raw_session(w->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, signs = fate != KEY_MUTE, modifiable = fate != KEY_FIXED;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },
                              { CKA_KEY_TYPE, &type, sizeof type },
                              { CKA_TOKEN, &yes, sizeof yes },
                              { CKA_SENSITIVE, &yes, sizeof yes },
                              { CKA_SIGN, &signs, sizeof signs },
                              { CKA_MODIFIABLE, &modifiable, sizeof modifiable },
                              { CKA_VALUE, (void *)(uintptr_t)value.data, value.len },
                              { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) } };
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &key), CKR_OK);
    softhsm_cryptoki(w->p11)->C_CloseSession(raw);
    saf_p11_logout(&login);
}

void signers_add_bytes(const signers *w, const char *label, unsigned char value, key_fate fate)
{
    unsigned char bytes[32];
    memset(bytes, value, sizeof bytes);
    signers_add_secret(w, label, saf_bytes_of(bytes, sizeof bytes), fate);
}

static saf_p11_uri uri_of(const char *label)
{
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    snprintf(uri.object, sizeof uri.object, "%s", label);
    return uri;
}

saf_p11_signer *signers_open(const signers *w, const char *label, saf_p11_mechanism mechanism)
{
    saf_error err = { 0 };
    saf_p11_signer *signer = NULL;
    saf_p11_uri uri = uri_of(label);
    if (saf_p11_signer_open(&signer, w->p11, &uri, mechanism, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return signer;
}

void signers_refuse(const signers *w, const char *label, saf_p11_mechanism mechanism, saf_status status, const char *text)
{
    saf_error err = { 0 };
    saf_p11_signer *signer = NULL;
    saf_p11_uri uri = uri_of(label);
    saf_status got = saf_p11_signer_open(&signer, w->p11, &uri, mechanism, &err);
    assert_null(signer);
    assert_string_equal(err.text, text);
    assert_int_equal(got, status);
}

int signers_try(saf_p11_signer *signer, unsigned char value)
{
    static atomic_uint number;
    unsigned char key[32], message[64], out[SAF_P11_SIGNATURE_MAX], wanted[EVP_MAX_MD_SIZE];
    size_t len = sizeof out;
    unsigned wanted_len = 0;
    memset(key, value, sizeof key);
    memset(message, (int)atomic_fetch_add(&number, 1), sizeof message);
    saf_status status = saf_p11_signer_sign(signer, saf_bytes_of(message, sizeof message), out, &len);
    if (status != SAF_OK)
        return (int)status;
    HMAC(EVP_sha256(), key, sizeof key, message, sizeof message, wanted, &wanted_len);
    return len == wanted_len && !memcmp(out, wanted, len) ? 0 : -1;
}

void signers_expect(saf_p11_signer *signer, unsigned char value)
{
    saf_error err = { 0 };
    int got = signers_try(signer, value);
    (void)!saf_p11_signer_explain(signer, &err);
    if (got != 0)
        fail_msg("%s: %s", got < 0 ? "a wrong signature" : saf_status_name((saf_status)got), err.text);
}

CK_SLOT_ID signers_slot(const signers *w)
{
    saf_p11_token token;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    assert_int_equal(saf_p11_find_token(&token, w->p11, &uri, NULL), SAF_OK);
    return token.slot;
}
