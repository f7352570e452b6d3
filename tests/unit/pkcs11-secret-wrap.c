#include <support/scratch.h>
#include <support/softhsm.h>

#include <base/base64url.h>
#include <base/buffer.h>
#include <base/json-reader.h>
#include <base/own-openssl.h>

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>

typedef struct fixture {
    saf_p11 *p11;
    saf_p11_session *session;
    saf_secret passphrase;
    char text[SAF_P11_WRAPPED_MAX];
    size_t len;
    saf_error err;
} fixture;

static void fixture_free(fixture *f)
{
    saf_secret_free(&f->passphrase);
    saf_p11_logout(&f->session);
    saf_p11_close(&f->p11);
}

OWN_VALUE(fixture, fixture_free)

static void enter(fixture *f)
{
    f->p11 = softhsm_open();
    softhsm_init_token(f->p11, "ZWE.IDT");
    f->session = softhsm_login(f->p11, "ZWE.IDT");
    f->passphrase = softhsm_secret("correct horse");
}

static void assert_ok(saf_status status, const fixture *f)
{
    if (status != SAF_OK)
        fail_msg("%s", f->err.text);
}

static saf_p11_secret generate(fixture *f, const saf_p11_secret_spec *spec)
{
    saf_p11_secret secret;
    assert_ok(saf_p11_generate_secret(&secret, f->session, spec, &f->err), f);
    return secret;
}

static saf_status wrap_under(fixture *f, const char *label, const saf_p11_uri *key)
{
    const saf_p11_uri uri = { .token = "ZWE.IDT" };
    saf_p11_uri which = uri;
    snprintf(which.object, sizeof which.object, "%s", label);
    const saf_p11_wrapping with = { .passphrase = key ? NULL : &f->passphrase, .key = key };
    return saf_p11_wrap_secret(f->text, &f->len, f->session, &which, &with, &f->err);
}

static saf_status unwrap_with(saf_p11_secret *out, fixture *f, const saf_p11_wrapping *with, const saf_p11_secret_spec *spec)
{
    return saf_p11_unwrap_secret(out, f->session, saf_bytes_of(f->text, f->len), with, spec, &f->err);
}

static saf_status unwrap(saf_p11_secret *out, fixture *f, const char *label)
{
    const saf_p11_wrapping with = { .passphrase = &f->passphrase };
    const saf_p11_secret_spec spec = { .label = label };
    return unwrap_with(out, f, &with, &spec);
}

static size_t count_keys(fixture *f)
{
    OWN(saf_p11_secret_list) list = { 0 };
    assert_ok(saf_p11_list_secrets(&list, f->session, NULL, &f->err), f);
    return list.count;
}

static void replace(fixture *f, const char *old, const char *new)
{
    f->text[f->len] = '\0';
    char *at = strstr(f->text, old);
    assert_non_null(at);
    size_t tail = strlen(at + strlen(old));
    memmove(at + strlen(new), at + strlen(old), tail + 1);
    memcpy(at, new, strlen(new));
    f->len = strlen(f->text);
}

/* ---- there and back --------------------------------------------------------------------------------------- */

TEST(a_key_comes_back_the_same_and_says_that_it_was_away)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    enter(&f);
    saf_p11_secret made = generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    assert_ok(unwrap(&back, &f, NULL), &f);
    assert_string_equal(back.label, "movable");
    assert_string_equal(back.check_value, made.check_value);
    assert_int_equal(back.sequence, 2);
    assert_int_equal(back.len, 64);
    assert_int_equal(saf_p11_secret_leaving(&back), SAF_P11_STAYS);
    assert_false(back.local || back.always_sensitive || back.never_extractable);
    assert_true(back.signs && back.verifies && !back.wraps);
}

