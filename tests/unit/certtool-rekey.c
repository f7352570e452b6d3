#include <support/cert-change.h>

static const saf_rekey_request of_leaf = { .owner = "ZWESVUSR", .label = "localhost", .new_label = "next" };

static saf_cert *rekey(saf_store *store, saf_rekey_request request)
{
    CERTS_OK(certs_try_rekey(store, request, oops));
    return certs_find(store, request.owner, request.new_label);
}

static saf_rekey_request signed_by(const char *label)
{
    saf_rekey_request request = of_leaf;
    request.signer_owner = "CERTAUTH";
    request.signer_label = label;
    return request;
}

static void assert_refused(saf_store *store, saf_rekey_request request, saf_status status, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(certs_try_rekey(store, request, &err), status);
    assert_string_equal(err.text, message);
}

TEST(rekey_makes_a_self_signed_one_beside_the_old)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *old = certs_issue(store, certs_leaf("localca"));
    OWN(saf_cert) *new = rekey(store, of_leaf);
    OWN(saf_cert) *still = certs_find(store, "ZWESVUSR", "localhost");
    OWN(X509) *was = certs_x509(old->der);
    OWN(X509) *is = certs_x509(new->der);
    assert_memory_equal(old->fingerprint, still->fingerprint, sizeof old->fingerprint);
    assert_memory_not_equal(old->key_id, new->key_id, sizeof old->key_id);
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(was), X509_get_subject_name(is)), 0);
    certs_assert_same_extension(was, is, NID_subject_alt_name);
    certs_assert_same_extension(was, is, NID_key_usage);
    assert_null(X509_get0_authority_key_id(is));
    assert_int_equal(X509_self_signed(is, 1), 1);
    assert_int_equal(new->not_after - new->not_before, old->not_after - old->not_before);
    assert_int_equal(new->key_place, SAF_KEY_STORED);
}

TEST(rekey_identifies_the_new_key)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, certs_leaf(NULL));
    OWN(saf_cert) *cert = rekey(store, of_leaf);
    OWN(X509) *x509 = certs_x509(cert->der);
    unsigned char digest[EVP_MAX_MD_SIZE];
    assert_int_equal(X509_pubkey_digest(x509, EVP_sha1(), digest, NULL), 1);
    assert_memory_equal(ASN1_STRING_get0_data(X509_get0_subject_key_id(x509)), digest, 20);
}

TEST(rekey_can_have_a_ca_sign)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *cert = rekey(store, signed_by("localca"));
    OWN(X509) *x509 = certs_x509(cert->der);
    OWN(X509) *issuer = certs_x509(ca->der);
    assert_int_equal(certs_verdict(x509, &issuer, 1, NULL), X509_V_OK);
}

TEST(rekey_leaves_usages_that_the_new_kind_of_key_cannot_have)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *rsa = certs_key("rsa:2048");
    saf_issue_request request = certs_leaf(NULL);
    request.key = rsa;
    OWN(saf_cert) *old = certs_issue(store, request);
    OWN(saf_cert) *new = rekey(store, of_leaf);
    certs_assert_extension(old, NID_key_usage, "critical Digital Signature, Key Encipherment");
    certs_assert_extension(new, NID_key_usage, "critical Digital Signature");
}

TEST(rekey_refuses_when_no_usage_is_left)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *rsa = certs_key("rsa:2048");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "enc", .key = rsa, .key_usage = "critical,keyEncipherment" });
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, rsa, SAF_TRUST);
    assert_refused(store, of_leaf, SAF_E_CONFLICT, "the old certificate's key usage is not one for the new kind of key");
}

TEST(rekey_refuses_the_same_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    saf_issue_request request = certs_leaf(NULL);
    request.key = key;
    certs_keep_issued(store, request);
    saf_rekey_request same = of_leaf;
    same.key = key;
    assert_refused(store, same, SAF_E_USAGE, "the key is the one that ZWESVUSR/localhost has already");
}

TEST(rekey_refuses_what_has_no_private_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "foreign", .key = key });
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    assert_refused(store, of_leaf, SAF_E_CONFLICT,
                   "ZWESVUSR/localhost has no private key here, so it is not for us to give it a new one");
}

TEST(rekey_refuses_a_taken_label)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, certs_leaf(NULL));
    saf_rekey_request request = of_leaf;
    request.new_label = "localhost";
    saf_error err = { 0 };
    assert_int_equal(certs_try_rekey(store, request, &err), SAF_E_EXISTS);
}

TEST(rekey_ignores_pss_for_a_signer_without_rsa)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, certs_leaf(NULL));
    saf_rekey_request request = of_leaf;
    request.signature = SAF_SIGNATURE_PSS;
    OWN(saf_cert) *cert = rekey(store, request);
    OWN(X509) *x509 = certs_x509(cert->der);
    assert_int_equal(X509_get_signature_nid(x509), NID_ecdsa_with_SHA256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(rekey_makes_a_self_signed_one_beside_the_old),
        IN_SCRATCH(rekey_identifies_the_new_key),
        IN_SCRATCH(rekey_can_have_a_ca_sign),
        IN_SCRATCH(rekey_leaves_usages_that_the_new_kind_of_key_cannot_have),
        IN_SCRATCH(rekey_refuses_when_no_usage_is_left),
        IN_SCRATCH(rekey_refuses_the_same_key),
        IN_SCRATCH(rekey_refuses_what_has_no_private_key),
        IN_SCRATCH(rekey_refuses_a_taken_label),
        IN_SCRATCH(rekey_ignores_pss_for_a_signer_without_rsa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
