#include <support/cert-change.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

static saf_signer *open_signer(saf_store *store, const char *label)
{
    saf_signer *signer = NULL;
    CERTS_OK(saf_signer_open(&signer, store, &CERTS_WHO, "CERTAUTH", label, NULL, oops));
    return signer;
}

static void assert_not_opened(saf_store *store, const char *label, const char *beginning)
{
    saf_error err = { 0 };
    OWN(saf_signer) *signer = NULL;
    assert_int_equal(saf_signer_open(&signer, store, &CERTS_WHO, "CERTAUTH", label, NULL, &err), SAF_E_CONFLICT);
    assert_null(signer);
    if (strncmp(err.text, beginning, strlen(beginning)))
        assert_string_equal(err.text, beginning);
}

static void keep_ca(saf_store *store, const char *key_text)
{
    OWN(EVP_PKEY) *key = certs_key(key_text);
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA,
                                                   .subject = "CN=localca,O=Example", .path_len = 5, .key = key });
}

/* ---- the same bytes as libcrypto would write -------------------------------------------------------------- */

/* What openssl.cnf would say for the same request. */
typedef struct reference {
    const char *basic_constraints, *key_usage, *extended_key_usage, *san, *name_constraints, *crl_urls, *access;
} reference;

static void add_extension(X509 *x509, X509V3_CTX *ctx, int nid, const char *text)
{
    if (!text)
        return;
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, text);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Serial and dates are those of @p ours; all else is written by libcrypto. */
static X509 *build_slowly(const X509 *ours, X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, const reference *what, bool is_pss)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);
    OWN(EVP_MD_CTX) *signing = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    X509V3_CTX ctx;
    X509_set_version(x509, X509_VERSION_3);
    X509_set_serialNumber(x509, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(ours));
    X509_set1_notBefore(x509, X509_get0_notBefore(ours));
    X509_set1_notAfter(x509, X509_get0_notAfter(ours));
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Zowe Sérvice", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "C", MBSTRING_UTF8, (const unsigned char *)"DE", -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(ca));
    X509_set_pubkey(x509, key);
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, ca, x509, NULL, NULL, 0);
    add_extension(x509, &ctx, NID_basic_constraints, what->basic_constraints);
    add_extension(x509, &ctx, NID_key_usage, what->key_usage);
    add_extension(x509, &ctx, NID_ext_key_usage, what->extended_key_usage);
    add_extension(x509, &ctx, NID_subject_key_identifier, "hash");
    add_extension(x509, &ctx, NID_authority_key_identifier, "keyid:always");
    add_extension(x509, &ctx, NID_subject_alt_name, what->san);
    add_extension(x509, &ctx, NID_name_constraints, what->name_constraints);
    add_extension(x509, &ctx, NID_crl_distribution_points, what->crl_urls);
    add_extension(x509, &ctx, NID_info_access, what->access);
    const EVP_MD *digest = EVP_PKEY_is_a(ca_key, "ED25519") ? NULL : EVP_PKEY_get_bits(ca_key) == 384 ? EVP_sha384() : EVP_sha256();
    assert_int_equal(EVP_DigestSignInit(signing, &options, digest, NULL, ca_key), 1);
    if (is_pss)
        assert_true(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0);
    assert_true(X509_sign_ctx(x509, signing) > 0);
    return x509;
}

/* The TBSCertificate, as it stands in the DER. */
static saf_bytes to_be_signed(saf_bytes der)
{
    const unsigned char *at = der.data, *start;
    long len;
    int tag, class;
    assert_false(ASN1_get_object(&at, &len, &tag, &class, (long)der.len) & 0x80);
    start = at;
    assert_false(ASN1_get_object(&at, &len, &tag, &class, len) & 0x80);
    return saf_bytes_of(start, (size_t)(at - start) + (size_t)len);
}

static void assert_same_to_be_signed(saf_bytes ours, X509 *slow)
{
    OWN(saf_blob) der = certs_der(slow);
    saf_bytes a = to_be_signed(ours), b = to_be_signed(certs_bytes(&der));
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, b.len);
}

