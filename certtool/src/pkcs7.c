#include "pkcs7.h"

#include "chain.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pem.h>

OWN_POINTER(PKCS7, PKCS7_free)

/* As PKCS7_set_type() makes it, but for the content, which has a type only. */
static PKCS7 *make(x509_stack **certs)
{
    PKCS7 *p7 = PKCS7_new();
    PKCS7_SIGNED *content = PKCS7_SIGNED_new();
    if (!p7 || !content || !ASN1_INTEGER_set(content->version, 1)) {
        PKCS7_SIGNED_free(content);
        PKCS7_free(p7);
        return NULL;
    }
    content->contents->type = OBJ_nid2obj(NID_pkcs7_data);
    content->cert = GIVE(certs);
    p7->type = OBJ_nid2obj(NID_pkcs7_signed);
    p7->d.sign = content;
    return p7;
}

saf_status pkcs7_write(saf_blob *out, const saf_cert_page *certs, int as_pem, saf_error *err)
{
    OWN(x509_stack) *stack = sk_X509_new_null();
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    if (!stack || !bio)
        return saf_fail_memory(err);
    SAF_TRY(chain_read(stack, certs, err));
    OWN(PKCS7) *p7 = make(&stack);
    if (!p7 || (as_pem ? PEM_write_bio_PKCS7(bio, p7) : i2d_PKCS7_bio(bio, p7)) != 1)
        return saf_fail_openssl(err, "cannot encode the PKCS#7");
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return blob_copy(out, saf_bytes_of(data, (size_t)len), err);
}
