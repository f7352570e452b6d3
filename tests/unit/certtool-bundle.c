#include <support/cert-world.h>

#include <base/buffer.h>

#include <openssl/pem.h>
#include <openssl/provider.h>

/* A CA and a leaf, and files made of them by OpenSSL. */
typedef struct world {
    EVP_PKEY *ca_key, *key;
    X509 *ca, *leaf;
} world;

static void world_clear(world *world)
{
    EVP_PKEY_free(world->ca_key);
    EVP_PKEY_free(world->key);
    X509_free(world->ca);
    X509_free(world->leaf);
}

OWN_VALUE(world, world_clear)

static world make_world(void)
{
    world world = { .ca_key = certs_key("ec"), .key = certs_key("ec") };
    world.ca = certs_forge((certs_forgery) { .cn = "ca", .key = world.ca_key, .basic_constraints = "CA:TRUE" });
    world.leaf = certs_forge((certs_forgery) { .cn = "leaf", .key = world.key, .issuer = world.ca,
                                               .issuer_key = world.ca_key });
    return world;
}

static saf_status read_text(saf_bundle **out, const saf_buffer *content, const char *password, const char *alias,
                            saf_error *err)
{
    OWN(saf_secret) secret = certs_secret(password ? password : "");
    return saf_bundle_read(out, saf_buffer_bytes(content), password ? &secret : NULL, alias, "in.file", err);
}

static void assert_refused(const saf_buffer *content, const char *password, const char *alias, saf_status status,
                           const char *message)
{
    OWN(saf_bundle) *bundle = NULL;
    saf_error err = { 0 };
    assert_int_equal(read_text(&bundle, content, password, alias, &err), status);
    assert_string_equal(err.text, message);
    assert_null(bundle);
}

static void assert_is(saf_bytes der, X509 *x509)
{
    OWN(X509) *read = certs_x509(der);
    assert_int_equal(X509_cmp(read, x509), 0);
}

/* The leaf with its key and the CA beside it. */
static void assert_whole(const saf_buffer *content, const char *password, const char *alias, const world *world)
{
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(read_text(&bundle, content, password, alias, oops));
    assert_is(saf_bundle_cert(bundle), world->leaf);
    assert_int_equal(EVP_PKEY_eq(saf_bundle_key(bundle), world->key), 1);
    assert_int_equal(saf_bundle_chain_size(bundle), 1);
    assert_is(saf_bundle_chain_at(bundle, 0), world->ca);
    assert_null(saf_bundle_chain_at(bundle, 1).data);
}

static void append_bio(saf_buffer *out, BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    saf_buffer_append(out, saf_bytes_of(data, (size_t)len));
}

static void add_pem_cert(saf_buffer *out, X509 *x509)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    append_bio(out, bio);
}

static void add_pem_key(saf_buffer *out, EVP_PKEY *key, const char *password)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_256_cbc() : NULL, password,
                                                   password ? (int)strlen(password) : 0, NULL, NULL), 1);
    append_bio(out, bio);
}

/* The form before PKCS#8: "BEGIN EC PRIVATE KEY", encrypted by its header. */
static void add_traditional_key(saf_buffer *out, EVP_PKEY *key, const char *password)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, password ? EVP_aes_128_cbc() : NULL,
                                                          (const unsigned char *)password,
                                                          password ? (int)strlen(password) : 0, NULL, NULL), 1);
    append_bio(out, bio);
}

static void add_der(saf_buffer *out, X509 *x509)
{
    OWN(saf_blob) der = certs_der(x509);
    saf_buffer_append(out, certs_bytes(&der));
}

