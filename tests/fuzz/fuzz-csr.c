/*
 * Any bytes are a request or refused with a reason; the subject of one that is taken can be shown. Bytes that are a list of extensions are put
 * into a request that is signed well, and a CA answers it: with a certificate that libcrypto can read, or a reason.
 */
#include "fuzz.h"

#include <safring/cert.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <ftw.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/fuzz-csr-XXXXXX";
static saf_store *store;
static EVP_PKEY *key;
static const saf_principal nobody = { 0 };

static void check_subject(const char *subject)
{
    for (; *subject; subject++)
        REQUIRE((unsigned char)*subject >= 0x20 && *subject != 0x7F);
}

static saf_csr *read_csr(saf_bytes content)
{
    saf_error err = { 0 };
    saf_csr *csr = NULL;
    saf_status status = saf_csr_read(&csr, content, "the request", &err);
    REQUIRE(status == SAF_OK || status == SAF_E_MALFORMED || status == SAF_E_UNSUPPORTED || status == SAF_E_CONFLICT);
    REQUIRE((status == SAF_OK) == (err.text[0] == '\0') && (status == SAF_OK) == (csr != NULL));
    if (csr)
        check_subject(saf_csr_subject(csr));
    return csr;
}

static void make_ca(void)
{
    saf_change *change = NULL;
    saf_issue_request request = { .owner = "CERTAUTH", .label = "ca", .profile = SAF_PROFILE_CA, .subject = "CN=ca", .path_len = -1,
                                  .key = key };
    REQUIRE(saf_change_begin(&change, store, &nobody, NULL) == SAF_OK);
    REQUIRE(saf_cert_issue(NULL, change, &request, NULL) == SAF_OK);
    REQUIRE(saf_change_commit(&change, NULL) == SAF_OK);
}

static int remove_entry(const char *path, __attribute__((unused)) const struct stat *status, __attribute__((unused)) int kind,
                        __attribute__((unused)) struct FTW *walk)
{
    return remove(path);
}

static void close_world(void)
{
    saf_store_close(&store);
    EVP_PKEY_free(key);
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_world(void)
{
    char path[sizeof dir + 8];
    REQUIRE(mkdtemp(dir) && atexit(close_world) == 0);
    snprintf(path, sizeof path, "%s/store", dir);
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    REQUIRE(key && saf_store_create(path, NULL, NULL) == SAF_OK && saf_store_open(&store, path, NULL, NULL) == SAF_OK);
    make_ca();
}

/* DER of a request with these extensions; 0: libcrypto would not write one. */
static int ask_with(unsigned char **der, X509_EXTENSIONS *extensions)
{
    X509_REQ *request = X509_REQ_new();
    REQUIRE(request && X509_REQ_set_pubkey(request, key));
    REQUIRE(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8, (const unsigned char *)"x", -1, -1, 0));
    int len = 0;
    if (X509_REQ_add_extensions(request, extensions) && X509_REQ_sign(request, key, NULL))
        len = i2d_X509_REQ(request, der);
    X509_REQ_free(request);
    return len > 0 ? len : 0;
}

static void check_certificate(const saf_blob *der)
{
    saf_cert *cert = NULL;
    REQUIRE(saf_cert_read(&cert, saf_bytes_of(der->data, der->len), NULL) == SAF_OK);
    REQUIRE(!cert->is_ca);
    saf_cert_free(&cert);
}

static void sign_csr(const saf_csr *csr)
{
    saf_issue_request request = { .profile = SAF_PROFILE_SERVER, .signer_owner = "CERTAUTH", .signer_label = "ca" };
    saf_blob der = { 0 };
    saf_dropped_list dropped = { 0 };
    saf_change *change = NULL;
    saf_error err = { 0 };
    REQUIRE(saf_change_begin(&change, store, &nobody, NULL) == SAF_OK);
    saf_status status = saf_cert_sign_request(&der, &dropped, change, csr, &request, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_CONFLICT || status == SAF_E_USAGE);
    if (status == SAF_OK)
        check_certificate(&der);
    for (size_t i = 0; i < dropped.count; i++)
        check_subject(dropped.items[i].what);
    saf_dropped_list_free(&dropped);
    saf_blob_free(&der);
    saf_change_abandon(&change);
}

static void ask_and_sign(const uint8_t *data, size_t size)
{
    unsigned char *der = NULL;
    X509_EXTENSIONS *extensions = d2i_X509_EXTENSIONS(NULL, &data, (long)size);
    int len = extensions ? ask_with(&der, extensions) : 0;
    saf_csr *csr = len ? read_csr(saf_bytes_of(der, (size_t)len)) : NULL;
    if (csr)
        sign_csr(csr);
    saf_csr_free(&csr);
    OPENSSL_free(der);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!store)
        open_world();
    saf_csr *csr = read_csr(saf_bytes_of(data, size));
    saf_csr_free(&csr);
    ask_and_sign(data, size);
    return 0;
}
