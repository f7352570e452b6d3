#include "csr.h"
#include "subject.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { CSR_MAX = 64 * 1024, EXTENSIONS_MAX = 64 };

OWN_HANDLE(saf_csr, saf_csr_free)
OWN_POINTER(RSA_PSS_PARAMS, RSA_PSS_PARAMS_free)

void saf_csr_free(saf_csr **csr)
{
    saf_csr *own = *csr;
    *csr = NULL;
    if (!own)
        return;
    X509_REQ_free(own->request);
    sk_X509_EXTENSION_pop_free(own->extensions, X509_EXTENSION_free);
    saf_cert_free(&own->facts);
    free(own);
}

const char *saf_csr_subject(const saf_csr *csr)
{
    return csr->facts->subject;
}

/* ---- the file --------------------------------------------------------------------------------------------- */

static saf_status refuse_file(const char *what, saf_error *err)
{
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "%s is not one certificate request (PKCS#10)", what);
}

/* RFC 7468 7: one block; text may stand around it. */
static saf_status decode_pem(saf_blob *out, saf_bytes content, const char *what, saf_error *err)
{
    OWN(BIO) *bio = BIO_new_mem_buf(content.data, (int)content.len);
    saf_status status = SAF_OK;
    for (int blocks = 0; bio && status == SAF_OK; blocks++) {
        char *name = NULL, *header = NULL;
        unsigned char *data = NULL;
        long len = 0;
        if (!PEM_read_bio(bio, &name, &header, &data, &len)) {
            status = blocks == 1 ? SAF_OK : refuse_file(what, err);
            break;
        }
        bool is_request = !strcmp(name, PEM_STRING_X509_REQ) || !strcmp(name, PEM_STRING_X509_REQ_OLD);
        if (blocks || !is_request || *header)
            status = refuse_file(what, err);
        else
            status = blob_copy(out, saf_bytes_of(data, (size_t)len), err);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    ERR_clear_error();
    return bio ? status : saf_fail_memory(err);
}

static saf_status decode(saf_blob *out, saf_bytes content, const char *what, saf_error *err)
{
    if (!content.len || content.len > CSR_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s has %zu bytes, and a request has 1 to %d", what, content.len, CSR_MAX);
    return content.data[0] == DER_SEQUENCE ? blob_copy(out, content, err) : decode_pem(out, content, what, err);
}

/* Written again, it is the same, so nothing stands around what is signed that only BER allows. */
static bool is_exact(X509_REQ *request, saf_bytes der)
{
    unsigned char *again = NULL;
    int len = i2d_X509_REQ(request, &again);
    bool same = len >= 0 && (size_t)len == der.len && !memcmp(again, der.data, der.len);
    OPENSSL_free(again);
    return same;
}

static saf_status parse(X509_REQ **out, saf_bytes der, const char *what, saf_error *err)
{
    const unsigned char *at = der.data;
    saf_bytes key;
    SAF_TRY(csr_key_find(&key, der, what, err));
    SAF_TRY(csr_key_check(key, what, err));
    *out = d2i_X509_REQ(NULL, &at, (long)der.len);
    if (!*out || at != der.data + der.len || !is_exact(*out, der))
        return refuse_file(what, err);
    ERR_clear_error();
    if (X509_REQ_get_version(*out) != X509_REQ_VERSION_1) /* RFC 2986 4.1: v1, which is 0 */
        return saf_fail(err, SAF_E_MALFORMED, "%s has a version that PKCS#10 does not have", what);
    return SAF_OK;
}

/* ---- the signature ---------------------------------------------------------------------------------------- */

/* RFC 4055 3.1: without a hash, PSS is with SHA-1. */
static int hash_of_pss(const X509_ALGOR *algorithm)
{
    int type = V_ASN1_UNDEF;
    const void *value = NULL;
    const ASN1_OBJECT *hash = NULL;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    OWN(RSA_PSS_PARAMS) *params = type == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS)) : NULL;
    ERR_clear_error();
    if (!params || !params->hashAlgorithm)
        return NID_sha1;
    X509_ALGOR_get0(&hash, NULL, NULL, params->hashAlgorithm);
    return OBJ_obj2nid(hash);
}

static bool is_sound(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    int hash = NID_undef, key = NID_undef;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    int nid = OBJ_obj2nid(object);
    if (nid == NID_ED25519)
        return true;
    if (nid == NID_rsassaPss)
        hash = hash_of_pss(algorithm);
    else if (!OBJ_find_sigid_algs(nid, &hash, &key))
        return false;
    return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512;
}

