/**
 * @file
 * Files that hold certificates, made by OpenSSL, and what saf_bundle_read() makes of them. Everything asserts.
 */
#ifndef SUPPORT_BUNDLE_WORLD_H
#define SUPPORT_BUNDLE_WORLD_H

#include <support/cert-world.h>

#include <base/buffer.h>

#include <openssl/pem.h>

/* A CA and a leaf, and files made of them by OpenSSL. */
typedef struct world {
    EVP_PKEY *ca_key, *key;
    X509 *ca, *leaf;
} world;

static inline void world_clear(world *world)
{
    EVP_PKEY_free(world->ca_key);
    EVP_PKEY_free(world->key);
    X509_free(world->ca);
    X509_free(world->leaf);
}

OWN_VALUE(world, world_clear)

static inline world make_world(void)
{
    world world = { .ca_key = certs_key("ec"), .key = certs_key("ec") };
    world.ca = certs_forge((certs_forgery) { .cn = "ca", .key = world.ca_key, .basic_constraints = "CA:TRUE" });
    world.leaf = certs_forge((certs_forgery) { .cn = "leaf", .key = world.key, .issuer = world.ca,
                                               .issuer_key = world.ca_key });
    return world;
}

static inline saf_status read_text(saf_bundle **out, const saf_buffer *content, const char *password, const char *alias,
                            saf_error *err)
{
    OWN(saf_secret) secret = certs_secret(password ? password : "");
    return saf_bundle_read(out, saf_buffer_bytes(content), password ? &secret : NULL, alias, "in.file", err);
}

static inline void assert_refused(const saf_buffer *content, const char *password, const char *alias, saf_status status,
                           const char *message)
{
    OWN(saf_bundle) *bundle = NULL;
    saf_error err = { 0 };
    assert_int_equal(read_text(&bundle, content, password, alias, &err), status);
    assert_string_equal(err.text, message);
    assert_null(bundle);
}

static inline void assert_is(saf_bytes der, X509 *x509)
{
    OWN(X509) *read = certs_x509(der);
    assert_int_equal(X509_cmp(read, x509), 0);
}

/* The leaf with its key and the CA beside it. */
static inline void assert_whole(const saf_buffer *content, const char *password, const char *alias, const world *world)
{
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(read_text(&bundle, content, password, alias, oops));
    assert_is(saf_bundle_cert(bundle), world->leaf);
    assert_int_equal(EVP_PKEY_eq(saf_bundle_key(bundle), world->key), 1);
    assert_int_equal(saf_bundle_chain_size(bundle), 1);
    assert_is(saf_bundle_chain_at(bundle, 0), world->ca);
    assert_null(saf_bundle_chain_at(bundle, 1).data);
}

static inline void append_bio(saf_buffer *out, BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    saf_buffer_append(out, saf_bytes_of(data, (size_t)len));
}

static inline void add_pem_cert(saf_buffer *out, X509 *x509)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    append_bio(out, bio);
}

static inline void add_pem_key(saf_buffer *out, EVP_PKEY *key, const char *password)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_256_cbc() : NULL, password,
                                                   password ? (int)strlen(password) : 0, NULL, NULL), 1);
    append_bio(out, bio);
}

/* The form before PKCS#8: "BEGIN EC PRIVATE KEY", encrypted by its header. */
static inline void add_traditional_key(saf_buffer *out, EVP_PKEY *key, const char *password)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, password ? EVP_aes_128_cbc() : NULL,
                                                          (const unsigned char *)password,
                                                          password ? (int)strlen(password) : 0, NULL, NULL), 1);
    append_bio(out, bio);
}

static inline void add_der(saf_buffer *out, X509 *x509)
{
    OWN(saf_blob) der = certs_der(x509);
    saf_buffer_append(out, certs_bytes(&der));
}

static inline void add_p12(saf_buffer *out, PKCS12 *made)
{
    OWN(PKCS12) *p12 = made;
    assert_non_null(p12);
    unsigned char *der = NULL;
    int len = i2d_PKCS12(p12, &der);
    saf_buffer_append(out, saf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
}

static inline PKCS12 *make_p12(const world *world, const char *password, int key_pbe, int cert_pbe, OSSL_LIB_CTX *ctx)
{
    OWN(x509_stack) *others = sk_X509_new_null();
    X509_up_ref(world->ca);
    sk_X509_push(others, world->ca);
    return PKCS12_create_ex(password, "Localhost", world->key, world->leaf, others, key_pbe, cert_pbe, 0, 0, 0, ctx, NULL);
}

#endif