TEST(unwrap_gives_the_attributes_asked_for)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    const saf_p11_wrapping with = { .passphrase = &f.passphrase };
    const saf_p11_secret_spec spec = { .label = "other", .leaving = SAF_P11_LEAVES_WRAPPED, .fixed = true, .end_date = 1798675200 };
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 32, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    assert_ok(unwrap_with(&back, &f, &with, &spec), &f);
    assert_string_equal(back.label, "other");
    assert_int_equal(saf_p11_secret_leaving(&back), SAF_P11_LEAVES_WRAPPED);
    assert_false(back.modifiable);
    assert_int_equal(back.end_date, 1798675200);
}

TEST(an_aes_key_travels_too)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    enter(&f);
    static const size_t lens[] = { 16, 24, 32 };
    for (size_t i = 0; i < 3; i++) {
        char label[8];
        snprintf(label, sizeof label, "aes%zu", lens[i]);
        saf_p11_secret made =
            generate(&f, &(saf_p11_secret_spec) { .label = label, .len = lens[i], .kind = SAF_P11_AES, .leaving = SAF_P11_LEAVES_WRAPPED });
        assert_ok(wrap_under(&f, label, NULL), &f);
        assert_ok(unwrap(&back, &f, "back"), &f);
        assert_int_equal(back.kind, SAF_P11_AES);
        assert_int_equal(back.len, lens[i]);
        assert_string_equal(back.check_value, made.check_value);
    }
}

TEST(a_key_travels_under_an_aes_key_of_the_token)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    saf_p11_wrapped about;
    enter(&f);
    saf_p11_secret transport = generate(&f, &(saf_p11_secret_spec) { .label = "transport", .len = 32, .kind = SAF_P11_AES });
    saf_p11_secret made = generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 48, .leaving = SAF_P11_LEAVES_WRAPPED });
    saf_p11_uri key = softhsm_uri(transport.uri);
    const saf_p11_wrapping with = { .key = &key };
    assert_ok(wrap_under(&f, "movable", &key), &f);
    assert_ok(saf_p11_read_wrapped(&about, saf_bytes_of(f.text, f.len), &f.err), &f);
    assert_false(about.by_passphrase);
    assert_string_equal(about.key_label, "transport");
    assert_string_equal(about.key_check_value, transport.check_value);
    assert_ok(unwrap_with(&back, &f, &with, &(saf_p11_secret_spec) { .label = NULL }), &f);
    assert_string_equal(back.check_value, made.check_value);
}

TEST(labels_of_all_characters_travel)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    char longest[SAF_P11_OBJECT_MAX + 1];
    memset(longest, '\n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    static const char odd[] = "a \"b\"\\c\t\x01\x7F/\xC3\xBC\xF0\x9F\x94\x91";
    const char *labels[] = { odd, longest };
    enter(&f);
    for (size_t i = 0; i < 2; i++) {
        generate(&f, &(saf_p11_secret_spec) { .label = labels[i], .len = 32, .leaving = SAF_P11_LEAVES_WRAPPED });
        assert_ok(wrap_under(&f, labels[i], NULL), &f);
        assert_ok(unwrap(&back, &f, NULL), &f);
        assert_string_equal(back.label, labels[i]);
    }
    /* another tool may escape what need not be */
    generate(&f, &(saf_p11_secret_spec) { .label = "\xC3\xBC\xF0\x9F\x94\x91/", .len = 32, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "\xC3\xBC\xF0\x9F\x94\x91/", NULL), &f);
    replace(&f, "\xC3\xBC\xF0\x9F\x94\x91/", "\\u00fC\\ud83d\\uDD11\\/");
    assert_ok(unwrap(&back, &f, NULL), &f);
    assert_string_equal(back.label, "\xC3\xBC\xF0\x9F\x94\x91/");
}

/* ---- what is refused -------------------------------------------------------------------------------------- */

TEST(a_key_that_stays_is_not_wrapped)
{
    OWN(fixture) f = { 0 };
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "jwtsecret", .len = 64 });
    assert_int_equal(wrap_under(&f, "jwtsecret", NULL), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(f.err.text, "\"jwtsecret\" stays in token ZWE.IDT"));
    assert_non_null(strstr(f.err.hint, "--extractable wrapped"));
}