static void add_p12(saf_buffer *out, PKCS12 *made)
{
    OWN(PKCS12) *p12 = made;
    assert_non_null(p12);
    unsigned char *der = NULL;
    int len = i2d_PKCS12(p12, &der);
    saf_buffer_append(out, saf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
}

static PKCS12 *make_p12(const world *world, const char *password, int key_pbe, int cert_pbe, OSSL_LIB_CTX *ctx)
{
    OWN(x509_stack) *others = sk_X509_new_null();
    X509_up_ref(world->ca);
    sk_X509_push(others, world->ca);
    return PKCS12_create_ex(password, "Localhost", world->key, world->leaf, others, key_pbe, cert_pbe, 0, 0, 0, ctx, NULL);
}

/* ---- PEM and DER ------------------------------------------------------------------------------------------ */

TEST(bundle_reads_pem_in_any_order)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    saf_buffer_append_text(&content, "Bag Attributes\n    friendlyName: x\n");
    add_pem_cert(&content, world.ca);
    add_pem_key(&content, world.key, NULL);
    add_pem_cert(&content, world.leaf);
    assert_whole(&content, NULL, NULL, &world);
    assert_whole(&content, "needless", NULL, &world);
}

TEST(bundle_reads_an_encrypted_pem_key)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_pem_cert(&content, world.leaf);
    add_pem_cert(&content, world.ca);
    add_pem_key(&content, world.key, "sesame");
    assert_whole(&content, "sesame", NULL, &world);
    assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    assert_refused(&content, NULL, NULL, SAF_E_DENIED, "in.file is protected by a password");
}

TEST(bundle_reads_traditional_pem_keys)
{
    OWN(world) world = make_world();
    static const char *const passwords[] = { NULL, "sesame" };
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_buffer) content = { 0 };
        add_traditional_key(&content, world.key, passwords[i]);
        add_pem_cert(&content, world.leaf);
        add_pem_cert(&content, world.ca);
        assert_whole(&content, passwords[i], NULL, &world);
        if (passwords[i])
            assert_refused(&content, NULL, NULL, SAF_E_DENIED, "in.file is protected by a password");
    }
}

TEST(bundle_reads_certificates_without_a_key)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) pem = { 0 };
    OWN(saf_buffer) der = { 0 };
    OWN(saf_bundle) *from_pem = NULL, *from_der = NULL;
    add_pem_cert(&pem, world.leaf);
    add_pem_cert(&pem, world.ca);
    add_der(&der, world.leaf);
    CERTS_OK(read_text(&from_pem, &pem, NULL, NULL, oops));
    CERTS_OK(read_text(&from_der, &der, NULL, NULL, oops));
    assert_is(saf_bundle_cert(from_pem), world.leaf);
    assert_is(saf_bundle_cert(from_der), world.leaf);
    assert_null(saf_bundle_key(from_pem));
    assert_int_equal(saf_bundle_chain_size(from_pem), 1);
    assert_int_equal(saf_bundle_chain_size(from_der), 0);
    saf_bundle_free(&from_der);
    assert_null(from_der);
    saf_bundle_free(&from_der);
    saf_bundle_free(NULL);
}

TEST(bundle_refuses_a_key_without_its_certificate)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_pem_key(&content, world.key, NULL);
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file holds no certificate");
    add_pem_cert(&content, world.ca);
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file holds a private key but not its certificate");
}

TEST(bundle_refuses_several_keys)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_pem_key(&content, world.key, NULL);
    add_pem_key(&content, world.ca_key, NULL);
    add_pem_cert(&content, world.leaf);
    assert_refused(&content, NULL, NULL, SAF_E_CONFLICT, "in.file holds several private keys: (no name), (no name)");
}

TEST(bundle_refuses_damaged_pem)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) cut = { 0 };
    OWN(saf_buffer) bent = { 0 };
    add_pem_cert(&cut, world.leaf);
    cut.len -= 40;
    cut.data[cut.len] = '\0';
    assert_refused(&cut, NULL, NULL, SAF_E_MALFORMED, "in.file is damaged PEM");
    saf_buffer_append_text(&bent, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_refused(&bent, NULL, NULL, SAF_E_MALFORMED, "the certificate at place 1 of in.file cannot be read");
}

