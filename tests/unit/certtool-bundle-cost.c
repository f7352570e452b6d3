/* What would take for ever, and what cannot be decrypted at all. */
#include <support/bundle-world.h>

OWN_POINTER(PBEPARAM, PBEPARAM_free)
OWN_POINTER(PBE2PARAM, PBE2PARAM_free)
OWN_POINTER(PBKDF2PARAM, PBKDF2PARAM_free)
OWN_POINTER(X509_ALGOR, X509_ALGOR_free)
OWN_POINTER(X509_SIG, X509_SIG_free)

enum { FOR_EVER = 0x7fffffff };

static const char too_many[] = "in.file asks for more than 5000000 rounds to make a key of the password";

static void set_kdf_rounds(X509_ALGOR *algorithm, long rounds)
{
    OWN(PBKDF2PARAM) *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), algorithm->parameter);
    assert_non_null(kdf);
    assert_int_equal(ASN1_INTEGER_set(kdf->iter, rounds), 1);
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf, &algorithm->parameter));
}

/* Make what was encrypted quickly claim that it took that long. */
static void set_rounds(const X509_ALGOR *of, long rounds)
{
    X509_ALGOR *algorithm = (X509_ALGOR *)of;
    if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2) {
        OWN(PBEPARAM) *pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
        assert_int_equal(ASN1_INTEGER_set(pbe->iter, rounds), 1);
        assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBEPARAM), pbe, &algorithm->parameter));
        return;
    }
    OWN(PBE2PARAM) *pbe2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    set_kdf_rounds(pbe2->keyfunc, rounds);
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), pbe2, &algorithm->parameter));
}

static X509_SIG *seal_key(EVP_PKEY *key, int pbe_nid)
{
    OWN(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    const EVP_CIPHER *cipher = pbe_nid == NID_pbes2 ? EVP_aes_256_cbc() : NULL;
    X509_SIG *sealed = PKCS8_encrypt(cipher ? -1 : pbe_nid, cipher, "sesame", 6, NULL, 0, 1, info);
    assert_non_null(sealed);
    return sealed;
}

/* As EncryptedPrivateKeyInfo, whatever the block is called. */
static void add_sealed_key(saf_buffer *out, const X509_SIG *sealed, const char *name)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    int len = i2d_X509_SIG(sealed, &der);
    assert_true(PEM_write_bio(bio, name, "", der, len) > 0);
    OPENSSL_free(der);
    append_bio(out, bio);
}

/* A PKCS#12 of one safe, without a MAC. */
static void add_safe(saf_buffer *out, PKCS7 *safe)
{
    STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    assert_non_null(safe);
    assert_true(sk_PKCS7_push(safes, safe) > 0);
    add_p12(out, PKCS12_add_safes(safes, 0));
    sk_PKCS7_pop_free(safes, PKCS7_free);
}

static const int sealed_with[] = { NID_pbes2, NID_pbe_WithSHA1And3_Key_TripleDES_CBC };

static void assert_refused_at_once(const saf_buffer *content, saf_status status, const char *message)
{
    alarm(60);
    assert_refused(content, "sesame", NULL, status, message);
    alarm(0);
}

TEST(bundle_refuses_a_pem_key_that_takes_for_ever)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_buffer) content = { 0 };
        OWN(X509_SIG) *sealed = seal_key(key, sealed_with[i]);
        const X509_ALGOR *algorithm = NULL;
        X509_SIG_get0(sealed, &algorithm, NULL);
        set_rounds(algorithm, FOR_EVER);
        add_sealed_key(&content, sealed, PEM_STRING_PKCS8);
        assert_refused_at_once(&content, SAF_E_UNSUPPORTED, too_many);
    }
}

TEST(bundle_does_not_decrypt_what_is_not_called_encrypted)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_buffer) content = { 0 };
    OWN(X509_SIG) *sealed = seal_key(key, NID_pbes2);
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(sealed, &algorithm, NULL);
    set_rounds(algorithm, FOR_EVER);
    add_sealed_key(&content, sealed, PEM_STRING_PKCS8INF);
    assert_refused_at_once(&content, SAF_E_MALFORMED, "the private key in in.file cannot be read");
}

