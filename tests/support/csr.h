/** @file Certificate requests for tests, also those that nobody sane would make. Everything asserts. */
#ifndef SUPPORT_CSR_H
#define SUPPORT_CSR_H

#include <support/cert-change.h>

#include <openssl/pem.h>

/** Extensions in OpenSSL's notation, by their numbers; ended by nid 0. */
typedef struct csr_wish {
    int nid;
    const char *text;
} csr_wish;

typedef struct csr_recipe {
    const char *cn;
    saf_bytes name;         /* instead of cn: as it is */
    EVP_PKEY *key;
    const csr_wish *wishes; /* NULL: no extensions */
    const EVP_MD *digest;   /* NULL: SHA-256; not for Ed25519 */
    EVP_PKEY *signed_by;    /* NULL: key */
    long version;
    bool twice;             /* the list of extensions stands there again, in Microsoft's attribute */
} csr_recipe;

static inline void csr_add_wishes(X509_REQ *request, const csr_recipe *recipe)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    for (const csr_wish *wish = recipe->wishes; wish && wish->nid; wish++) {
        X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, wish->nid, wish->text);
        assert_non_null(extension);
        if (!extensions)
            extensions = sk_X509_EXTENSION_new_null();
        assert_true(sk_X509_EXTENSION_push(extensions, extension) > 0);
    }
    if (extensions)
        assert_int_equal(X509_REQ_add_extensions(request, extensions), 1);
    if (recipe->twice)
        assert_int_equal(X509_REQ_add_extensions_nid(request, extensions, NID_ms_ext_req), 1);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static inline saf_blob csr_make(csr_recipe recipe)
{
    OWN(X509_REQ) *request = X509_REQ_new();
    unsigned char *der = NULL;
    EVP_PKEY *key = recipe.signed_by ? recipe.signed_by : recipe.key;
    X509_NAME *name = X509_REQ_get_subject_name(request);
    assert_int_equal(X509_REQ_set_version(request, recipe.version), 1);
    if (recipe.name.len) {
        const unsigned char *at = recipe.name.data;
        OWN(X509_NAME) *made = d2i_X509_NAME(NULL, &at, (long)recipe.name.len);
        assert_int_equal(X509_REQ_set_subject_name(request, made), 1);
        name = X509_REQ_get_subject_name(request);
    }
    if (recipe.cn)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, (const unsigned char *)recipe.cn, -1, -1, 0), 1);
    assert_int_equal(X509_REQ_set_pubkey(request, recipe.key), 1);
    csr_add_wishes(request, &recipe);
    assert_true(X509_REQ_sign(request, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : recipe.digest ? recipe.digest : EVP_sha256()) > 0);
    int len = i2d_X509_REQ(request, &der);
    assert_true(len > 0);
    saf_blob blob = { malloc((size_t)len), (size_t)len };
    memcpy(blob.data, der, (size_t)len);
    OPENSSL_free(der);
    return blob;
}

static inline saf_blob csr_pem(const saf_blob *der, const char *name)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_true(PEM_write_bio(bio, name, "", der->data, (long)der->len) > 0);
    long len = BIO_get_mem_data(bio, &text);
    saf_blob blob = { malloc((size_t)len), (size_t)len };
    memcpy(blob.data, text, (size_t)len);
    return blob;
}

static inline saf_csr *csr_read(const saf_blob *content)
{
    saf_csr *csr = NULL;
    CERTS_OK(saf_csr_read(&csr, certs_bytes(content), "the file", oops));
    return csr;
}

#endif