TEST(a_key_that_may_not_wrap_is_refused)
{
    OWN(fixture) f = { 0 };
    char uri[SAF_P11_URI_MAX + 1];
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(saf_p11_generate_aes(uri, f.session, "store", &f.err), &f);
    saf_p11_uri store = softhsm_uri(uri), hmac = { .object = "movable" }, none = { .object = "none" };
    assert_int_equal(wrap_under(&f, "movable", &store), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(f.err.text, "may not wrap"));
    assert_int_equal(wrap_under(&f, "movable", &hmac), SAF_E_UNSUPPORTED);
    assert_int_equal(wrap_under(&f, "movable", &none), SAF_E_NOT_FOUND);
}

TEST(another_passphrase_or_key_opens_nothing_and_leaves_nothing)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    saf_p11_secret transport = generate(&f, &(saf_p11_secret_spec) { .label = "transport", .len = 32, .kind = SAF_P11_AES });
    saf_p11_secret other = generate(&f, &(saf_p11_secret_spec) { .label = "other", .len = 32, .kind = SAF_P11_AES });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    size_t before = count_keys(&f);
    saf_secret_free(&f.passphrase);
    f.passphrase = softhsm_secret("wrong horse");
    assert_int_equal(unwrap(&back, &f, NULL), SAF_E_DENIED);
    saf_p11_uri right = softhsm_uri(transport.uri), wrong = softhsm_uri(other.uri);
    const saf_p11_secret_spec spec = { 0 };
    assert_int_equal(unwrap_with(&back, &f, &(saf_p11_wrapping) { .key = &right }, &spec), SAF_E_USAGE);
    assert_int_equal(unwrap_with(&back, &f, &(saf_p11_wrapping) { .key = &right, .passphrase = &f.passphrase }, &spec), SAF_E_USAGE);
    assert_ok(wrap_under(&f, "movable", &right), &f);
    assert_int_equal(unwrap_with(&back, &f, &(saf_p11_wrapping) { .key = &wrong }, &spec), SAF_E_DENIED);
    assert_non_null(strstr(f.err.text, transport.check_value));
    assert_int_equal(unwrap(&back, &f, NULL), SAF_E_USAGE);
    assert_int_equal(count_keys(&f), before);
    assert_int_equal(generate(&f, &(saf_p11_secret_spec) { .label = "next", .len = 32 }).sequence, 4); /* no number was spent */
}

/* Whoever alters a file and makes its digest right again. */
static saf_json_object read_object(const fixture *f)
{
    static saf_json_object object;
    assert_true(saf_json_read_object(&object, saf_bytes_of(f->text, f->len)));
    return object;
}

static saf_bytes raw_of(const saf_json_object *object, const char *name)
{
    const saf_json_member *member = saf_json_find(object, name);
    assert_non_null(member);
    return member->value.raw;
}

static void line(saf_buffer *out, const saf_json_object *object, const char *name)
{
    saf_bytes raw = raw_of(object, name);
    saf_buffer_printf(out, "%s=%.*s\n", name, (int)raw.len, (const char *)raw.data);
}

static void label_line(saf_buffer *out, const saf_json_object *object, const char *name)
{
    char encoded[1024];
    saf_bytes raw = raw_of(object, name);
    size_t len = saf_base64url_encode(encoded, raw); /* no escapes in these tests */
    saf_buffer_printf(out, "%s=%.*s\n", name, (int)len, encoded);
}

/* As WRAPPED.md says, from the file alone. */
static void context_by_hand(saf_buffer *out, const saf_json_object *object)
{
    static const char *const by_passphrase[] = { "method", "scrypt_n", "scrypt_r", "scrypt_p", "salt" };
    saf_buffer_append_text(out, "safring-wrapped-secret\n");
    line(out, object, "version");
    label_line(out, object, "label");
    line(out, object, "kind");
    line(out, object, "length");
    line(out, object, "check_value");
    for (size_t i = 0; saf_json_find(object, "salt") && i < 5; i++)
        line(out, object, by_passphrase[i]);
    if (saf_json_find(object, "salt"))
        return;
    line(out, object, "method");
    label_line(out, object, "key_label");
    line(out, object, "key_check_value");
}

