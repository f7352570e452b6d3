#include <support/softhsm.h>

#include <pthread.h>

typedef struct fixture {
    saf_p11 *p11;
    saf_p11_session *session;
} fixture;

static void fixture_free(fixture *f)
{
    saf_p11_logout(&f->session);
    saf_p11_close(&f->p11);
}

OWN_VALUE(fixture, fixture_free)

static fixture log_in(void)
{
    fixture f = { .p11 = softhsm_open() };
    softhsm_init_token(f.p11, "ZWE.IDT");
    f.session = softhsm_login(f.p11, "ZWE.IDT");
    return f;
}

/* A key with a known value, which the library under test never makes. */
static void create_key(const fixture *f, const char *label, saf_bytes value, bool signs)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, may_sign = signs;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },   { CKA_KEY_TYPE, &type, sizeof type },
                              { CKA_TOKEN, &yes, sizeof yes },       { CKA_SENSITIVE, &yes, sizeof yes },
                              { CKA_SIGN, &may_sign, sizeof(CK_BBOOL) },
                              { CKA_VALUE, (void *)(uintptr_t)value.data, value.len },
                              { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) } };
    assert_int_equal(softhsm_cryptoki(f->p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &key), CKR_OK);
    softhsm_cryptoki(f->p11)->C_CloseSession(raw);
}

static saf_p11_mac *open_mac(const fixture *f, const char *label, saf_p11_hash hash)
{
    saf_error err = { 0 };
    saf_p11_mac *mac = NULL;
    saf_p11_uri uri = { 0 };
    snprintf(uri.object, sizeof uri.object, "%s", label);
    if (saf_p11_mac_open(&mac, f->session, &uri, hash, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return mac;
}

/* RFC 4231, 4.7 and 4.8: the test cases whose key (131 bytes of 0xAA) is long enough for SoftHSM. */
static const char case6[] = "Test Using Larger Than Block-Size Key - Hash Key First";
static const char case7[] = "This is a test using a larger than block-size key and a larger than block-size data. The key "
                            "needs to be hashed before being used by the HMAC algorithm.";

typedef struct vector {
    saf_p11_hash hash;
    const char *message;
    const char *mac;
} vector;

static const vector vectors[] = {
    { SAF_P11_SHA256, case6, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { SAF_P11_SHA256, case7, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    { SAF_P11_SHA384, case6,
      "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952" },
    { SAF_P11_SHA384, case7,
      "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e" },
    { SAF_P11_SHA512, case6,
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
      "95e64f73f63f0aec8b915a985d786598" },
    { SAF_P11_SHA512, case7,
      "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15"
      "134676fb6de0446065c97440fa8c6a58" },
};

static void expect_mac(saf_p11_mac *mac, const char *message, const char *hex)
{
    unsigned char out[64];
    char text[129] = "";
    size_t len;
    assert_int_equal(saf_p11_mac_compute(mac, saf_bytes_of_text(message), out, &len), SAF_OK);
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", out[i]);
    assert_string_equal(text, hex);
}

TEST(compute_gives_the_macs_of_rfc_4231)
{
    OWN(fixture) f = log_in();
    unsigned char key[131];
    memset(key, 0xAA, sizeof key);
    create_key(&f, "rfc4231", saf_bytes_of(key, sizeof key), true);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        OWN(saf_p11_mac) *mac = open_mac(&f, "rfc4231", vectors[i].hash);
        expect_mac(mac, vectors[i].message, vectors[i].mac);
        expect_mac(mac, vectors[i].message, vectors[i].mac);
    }
}

TEST(compute_works_with_a_generated_key_and_agrees_with_its_check_value)
{
    OWN(fixture) f = log_in();
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "x", .len = 64 }, NULL),
                     SAF_OK);
    OWN(saf_p11_mac) *mac = open_mac(&f, "x", SAF_P11_SHA256);
    unsigned char out[64];
    char check_value[7];
    size_t len;
    assert_int_equal(saf_p11_mac_compute(mac, saf_bytes_of("", 1), out, &len), SAF_OK);
    assert_int_equal(len, 32);
    snprintf(check_value, sizeof check_value, "%02X%02X%02X", out[0], out[1], out[2]);
    assert_string_equal(check_value, secret.check_value);
}

static CK_SLOT_ID slot_of(const fixture *f)
{
    saf_p11_token token;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    assert_int_equal(saf_p11_find_token(&token, f->p11, &uri, NULL), SAF_OK);
    return token.slot;
}

/* The first secret key that has this value of CKA_TOKEN; how many there are. */
static CK_ULONG find_keys(const fixture *f, CK_BBOOL in_token, CK_OBJECT_HANDLE *key)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f->p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_TOKEN, &in_token, sizeof in_token } };
    CK_ULONG count;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, wanted, 2), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, key, 1, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    cryptoki->C_CloseSession(raw);
    return count;
}

static saf_p11_mac *open_known(const fixture *f)
{
    unsigned char known[32] = { 1 };
    create_key(f, "x", saf_bytes_of(known, sizeof known), true);
    return open_mac(f, "x", SAF_P11_SHA256);
}

