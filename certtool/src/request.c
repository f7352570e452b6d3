#include "compromise.h"
#include "signer.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pem.h>

OWN_POINTER(X509_REQ, X509_REQ_free)

static void free_extensions(STACK_OF(X509_EXTENSION) **extensions)
{
    sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

/* saf.md of z/OS, GENREQ: what says what the certificate is for, not who signed the last one. */
static bool is_asked_for(X509_EXTENSION *extension)
{
    static const int nids[] = { NID_subject_alt_name, NID_key_usage, NID_ext_key_usage, NID_basic_constraints,
                                NID_subject_key_identifier };
    for (size_t i = 0; i < sizeof nids / sizeof *nids; i++)
        if (OBJ_obj2nid(X509_EXTENSION_get_object(extension)) == nids[i])
            return true;
    return false;
}

static int add_extensions(X509_REQ *request, const X509 *x509)
{
    __attribute__((cleanup(free_extensions))) STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    for (int i = 0; extensions && i < X509_get_ext_count(x509); i++) {
        X509_EXTENSION *extension = X509_get_ext(x509, i);
        if (is_asked_for(extension) && !X509v3_add_ext(&extensions, extension, -1))
            return 0;
    }
    /* RFC 2985 5.4.2: the attribute is not there when there is nothing to say. */
    return extensions && (!sk_X509_EXTENSION_num(extensions) || X509_REQ_add_extensions(request, extensions));
}

static saf_status fill(X509_REQ *request, const X509 *x509, saf_error *err)
{
    if (!request || !X509_REQ_set_version(request, X509_REQ_VERSION_1) ||
        !X509_REQ_set_subject_name(request, X509_get_subject_name(x509)) ||
        !X509_REQ_set_pubkey(request, X509_get0_pubkey(x509)) || !add_extensions(request, x509))
        return saf_fail_openssl(err, "cannot build the request");
    return SAF_OK;
}

static saf_status sign(X509_REQ *request, const X509 *x509, EVP_PKEY *key, saf_error *err)
{
    OWN(EVP_MD_CTX) *ctx = EVP_MD_CTX_new();
    bool is_pss = X509_get_signature_nid(x509) == NID_rsassaPss;
    SAF_TRY(signature_begin(ctx, key, is_pss ? SAF_SIGNATURE_PSS : SAF_SIGNATURE_PKCS1, err));
    if (!X509_REQ_sign_ctx(request, ctx))
        return saf_fail_openssl(err, "cannot sign the request");
    if (X509_REQ_verify(request, X509_get0_pubkey(x509)) == 1)
        return SAF_OK;
    ERR_clear_error();
    return saf_fail(err, SAF_E_FAILED, "the signature that the key made does not verify");
}

static saf_status write_pem(saf_blob *out, X509_REQ *request, saf_error *err)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    if (!bio || !PEM_write_bio_X509_REQ(bio, request))
        return saf_fail_openssl(err, "cannot write the request");
    long len = BIO_get_mem_data(bio, &data);
    return blob_copy(out, saf_bytes_of(data, (size_t)len), err);
}

static saf_status load_key(EVP_PKEY **out, saf_change *change, const saf_cert *cert, EVP_PKEY *handed_over, saf_error *err)
{
    if (cert->key_place == SAF_KEY_NONE && !handed_over)
        return saf_fail(err, SAF_E_CONFLICT, "%s/%s has no private key here to sign a request with", cert->owner, cert->label);
    return signer_load_key(out, saf_change_store(change), saf_change_principal(change), cert, handed_over, err);
}

saf_status saf_cert_request(saf_blob *out, saf_change *change, const char *owner, const char *label, EVP_PKEY *key, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    OWN(X509) *x509 = NULL;
    OWN(EVP_PKEY) *signing_key = NULL;
    OWN(X509_REQ) *request = X509_REQ_new();
    SAF_TRY(saf_store_find_cert(&cert, saf_change_store(change), saf_change_principal(change), owner, label, err));
    SAF_TRY(compromise_check(change, cert, err));
    SAF_TRY(der_read_x509(&x509, cert->der, cert->label, err));
    SAF_TRY(load_key(&signing_key, change, cert, key, err));
    if (!der_same_public_key(signing_key, X509_get0_pubkey(x509)))
        return saf_fail(err, SAF_E_CONFLICT, "the private key is not that of %s/%s", cert->owner, cert->label);
    SAF_TRY(fill(request, x509, err));
    SAF_TRY(sign(request, x509, signing_key, err));
    SAF_TRY(saf_store_note_request(change, cert, err));
    return write_pem(out, request, err);
}