static void compare(saf_store *store, const char *key_text, saf_issue_request request, const reference *what)
{
    OWN(saf_signer) *signer = open_signer(store, "localca");
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(EVP_PKEY) *ca_key = NULL;
    OWN(EVP_PKEY) *key = certs_key(key_text);
    OWN(saf_blob) der = { 0 };
    OWN(X509) *issuer = certs_x509(ca->der);
    CERTS_OK(saf_store_load_key(&ca_key, store, &CERTS_WHO, ca, oops));
    request.subject = "CN=Zowe Sérvice,C=de";
    request.key = key;
    for (int i = 0; i < 2; i++) { /* the first is checked by the signer, the second is not */
        saf_blob_free(&der);
        CERTS_OK(saf_signer_issue(&der, signer, &request, oops));
        OWN(X509) *ours = certs_x509(certs_bytes(&der));
        OWN(X509) *slow = build_slowly(ours, issuer, ca_key, key, what, request.signature == SAF_SIGNATURE_PSS);
        assert_same_to_be_signed(certs_bytes(&der), slow);
        assert_int_equal(X509_ALGOR_cmp(X509_get0_tbs_sigalg(ours), X509_get0_tbs_sigalg(slow)), 0);
        assert_int_equal(certs_verdict(ours, &issuer, 1, NULL), X509_V_OK);
    }
}

TEST(signer_writes_what_libcrypto_writes_for_every_kind_of_key)
{
    static const char *const keys[] = { "ec:P-256", "ec:P-384", "ec:P-521", "ec:brainpoolP256r1", "ed25519", "rsa:2048" };
    OWN(saf_store) *store = certs_store();
    keep_ca(store, "ec");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        compare(store, keys[i], (saf_issue_request) { .profile = SAF_PROFILE_SERVER, .san = "dns:localhost,ip:127.0.0.1" },
                &(reference) { "critical,CA:FALSE", i < 5 ? "critical,digitalSignature" : "critical,digitalSignature,keyEncipherment",
                               "serverAuth", "DNS:localhost,IP:127.0.0.1", NULL, NULL, NULL });
}

TEST(signer_writes_what_libcrypto_writes_for_every_kind_of_signer)
{
    static const char *const keys[] = { "ec:P-384", "ed25519", "rsa:2048" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        OWN(saf_store) *store = certs_store();
        keep_ca(store, keys[i]);
        static const reference client = { "critical,CA:FALSE", "critical,digitalSignature", "clientAuth", NULL, NULL, NULL, NULL };
        compare(store, "ec", (saf_issue_request) { .profile = SAF_PROFILE_CLIENT }, &client);
        if (i == 2)
            compare(store, "ec", (saf_issue_request) { .profile = SAF_PROFILE_CLIENT, .signature = SAF_SIGNATURE_PSS }, &client);
        saf_store_close(&store);
        assert_int_equal(system("rm -r store"), 0);
    }
}

TEST(signer_writes_what_libcrypto_writes_for_every_extension)
{
    OWN(saf_store) *store = certs_store();
    keep_ca(store, "ec");
    compare(store, "ec", (saf_issue_request) { .profile = SAF_PROFILE_ZOWE, .san = "dns:a.example.test,email:x@example.test,uri:https://y/z",
                                               .crl_urls = "http://crl.example.test/1.crl,ldap://ldap.example.test/cn=ca%2Co=x",
                                               .ca_issuers_urls = "http://ca.example.test/ca.cer" },
            &(reference) { "critical,CA:FALSE", "critical,digitalSignature", "serverAuth,clientAuth",
                           "DNS:a.example.test,email:x@example.test,URI:https://y/z", NULL,
                           "URI:http://crl.example.test/1.crl,URI:ldap://ldap.example.test/cn=ca%2Co=x",
                           "caIssuers;URI:http://ca.example.test/ca.cer" });
    compare(store, "ec", (saf_issue_request) { .profile = SAF_PROFILE_CA, .path_len = 2, .permit = "dns:example.test,ip:10.0.0.0/8",
                                               .exclude = "email:evil.test,uri:.evil.test,ip:2001:db8::/32" },
            &(reference) { "critical,CA:TRUE,pathlen:2", "critical,digitalSignature,keyCertSign,cRLSign", NULL, NULL,
                           "critical,permitted;DNS:example.test,permitted;IP:10.0.0.0/255.0.0.0,excluded;email:evil.test,"
                           "excluded;URI:.evil.test,excluded;IP:2001:db8::/ffff:ffff::", NULL, NULL });
    compare(store, "ec", (saf_issue_request) { .profile = SAF_PROFILE_CA, .path_len = -1 },
            &(reference) { "critical,CA:TRUE", "critical,digitalSignature,keyCertSign,cRLSign", NULL, NULL, NULL, NULL, NULL });
}

