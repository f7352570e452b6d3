#include <support/key-pairs.h>

#include <signal.h>
#include <sys/wait.h>

static void put(const pairs *hsm, const char *uri, X509 *x509)
{
    saf_error err = { 0 };
    if (pairs_put(hsm, uri, x509, &err) != SAF_OK)
        fail_msg("%s", err.text);
}

static saf_status put_bytes(const pairs *hsm, const char *text, saf_bytes bytes, saf_error *err)
{
    saf_p11_uri uri = softhsm_uri(text);
    return saf_p11_put_cert(hsm->session, &uri, bytes, err);
}

static long serial_of(const pairs *hsm, CK_OBJECT_HANDLE object)
{
    pair_value value = pairs_read(hsm, object, CKA_VALUE);
    const unsigned char *at = value.data;
    OWN(X509) *x509 = d2i_X509(NULL, &at, (long)value.len);
    assert_non_null(x509);
    return ASN1_INTEGER_get(X509_get0_serialNumber(x509));
}

static void expect_encoding(const pairs *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, unsigned char *der, int len)
{
    pair_value value = pairs_read(hsm, object, type);
    assert_int_equal(value.len, len);
    assert_memory_equal(value.data, der, value.len);
    OPENSSL_free(der);
}

TEST(a_certificate_gets_the_names_of_its_key)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "Prüf server");
    saf_p11_uri parsed = softhsm_uri(uri.text);
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    OWN(X509) *x509 = pairs_certificate(key, 4711);
    put(&hsm, uri.text, x509);
    CK_OBJECT_HANDLE object = pairs_find(&hsm, CKO_CERTIFICATE, "Prüf server");
    pair_value id = pairs_read(&hsm, object, CKA_ID);
    assert_int_equal(id.len, parsed.id_len);
    assert_memory_equal(id.data, parsed.id, id.len);
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    expect_encoding(&hsm, object, CKA_VALUE, der, len);
    der = NULL;
    len = i2d_X509_NAME(X509_get_subject_name(x509), &der);
    expect_encoding(&hsm, object, CKA_SUBJECT, der, len);
    der = NULL;
    len = i2d_X509_NAME(X509_get_issuer_name(x509), &der);
    expect_encoding(&hsm, object, CKA_ISSUER, der, len);
    der = NULL;
    len = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &der);
    expect_encoding(&hsm, object, CKA_SERIAL_NUMBER, der, len);
    assert_int_equal(pairs_read(&hsm, object, CKA_PRIVATE).data[0], CK_FALSE);
    assert_int_equal(pairs_read(&hsm, object, CKA_TOKEN).data[0], CK_TRUE);
}

TEST(a_later_certificate_replaces_the_earlier_one)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    pair_uri other = pairs_make(&hsm, &pairs_p256, "server"); /* same label */
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    OWN(X509) *kept = pairs_certificate(key, 99);
    put(&hsm, other.text, kept);
    for (long serial = 1; serial <= 3; serial++) {
        OWN(X509) *x509 = pairs_certificate(key, serial);
        put(&hsm, uri.text, x509);
        put(&hsm, uri.text, x509); /* again: nothing changes */
        assert_int_equal(pairs_count(&hsm, CKO_CERTIFICATE, NULL), 2);
    }
    assert_int_equal(pairs_destroy(&hsm, other.text, NULL), SAF_OK);
    assert_int_equal(serial_of(&hsm, pairs_find(&hsm, CKO_CERTIFICATE, "server")), 3);
    pairs_expect_signature(key);
}

TEST(what_is_not_one_certificate_is_refused)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    OWN(X509) *x509 = pairs_certificate(key, 1);
    unsigned char der[2048] = { 0 };
    unsigned char *at = der;
    int len = i2d_X509(x509, &at);
    assert_in_range(len, 1, sizeof der - 1);
    saf_error err = { 0 };
    assert_int_equal(put_bytes(&hsm, uri.text, saf_bytes_of(NULL, 0), &err), SAF_E_MALFORMED);
    assert_int_equal(put_bytes(&hsm, uri.text, saf_bytes_of_text("-----BEGIN CERTIFICATE-----"), &err), SAF_E_MALFORMED);
    assert_int_equal(put_bytes(&hsm, uri.text, saf_bytes_of(der, (size_t)len - 1), &err), SAF_E_MALFORMED);
    assert_int_equal(put_bytes(&hsm, uri.text, saf_bytes_of(der, (size_t)len + 1), &err), SAF_E_MALFORMED);
    assert_string_equal(err.text, "what is to be put into the token is not one certificate in DER");
    assert_int_equal(pairs_count(&hsm, CKO_CERTIFICATE, NULL), 0);
}

TEST(a_missing_or_ambiguous_key_is_refused)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    OWN(X509) *x509 = pairs_certificate(key, 1);
    saf_error err = { 0 };
    pairs_make(&hsm, &pairs_p256, "server");
    assert_int_equal(pairs_put(&hsm, "pkcs11:token=ZWE.KEYS;object=gone", x509, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "token ZWE.KEYS has no private key \"gone\"");
    assert_int_equal(pairs_put(&hsm, "pkcs11:token=ZWE.KEYS;object=server", x509, &err), SAF_E_CONFLICT);
    assert_int_equal(pairs_put(&hsm, "pkcs11:token=OTHER;object=server", x509, &err), SAF_E_USAGE);
    assert_int_equal(pairs_put(&hsm, "pkcs11:token=ZWE.KEYS;object=server;type=cert", x509, &err), SAF_E_USAGE);
    assert_int_equal(pairs_count(&hsm, CKO_CERTIFICATE, NULL), 0);
}