static PKCS7 *pack_sealed_key(const world *world, int pbe_nid, long rounds)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    X509_SIG *sealed = seal_key(world->key, pbe_nid);
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(sealed, &algorithm, NULL);
    set_rounds(algorithm, rounds);
    assert_true(sk_PKCS12_SAFEBAG_push(bags, PKCS12_SAFEBAG_create0_pkcs8(sealed)) > 0);
    PKCS7 *safe = PKCS12_pack_p7data(bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return safe;
}

static PKCS7 *pack_sealed_cert(const world *world, int pbe_nid, long rounds)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    assert_true(sk_PKCS12_SAFEBAG_push(bags, PKCS12_SAFEBAG_create_cert(world->leaf)) > 0);
    PKCS7 *safe = PKCS12_pack_p7encdata(pbe_nid == NID_pbes2 ? NID_aes_256_cbc : pbe_nid, "sesame", 6, NULL, 0, 1, bags);
    assert_non_null(safe);
    set_rounds(safe->d.encrypted->enc_data->algorithm, rounds);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return safe;
}

TEST(bundle_refuses_pkcs12_that_takes_for_ever_although_it_has_no_mac)
{
    OWN(world) world = make_world();
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_buffer) key = { 0 };
        OWN(saf_buffer) cert = { 0 };
        add_safe(&key, pack_sealed_key(&world, sealed_with[i], FOR_EVER));
        add_safe(&cert, pack_sealed_cert(&world, sealed_with[i], FOR_EVER));
        assert_refused_at_once(&key, SAF_E_UNSUPPORTED, too_many);
        assert_refused_at_once(&cert, SAF_E_UNSUPPORTED, too_many);
        saf_error err = { 0 };
        OWN(saf_secret) password = certs_secret("sesame");
        assert_int_equal(saf_pkcs12_check(saf_buffer_bytes(&cert), &password, "in.file", &err), SAF_E_UNSUPPORTED);
        assert_string_equal(err.text, too_many);
    }
}

TEST(bundle_refuses_counts_that_are_none)
{
    static const char message[] = "in.file is protected with parameters that cannot be read";
    OWN(world) world = make_world();
    for (long rounds = -1; rounds < 1; rounds++) {
        OWN(saf_buffer) key = { 0 };
        OWN(saf_buffer) cert = { 0 };
        add_safe(&key, pack_sealed_key(&world, NID_pbes2, rounds));
        add_safe(&cert, pack_sealed_cert(&world, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, rounds));
        assert_refused_at_once(&key, SAF_E_MALFORMED, message);
        assert_refused_at_once(&cert, SAF_E_MALFORMED, message);
    }
}

static void add_scrypt_key(saf_buffer *out, EVP_PKEY *key, X509_ALGOR *made)
{
    OWN(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    assert_non_null(made);
    OWN(X509_SIG) *sealed = PKCS8_set0_pbe("sesame", 6, info, made);
    assert_non_null(sealed);
    add_sealed_key(out, sealed, PEM_STRING_PKCS8);
}

static X509_ALGOR *scrypt(uint64_t n, uint64_t r, uint64_t p)
{
    return PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, n, r, p);
}