static void mend_digest(fixture *f)
{
    OWN(saf_buffer) text = { 0 };
    unsigned char digest[32];
    char encoded[44] = "", old[44] = "";
    saf_json_object object = read_object(f);
    context_by_hand(&text, &object);
    line(&text, &object, "wrapped");
    line(&text, &object, "proof");
    SHA256(text.data, text.len, digest);
    saf_base64url_encode(encoded, saf_bytes_of(digest, sizeof digest));
    saf_bytes raw = raw_of(&object, "digest");
    memcpy(old, raw.data, raw.len);
    replace(f, old, encoded);
}

TEST(a_file_that_was_altered_is_refused)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    replace(&f, "\"movable\"", "\"movable2\"");
    assert_int_equal(unwrap(&back, &f, NULL), SAF_E_MALFORMED);
    assert_non_null(strstr(f.err.text, "altered or damaged"));
    mend_digest(&f);
    assert_int_equal(unwrap(&back, &f, NULL), SAF_E_DENIED);
    assert_non_null(strstr(f.err.text, "somebody has altered it"));
    assert_int_equal(count_keys(&f), 1);
}

/* Under an AES key nothing but the key itself vouches for what the file says about it. */
TEST(a_file_under_an_aes_key_cannot_be_given_another_label)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret back;
    enter(&f);
    saf_p11_uri key = softhsm_uri(generate(&f, &(saf_p11_secret_spec) { .label = "transport", .len = 32, .kind = SAF_P11_AES }).uri);
    generate(&f, &(saf_p11_secret_spec) { .label = "test", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "test", &key), &f);
    replace(&f, "\"label\": \"test\"", "\"label\": \"production\"");
    mend_digest(&f);
    assert_int_equal(unwrap_with(&back, &f, &(saf_p11_wrapping) { .key = &key }, &(saf_p11_secret_spec) { 0 }), SAF_E_DENIED);
    assert_int_equal(count_keys(&f), 2);
}

static void expect_unreadable(fixture *f, const char *old, const char *new, saf_status status, const char *text)
{
    char kept[SAF_P11_WRAPPED_MAX];
    size_t len = f->len;
    saf_p11_wrapped about;
    memcpy(kept, f->text, len);
    replace(f, old, new);
    assert_int_equal(saf_p11_read_wrapped(&about, saf_bytes_of(f->text, f->len), &f->err), status);
    if (!strstr(f->err.text, text))
        fail_msg("%s", f->err.text);
    memcpy(f->text, kept, len);
    f->len = len;
}

TEST(read_is_strict)
{
    OWN(fixture) f = { 0 };
    saf_p11_wrapped about;
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    expect_unreadable(&f, "safring-wrapped-secret", "other", SAF_E_MALFORMED, "format");
    expect_unreadable(&f, "\"version\": 1", "\"version\": 2", SAF_E_UNSUPPORTED, "version 2");
    expect_unreadable(&f, "\"kind\": \"hmac\"", "\"kind\": \"rsa\"", SAF_E_MALFORMED, "\"kind\"");
    expect_unreadable(&f, "\"kind\": \"hmac\"", "\"kind\": \"aes\"", SAF_E_MALFORMED, "\"length\"");
    expect_unreadable(&f, "\"length\": 64", "\"length\": 32", SAF_E_MALFORMED, "\"wrapped\"");
    expect_unreadable(&f, "\"length\": 64", "\"length\": 99999999", SAF_E_MALFORMED, "\"length\"");
    expect_unreadable(&f, "\"length\": 64", "\"extra\": 1, \"length\": 64", SAF_E_MALFORMED, "do not belong");
    expect_unreadable(&f, "scrypt-hkdf", "argon2-hkdf", SAF_E_UNSUPPORTED, "method");
    expect_unreadable(&f, "\"salt\": \"", "\"salt\": \"=", SAF_E_MALFORMED, "\"salt\"");
    expect_unreadable(&f, "\"check_value\": \"", "\"check_value\": \"x", SAF_E_MALFORMED, "\"check_value\"");
    expect_unreadable(&f, "\n}\n", "\n", SAF_E_MALFORMED, "only a part");
    assert_int_equal(saf_p11_read_wrapped(&about, saf_bytes_of(f.text, f.len - 100), &f.err), SAF_E_MALFORMED);
}