/* ---- one signer, many certificates ------------------------------------------------------------------------ */

TEST(signer_signs_many_in_one_change)
{
    OWN(saf_store) *store = certs_store();
    keep_ca(store, "ec");
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(X509) *issuer = certs_x509(ca->der);
    saf_change *change = certs_begin(store);
    OWN(saf_signer) *signer = open_signer(store, "localca");
    char label[16];
    for (int i = 0; i < 5; i++) {
        OWN(EVP_PKEY) *key = certs_key("ec");
        OWN(saf_cert) *cert = NULL;
        saf_issue_request request = certs_leaf(NULL);
        snprintf(label, sizeof label, "cert %d", i);
        request.label = label;
        request.key = key;
        request.signer = signer;
        request.serial = SAF_SERIAL_SEQUENTIAL;
        CERTS_OK(saf_cert_issue(&cert, change, &request, oops));
        OWN(X509) *x509 = certs_x509(cert->der);
        assert_int_equal(certs_verdict(x509, &issuer, 1, NULL), X509_V_OK);
    }
    CERTS_OK(saf_change_commit(&change, oops));
    saf_issued_page page = { 0 };
    CERTS_OK(saf_store_list_issued(&page, store, &CERTS_WHO, ca, &(saf_issued_query) { 0 }, oops));
    assert_int_equal(page.count, 6);
    assert_string_equal(page.items[5]->label, "cert 4");
    saf_issued_page_free(&page);
}

TEST(signer_checks_each_name_below_constraints)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .permit = "dns:example.test" });
    OWN(saf_signer) *signer = open_signer(store, "localca");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_blob) good = { 0 };
    OWN(saf_blob) bad = { 0 };
    saf_error err = { 0 };
    saf_issue_request request = { .profile = SAF_PROFILE_SERVER, .subject = "CN=x", .san = "dns:a.example.test", .key = key };
    CERTS_OK(saf_signer_issue(&good, signer, &request, oops));
    request.san = "dns:a.example.test,dns:example.com";
    assert_int_equal(saf_signer_issue(&bad, signer, &request, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "CERTAUTH/localca cannot sign this: permitted subtree violation: dns:example.com");
    assert_null(bad.data);
}

TEST(signer_respects_excluded_addresses)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .exclude = "ip:10.0.0.0/8" });
    saf_issue_request request = certs_leaf("localca");
    saf_error err = { 0 };
    request.san = "ip:10.1.2.3";
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "CERTAUTH/localca cannot sign this: excluded subtree violation: ip:10.1.2.3");
    request.san = "ip:11.1.2.3";
    certs_keep_issued(store, request);
}

/* ---- PSS -------------------------------------------------------------------------------------------------- */

TEST(signer_signs_with_pss_and_a_salt_as_long_as_the_hash)
{
    OWN(saf_store) *store = certs_store();
    keep_ca(store, "rsa:2048");
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    saf_issue_request request = certs_leaf("localca");
    request.signature = SAF_SIGNATURE_PSS;
    OWN(saf_cert) *leaf = certs_issue(store, request);
    OWN(X509) *x509 = certs_x509(leaf->der);
    OWN(X509) *issuer = certs_x509(ca->der);
    const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(x509);
    const void *value = NULL;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    assert_int_equal(type, V_ASN1_SEQUENCE);
    RSA_PSS_PARAMS *params = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    assert_int_equal(X509_get_signature_nid(x509), NID_rsassaPss);
    assert_int_equal(ASN1_INTEGER_get(params->saltLength), 32);
    assert_int_equal(X509_verify(x509, X509_get0_pubkey(issuer)), 1);
    RSA_PSS_PARAMS_free(params);
}