/* Encrypted with next to nothing, then claiming other parameters, which OpenSSL would not even write down. */
static void add_scrypt_claim(saf_buffer *out, EVP_PKEY *key, uint64_t n, uint64_t r, uint64_t p)
{
    OWN(PKCS8_PRIV_KEY_INFO) *info = EVP_PKEY2PKCS8(key);
    OWN(X509_SIG) *sealed = PKCS8_set0_pbe("sesame", 6, info, scrypt(2, 1, 1));
    const X509_ALGOR *of = NULL;
    X509_SIG_get0(sealed, &of, NULL);
    X509_ALGOR *algorithm = (X509_ALGOR *)of;
    OWN(PBE2PARAM) *pbe2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    SCRYPT_PARAMS *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), pbe2->keyfunc->parameter);
    assert_int_equal(ASN1_INTEGER_set_uint64(kdf->costParameter, n), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(kdf->blockSize, r), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(kdf->parallelizationParameter, p), 1);
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), kdf, &pbe2->keyfunc->parameter));
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), pbe2, &algorithm->parameter));
    SCRYPT_PARAMS_free(kdf);
    add_sealed_key(out, sealed, PEM_STRING_PKCS8);
}

TEST(bundle_reads_a_key_that_scrypt_protects)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_scrypt_key(&content, world.key, scrypt(16384, 8, 1)); /* what openssl pkcs8 -scrypt writes */
    add_pem_cert(&content, world.leaf);
    add_pem_cert(&content, world.ca);
    assert_whole(&content, "sesame", NULL, &world);
}

TEST(bundle_refuses_scrypt_that_takes_for_ever)
{
    static const struct {
        uint64_t n, r, p;
    } claims[] = { { 32768, 1, 131072 }, { 2, 1, FOR_EVER }, { 1ull << 40, 8, 1 }, { UINT64_MAX, UINT64_MAX, UINT64_MAX },
                   { 2, 1ull << 63, 1 }, { 1 << 21, 2, 1 } };
    OWN(EVP_PKEY) *key = certs_key("ec");
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        OWN(saf_buffer) content = { 0 };
        add_scrypt_claim(&content, key, claims[i].n, claims[i].r, claims[i].p);
        assert_refused_at_once(&content, SAF_E_UNSUPPORTED, "in.file asks for more of scrypt than N*r*p = 2097152");
    }
    OWN(saf_buffer) content = { 0 };
    add_scrypt_claim(&content, key, 1 << 18, 8, 1); /* 256 MiB, of which OpenSSL gives 32 */
    assert_refused_at_once(&content, SAF_E_UNSUPPORTED,
                           "in.file is encrypted with scrypt, with parameters that OpenSSL does not take");
}

/* Each of them is allowed, and takes something below a second. */
TEST(bundle_refuses_many_keys_that_take_long_together)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_buffer) one = { 0 };
    OWN(saf_buffer) content = { 0 };
    add_scrypt_key(&one, key, scrypt(16384, 8, 16));
    for (int i = 0; i < 100; i++)
        saf_buffer_append(&content, saf_buffer_bytes(&one));
    assert_refused_at_once(&content, SAF_E_UNSUPPORTED,
                           "in.file asks for more than 10000000 rounds to make all its keys of the password");
}

TEST(bundle_refuses_ways_of_encryption_that_it_does_not_know)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_buffer) content = { 0 };
    OWN(X509_SIG) *sealed = seal_key(key, NID_pbes2);
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(sealed, &algorithm, NULL);
    X509_ALGOR_set0((X509_ALGOR *)algorithm, OBJ_nid2obj(NID_aes_256_cbc), V_ASN1_UNDEF, NULL);
    add_sealed_key(&content, sealed, PEM_STRING_PKCS8);
    assert_refused_at_once(&content, SAF_E_UNSUPPORTED, "in.file is protected with an unknown algorithm");
}

TEST(bundle_names_the_algorithm_of_a_pem_key_that_openssl_left_behind)
{
    static const unsigned char salt[8] = { 0 };
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_buffer) content = { 0 };
    OWN(X509_SIG) *sealed = seal_key(key, NID_pbes2);
    OWN(X509_ALGOR) *des = PKCS5_pbe_set(NID_pbeWithMD5AndDES_CBC, 2048, salt, sizeof salt);
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(sealed, &algorithm, NULL);
    assert_int_equal(X509_ALGOR_copy((X509_ALGOR *)algorithm, des), 1);
    add_sealed_key(&content, sealed, PEM_STRING_PKCS8);
    assert_refused(&content, "sesame", NULL, SAF_E_UNSUPPORTED,
                   "in.file is encrypted with des-md5, which OpenSSL offers only through its legacy provider, if at all");
}

