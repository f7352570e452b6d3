#include <support/cert-world.h>
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
        IN_SOFTHSM(token_key_of_rsa_signs_certificates),
        IN_SOFTHSM(token_key_of_ec_signs_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