/* What scrypt is asked to do is bounded also when the digest is right. */
TEST(read_bounds_scrypt)
{
    OWN(fixture) f = { 0 };
    static const char *const bad[][2] = { { "\"scrypt_n\": 131072", "\"scrypt_n\": 1073741824" }, { "\"scrypt_r\": 8", "\"scrypt_r\": 1024" },
                                          { "\"scrypt_p\": 1", "\"scrypt_p\": 1000" }, { "\"scrypt_p\": 1", "\"scrypt_p\": 4294967295" } };
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        saf_p11_wrapped about;
        replace(&f, bad[i][0], bad[i][1]);
        mend_digest(&f);
        assert_int_equal(saf_p11_read_wrapped(&about, saf_bytes_of(f.text, f.len), &f.err), SAF_E_UNSUPPORTED);
        replace(&f, bad[i][1], bad[i][0]);
    }
    replace(&f, "\"scrypt_n\": 131072", "\"scrypt_n\": 131071");
    mend_digest(&f);
    saf_p11_wrapped about;
    assert_int_equal(saf_p11_read_wrapped(&about, saf_bytes_of(f.text, f.len), &f.err), SAF_E_MALFORMED);
}

/* ---- an independent judge: the documented format, libcrypto, and no token --------------------------------- */

OWN_POINTER(EVP_KDF, EVP_KDF_free)
OWN_POINTER(EVP_KDF_CTX, EVP_KDF_CTX_free)

static void kdf(const char *name, OSSL_PARAM *params, unsigned char out[32])
{
    OWN(EVP_KDF) *method = EVP_KDF_fetch(NULL, name, NULL);
    OWN(EVP_KDF_CTX) *run = EVP_KDF_CTX_new(method);
    assert_true(run && EVP_KDF_derive(run, out, 32, params) > 0);
}

static void scrypt_by_hand(unsigned char out[32], const char *passphrase, saf_bytes salt_text)
{
    unsigned char salt[128];
    size_t len;
    uint64_t n = 131072, memory = 1u << 28;
    uint32_t r = 8, p = 1;
    assert_true(saf_base64url_decode(salt, &len, salt_text));
    OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)passphrase, strlen(passphrase)),
                            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, len),
                            OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
                            OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
                            OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
                            OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
                            OSSL_PARAM_construct_end() };
    kdf("SCRYPT", params, out);
}

static void hkdf_by_hand(unsigned char out[32], unsigned char key[32], const saf_buffer *info)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, 32),
                            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info->data, info->len),
                            OSSL_PARAM_construct_end() };
    kdf("HKDF", params, out);
}

static int kwp_by_hand(unsigned char *out, const unsigned char kek[32], saf_bytes wrapped_text)
{
    unsigned char wrapped[1024];
    size_t len;
    int out_len = 0, more = 0;
    OWN(EVP_CIPHER_CTX) *context = EVP_CIPHER_CTX_new();
    assert_true(saf_base64url_decode(wrapped, &len, wrapped_text));
    EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    assert_true(EVP_DecryptInit_ex(context, EVP_aes_256_wrap_pad(), NULL, kek, NULL));
    assert_true(EVP_DecryptUpdate(context, out, &out_len, wrapped, (int)len));
    assert_true(EVP_DecryptFinal_ex(context, out + out_len, &more));
    return out_len + more;
}

