#include <support/softhsm.h>

#include <base/own-openssl.h>

#include <dlfcn.h>

/* Stands before libp11's, to count. */
static int contexts;

void *count_context(void) __asm__("PKCS11_CTX_new");
void *count_context(void)
{
    void *symbol = dlsym(RTLD_NEXT, "PKCS11_CTX_new");
    void *(*make)(void);
    assert_non_null(symbol);
    memcpy(&make, &symbol, sizeof make);
    contexts++;
    return make();
}

static saf_p11 *open_token(void)
{
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_init_token(p11, "ZWE.IDT");
    return GIVE(&p11);
}

typedef struct pair_spec {
    CK_MECHANISM_TYPE mechanism;
    const void *parameters; /* CKA_EC_PARAMS, or NULL: an RSA key of 2048 bits */
    CK_ULONG parameters_len;
} pair_spec;

static const unsigned char p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const pair_spec rsa_pair = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
static const pair_spec ec_pair = { CKM_EC_KEY_PAIR_GEN, p256, sizeof p256 };

static void make_pair(saf_p11 *p11, const char *label, const char *id, const pair_spec *spec)
{
    softhsm_log_in_and_out(p11, "ZWE.IDT");
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    CK_MECHANISM how = { spec->mechanism, NULL, 0 };
    CK_ATTRIBUTE size = { CKA_MODULUS_BITS, &bits, sizeof bits };
    if (spec->parameters)
        size = (CK_ATTRIBUTE) { CKA_EC_PARAMS, (void *)(uintptr_t)spec->parameters, spec->parameters_len };
    CK_ATTRIBUTE name = { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) };
    CK_ATTRIBUTE number = { CKA_ID, (char *)(uintptr_t)id, strlen(id) };
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_VERIFY, &yes, sizeof yes }, size, name, number };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes },
                               { CKA_SIGN, &yes, sizeof yes },  { CKA_SENSITIVE, &yes, sizeof yes }, name, number };
    CK_OBJECT_HANDLE public_key, private_key;
    assert_int_equal(softhsm_cryptoki(p11)->C_GenerateKeyPair(raw, &how, public, 5, private, 6, &public_key, &private_key),
                     CKR_OK);
    softhsm_cryptoki(p11)->C_CloseSession(raw);
}

/* Not a working key, but SoftHSM keeps it. */
static void create_dsa_key(saf_p11 *p11, const char *label)
{
    softhsm_log_in_and_out(p11, "ZWE.IDT");
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_DSA;
    CK_BBOOL yes = CK_TRUE;
    unsigned char number[32] = { 1 };
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },        { CKA_KEY_TYPE, &type, sizeof type },
                              { CKA_TOKEN, &yes, sizeof yes },            { CKA_PRIME, number, sizeof number },
                              { CKA_SUBPRIME, number, sizeof number },    { CKA_BASE, number, sizeof number },
                              { CKA_VALUE, number, sizeof number },
                              { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) } };
    assert_int_equal(softhsm_cryptoki(p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &key), CKR_OK);
    softhsm_cryptoki(p11)->C_CloseSession(raw);
}

static saf_status load(EVP_PKEY **key, saf_p11 *p11, const char *text, saf_error *err)
{
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_p11_uri uri = softhsm_uri(text);
    return saf_p11_load_private_key(key, p11, &uri, &pin, err);
}

static EVP_PKEY *load_or_fail(saf_p11 *p11, const char *text)
{
    saf_error err = { 0 };
    EVP_PKEY *key = NULL;
    if (load(&key, p11, text, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return key;
}

static void expect_signature(EVP_PKEY *key)
{
    static const unsigned char message[] = "signed in the token";
    unsigned char signature[512];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *sign = EVP_MD_CTX_new();
    OWN(EVP_MD_CTX) *verify = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(sign, signature, &len, message, sizeof message), 1);
    assert_int_equal(EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(verify, signature, len, message, sizeof message), 1);
    signature[len / 2] ^= 1;
    OWN(EVP_MD_CTX) *forged = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(forged, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_not_equal(EVP_DigestVerify(forged, signature, len, message, sizeof message), 1);
}

TEST(rsa_and_ec_keys_sign)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "rsa", "01", &rsa_pair);
    make_pair(p11, "ec", "02", &ec_pair);
    OWN(EVP_PKEY) *rsa = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=rsa;type=private");
    OWN(EVP_PKEY) *ec = load_or_fail(p11, "pkcs11:token=ZWE.IDT;id=02");
    assert_int_equal(EVP_PKEY_get_base_id(rsa), EVP_PKEY_RSA);
    assert_int_equal(EVP_PKEY_get_base_id(ec), EVP_PKEY_EC);
    expect_signature(rsa);
    expect_signature(ec);
}

