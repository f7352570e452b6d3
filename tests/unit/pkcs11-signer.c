#include <support/signers.h>

#include <base/own-openssl.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <pthread.h>
#include <sys/wait.h>

/* ---- secret keys --------------------------------------------------------------------------------------------- */

/* RFC 4231, 4.7 and 4.8: the test cases whose key (131 bytes of 0xAA) is long enough for SoftHSM. */
static const char case6[] = "Test Using Larger Than Block-Size Key - Hash Key First";
static const char case7[] = "This is a test using a larger than block-size key and a larger than block-size data. The key "
                            "needs to be hashed before being used by the HMAC algorithm.";

typedef struct vector {
    saf_p11_mechanism mechanism;
    const char *message;
    const char *mac;
} vector;

static const vector vectors[] = {
    { SAF_P11_HMAC_SHA256, case6, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { SAF_P11_HMAC_SHA256, case7, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    { SAF_P11_HMAC_SHA384, case6,
      "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952" },
    { SAF_P11_HMAC_SHA384, case7,
      "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e" },
    { SAF_P11_HMAC_SHA512, case6,
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
      "95e64f73f63f0aec8b915a985d786598" },
    { SAF_P11_HMAC_SHA512, case7,
      "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15"
      "134676fb6de0446065c97440fa8c6a58" },
};

static void expect_mac(saf_p11_signer *signer, const char *message, const char *hex)
{
    unsigned char out[64];
    char text[129] = "";
    size_t len = sizeof out;
    assert_int_equal(saf_p11_signer_sign(signer, saf_bytes_of_text(message), out, &len), SAF_OK);
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", out[i]);
    assert_string_equal(text, hex);
}

static void expect_vectors(key_fate fate)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    unsigned char key[131];
    memset(key, 0xAA, sizeof key);
    signers_add_secret(&w, "rfc4231", saf_bytes_of(key, sizeof key), fate);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        OWN(saf_p11_signer) *signer = signers_open(&w, "rfc4231", vectors[i].mechanism);
        assert_int_equal(saf_p11_signer_key_size(signer), 131);
        expect_mac(signer, vectors[i].message, vectors[i].mac);
        expect_mac(signer, vectors[i].message, vectors[i].mac);
    }
}

TEST(a_copied_key_gives_the_macs_of_rfc_4231)
{
    expect_vectors(KEY_COPYABLE);
}

TEST(a_key_that_may_not_be_copied_gives_the_macs_of_rfc_4231)
{
    expect_vectors(KEY_FIXED);
}

TEST(a_generated_key_signs_and_agrees_with_its_check_value)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    OWN(saf_p11_session) *session = softhsm_login(w.p11, "ZWE.IDT");
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, session, &(saf_p11_secret_spec) { .label = "x", .len = 64 }, NULL), SAF_OK);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    unsigned char out[64];
    char check_value[7];
    size_t len = sizeof out;
    assert_int_equal(saf_p11_signer_sign(signer, saf_bytes_of("", 1), out, &len), SAF_OK);
    assert_int_equal(len, 32);
    snprintf(check_value, sizeof check_value, "%02X%02X%02X", out[0], out[1], out[2]);
    assert_string_equal(check_value, secret.check_value);
}

/* Secret keys that have this value of CKA_TOKEN. */
static CK_ULONG count_keys(const signers *w, CK_BBOOL in_token, CK_OBJECT_HANDLE *first)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(w->p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(w->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_OBJECT_HANDLE found[8];
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_TOKEN, &in_token, sizeof in_token } };
    CK_ULONG count;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, wanted, 2), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, found, 8, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    cryptoki->C_CloseSession(raw);
    if (count)
        *first = found[0];
    return count;
}

TEST(the_copy_stays_secret_and_goes_with_the_signer)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    CK_OBJECT_HANDLE key;
    assert_int_equal(count_keys(&w, CK_TRUE, &key), 1);
    assert_int_equal(count_keys(&w, CK_FALSE, &key), 1);
    unsigned char value[64];
    CK_ATTRIBUTE wanted = { CKA_VALUE, value, sizeof value };
    CK_SESSION_HANDLE raw = softhsm_raw_session(w.p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(w.p11)->C_GetAttributeValue(raw, key, &wanted, 1), CKR_ATTRIBUTE_SENSITIVE);
    saf_p11_signer_close(&signer);
    assert_int_equal(count_keys(&w, CK_FALSE, &key), 0);
    assert_int_equal(count_keys(&w, CK_TRUE, &key), 1);
}