TEST(signer_refuses_pss_without_rsa)
{
    OWN(saf_store) *store = certs_store();
    keep_ca(store, "ec");
    saf_issue_request request = certs_leaf("localca");
    saf_error err = { 0 };
    request.signature = SAF_SIGNATURE_PSS;
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "RSASSA-PSS needs an RSA key, and that of CERTAUTH/localca is none");
}

/* ---- keys that cannot be trusted -------------------------------------------------------------------------- */

/* The public half of one key and the private half of another. */
static EVP_PKEY *crossed_key(const EVP_PKEY *public, const EVP_PKEY *private)
{
    unsigned char point[65];
    size_t len = 0;
    BIGNUM *number = NULL;
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OWN(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_get_octet_string_param(public, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(private, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    assert_true(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
                OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, len) &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    assert_true(EVP_PKEY_fromdata_init(ctx) > 0 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) > 0);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(number);
    return key;
}

TEST(signer_finds_out_that_a_key_signs_wrongly)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *other = certs_key("ec");
    OWN(EVP_PKEY) *crossed = crossed_key(key, other);
    saf_issue_request request = certs_leaf("localca");
    saf_error err = { 0 };
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .key = key });
    request.signer_key = crossed;
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_FAILED);
    assert_string_equal(err.text, "the signature that the key made does not verify");
}

/* ---- revoked CAs ------------------------------------------------------------------------------------------ */

static void keep_three_cas(saf_store *store)
{
    certs_issue_ca(store, "root", NULL, -1);
    certs_issue_ca(store, "sub", "root", -1);
    certs_issue_ca(store, "subsub", "sub", -1);
    CERTS_OK(certs_try_revoke(store, "CERTAUTH", "sub", SAF_REASON_CESSATION_OF_OPERATION, oops));
}

TEST(signer_refuses_a_ca_that_is_revoked)
{
    OWN(saf_store) *store = certs_store();
    keep_three_cas(store);
    assert_not_opened(store, "sub", "CERTAUTH/sub cannot sign this: it was revoked at ");
}

TEST(signer_refuses_a_ca_below_one_that_is_revoked)
{
    OWN(saf_store) *store = certs_store();
    keep_three_cas(store);
    assert_not_opened(store, "subsub", "CERTAUTH/subsub cannot sign this: CERTAUTH/sub above it was revoked at ");
    OWN(saf_signer) *root = open_signer(store, "root");
    assert_non_null(root);
}

TEST(signer_names_the_subject_when_that_is_what_is_not_allowed)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .permit = "dns:example.test" });
    saf_issue_request request = certs_leaf("localca");
    saf_error err = { 0 };
    request.subject = "CN=www.example.com";
    request.san = "ip:10.1.2.3";
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "CERTAUTH/localca cannot sign this: permitted subtree violation: the common name in its subject");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(signer_writes_what_libcrypto_writes_for_every_kind_of_key),
        IN_SCRATCH(signer_writes_what_libcrypto_writes_for_every_kind_of_signer),
        IN_SCRATCH(signer_writes_what_libcrypto_writes_for_every_extension),
        IN_SCRATCH(signer_signs_many_in_one_change),
        IN_SCRATCH(signer_checks_each_name_below_constraints),
        IN_SCRATCH(signer_respects_excluded_addresses),
        IN_SCRATCH(signer_signs_with_pss_and_a_salt_as_long_as_the_hash),
        IN_SCRATCH(signer_refuses_pss_without_rsa),
        IN_SCRATCH(signer_finds_out_that_a_key_signs_wrongly),
        IN_SCRATCH(signer_refuses_a_ca_that_is_revoked),
        IN_SCRATCH(signer_refuses_a_ca_below_one_that_is_revoked),
        IN_SCRATCH(signer_names_the_subject_when_that_is_what_is_not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