TEST(load_logs_in_by_itself)
{
    {
        OWN(saf_p11) *p11 = open_token();
        make_pair(p11, "ec", "02", &ec_pair);
    }
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(EVP_PKEY) *key = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    expect_signature(key);
}

TEST(load_refuses_a_wrong_pin)
{
    OWN(saf_p11) *p11 = open_token();
    OWN(saf_secret) wrong = softhsm_secret("wrong-s3cret");
    saf_error err = { 0 };
    EVP_PKEY *key = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT;object=ec");
    assert_int_equal(saf_p11_load_private_key(&key, p11, &uri, &wrong, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "wrong PIN for token ZWE.IDT");
    assert_null(key);
}

TEST(the_same_key_is_loaded_once)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "ec", "02", &ec_pair);
    OWN(EVP_PKEY) *first = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    OWN(EVP_PKEY) *second = load_or_fail(p11, "pkcs11:token=ZWE.IDT;id=02");
    assert_ptr_equal(first, second);
    EVP_PKEY_free(GIVE(&first));
    expect_signature(second);
}

TEST(a_key_made_later_is_found_and_earlier_ones_stay_good)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "first", "01", &ec_pair);
    OWN(EVP_PKEY) *first = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=first");
    for (char id[] = "02"; id[1] < '8'; id[1]++) {
        make_pair(p11, "later", id, &ec_pair);
        char uri[64];
        snprintf(uri, sizeof uri, "pkcs11:token=ZWE.IDT;object=later;id=%s", id);
        OWN(EVP_PKEY) *later = load_or_fail(p11, uri);
        assert_int_equal(EVP_PKEY_eq(first, later), 0);
        expect_signature(later);
    }
    expect_signature(first);
}

TEST(load_names_what_is_missing_or_ambiguous)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "ec", "01", &ec_pair);
    make_pair(p11, "ec", "02", &ec_pair);
    saf_error err = { 0 };
    EVP_PKEY *key = NULL;
    assert_int_equal(load(&key, p11, "pkcs11:token=ZWE.IDT;object=gone", &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "token ZWE.IDT has no private key \"gone\"");
    assert_int_equal(load(&key, p11, "pkcs11:token=ZWE.IDT;object=ec", &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, "pkcs11:token=ZWE.IDT;object=ec;id=%30%31;type=private"));
    assert_non_null(strstr(err.text, "pkcs11:token=ZWE.IDT;object=ec;id=%30%32;type=private"));
    assert_int_equal(load(&key, p11, "pkcs11:token=ZWE.IDT;object=ec;type=secret-key", &err), SAF_E_USAGE);
    assert_null(key);
}

TEST(load_says_that_a_kind_of_key_cannot_be_used)
{
    OWN(saf_p11) *p11 = open_token();
    create_dsa_key(p11, "dsa");
    saf_error err = { 0 };
    EVP_PKEY *key = NULL;
    assert_int_equal(load(&key, p11, "pkcs11:token=ZWE.IDT;object=dsa", &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "private key \"dsa\" of token ZWE.IDT cannot be used: only RSA, EC and Ed25519 keys in tokens can be used");
    assert_null(key);
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT"); /* nothing was torn down */
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, session, NULL, NULL), SAF_OK);
}

static void destroy_key(saf_p11 *p11, const char *label)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    CK_ATTRIBUTE wanted = { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) };
    CK_OBJECT_HANDLE objects[4];
    CK_ULONG count;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, &wanted, 1), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, objects, 4, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    assert_true(count > 0);
    for (CK_ULONG i = 0; i < count; i++)
        assert_int_equal(cryptoki->C_DestroyObject(raw, objects[i]), CKR_OK);
    cryptoki->C_CloseSession(raw);
}

TEST(keys_beside_one_of_a_kind_that_libp11_does_not_know_are_loaded_without_it)
{
    OWN(saf_p11) *p11 = open_token();
    create_dsa_key(p11, "dsa");
    make_pair(p11, "ec", "02", &ec_pair);
    make_pair(p11, "rsa", "03", &rsa_pair);
    contexts = 0;
    OWN(EVP_PKEY) *ec = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    OWN(EVP_PKEY) *same = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    OWN(EVP_PKEY) *rsa = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=rsa");
    assert_ptr_equal(ec, same);
    expect_signature(ec);
    expect_signature(rsa);
    assert_int_equal(contexts, 1);
}