TEST(who_looks_for_a_key_finds_no_copies)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *first = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    OWN(saf_p11_signer) *second = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    OWN(saf_p11_session) *session = softhsm_login(w.p11, "ZWE.IDT");
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, session, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 1);
    signers_expect(first, 1);
    signers_expect(second, 1);
}

TEST(a_small_room_is_an_error_and_the_next_call_works)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    unsigned char out[32];
    for (size_t room = 0; room < sizeof out; room++) {
        size_t len = room;
        assert_int_equal(saf_p11_signer_sign(signer, saf_bytes_of_text("m"), out, &len), SAF_E_SPACE);
    }
    signers_expect(signer, 1);
    assert_int_equal(w.pins_asked, 1);
}

TEST(keys_that_cannot_sign_are_refused)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "verifier", 1, KEY_MUTE);
    signers_add_bytes(&w, "short", 1, KEY_COPYABLE);
    signers_refuse(&w, "verifier", SAF_P11_HMAC_SHA256, SAF_E_UNSUPPORTED, "the key may not sign (CKA_SIGN is false)");
    signers_refuse(&w, "short", SAF_P11_HMAC_SHA512, SAF_E_UNSUPPORTED, "the key is too short for HMAC-SHA-512 in token ZWE.IDT");
    signers_refuse(&w, "gone", SAF_P11_HMAC_SHA256, SAF_E_NOT_FOUND, "token ZWE.IDT has no secret key \"gone\"");
    signers_refuse(&w, "gone", SAF_P11_RSA_SHA256, SAF_E_NOT_FOUND, "token ZWE.IDT has no private key \"gone\"");
}

TEST(a_secret_key_has_no_public_half)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    EVP_PKEY *key = NULL;
    assert_int_equal(saf_p11_signer_public_key(&key, signer, NULL), SAF_E_UNSUPPORTED);
    assert_null(key);
}

/* ---- PINs ---------------------------------------------------------------------------------------------------- */

TEST(a_wrong_pin_is_handed_over_once)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    w.pin = "wrong-s3cret";
    signers_refuse(&w, "x", SAF_P11_HMAC_SHA256, SAF_E_DENIED, "wrong PIN for token ZWE.IDT");
    w.pin = SOFTHSM_PIN;
    signers_refuse(&w, "x", SAF_P11_HMAC_SHA256, SAF_E_DENIED,
                   "token ZWE.IDT: there was no PIN or a wrong one, and it is not tried again");
    assert_int_equal(w.pins_asked, 1);
}

TEST(without_a_function_for_pins_a_login_serves_signers_too)
{
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_init_token(p11, "ZWE.IDT");
    signers w = { .p11 = p11 };
    signers_refuse(&w, "x", SAF_P11_HMAC_SHA256, SAF_E_DENIED, "token ZWE.IDT needs a PIN");
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
    assert_non_null(session);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    signers_expect(signer, 1);
}

/* ---- pairs --------------------------------------------------------------------------------------------------- */

static const unsigned char p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const unsigned char p521[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 };
static const unsigned char ed25519[] = { 0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9' };

static void make_pair(const signers *w, const char *label, CK_MECHANISM_TYPE mechanism, saf_bytes curve, CK_BBOOL modifiable)
{
    saf_p11_session *login = softhsm_login(w->p11, "ZWE.IDT");
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    CK_MECHANISM how = { mechanism, NULL, 0 };
    CK_OBJECT_HANDLE public_key, private_key;
    char *id = (char *)(uintptr_t)label;
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, id, strlen(label) }, { CKA_MODULUS_BITS, &bits, sizeof bits } };
    if (curve.len)
        public[2] = (CK_ATTRIBUTE) { CKA_EC_PARAMS, (void *)(uintptr_t)curve.data, curve.len };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &yes, 1 },           { CKA_SENSITIVE, &yes, 1 },
                               { CKA_SIGN, &yes, 1 },  { CKA_MODIFIABLE, &modifiable, 1 }, { CKA_ID, id, strlen(label) },
                               { CKA_LABEL, id, strlen(label) } };
    CK_SESSION_HANDLE session = softhsm_raw_session(w->p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(w->p11)->C_GenerateKeyPair(session, &how, public, 3, private, 7, &public_key, &private_key),
                     CKR_OK);
    softhsm_cryptoki(w->p11)->C_CloseSession(session);
    saf_p11_logout(&login);
}