static void expect_gone(saf_p11_mac *mac)
{
    unsigned char out[64];
    size_t len;
    assert_int_equal(saf_p11_mac_compute(mac, saf_bytes_of_text("m"), out, &len), SAF_E_TOKEN_GONE);
    assert_int_equal(saf_p11_mac_compute(mac, saf_bytes_of_text("m"), out, &len), SAF_E_TOKEN_GONE);
}

TEST(open_makes_no_copy_of_the_key)
{
    OWN(fixture) f = log_in();
    OWN(saf_p11_mac) *mac = open_known(&f);
    CK_OBJECT_HANDLE key;
    assert_non_null(mac);
    assert_int_equal(find_keys(&f, CK_FALSE, &key), 0);
    assert_int_equal(find_keys(&f, CK_TRUE, &key), 1);
}

TEST(a_destroyed_key_signs_no_more)
{
    OWN(fixture) f = log_in();
    OWN(saf_p11_mac) *mac = open_known(&f);
    CK_OBJECT_HANDLE key;
    assert_int_equal(find_keys(&f, CK_TRUE, &key), 1);
    CK_SESSION_HANDLE raw = softhsm_raw_session(f.p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(f.p11)->C_DestroyObject(raw, key), CKR_OK);
    expect_gone(mac);
}

TEST(a_mac_is_gone_when_the_process_was_logged_out)
{
    OWN(fixture) f = log_in();
    OWN(saf_p11_mac) *mac = open_known(&f);
    CK_SESSION_HANDLE raw = softhsm_raw_session(f.p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(f.p11)->C_Logout(raw), CKR_OK);
    expect_gone(mac);
    saf_p11_mac_close(&mac);
    saf_p11_logout(&f.session);
    f.session = softhsm_login(f.p11, "ZWE.IDT");
    mac = open_mac(&f, "x", SAF_P11_SHA256);
}

TEST(a_mac_is_gone_when_all_sessions_were_closed)
{
    OWN(fixture) f = log_in();
    OWN(saf_p11_mac) *mac = open_known(&f);
    assert_int_equal(softhsm_cryptoki(f.p11)->C_CloseAllSessions(slot_of(&f)), CKR_OK);
    expect_gone(mac);
}

typedef struct worker {
    pthread_t thread;
    saf_p11_mac *mac;
    unsigned char number;
    int failures;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    unsigned char first[64], out[64], message[100];
    size_t first_len, len;
    memset(message, w->number, sizeof message);
    saf_bytes bytes = saf_bytes_of(message, sizeof message);
    w->failures = saf_p11_mac_compute(w->mac, bytes, first, &first_len) != SAF_OK;
    for (int i = 0; i < 500 && !w->failures; i++)
        w->failures += saf_p11_mac_compute(w->mac, bytes, out, &len) != SAF_OK || len != first_len ||
                       memcmp(out, first, len) != 0;
    return NULL;
}

TEST(threads_share_one_mac)
{
    OWN(fixture) f = log_in();
    unsigned char key[32] = { 1 };
    create_key(&f, "x", saf_bytes_of(key, sizeof key), true);
    OWN(saf_p11_mac) *mac = open_mac(&f, "x", SAF_P11_SHA256);
    worker workers[8];
    for (unsigned i = 0; i < 8; i++) {
        workers[i] = (worker) { .mac = mac, .number = (unsigned char)i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].failures, 0);
    }
}

static void expect_unsupported(const fixture *f, const char *label, saf_p11_hash hash, const char *text)
{
    saf_error err = { 0 };
    saf_p11_mac *mac = NULL;
    saf_p11_uri uri = { 0 };
    snprintf(uri.object, sizeof uri.object, "%s", label);
    assert_int_equal(saf_p11_mac_open(&mac, f->session, &uri, hash, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, text);
    assert_null(mac);
}

TEST(open_refuses_keys_that_cannot_sign)
{
    OWN(fixture) f = log_in();
    unsigned char key[32] = { 1 };
    create_key(&f, "verifier", saf_bytes_of(key, sizeof key), false);
    create_key(&f, "short", saf_bytes_of(key, sizeof key), true);
    expect_unsupported(&f, "verifier", SAF_P11_SHA256, "the key may not sign (CKA_SIGN is false)");
    expect_unsupported(&f, "short", SAF_P11_SHA512, "the key is too short for HMAC-SHA-512 in token ZWE.IDT");
}

TEST(open_names_the_key_that_is_missing)
{
    OWN(fixture) f = log_in();
    saf_error err = { 0 };
    saf_p11_mac *mac = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:object=gone");
    assert_int_equal(saf_p11_mac_open(&mac, f.session, &uri, SAF_P11_SHA256, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "token ZWE.IDT has no secret key \"gone\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(compute_gives_the_macs_of_rfc_4231),
        IN_SOFTHSM(compute_works_with_a_generated_key_and_agrees_with_its_check_value),
        IN_SOFTHSM(open_makes_no_copy_of_the_key),
        IN_SOFTHSM(a_destroyed_key_signs_no_more),
        IN_SOFTHSM(a_mac_is_gone_when_the_process_was_logged_out),
        IN_SOFTHSM(a_mac_is_gone_when_all_sessions_were_closed),
        IN_SOFTHSM(threads_share_one_mac),
        IN_SOFTHSM(open_refuses_keys_that_cannot_sign),
        IN_SOFTHSM(open_names_the_key_that_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