TEST(bundle_refuses_what_it_does_not_know)
{
    OWN(saf_buffer) content = { 0 };
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file is empty");
    saf_buffer_append_text(&content, "hello");
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file is neither PKCS#12 nor PEM nor a DER certificate");
    OWN(saf_bundle) *bundle = NULL;
    saf_error err = { 0 };
    saf_bytes jks = saf_bytes_of("\xFE\xED\xFE\xED\0\0\0\2", 8);
    assert_int_equal(saf_bundle_read(&bundle, jks, NULL, NULL, "old.jks", &err), SAF_E_MALFORMED);
    assert_non_null(strstr(err.hint, "keytool -importkeystore"));
}

TEST(bundle_refuses_too_much)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    for (int i = 0; i < 65; i++)
        add_pem_cert(&content, world.ca);
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file holds more than 64 certificates or keys");
    while (content.len <= 4 * 1024 * 1024)
        saf_buffer_append(&content, saf_bytes_of("                                                                ", 64));
    assert_refused(&content, NULL, NULL, SAF_E_MALFORMED, "in.file is larger than 4194304 bytes");
}

/* ---- PKCS#12 ---------------------------------------------------------------------------------------------- */

TEST(bundle_reads_pkcs12)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "sesame", 0, 0, NULL));
    assert_whole(&content, "sesame", NULL, &world);
    assert_whole(&content, "sesame", "Localhost", &world);
    assert_whole(&content, "sesame", "localhost", &world);
    assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    assert_refused(&content, NULL, NULL, SAF_E_DENIED, "in.file is protected by a password");
    assert_refused(&content, "sesame", "other", SAF_E_NOT_FOUND, "in.file has no entry \"other\", only: Localhost");
}

TEST(bundle_reads_pkcs12_with_a_password_beyond_ascii)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "pässwörd ✓", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 0, NULL));
    assert_whole(&content, "pässwörd ✓", NULL, &world);
}

TEST(bundle_reads_pkcs12_of_other_times)
{
    static const struct {
        int key, cert;
    } forms[] = { { NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC }, { -1, -1 },
                  { NID_aes_128_cbc, -1 } };
    OWN(world) world = make_world();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        OWN(saf_buffer) content = { 0 };
        add_p12(&content, make_p12(&world, "sesame", forms[i].key, forms[i].cert, NULL));
        assert_whole(&content, "sesame", NULL, &world);
    }
}

TEST(bundle_reads_pkcs12_with_an_empty_password_or_none)
{
    OWN(world) world = make_world();
    static const char *const made_with[] = { NULL, "" };
    for (size_t i = 0; i < 2; i++) {
        OWN(saf_buffer) content = { 0 };
        add_p12(&content, make_p12(&world, made_with[i], 0, 0, NULL));
        assert_whole(&content, NULL, NULL, &world);
        assert_whole(&content, "", NULL, &world);
        assert_refused(&content, "wrong", NULL, SAF_E_DENIED, "wrong password for in.file");
    }
}

TEST(bundle_names_the_algorithm_that_openssl_left_behind)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(ctx, "legacy");
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(ctx, "default");
    assert_non_null(legacy);
    add_p12(&content, make_p12(&world, "sesame", NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                               NID_pbe_WithSHA1And40BitRC2_CBC, ctx));
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(ctx);
    OWN(saf_bundle) *bundle = NULL;
    saf_error err = { 0 };
    assert_int_equal(read_text(&bundle, &content, "sesame", NULL, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "in.file is encrypted with an algorithm that OpenSSL offers only through its legacy "
                                  "provider (RC2-40, say)");
    assert_non_null(strstr(err.hint, "openssl pkcs12 -legacy"));
}