/* By OpenSSL's own means, not those of the library under test. */
static bool openssl_verifies(EVP_PKEY *key, const char *digest, bool is_pss, saf_bytes message, saf_bytes signature)
{
    EVP_PKEY_CTX *how = NULL;
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    int der_len = 0;
    if (EVP_PKEY_is_a(key, "EC")) {
        OWN(ECDSA_SIG) *pair = ECDSA_SIG_new();
        int half = (int)signature.len / 2;
        ECDSA_SIG_set0(pair, BN_bin2bn(signature.data, half, NULL), BN_bin2bn(signature.data + half, half, NULL));
        der_len = i2d_ECDSA_SIG(pair, &der);
        signature = saf_bytes_of(der, (size_t)der_len);
    }
    bool good = EVP_DigestVerifyInit_ex(context, &how, digest, NULL, NULL, key, NULL) > 0 &&
                (!is_pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0 &&
                             EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) > 0)) &&
                EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len) == 1;
    OPENSSL_free(der);
    return good;
}

static void expect_signature(const signers *w, const char *label, saf_p11_mechanism mechanism, const char *digest, size_t bits)
{
    OWN(saf_p11_signer) *signer = signers_open(w, label, mechanism);
    OWN(EVP_PKEY) *key = NULL;
    unsigned char message[5000], out[SAF_P11_SIGNATURE_MAX];
    assert_int_equal(saf_p11_signer_public_key(&key, signer, NULL), SAF_OK);
    assert_int_equal(saf_p11_signer_key_size(signer), bits);
    for (size_t message_len = 0; message_len <= sizeof message; message_len += 1250) {
        size_t len = sizeof out;
        memset(message, (int)message_len, sizeof message);
        saf_bytes bytes = saf_bytes_of(message, message_len);
        assert_int_equal(saf_p11_signer_sign(signer, bytes, out, &len), SAF_OK);
        bool is_pss = mechanism >= SAF_P11_PSS_SHA256 && mechanism <= SAF_P11_PSS_SHA512;
        assert_true(openssl_verifies(key, digest, is_pss, bytes, saf_bytes_of(out, len)));
        out[len / 2] ^= 1;
        assert_false(openssl_verifies(key, digest, is_pss, bytes, saf_bytes_of(out, len)));
        ERR_clear_error();
    }
}

TEST(an_rsa_pair_signs_in_all_six_ways)
{
    static const char *const digests[] = { "SHA256", "SHA384", "SHA512" };
    OWN(signers) w = { 0 };
    signers_enter(&w);
    make_pair(&w, "rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, saf_bytes_of(NULL, 0), CK_TRUE);
    for (int i = 0; i < 3; i++) {
        expect_signature(&w, "rsa", (saf_p11_mechanism)(SAF_P11_RSA_SHA256 + i), digests[i], 2048);
        expect_signature(&w, "rsa", (saf_p11_mechanism)(SAF_P11_PSS_SHA256 + i), digests[i], 2048);
    }
}

TEST(elliptic_curve_pairs_sign_copied_or_not)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    make_pair(&w, "p256", CKM_EC_KEY_PAIR_GEN, saf_bytes_of(p256, sizeof p256), CK_TRUE);
    make_pair(&w, "fixed", CKM_EC_KEY_PAIR_GEN, saf_bytes_of(p256, sizeof p256), CK_FALSE);
    make_pair(&w, "p521", CKM_EC_KEY_PAIR_GEN, saf_bytes_of(p521, sizeof p521), CK_TRUE);
    expect_signature(&w, "p256", SAF_P11_ECDSA_SHA256, "SHA256", 256);
    expect_signature(&w, "fixed", SAF_P11_ECDSA_SHA256, "SHA256", 256);
    expect_signature(&w, "p256", SAF_P11_ECDSA_SHA384, "SHA384", 256);
    expect_signature(&w, "p521", SAF_P11_ECDSA_SHA512, "SHA512", 521);
}

