/*
 * Certificates per second. First in memory: P-256 server certificates of a P-256 CA, beside a plain loop over libcrypto in the same run that
 * writes the same extensions; the ratio is what counts, the machine's mood cancels out in it. Then into a store in a temporary directory,
 * by how many are in one change: what a commit to the disk costs.
 */
#include "bench.h"

#include <safring/cert.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ftw.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400 };

static const double run_seconds = 0.4;
static const saf_principal nobody = { 0 };

static void must(saf_status status, const saf_error *err)
{
    if (status != SAF_OK) {
        fprintf(stderr, "%s\n", err->text);
        exit(1);
    }
}

typedef struct world {
    saf_store *store;
    EVP_PKEY *ca_key, *given_key;
    X509 *ca;
    saf_signer *signer;
    saf_key_spec p256;
    unsigned long issued;
} world;

/* ---- the plain loop --------------------------------------------------------------------------------------- */

static void add_extension(X509 *x509, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    MUST(extension && X509_add_ext(x509, extension, -1));
    X509_EXTENSION_free(extension);
}

static void plain_certificate(world *w, EVP_PKEY *key)
{
    unsigned char serial[16], *der = NULL;
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);
    BIGNUM *number = BN_new();
    X509V3_CTX ctx;
    MUST(RAND_bytes(serial, sizeof serial));
    serial[0] &= 0x7F;
    MUST(BN_bin2bn(serial, sizeof serial, number) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
    MUST(X509_set_version(x509, X509_VERSION_3) && X509_set_issuer_name(x509, X509_get_subject_name(w->ca)));
    MUST(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Zowe Service", -1, -1, 0));
    MUST(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Example", -1, -1, 0));
    MUST(X509_gmtime_adj(X509_getm_notBefore(x509), 0) && X509_gmtime_adj(X509_getm_notAfter(x509), 397L * DAY));
    MUST(X509_set_pubkey(x509, key));
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, w->ca, x509, NULL, NULL, 0);
    add_extension(x509, &ctx, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x509, &ctx, NID_key_usage, "critical,digitalSignature");
    add_extension(x509, &ctx, NID_ext_key_usage, "serverAuth");
    add_extension(x509, &ctx, NID_subject_key_identifier, "hash");
    add_extension(x509, &ctx, NID_authority_key_identifier, "keyid:always");
    add_extension(x509, &ctx, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    MUST(X509_sign(x509, w->ca_key, EVP_sha256()) && i2d_X509(x509, &der) > 0);
    OPENSSL_free(der);
    BN_free(number);
    X509_free(x509);
}

static void plain_new_key(void *context)
{
    world *w = context;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    MUST(key);
    plain_certificate(w, key);
    EVP_PKEY_free(key);
}

static void plain_given_key(void *context)
{
    world *w = context;
    plain_certificate(w, w->given_key);
}

/* ---- ours ------------------------------------------------------------------------------------------------- */

static saf_issue_request request_for(EVP_PKEY *key)
{
    return (saf_issue_request) { .profile = SAF_PROFILE_SERVER, .subject = "CN=Zowe Service,O=Example",
                                 .san = "dns:localhost,ip:127.0.0.1", .key = key };
}

static void our_certificate(world *w, EVP_PKEY *key)
{
    saf_blob der = { 0 };
    saf_error err = { 0 };
    saf_issue_request request = request_for(key);
    must(saf_signer_issue(&der, w->signer, &request, &err), &err);
    saf_blob_free(&der);
}

static void our_new_key(void *context)
{
    world *w = context;
    EVP_PKEY *key = NULL;
    saf_error err = { 0 };
    must(saf_key_generate(&key, &w->p256, NULL, NULL, &err), &err);
    our_certificate(w, key);
    EVP_PKEY_free(key);
}

static void our_given_key(void *context)
{
    world *w = context;
    our_certificate(w, w->given_key);
}

static void print_ratio(const char *name, double plain, double ours)
{
    printf("%-34s %10.0f %10.0f %8.2f\n", name, plain, ours, ours / plain);
}

/* ---- the store -------------------------------------------------------------------------------------------- */

static void issue_one(world *w, saf_change *change, const saf_signer *signer)
{
    EVP_PKEY *key = NULL;
    saf_error err = { 0 };
    char label[SAF_LABEL_MAX + 1];
    snprintf(label, sizeof label, "cert %lu", ++w->issued);
    must(saf_key_generate(&key, &w->p256, NULL, NULL, &err), &err);
    saf_issue_request request = request_for(key);
    request.owner = "ZWESVUSR";
    request.label = label;
    request.signer = signer;
    must(saf_cert_issue(NULL, change, &request, &err), &err);
    EVP_PKEY_free(key);
}

static void issue_batch(world *w, unsigned size)
{
    saf_change *change = NULL;
    saf_signer *signer = NULL;
    saf_error err = { 0 };
    must(saf_change_begin(&change, w->store, &nobody, &err), &err);
    must(saf_signer_open(&signer, w->store, &nobody, "CERTAUTH", "ca", NULL, &err), &err);
    for (unsigned i = 0; i < size; i++)
        issue_one(w, change, signer);
    saf_signer_close(&signer);
    must(saf_change_commit(&change, &err), &err);
}

static double batch_rate(world *w, unsigned size)
{
    size_t made = 0;
    double start = seconds_now();
    double end = start;
    while (end - start < 2.0) {
        issue_batch(w, size);
        made += size;
        end = seconds_now();
    }
    return (double)made / (end - start);
}

static void open_world(world *w)
{
    saf_error err = { 0 };
    saf_change *change = NULL;
    saf_cert *cert = NULL;
    must(saf_key_spec_parse(&w->p256, "ec:P-256", &err), &err);
    must(saf_key_generate(&w->ca_key, &w->p256, NULL, NULL, &err), &err);
    must(saf_key_generate(&w->given_key, &w->p256, NULL, NULL, &err), &err);
    must(saf_store_create("store", NULL, &err), &err);
    must(saf_store_open(&w->store, "store", NULL, &err), &err);
    must(saf_change_begin(&change, w->store, &nobody, &err), &err);
    saf_issue_request request = { .owner = "CERTAUTH", .label = "ca", .profile = SAF_PROFILE_CA, .subject = "CN=Bench CA,O=Example",
                                  .path_len = -1, .key = w->ca_key };
    must(saf_cert_issue(&cert, change, &request, &err), &err);
    must(saf_change_commit(&change, &err), &err);
    const unsigned char *at = cert->der.data;
    w->ca = d2i_X509(NULL, &at, (long)cert->der.len);
    MUST(w->ca);
    saf_cert_free(&cert);
    must(saf_signer_open(&w->signer, w->store, &nobody, "CERTAUTH", "ca", NULL, &err), &err);
}

static void close_world(world *w)
{
    saf_signer_close(&w->signer);
    saf_store_close(&w->store);
    X509_free(w->ca);
    EVP_PKEY_free(w->ca_key);
    EVP_PKEY_free(w->given_key);
}

static int remove_entry(const char *path, __attribute__((unused)) const struct stat *status, __attribute__((unused)) int kind,
                        __attribute__((unused)) struct FTW *walk)
{
    return remove(path);
}

int main(void)
{
    static const unsigned sizes[] = { 1, 10, 100, 1000 };
    char dir[] = "/var/tmp/certs-bench-XXXXXX"; /* /tmp may be memory */
    world w = { 0 };
    MUST(mkdtemp(dir) && chdir(dir) == 0);
    open_world(&w);
    printf("%-34s %10s %10s %8s\n", "P-256 server certificates", "plain/s", "ours/s", "ratio");
    print_ratio("a new key and its certificate", rate_of(plain_new_key, &w, run_seconds), rate_of(our_new_key, &w, run_seconds));
    print_ratio("a certificate for a given key", rate_of(plain_given_key, &w, run_seconds), rate_of(our_given_key, &w, run_seconds));
    printf("\n%-34s %10s\n", "into the store, per change", "certs/s");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        printf("%-34u %10.0f\n", sizes[i], batch_rate(&w, sizes[i]));
    close_world(&w);
    MUST(chdir("/") == 0 && nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0);
    return 0;
}