TEST(bundle_takes_the_entry_that_the_alias_names)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    STACK_OF(PKCS7) *safes = NULL;
    const struct {
        EVP_PKEY *key;
        X509 *cert;
        const char *alias;
    } entries[] = { { world.ca_key, world.ca, "ca" }, { world.key, world.leaf, "leaf" } };
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(PKCS12_add_cert(&bags, entries[i].cert));
        PKCS12_SAFEBAG *bag = PKCS12_add_key(&bags, entries[i].key, 0, 0, -1, NULL);
        assert_non_null(bag);
        assert_int_equal(PKCS12_add_friendlyname_utf8(bag, entries[i].alias, -1), 1);
    }
    assert_int_equal(PKCS12_add_safe(&safes, bags, -1, 0, NULL), 1);
    add_p12(&content, PKCS12_add_safes(safes, 0));
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    assert_whole(&content, NULL, "leaf", &world);
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(read_text(&bundle, &content, NULL, "CA", oops));
    assert_is(saf_bundle_cert(bundle), world.ca);
    assert_refused(&content, NULL, NULL, SAF_E_CONFLICT, "in.file holds several private keys: ca, leaf");
    assert_refused(&content, NULL, "x", SAF_E_NOT_FOUND, "in.file has no entry \"x\", only: ca, leaf");
}

/* ---- what would take for ever ----------------------------------------------------------------------------- */

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
                   "in.file is encrypted with an algorithm that OpenSSL offers only through its legacy provider (RC2-40, say)");
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

TEST(pkcs12_check_takes_more_certificates_than_a_bundle)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    OWN(saf_secret) password = certs_secret("sesame");
    OWN(saf_secret) wrong = certs_secret("wrong");
    OWN(x509_stack) *many = sk_X509_new_null();
    for (int i = 0; i < 200; i++) {
        X509_up_ref(world.ca);
        assert_true(sk_X509_push(many, world.ca) > 0);
    }
    add_p12(&content, PKCS12_create("sesame", NULL, NULL, NULL, many, 0, 0, 0, 0, 0));
    assert_refused(&content, "sesame", NULL, SAF_E_MALFORMED, "in.file holds more than 64 certificates or keys");
    CERTS_OK(saf_pkcs12_check(saf_buffer_bytes(&content), &password, "in.file", oops));
    assert_int_equal(saf_pkcs12_check(saf_buffer_bytes(&content), &wrong, "in.file", NULL), SAF_E_DENIED);
    assert_int_equal(saf_pkcs12_check(saf_bytes_of_text("hello"), &password, "in.file", NULL), SAF_E_MALFORMED);
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

TEST(bundle_refuses_altered_pkcs12)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, make_p12(&world, "sesame", 0, 0, NULL));
    for (size_t i = 0; i < content.len; i += 11) {
        OWN(saf_bundle) *bundle = NULL;
        content.data[i] ^= 0x55;
        saf_error err = { 0 };
        assert_int_not_equal(read_text(&bundle, &content, "sesame", NULL, &err), SAF_OK);
        assert_int_not_equal(err.text[0], 0);
        content.data[i] ^= 0x55;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_reads_pem_in_any_order),
        cmocka_unit_test(bundle_reads_an_encrypted_pem_key),
        cmocka_unit_test(bundle_reads_traditional_pem_keys),
        cmocka_unit_test(bundle_reads_certificates_without_a_key),
        cmocka_unit_test(bundle_refuses_a_key_without_its_certificate),
        cmocka_unit_test(bundle_refuses_several_keys),
        cmocka_unit_test(bundle_refuses_damaged_pem),
        cmocka_unit_test(bundle_refuses_what_it_does_not_know),
        cmocka_unit_test(bundle_refuses_too_much),
        cmocka_unit_test(bundle_reads_pkcs12),
        cmocka_unit_test(bundle_reads_pkcs12_with_a_password_beyond_ascii),
        cmocka_unit_test(bundle_reads_pkcs12_of_other_times),
        cmocka_unit_test(bundle_reads_pkcs12_with_an_empty_password_or_none),
        cmocka_unit_test(bundle_names_the_algorithm_that_openssl_left_behind),
        cmocka_unit_test(bundle_takes_the_entry_that_the_alias_names),
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
        cmocka_unit_test(pkcs12_check_takes_more_certificates_than_a_bundle),
        cmocka_unit_test(bundle_refuses_a_mac_that_takes_for_ever),
        cmocka_unit_test(bundle_refuses_altered_pkcs12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