/* In a child, because SoftHSM loses memory with each use of such a key. */
TEST(an_ed25519_pair_signs)
{
    int how;
    pid_t child = fork();
    if (child == 0) {
        signers w = { 0 };
        signers_enter(&w);
        make_pair(&w, "ed", CKM_EC_EDWARDS_KEY_PAIR_GEN, saf_bytes_of(ed25519, sizeof ed25519), CK_TRUE);
        expect_signature(&w, "ed", SAF_P11_ED25519, NULL, 256);
        signers_free(&w);
        _exit(42);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 42);
}

TEST(a_pair_made_by_this_library_signs_and_can_be_destroyed_meanwhile)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    OWN(saf_p11_session) *session = softhsm_login(w.p11, "ZWE.IDT");
    char text[SAF_P11_URI_MAX + 1];
    saf_p11_pair_spec spec = { .label = "server", .kind = SAF_P11_EC, .curve = "P-256" };
    assert_int_equal(saf_p11_generate_pair(text, session, &spec, NULL), SAF_OK);
    expect_signature(&w, "server", SAF_P11_ECDSA_SHA256, "SHA256", 256);
    OWN(saf_p11_signer) *signer = signers_open(&w, "server", SAF_P11_ECDSA_SHA256);
    saf_p11_uri uri = softhsm_uri(text);
    assert_int_equal(saf_p11_destroy_pair(session, &uri, NULL), SAF_OK);
    unsigned char out[SAF_P11_SIGNATURE_MAX];
    size_t len = sizeof out;
    sleep(1);
    assert_int_equal(saf_p11_signer_sign(signer, saf_bytes_of_text("m"), out, &len), SAF_E_NOT_FOUND);
}

TEST(a_key_of_another_type_is_refused)
{
    OWN(signers) w = { 0 };
    signers_enter(&w);
    make_pair(&w, "p256", CKM_EC_KEY_PAIR_GEN, saf_bytes_of(p256, sizeof p256), CK_TRUE);
    signers_refuse(&w, "p256", SAF_P11_RSA_SHA256, SAF_E_UNSUPPORTED, "the key is not of the type that RSA with SHA-256 needs");
    signers_refuse(&w, "p256", SAF_P11_ED25519, SAF_E_UNSUPPORTED, "the key is not of the type that Ed25519 needs");
}

/* ---- threads ------------------------------------------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    saf_p11_signer *signer;
    int failures;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    for (int i = 0; i < 500 && !w->failures; i++)
        w->failures += signers_try(w->signer, 1) != 0;
    return NULL;
}

/* More than there are lanes. */
TEST(a_hundred_threads_share_one_signer)
{
    enum { THREADS = 100 };
    OWN(signers) w = { 0 };
    signers_enter(&w);
    signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
    OWN(saf_p11_signer) *signer = signers_open(&w, "x", SAF_P11_HMAC_SHA256);
    worker workers[THREADS];
    int failures = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker) { .signer = signer };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        failures += workers[i].failures;
    }
    assert_int_equal(failures, 0);
    assert_int_equal(w.pins_asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_copied_key_gives_the_macs_of_rfc_4231),
        IN_SOFTHSM(a_key_that_may_not_be_copied_gives_the_macs_of_rfc_4231),
        IN_SOFTHSM(a_generated_key_signs_and_agrees_with_its_check_value),
        IN_SOFTHSM(the_copy_stays_secret_and_goes_with_the_signer),
        IN_SOFTHSM(who_looks_for_a_key_finds_no_copies),
        IN_SOFTHSM(a_small_room_is_an_error_and_the_next_call_works),
        IN_SOFTHSM(keys_that_cannot_sign_are_refused),
        IN_SOFTHSM(a_secret_key_has_no_public_half),
        IN_SOFTHSM(a_wrong_pin_is_handed_over_once),
        IN_SOFTHSM(without_a_function_for_pins_a_login_serves_signers_too),
        IN_SOFTHSM(an_rsa_pair_signs_in_all_six_ways),
        IN_SOFTHSM(elliptic_curve_pairs_sign_copied_or_not),
        IN_SOFTHSM(an_ed25519_pair_signs),
        IN_SOFTHSM(a_pair_made_by_this_library_signs_and_can_be_destroyed_meanwhile),
        IN_SOFTHSM(a_key_of_another_type_is_refused),
        IN_SOFTHSM(a_hundred_threads_share_one_signer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