/* RFC 9579: its count is not the one of the MAC. OpenSSL before 3.4 would not compute it, but a later one would. */
TEST(bundle_refuses_a_pbmac1_that_takes_for_ever)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    OWN(X509_ALGOR) *pbmac1 = PKCS5_pbe2_set(EVP_aes_256_cbc(), 1, NULL, 0);
    PKCS12 *p12 = make_p12(&world, "sesame", 0, 0, NULL);
    const X509_ALGOR *algorithm = NULL;
    set_rounds(pbmac1, FOR_EVER);
    ASN1_OBJECT_free(pbmac1->algorithm);
    pbmac1->algorithm = OBJ_nid2obj(NID_pbmac1);
    PKCS12_get0_mac(NULL, &algorithm, NULL, NULL, p12);
    assert_int_equal(X509_ALGOR_copy((X509_ALGOR *)algorithm, pbmac1), 1);
    add_p12(&content, p12);
    assert_refused_at_once(&content, SAF_E_UNSUPPORTED, too_many);
}

TEST(bundle_says_of_pbmac1_which_openssl_knows_it)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    OWN(saf_secret) password = certs_secret("sesame");
    saf_error err = { 0 };
    OWN(X509_ALGOR) *pbmac1 = PKCS5_pbe2_set(EVP_aes_256_cbc(), 1, NULL, 0);
    PKCS12 *p12 = make_p12(&world, "sesame", 0, 0, NULL);
    const X509_ALGOR *algorithm = NULL;
    ASN1_OBJECT_free(pbmac1->algorithm);
    pbmac1->algorithm = OBJ_nid2obj(NID_pbmac1);
    PKCS12_get0_mac(NULL, &algorithm, NULL, NULL, p12);
    assert_int_equal(X509_ALGOR_copy((X509_ALGOR *)algorithm, pbmac1), 1);
    add_p12(&content, p12);
    if (OpenSSL_version_num() >= 0x30400000L)
        skip();
    assert_int_equal(saf_bundle_read(&bundle, saf_buffer_bytes(&content), &password, NULL, "in.file", &err), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "PBMAC1 (RFC 9579), which OpenSSL computes since 3.4"));
    assert_non_null(strstr(err.hint, "without PBMAC1"));
}

TEST(bundle_refuses_a_mac_that_takes_for_ever)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    PKCS12 *p12 = make_p12(&world, "sesame", 0, 0, NULL);
    const ASN1_INTEGER *rounds = NULL;
    PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
    assert_int_equal(ASN1_INTEGER_set((ASN1_INTEGER *)rounds, 2000000000), 1);
    add_p12(&content, p12);
    assert_refused(&content, "sesame", NULL, SAF_E_UNSUPPORTED, too_many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_refuses_a_pem_key_that_takes_for_ever),
        cmocka_unit_test(bundle_does_not_decrypt_what_is_not_called_encrypted),
        cmocka_unit_test(bundle_refuses_pkcs12_that_takes_for_ever_although_it_has_no_mac),
        cmocka_unit_test(bundle_refuses_counts_that_are_none),
        cmocka_unit_test(bundle_reads_a_key_that_scrypt_protects),
        cmocka_unit_test(bundle_refuses_scrypt_that_takes_for_ever),
        cmocka_unit_test(bundle_refuses_many_keys_that_take_long_together),
        cmocka_unit_test(bundle_refuses_ways_of_encryption_that_it_does_not_know),
        cmocka_unit_test(bundle_names_the_algorithm_of_a_pem_key_that_openssl_left_behind),
        cmocka_unit_test(bundle_refuses_a_pbmac1_that_takes_for_ever),
        cmocka_unit_test(bundle_says_of_pbmac1_which_openssl_knows_it),
        cmocka_unit_test(bundle_refuses_a_mac_that_takes_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
