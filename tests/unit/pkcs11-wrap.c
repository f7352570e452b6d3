#include <support/softhsm.h>

#include <base/buffer.h>

/* Vectors are OpenSSL's business: what matters here is that only the same key with the same binding opens what was sealed. */

typedef struct fixture {
    saf_p11 *p11;
    saf_p11_session *session;
    saf_p11_uri key;
    unsigned char sealed[64];
    size_t len;
    saf_error err;
} fixture;

static void fixture_free(fixture *f)
{
    saf_p11_logout(&f->session);
    saf_p11_close(&f->p11);
}

OWN_VALUE(fixture, fixture_free)

static const char PLAIN[] = "0123456789abcdef0123456789abcdef";

static saf_p11_uri make_key(fixture *f, const char *label)
{
    char uri[SAF_P11_URI_MAX + 1];
    if (saf_p11_generate_aes(uri, f->session, label, &f->err) != SAF_OK)
        fail_msg("%s", f->err.text);
    return softhsm_uri(uri);
}

static void enter(fixture *f)
{
    f->p11 = softhsm_open();
    softhsm_init_token(f->p11, "ZWE");
    f->session = softhsm_login(f->p11, "ZWE");
    f->key = make_key(f, "store");
    if (saf_p11_seal(f->session, &f->key, saf_bytes_of_text(PLAIN), saf_bytes_of_text("bound"), f->sealed, sizeof f->sealed, &f->len, &f->err) != SAF_OK)
        fail_msg("%s", f->err.text);
}

static saf_status unseal(fixture *f, const saf_p11_uri *key, const char *aad, unsigned char out[64], size_t *len)
{
    return saf_p11_unseal(f->session, key, saf_bytes_of(f->sealed, f->len), saf_bytes_of_text(aad), out, 64, len, &f->err);
}

TEST(what_was_sealed_opens)
{
    (void)state;
    OWN(fixture) f = { 0 };
    unsigned char out[64];
    size_t len = 0;
    enter(&f);
    assert_int_equal(f.len, strlen(PLAIN) + SAF_P11_SEAL_OVERHEAD);
    if (unseal(&f, &f.key, "bound", out, &len) != SAF_OK)
        fail_msg("%s", f.err.text);
    assert_int_equal(len, strlen(PLAIN));
    assert_memory_equal(out, PLAIN, len);
}

TEST(what_is_bound_to_something_else_does_not_open)
{
    (void)state;
    OWN(fixture) f = { 0 };
    unsigned char out[64];
    size_t len;
    enter(&f);
    assert_int_equal(unseal(&f, &f.key, "other", out, &len), SAF_E_DENIED);
    assert_non_null(strstr(f.err.text, "does not open it"));
    assert_int_equal(unseal(&f, &f.key, "bound", out, &len), SAF_OK); /* and the session is good for more */
}

TEST(altered_bytes_do_not_open)
{
    (void)state;
    OWN(fixture) f = { 0 };
    unsigned char out[64];
    size_t len;
    enter(&f);
    for (size_t i = 0; i < f.len; i += 7) {
        f.sealed[i] ^= 1;
        assert_int_equal(unseal(&f, &f.key, "bound", out, &len), SAF_E_DENIED);
        f.sealed[i] ^= 1;
    }
    f.len = SAF_P11_SEAL_OVERHEAD;
    assert_int_equal(unseal(&f, &f.key, "bound", out, &len), SAF_E_DENIED);
}

TEST(another_key_does_not_open_it)
{
    (void)state;
    OWN(fixture) f = { 0 };
    unsigned char out[64];
    size_t len;
    enter(&f);
    saf_p11_uri other = make_key(&f, "other");
    assert_int_equal(unseal(&f, &other, "bound", out, &len), SAF_E_DENIED);
}

TEST(a_key_that_is_not_there_or_no_aes_key_is_named)
{
    (void)state;
    OWN(fixture) f = { 0 };
    unsigned char out[64];
    size_t len;
    saf_p11_secret secret;
    saf_p11_uri none = { .object = "none" }, mac = { .object = "mac" };
    const saf_p11_secret_spec spec = { .label = "mac", .len = 64 };
    enter(&f);
    assert_int_equal(unseal(&f, &none, "bound", out, &len), SAF_E_NOT_FOUND);
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &spec, &f.err), SAF_OK);
    assert_int_equal(unseal(&f, &mac, "bound", out, &len), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(f.err.text, "no AES key"));
}

TEST(too_little_room_is_said_before_anything_is_done)
{
    (void)state;
    OWN(fixture) f = { 0 };
    unsigned char out[64];
    size_t len;
    enter(&f);
    assert_int_equal(saf_p11_seal(f.session, &f.key, saf_bytes_of_text(PLAIN), saf_bytes_of_text(""), out, 59, &len, &f.err), SAF_E_SPACE);
    assert_int_equal(saf_p11_unseal(f.session, &f.key, saf_bytes_of(f.sealed, f.len), saf_bytes_of_text("bound"), out, 59, &len, &f.err), SAF_E_SPACE);
    assert_int_equal(saf_p11_seal(f.session, &f.key, saf_bytes_of_text(""), saf_bytes_of_text(""), out, 64, &len, &f.err), SAF_E_USAGE);
}

TEST(a_key_wants_a_label)
{
    (void)state;
    OWN(fixture) f = { 0 };
    char uri[SAF_P11_URI_MAX + 1];
    enter(&f);
    assert_int_equal(saf_p11_generate_aes(uri, f.session, "", &f.err), SAF_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(what_was_sealed_opens),
        IN_SOFTHSM(what_is_bound_to_something_else_does_not_open),
        IN_SOFTHSM(altered_bytes_do_not_open),
        IN_SOFTHSM(another_key_does_not_open_it),
        IN_SOFTHSM(a_key_that_is_not_there_or_no_aes_key_is_named),
        IN_SOFTHSM(too_little_room_is_said_before_anything_is_done),
        IN_SOFTHSM(a_key_wants_a_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