/* Certificates of authorities may have no id either, and are not to be taken for this key's. */
TEST(a_key_without_id_is_refused)
{
    OWN(pairs) hsm = pairs_enter();
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm.p11, "ZWE.KEYS");
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    char name[] = "nameless";
    CK_MECHANISM how = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_MODULUS_BITS, &bits, sizeof bits } };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_LABEL, name, strlen(name) } };
    CK_OBJECT_HANDLE one, other;
    assert_int_equal(softhsm_cryptoki(hsm.p11)->C_GenerateKeyPair(raw, &how, public, 2, private, 2, &one, &other), CKR_OK);
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    OWN(X509) *x509 = pairs_certificate(key, 1);
    saf_error err = { 0 };
    assert_int_equal(pairs_put(&hsm, "pkcs11:token=ZWE.KEYS;object=nameless", x509, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "private key \"nameless\" of token ZWE.KEYS has no id that a certificate could share");
}

/* ---- a token that refuses or forgets ---- */

static CK_FUNCTION_LIST *faulty, genuine;

static CK_RV refuse_to_create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
    (void)session, (void)list, (void)count, (void)out;
    return CKR_DEVICE_MEMORY;
}

static CK_RV forget_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count)
{
    CK_RV answer = genuine.C_GetAttributeValue(session, object, list, count);
    if (list[0].type == CKA_VALUE && list[0].ulValueLen > 0)
        list[0].ulValueLen--;
    return answer;
}

static void expect_earlier_after(const pairs *hsm, const char *uri, EVP_PKEY *key, saf_status expected, const char *text)
{
    saf_error err = { 0 };
    OWN(X509) *later = pairs_certificate(key, 2);
    saf_status status = pairs_put(hsm, uri, later, &err);
    *faulty = genuine;
    assert_int_equal(status, expected);
    assert_string_equal(err.text, text);
    assert_int_equal(serial_of(hsm, pairs_find(hsm, CKO_CERTIFICATE, NULL)), 1);
    assert_int_equal(pairs_count(hsm, CKO_CERTIFICATE, NULL), 1);
}

TEST(the_earlier_certificate_stays_when_the_later_one_is_not_kept)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    OWN(X509) *earlier = pairs_certificate(key, 1);
    put(&hsm, uri.text, earlier);
    faulty = softhsm_cryptoki(hsm.p11);
    genuine = *faulty;
    faulty->C_CreateObject = refuse_to_create;
    expect_earlier_after(&hsm, uri.text, key, SAF_E_FAILED,
                         "token ZWE.KEYS does not take a certificate for key \"server\": CKR_DEVICE_MEMORY");
    faulty->C_GetAttributeValue = forget_value;
    expect_earlier_after(&hsm, uri.text, key, SAF_E_UNSUPPORTED, "token ZWE.KEYS did not keep the certificate for key \"server\"");
}

/* ---- kills ---- */

static void put_until_killed(const char *text, X509 *x509)
{
    pairs hsm = pairs_enter();
    for (;;)
        if (pairs_put(&hsm, text, x509, NULL) != SAF_OK)
            _exit(1);
}

/* With a certificate, so that how far a child comes before it is killed does not matter. */
static void make_pair_in_a_child(X509 *x509)
{
    pid_t child = fork();
    if (child == 0) {
        pairs hsm = pairs_enter();
        saf_p11_pair_spec spec = pairs_p256;
        spec.id_len = 1;
        memset(spec.id, '7', 1);
        pair_uri made = pairs_make(&hsm, &spec, "server");
        _exit(pairs_put(&hsm, made.text, x509, NULL) != SAF_OK);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

TEST(a_kill_leaves_the_certificate_that_was_or_the_one_that_comes)
{
    enum { KILLS = 25 };
    static const char uri[] = "pkcs11:token=ZWE.KEYS;object=server;id=7;type=private";
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    OWN(X509) *x509 = pairs_certificate(key, 1);
    make_pair_in_a_child(x509);
    for (int round = 0; round < KILLS; round++) {
        pid_t child = fork();
        if (child == 0)
            put_until_killed(uri, x509);
        usleep((useconds_t)(20000 + round * 1777 % 30000));
        int how;
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
    }
    OWN(pairs) hsm = pairs_enter();
    assert_true(pairs_count(&hsm, CKO_CERTIFICATE, "server") >= 1);
    put(&hsm, uri, x509);
    assert_int_equal(pairs_count(&hsm, CKO_CERTIFICATE, "server"), 1);
    OWN(EVP_PKEY) *kept = pairs_load(&hsm, uri);
    pairs_expect_signature(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_kill_leaves_the_certificate_that_was_or_the_one_that_comes), /* forks before SoftHSM is loaded */
        IN_SOFTHSM(a_certificate_gets_the_names_of_its_key),
        IN_SOFTHSM(a_later_certificate_replaces_the_earlier_one),
        IN_SOFTHSM(what_is_not_one_certificate_is_refused),
        IN_SOFTHSM(a_missing_or_ambiguous_key_is_refused),
        IN_SOFTHSM(a_key_without_id_is_refused),
        IN_SOFTHSM(the_earlier_certificate_stays_when_the_later_one_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