TEST(the_documented_format_gives_the_tokens_key)
{
    OWN(fixture) f = { 0 };
    OWN(saf_buffer) info = { 0 };
    unsigned char stretched[32], kek[32], key[1024], mac[64], token_mac[64];
    size_t token_mac_len;
    enter(&f);
    saf_p11_secret made = generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    assert_ok(wrap_under(&f, "movable", NULL), &f);
    saf_json_object object = read_object(&f);
    scrypt_by_hand(stretched, "correct horse", raw_of(&object, "salt"));
    context_by_hand(&info, &object);
    hkdf_by_hand(kek, stretched, &info);
    assert_int_equal(kwp_by_hand(key, kek, raw_of(&object, "wrapped")), 64);

    static const char message[] = "what the token signs, libcrypto signs the same";
    CK_SESSION_HANDLE raw = softhsm_raw_session(f.p11, "ZWE.IDT");
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f.p11);
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof class };
    CK_OBJECT_HANDLE handle;
    CK_ULONG count = 0, len = sizeof token_mac;
    CK_MECHANISM how = { CKM_SHA512_HMAC, NULL, 0 };
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, &wanted, 1), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, &handle, 1, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    assert_int_equal(count, 1);
    assert_int_equal(cryptoki->C_SignInit(raw, &how, handle), CKR_OK);
    assert_int_equal(cryptoki->C_Sign(raw, (unsigned char *)(uintptr_t)message, strlen(message), token_mac, &len), CKR_OK);
    token_mac_len = len;
    assert_non_null(HMAC(EVP_sha512(), key, 64, (const unsigned char *)message, strlen(message), mac, NULL));
    assert_int_equal(token_mac_len, 64);
    assert_memory_equal(mac, token_mac, 64);

    saf_secret value = { 0 };
    char check_value[7];
    assert_int_equal(saf_secret_set(&value, saf_bytes_of(key, 64), NULL), SAF_OK);
    assert_int_equal(saf_p11_compute_check_value(check_value, SAF_P11_HMAC, &value, NULL), SAF_OK);
    assert_string_equal(check_value, made.check_value);
    saf_secret_free(&value);
    f.text[f.len] = '\0';
    assert_null(strstr(f.text, "correct horse"));
}

/* ---- a token without the mechanism ------------------------------------------------------------------------ */

static CK_C_GetMechanismInfo real_info;

static CK_RV no_wrapping(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    return type == CKM_AES_KEY_WRAP_PAD || type == 0x210B ? CKR_MECHANISM_INVALID : real_info(slot, type, info);
}

TEST(a_missing_mechanism_is_named)
{
    OWN(fixture) f = { 0 };
    enter(&f);
    generate(&f, &(saf_p11_secret_spec) { .label = "movable", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED });
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f.p11);
    real_info = cryptoki->C_GetMechanismInfo;
    cryptoki->C_GetMechanismInfo = no_wrapping;
    saf_status status = wrap_under(&f, "movable", NULL);
    cryptoki->C_GetMechanismInfo = real_info;
    assert_int_equal(status, SAF_E_UNSUPPORTED);
    assert_non_null(strstr(f.err.text, "CKM_AES_KEY_WRAP_PAD"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_key_comes_back_the_same_and_says_that_it_was_away),
        IN_SOFTHSM(unwrap_gives_the_attributes_asked_for),
        IN_SOFTHSM(an_aes_key_travels_too),
        IN_SOFTHSM(a_key_travels_under_an_aes_key_of_the_token),
        IN_SOFTHSM(labels_of_all_characters_travel),
        IN_SOFTHSM(a_key_that_stays_is_not_wrapped),
        IN_SOFTHSM(a_key_that_may_not_wrap_is_refused),
        IN_SOFTHSM(another_passphrase_or_key_opens_nothing_and_leaves_nothing),
        IN_SOFTHSM(a_file_that_was_altered_is_refused),
        IN_SOFTHSM(a_file_under_an_aes_key_cannot_be_given_another_label),
        IN_SOFTHSM(read_is_strict),
        IN_SOFTHSM(read_bounds_scrypt),
        IN_SOFTHSM(the_documented_format_gives_the_tokens_key),
        IN_SOFTHSM(a_missing_mechanism_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