TEST(a_key_that_cannot_be_loaded_costs_nothing_however_often_it_is_asked_for)
{
    OWN(saf_p11) *p11 = open_token();
    create_dsa_key(p11, "dsa");
    make_pair(p11, "ec", "02", &ec_pair);
    EVP_PKEY *none = NULL;
    contexts = 0;
    for (int i = 0; i < 5; i++)
        assert_int_equal(load(&none, p11, "pkcs11:token=ZWE.IDT;object=dsa", NULL), SAF_E_UNSUPPORTED);
    assert_int_equal(contexts, 0);
    destroy_key(p11, "dsa");
    OWN(EVP_PKEY) *key = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    expect_signature(key);
    assert_int_equal(contexts, 1);
}

TEST(a_renamed_key_is_loaded_anew)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "ec", "02", &ec_pair);
    OWN(EVP_PKEY) *first = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof class };
    char other[] = "other";
    CK_ATTRIBUTE label = { CKA_LABEL, other, strlen(other) };
    CK_OBJECT_HANDLE object;
    CK_ULONG count;
    assert_int_equal(softhsm_cryptoki(p11)->C_FindObjectsInit(raw, &wanted, 1), CKR_OK);
    assert_int_equal(softhsm_cryptoki(p11)->C_FindObjects(raw, &object, 1, &count), CKR_OK);
    softhsm_cryptoki(p11)->C_FindObjectsFinal(raw);
    assert_int_equal(softhsm_cryptoki(p11)->C_SetAttributeValue(raw, object, &label, 1), CKR_OK);
    OWN(EVP_PKEY) *second = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=other");
    assert_ptr_not_equal(first, second);
    expect_signature(second);
}

TEST(load_needs_no_pin_when_logged_in)
{
    OWN(saf_p11) *p11 = open_token();
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT;object=ec");
    saf_error err = { 0 };
    OWN(EVP_PKEY) *key = NULL;
    assert_int_equal(saf_p11_load_private_key(&key, p11, &uri, NULL, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "token ZWE.IDT needs a PIN");
    make_pair(p11, "ec", "02", &ec_pair); /* logs in */
    assert_int_equal(saf_p11_load_private_key(&key, p11, &uri, NULL, &err), SAF_OK);
    expect_signature(key);
}

TEST(a_key_is_loaded_anew_after_its_login_was_lost)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "ec", "02", &ec_pair);
    OWN(EVP_PKEY) *before = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ZWE.IDT");
    assert_int_equal(softhsm_cryptoki(p11)->C_Logout(raw), CKR_OK);
    OWN(EVP_PKEY) *after = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    assert_ptr_not_equal(before, after);
    expect_signature(after);
}

TEST(secret_keys_and_key_pairs_work_side_by_side)
{
    OWN(saf_p11) *p11 = open_token();
    make_pair(p11, "ec", "02", &ec_pair);
    OWN(EVP_PKEY) *key = load_or_fail(p11, "pkcs11:token=ZWE.IDT;object=ec");
    OWN(saf_p11_session) *session = softhsm_login(p11, "ZWE.IDT");
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, session, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, NULL),
                     SAF_OK);
    expect_signature(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(rsa_and_ec_keys_sign),
        IN_SOFTHSM(load_logs_in_by_itself),
        IN_SOFTHSM(load_refuses_a_wrong_pin),
        IN_SOFTHSM(the_same_key_is_loaded_once),
        IN_SOFTHSM(a_key_made_later_is_found_and_earlier_ones_stay_good),
        IN_SOFTHSM(load_names_what_is_missing_or_ambiguous),
        IN_SOFTHSM(load_says_that_a_kind_of_key_cannot_be_used),
        IN_SOFTHSM(a_key_that_cannot_be_loaded_costs_nothing_however_often_it_is_asked_for),
        IN_SOFTHSM(keys_beside_one_of_a_kind_that_libp11_does_not_know_are_loaded_without_it),
        IN_SOFTHSM(a_renamed_key_is_loaded_anew),
        IN_SOFTHSM(load_needs_no_pin_when_logged_in),
        IN_SOFTHSM(a_key_is_loaded_anew_after_its_login_was_lost),
        IN_SOFTHSM(secret_keys_and_key_pairs_work_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
