#include <support/csr.h>
#include <support/softhsm.h>

static const unsigned char P384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

/* CKA_MODULUS_BITS or CKA_EC_PARAMS decides which kind. */
static void make_pair(saf_p11 *p11, CK_MECHANISM_TYPE mechanism, CK_ATTRIBUTE size)
{
    softhsm_init_token(p11, "ca");
    softhsm_log_in_and_out(p11, "ca");
    CK_SESSION_HANDLE raw = softhsm_raw_session(p11, "ca");
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM how = { mechanism, NULL, 0 };
    char label[] = "key", id[] = "1234";
    CK_ATTRIBUTE name = { CKA_LABEL, label, strlen(label) }, number = { CKA_ID, id, strlen(id) };
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_VERIFY, &yes, sizeof yes }, size, name, number };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes },
                               { CKA_SIGN, &yes, sizeof yes },  { CKA_SENSITIVE, &yes, sizeof yes }, name, number };
    CK_OBJECT_HANDLE public_key, private_key;
    assert_int_equal(softhsm_cryptoki(p11)->C_GenerateKeyPair(raw, &how, public, 5, private, 6, &public_key, &private_key),
                     CKR_OK);
    softhsm_cryptoki(p11)->C_CloseSession(raw);
}

static EVP_PKEY *load_key(saf_p11 *p11)
{
    EVP_PKEY *key = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ca;object=key");
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    CERTS_OK(saf_p11_load_private_key(&key, p11, &uri, &pin, oops));
    return key;
}

/* A CA and a server, both with the token's key, and a server of the CA with a key of its own. */
static void issue_with(EVP_PKEY *key, int signature_nid)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_cert) *ca = certs_issue(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=token", .path_len = -1,
        .key = key, .key_uri = "pkcs11:token=ca;object=key" });
    saf_issue_request request = certs_leaf("localca");
    request.signer_key = key;
    OWN(saf_cert) *leaf = certs_issue(store, request);
    OWN(X509) *x509 = certs_x509(leaf->der);
    OWN(X509) *issuer = certs_x509(ca->der);
    assert_int_equal(ca->key_place, SAF_KEY_IN_TOKEN);
    assert_int_equal(X509_verify(x509, X509_get0_pubkey(issuer)), 1);
    assert_int_equal(X509_get_signature_nid(x509), signature_nid);
    request.label = "by another";
    request.signer_key = NULL;
    request.key = key;
    request.signer_label = "other";
    request.key_uri = "pkcs11:token=ca;object=key";
    certs_issue_ca(store, "other", NULL, -1);
    certs_keep_issued(store, request);
}

/* What else a CA's key and a server's key in a token are asked to do. */
static void do_the_rest_with(EVP_PKEY *key, saf_signature signature)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=token", .path_len = -1,
        .key = key, .key_uri = "pkcs11:token=ca;object=key", .signature = signature });
    saf_issue_request request = certs_leaf("localca");
    request.signer_key = key;
    request.signature = signature;
    certs_keep_issued(store, request);
    CERTS_OK(certs_try_renew(store, (saf_renew_request) { .owner = "ZWESVUSR", .label = "localhost", .signer_key = key }, oops));
    CERTS_OK(certs_try_renew(store, (saf_renew_request) { .owner = "CERTAUTH", .label = "localca", .signer_key = key }, oops));
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    OWN(saf_blob) der = { 0 };
    CERTS_OK(certs_try_crl(&der, NULL, store, (saf_crl_request) { .owner = "CERTAUTH", .label = "localca", .key = key,
                                                                  .signature = signature }, oops));
    const unsigned char *at = der.data;
    OWN(X509_CRL) *crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "localhost");
    OWN(saf_cert) *renewed = certs_find(store, "CERTAUTH", "localca");
    OWN(X509) *x509 = certs_x509(leaf->der);
    OWN(X509) *issuer = certs_x509(renewed->der);
    assert_int_equal(certs_verdict(x509, &issuer, 1, NULL), X509_V_OK);
    assert_int_equal(certs_verdict(x509, &issuer, 1, crl), X509_V_ERR_CERT_REVOKED);
    assert_int_equal(X509_get_signature_nid(x509) == NID_rsassaPss, signature == SAF_SIGNATURE_PSS);
}

static void request_with(EVP_PKEY *key)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request request = certs_leaf(NULL);
    request.key = key;
    request.key_uri = "pkcs11:token=ca;object=key";
    certs_keep_issued(store, request);
    OWN(saf_blob) pem = { 0 };
    saf_change *change = certs_begin(store);
    CERTS_OK(saf_cert_request(&pem, change, "ZWESVUSR", "localhost", key, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    OWN(saf_csr) *csr = csr_read(&pem);
    assert_string_equal(saf_csr_subject(csr), "CN=Zowe Service");
}

TEST(token_key_of_rsa_renews_revokes_and_requests)
{
    CK_ULONG bits = 2048;
    OWN(saf_p11) *p11 = softhsm_open();
    make_pair(p11, CKM_RSA_PKCS_KEY_PAIR_GEN, (CK_ATTRIBUTE) { CKA_MODULUS_BITS, &bits, sizeof bits });
    OWN(EVP_PKEY) *key = load_key(p11);
    do_the_rest_with(key, SAF_SIGNATURE_PKCS1);
    assert_int_equal(system("rm -r store"), 0);
    do_the_rest_with(key, SAF_SIGNATURE_PSS);
    assert_int_equal(system("rm -r store"), 0);
    request_with(key);
}

TEST(token_key_of_ec_renews_revokes_and_requests)
{
    OWN(saf_p11) *p11 = softhsm_open();
    make_pair(p11, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE) { CKA_EC_PARAMS, (void *)(uintptr_t)P384, sizeof P384 });
    OWN(EVP_PKEY) *key = load_key(p11);
    do_the_rest_with(key, SAF_SIGNATURE_PKCS1);
    assert_int_equal(system("rm -r store"), 0);
    request_with(key);
}

TEST(token_key_of_rsa_signs_certificates)
{
    CK_ULONG bits = 2048;
    OWN(saf_p11) *p11 = softhsm_open();
    make_pair(p11, CKM_RSA_PKCS_KEY_PAIR_GEN, (CK_ATTRIBUTE) { CKA_MODULUS_BITS, &bits, sizeof bits });
    OWN(EVP_PKEY) *key = load_key(p11);
    issue_with(key, NID_sha256WithRSAEncryption);
}

TEST(token_key_of_ec_signs_certificates)
{
    OWN(saf_p11) *p11 = softhsm_open();
    make_pair(p11, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE) { CKA_EC_PARAMS, (void *)(uintptr_t)P384, sizeof P384 });
    OWN(EVP_PKEY) *key = load_key(p11);
    issue_with(key, NID_ecdsa_with_SHA384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(token_key_of_rsa_renews_revokes_and_requests),
        IN_SOFTHSM(token_key_of_ec_renews_revokes_and_requests),
        IN_SOFTHSM(token_key_of_rsa_signs_certificates),
        IN_SOFTHSM(token_key_of_ec_signs_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