/* RFC 2986 3: it shows that who asks has the private key. */
static saf_status check_signature(X509_REQ *request, const char *what, saf_error *err)
{
    const X509_ALGOR *algorithm = NULL;
    X509_REQ_get0_signature(request, NULL, &algorithm);
    if (!is_sound(algorithm))
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is not signed with SHA-256, SHA-384, SHA-512 or Ed25519", what);
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    bool is_good = key && X509_REQ_verify(request, key) == 1;
    ERR_clear_error();
    if (!key)
        return saf_fail(err, SAF_E_MALFORMED, "the public key in %s cannot be read", what);
    return is_good ? SAF_OK : saf_fail(err, SAF_E_CONFLICT, "the signature of %s is not by the key in it", what);
}

/* ---- what it says ----------------------------------------------------------------------------------------- */

/* RFC 2985 5.4.2: one value of one attribute. Microsoft's own attribute for the same counts as another. */
static saf_status check_attributes(X509_REQ *request, const char *what, saf_error *err)
{
    int lists = 0;
    for (int i = 0; i < X509_REQ_get_attr_count(request); i++) {
        X509_ATTRIBUTE *attribute = X509_REQ_get_attr(request, i);
        int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute));
        if (nid == NID_ext_req || nid == NID_ms_ext_req)
            lists += X509_ATTRIBUTE_count(attribute);
    }
    return lists <= 1 ? SAF_OK : saf_fail(err, SAF_E_MALFORMED, "%s has several lists of extensions", what);
}

/* RFC 5280 4.2: not more than one of a kind. */
static saf_status check_extensions(const x509_extensions *extensions, const char *what, saf_error *err)
{
    int count = sk_X509_EXTENSION_num(extensions);
    if (count > EXTENSIONS_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s has %d extensions, and %d are enough", what, count, EXTENSIONS_MAX);
    for (int i = 0; i < count; i++) {
        ASN1_OBJECT *object = X509_EXTENSION_get_object(sk_X509_EXTENSION_value(extensions, i));
        if (X509v3_get_ext_by_OBJ(extensions, object, i) >= 0)
            return saf_fail(err, SAF_E_MALFORMED, "%s has an extension twice", what);
    }
    return SAF_OK;
}

/* NULL stands for "none" and for "cannot be read": what has the attribute has the list. */
static saf_status read_extensions(saf_csr *csr, const char *what, saf_error *err)
{
    SAF_TRY(check_attributes(csr->request, what, err));
    bool has_list = X509_REQ_get_attr_by_NID(csr->request, NID_ext_req, -1) >= 0 ||
                    X509_REQ_get_attr_by_NID(csr->request, NID_ms_ext_req, -1) >= 0;
    csr->extensions = has_list ? X509_REQ_get_extensions(csr->request) : sk_X509_EXTENSION_new_null();
    ERR_clear_error();
    if (!csr->extensions)
        return saf_fail(err, SAF_E_MALFORMED, "the extensions of %s cannot be read", what);
    return check_extensions(csr->extensions, what, err);
}

/* Subject and key as a record of the store shows them: through a certificate that nobody ever sees. */
static saf_status read_facts(saf_csr *csr, saf_error *err)
{
    OWN(saf_blob) der = { 0 };
    OWN(X509) *x509 = X509_new();
    OWN(EVP_PKEY) *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509_NAME *subject = X509_REQ_get_subject_name(csr->request);
    if (!x509 || !key || !X509_set_version(x509, X509_VERSION_3) || !ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) ||
        !X509_set_subject_name(x509, subject) || !X509_set_issuer_name(x509, subject) ||
        !X509_gmtime_adj(X509_getm_notBefore(x509), 0) || !X509_gmtime_adj(X509_getm_notAfter(x509), 1) ||
        !X509_set_pubkey(x509, X509_REQ_get0_pubkey(csr->request)) || !X509_sign(x509, key, NULL))
        return saf_fail_openssl(err, "cannot show the request");
    SAF_TRY(der_write_x509(&der, x509, err));
    return saf_cert_read(&csr->facts, blob_bytes(&der), err);
}

saf_status saf_csr_read(saf_csr **out, saf_bytes content, const char *what, saf_error *err)
{
    OWN(saf_blob) der = { 0 };
    OWN(saf_csr) *csr = calloc(1, sizeof *csr);
    if (!csr)
        return saf_fail_memory(err);
    SAF_TRY(decode(&der, content, what, err));
    SAF_TRY(parse(&csr->request, blob_bytes(&der), what, err));
    SAF_TRY(subject_check_name(X509_REQ_get_subject_name(csr->request), what, err));
    SAF_TRY(read_extensions(csr, what, err));
    SAF_TRY(check_signature(csr->request, what, err));
    SAF_TRY(read_facts(csr, err));
    *out = GIVE(&csr);
    return SAF_OK;
}
