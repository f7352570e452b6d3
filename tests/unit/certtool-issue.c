#include <support/cert-world.h>

static void assert_refused(saf_store *store, saf_issue_request request, saf_status status, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(certs_try_issue(store, request, &err), status);
    assert_string_equal(err.text, message);
}

static void assert_verifies(const saf_cert *cert, const saf_cert *signer)
{
    OWN(X509) *x509 = certs_x509(cert->der);
    OWN(X509) *issuer = certs_x509(signer->der);
    assert_int_equal(X509_verify(x509, X509_get0_pubkey(issuer)), 1);
    assert_int_equal(X509_check_issued(issuer, x509), X509_V_OK);
}

/* A CA of the store with an extension that our own code would not give it. */
static void keep_constrained_ca(saf_store *store, const char *label, X509_EXTENSION *made)
{
    OWN(X509_EXTENSION) *extension = made;
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = label, .key = key, .basic_constraints = "critical,CA:TRUE" });
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    certs_keep_imported(store, "CERTAUTH", label, x509, key, SAF_TRUST);
}

static void keep_name_constrained_ca(saf_store *store, const char *label)
{
    keep_constrained_ca(store, label, X509V3_EXT_nconf_nid(NULL, NULL, NID_name_constraints, "critical,permitted;DNS:example.com"));
}

/* A root and a CA below it, both forged; what either of them is not given is left as it is. */
static void keep_two_cas(saf_store *store, certs_forgery root, saf_trust root_trust)
{
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    root.cn = "root";
    root.key = root_key;
    root.basic_constraints = "critical,CA:TRUE";
    OWN(X509) *root_x509 = certs_forge(root);
    OWN(X509) *sub = certs_forge((certs_forgery) { .cn = "sub", .key = key, .basic_constraints = "critical,CA:TRUE",
                                                   .issuer = root_x509, .issuer_key = root_key });
    if ((int)root_trust)
        certs_keep_imported(store, "CERTAUTH", "root", root_x509, NULL, root_trust);
    certs_keep_imported(store, "CERTAUTH", "sub", sub, key, SAF_TRUST);
}

static int signature_nid(const saf_cert *cert)
{
    OWN(X509) *x509 = certs_x509(cert->der);
    return X509_get_signature_nid(x509);
}

/* ---- what is in it ---------------------------------------------------------------------------------------- */

TEST(issue_makes_a_self_signed_ca)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(X509) *x509 = certs_x509(ca->der);
    assert_int_equal(X509_get_version(x509), X509_VERSION_3);
    assert_int_equal(ca->trust, SAF_TRUST);
    assert_int_equal(ca->key_place, SAF_KEY_STORED);
    assert_true(ca->self_issued);
    assert_verifies(ca, ca);
    certs_assert_extension(ca, NID_basic_constraints, "critical CA:TRUE");
    certs_assert_extension(ca, NID_key_usage, "critical Digital Signature, Certificate Sign, CRL Sign");
    certs_assert_extension(ca, NID_ext_key_usage, "");
    certs_assert_extension(ca, NID_authority_key_identifier, "");
    assert_int_equal(ca->not_after - ca->not_before, SAF_VALID_DAYS_CA * (int64_t)CERTS_DAY);
}

TEST(issue_makes_a_signed_leaf)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("localca"));
    assert_verifies(leaf, ca);
    certs_assert_extension(leaf, NID_basic_constraints, "critical CA:FALSE");
    certs_assert_extension(leaf, NID_key_usage, "critical Digital Signature");
    certs_assert_extension(leaf, NID_ext_key_usage, "TLS Web Server Authentication, TLS Web Client Authentication");
    certs_assert_extension(leaf, NID_subject_alt_name, "DNS:localhost, IP Address:127.0.0.1");
    assert_int_equal(leaf->not_after - leaf->not_before, SAF_VALID_DAYS_LEAF * (int64_t)CERTS_DAY);
    assert_string_equal(leaf->issuer, "CN=localca");
}

TEST(issue_gives_each_profile_its_usages)
{
    static const struct {
        saf_profile profile;
        const char *usage;
    } profiles[] = { { SAF_PROFILE_SERVER, "TLS Web Server Authentication" },
                     { SAF_PROFILE_CLIENT, "TLS Web Client Authentication" } };
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("rsa:2048");
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        saf_issue_request request = certs_leaf(NULL);
        request.profile = profiles[i].profile;
        request.label = profiles[i].usage;
        request.key = key;
        OWN(saf_cert) *cert = certs_issue(store, request);
        certs_assert_extension(cert, NID_ext_key_usage, profiles[i].usage);
        certs_assert_extension(cert, NID_key_usage, "critical Digital Signature, Key Encipherment");
    }
}

TEST(issue_identifies_keys_by_sha1_of_their_bits)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("localca"));
    OWN(X509) *ca_x509 = certs_x509(ca->der);
    OWN(X509) *leaf_x509 = certs_x509(leaf->der);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    assert_int_equal(X509_pubkey_digest(ca_x509, EVP_sha1(), digest, &len), 1);
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(ca_x509);
    const ASN1_OCTET_STRING *authority = X509_get0_authority_key_id(leaf_x509);
    assert_int_equal(ASN1_STRING_length(id), 20);
    assert_memory_equal(ASN1_STRING_get0_data(id), digest, 20);
    assert_int_equal(ASN1_OCTET_STRING_cmp(id, authority), 0);
    assert_null(X509_get0_authority_issuer(leaf_x509));
}

TEST(issue_chooses_the_digest_by_the_signer)
{
    static const struct {
        const char *key;
        int nid;
    } signers[] = { { "rsa:2048", NID_sha256WithRSAEncryption }, { "rsa:3072", NID_sha256WithRSAEncryption },
                    { "rsa:4096", NID_sha384WithRSAEncryption }, { "ec:P-256", NID_ecdsa_with_SHA256 },
                    { "ec:P-384", NID_ecdsa_with_SHA384 },       { "ec:P-521", NID_ecdsa_with_SHA512 },
                    { "ec:brainpoolP512r1", NID_ecdsa_with_SHA512 }, { "ed25519", NID_ED25519 } };
    OWN(saf_store) *store = certs_store();
    for (size_t i = 0; i < sizeof signers / sizeof *signers; i++) {
        OWN(EVP_PKEY) *key = certs_key(signers[i].key);
        OWN(saf_cert) *ca = certs_issue(store, (saf_issue_request) {
            .owner = "CERTAUTH", .label = signers[i].key, .profile = SAF_PROFILE_CA, .subject = "CN=ca",
            .path_len = -1, .key = key });
        saf_issue_request request = certs_leaf(signers[i].key);
        request.label = signers[i].key;
        OWN(saf_cert) *leaf = certs_issue(store, request);
        assert_int_equal(signature_nid(ca), signers[i].nid);
        assert_int_equal(signature_nid(leaf), signers[i].nid);
        assert_verifies(leaf, ca);
    }
}

TEST(issue_marks_alternative_names_critical_when_there_is_no_subject)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    saf_issue_request request = certs_leaf("localca");
    request.subject = "";
    OWN(saf_cert) *cert = certs_issue(store, request);
    certs_assert_extension(cert, NID_subject_alt_name, "critical DNS:localhost, IP Address:127.0.0.1");
    assert_string_equal(cert->subject, "");
}

TEST(issue_writes_years_after_2049_as_generalized_time)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request request = certs_leaf(NULL);
    request.valid_days = 36525;
    OWN(saf_cert) *cert = certs_issue(store, request);
    OWN(X509) *x509 = certs_x509(cert->der);
    assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(x509)), V_ASN1_UTCTIME);
    assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x509)), V_ASN1_GENERALIZEDTIME);
}

/* ---- serial numbers --------------------------------------------------------------------------------------- */

TEST(issue_takes_random_serials_of_127_bits)
{
    OWN(saf_store) *store = certs_store();
    char label[16];
    size_t longest = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(label, sizeof label, "cert %d", i);
        saf_issue_request request = certs_leaf(NULL);
        request.label = label;
        OWN(saf_cert) *cert = certs_issue(store, request);
        size_t len = strlen(cert->serial);
        assert_true(len <= 32 && (len < 32 || cert->serial[0] < '8'));
        longest = len > longest ? len : longest;
    }
    assert_true(longest >= 30);
}

TEST(issue_counts_serials_when_asked)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_cert) *ca = certs_issue(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=localca", .path_len = -1,
        .serial = SAF_SERIAL_SEQUENTIAL });
    assert_string_equal(ca->serial, "1");
    static const char *const serials[] = { "2", "3", "4" };
    for (size_t i = 0; i < 3; i++) {
        saf_issue_request request = certs_leaf("localca");
        request.label = serials[i];
        request.serial = SAF_SERIAL_SEQUENTIAL;
        OWN(saf_cert) *cert = certs_issue(store, request);
        assert_string_equal(cert->serial, serials[i]);
    }
}

TEST(issue_steps_over_the_serial_of_an_imported_ca)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "foreign", .key = key, .serial = 1,
                                                    .basic_constraints = "critical,CA:TRUE" });
    certs_keep_imported(store, "CERTAUTH", "foreign", x509, key, 0);
    saf_issue_request request = certs_leaf("foreign");
    request.serial = SAF_SERIAL_SEQUENTIAL;
    OWN(saf_cert) *cert = certs_issue(store, request);
    assert_string_equal(cert->serial, "2");
}

/* ---- times ------------------------------------------------------------------------------------------------ */

TEST(issue_never_outlives_the_signer)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_cert) *ca = certs_issue(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=localca", .path_len = -1,
        .valid_days = 10 });
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("localca"));
    assert_int_equal(leaf->not_after, ca->not_after);
}

TEST(issue_begins_no_earlier_than_the_signer)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "future", .key = key, .begin_sec = CERTS_DAY,
                                                    .end_sec = 2 * CERTS_DAY,
                                                    .basic_constraints = "critical,CA:TRUE" });
    OWN(saf_cert) *ca = certs_import(store, "CERTAUTH", "future", x509, key, SAF_TRUST);
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("future"));
    assert_int_equal(leaf->not_before, ca->not_before);
    assert_int_equal(leaf->not_after, ca->not_after);
}

TEST(issue_refuses_an_expired_signer)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "old", .key = key, .begin_sec = -2 * CERTS_DAY,
                                                    .end_sec = -CERTS_DAY, .basic_constraints = "critical,CA:TRUE" });
    OWN(saf_cert) *ca = certs_import(store, "CERTAUTH", "old", x509, key, SAF_TRUST);
    char expected[120], end[SAF_TIME_TEXT_SIZE];
    snprintf(expected, sizeof expected, "CERTAUTH/old cannot sign this: it expired at %s",
             saf_time_format(end, ca->not_after));
    assert_refused(store, certs_leaf("old"), SAF_E_CONFLICT, expected);
}

/* ---- signers that may not --------------------------------------------------------------------------------- */

TEST(issue_refuses_a_signer_that_is_no_ca)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request other = certs_leaf(NULL);
    other.owner = "CERTAUTH";
    other.label = "leaf";
    certs_keep_issued(store, other);
    assert_refused(store, certs_leaf("leaf"), SAF_E_CONFLICT, "CERTAUTH/leaf cannot sign this: it is not a CA");
}

TEST(issue_refuses_a_signer_without_key_cert_sign)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "crl", .key = key, .basic_constraints = "critical,CA:TRUE",
                                                    .key_usage = "critical,cRLSign" });
    certs_keep_imported(store, "CERTAUTH", "crl", x509, key, SAF_TRUST);
    assert_refused(store, certs_leaf("crl"), SAF_E_CONFLICT,
                   "CERTAUTH/crl cannot sign this: its key usage does not have keyCertSign");
}

TEST(issue_refuses_a_signer_that_is_not_trusted)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "ca", .key = key, .basic_constraints = "critical,CA:TRUE" });
    certs_keep_imported(store, "CERTAUTH", "ca", x509, key, SAF_NOTRUST);
    assert_refused(store, certs_leaf("ca"), SAF_E_CONFLICT, "CERTAUTH/ca cannot sign this: its status is NOTRUST");
}

TEST(issue_refuses_a_signer_without_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "ca", .key = key, .basic_constraints = "critical,CA:TRUE" });
    OWN(saf_cert) *ca = certs_import(store, "CERTAUTH", "ca", x509, NULL, SAF_TRUST);
    assert_refused(store, certs_leaf("ca"), SAF_E_CONFLICT, "CERTAUTH/ca cannot sign this: it has no private key here");
    saf_issue_request request = certs_leaf("ca");
    request.signer_key = key;
    OWN(saf_cert) *leaf = certs_issue(store, request);
    assert_verifies(leaf, ca);
}

TEST(issue_refuses_a_signer_key_of_another)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *other = certs_key("ec");
    certs_issue_ca(store, "localca", NULL, -1);
    saf_issue_request request = certs_leaf("localca");
    request.signer_key = other;
    assert_refused(store, request, SAF_E_CONFLICT, "CERTAUTH/localca cannot sign this: the private key is not its");
}

TEST(issue_refuses_a_missing_signer)
{
    OWN(saf_store) *store = certs_store();
    assert_refused(store, certs_leaf("nobody"), SAF_E_NOT_FOUND, "no certificate CERTAUTH/nobody");
    saf_issue_request request = certs_leaf(NULL);
    request.signer_owner = "CERTAUTH";
    assert_refused(store, request, SAF_E_USAGE, "a signer is named by owner and label, and one of them is missing");
}

TEST(issue_asks_for_the_key_of_a_signer_in_a_token)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_cert) *ca = certs_issue(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = "hsm", .profile = SAF_PROFILE_CA, .subject = "CN=hsm", .path_len = -1, .key = key,
        .key_uri = "pkcs11:token=t;object=ca" });
    assert_int_equal(ca->key_place, SAF_KEY_IN_TOKEN);
    assert_string_equal(ca->key_uri, "pkcs11:token=t;object=ca");
    saf_error err = { 0 };
    assert_int_equal(certs_try_issue(store, certs_leaf("hsm"), &err), SAF_E_UNSUPPORTED);
    saf_issue_request request = certs_leaf("hsm");
    request.signer_key = key;
    OWN(saf_cert) *leaf = certs_issue(store, request);
    assert_verifies(leaf, ca);
}

/* ---- what verifiers would refuse --------------------------------------------------------------------------- */

TEST(issue_respects_the_signers_name_constraints)
{
    OWN(saf_store) *store = certs_store();
    keep_name_constrained_ca(store, "ca");
    assert_refused(store, certs_leaf("ca"), SAF_E_CONFLICT, "CERTAUTH/ca cannot sign this: permitted subtree violation: dns:localhost");
    saf_error err = { 0 };
    OWN(saf_cert) *kept = NULL;
    assert_int_equal(saf_store_find_cert(&kept, store, &CERTS_WHO, "ZWESVUSR", "localhost", &err), SAF_E_NOT_FOUND);
    saf_issue_request request = certs_leaf("ca");
    request.san = "dns:www.example.com";
    certs_keep_issued(store, request);
}

TEST(issue_respects_name_constraints_further_up)
{
    OWN(saf_store) *store = certs_store();
    keep_name_constrained_ca(store, "root");
    certs_issue_ca(store, "sub", "root", -1);
    assert_refused(store, certs_leaf("sub"), SAF_E_CONFLICT, "CERTAUTH/sub cannot sign this: permitted subtree violation: dns:localhost");
}

TEST(issue_refuses_a_signer_with_an_unknown_critical_extension)
{
    OWN(saf_store) *store = certs_store();
    OWN(ASN1_OBJECT) *unknown = OBJ_txt2obj("1.2.3.4.5", 1);
    OWN(ASN1_OCTET_STRING) *value = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\5\0", 2), 1);
    keep_constrained_ca(store, "ca", X509_EXTENSION_create_by_OBJ(NULL, unknown, 1, value));
    assert_refused(store, certs_leaf("ca"), SAF_E_CONFLICT, "CERTAUTH/ca cannot sign this: unhandled critical extension");
}

TEST(issue_refuses_a_signer_below_one_that_is_not_trusted)
{
    OWN(saf_store) *store = certs_store();
    keep_two_cas(store, (certs_forgery) { 0 }, SAF_NOTRUST);
    assert_refused(store, certs_leaf("sub"), SAF_E_CONFLICT,
                   "CERTAUTH/sub cannot sign this: the status of CERTAUTH/root above it is NOTRUST");
}

TEST(issue_refuses_a_signer_below_one_that_is_expired)
{
    OWN(saf_store) *store = certs_store();
    keep_two_cas(store, (certs_forgery) { .begin_sec = -2 * CERTS_DAY, .end_sec = -CERTS_DAY }, SAF_TRUST);
    assert_refused(store, certs_leaf("sub"), SAF_E_CONFLICT,
                   "CERTAUTH/sub cannot sign this: CERTAUTH/root above it: certificate has expired");
}

TEST(issue_takes_a_signer_whose_root_is_elsewhere)
{
    OWN(saf_store) *store = certs_store();
    keep_two_cas(store, (certs_forgery) { 0 }, 0);
    certs_keep_issued(store, certs_leaf("sub"));
}

TEST(issue_takes_a_signer_that_is_highly_trusted)
{
    OWN(saf_store) *store = certs_store();
    keep_two_cas(store, (certs_forgery) { 0 }, SAF_HIGHTRUST);
    certs_keep_issued(store, certs_leaf("sub"));
}

TEST(issue_refuses_a_signer_of_unknown_status)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "ca", NULL, -1);
    if (system("sqlite3 store/store.db 'PRAGMA ignore_check_constraints = 1; UPDATE certificate SET trust = 4096' >/dev/null"))
        skip(); /* its command line is not installed */
    assert_int_not_equal(certs_try_issue(store, certs_leaf("ca"), NULL), SAF_OK);
}

/* ---- path lengths ----------------------------------------------------------------------------------------- */

static saf_issue_request ca_under(const char *label, const char *subject, const char *signer, int path_len)
{
    return (saf_issue_request) { .owner = "CERTAUTH", .label = label, .profile = SAF_PROFILE_CA, .subject = subject,
                                 .path_len = path_len, .signer_owner = "CERTAUTH", .signer_label = signer };
}

TEST(issue_respects_the_signers_path_length)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "root", NULL, 0);
    OWN(saf_cert) *root = certs_find(store, "CERTAUTH", "root");
    certs_assert_extension(root, NID_basic_constraints, "critical CA:TRUE, pathlen:0");
    certs_keep_issued(store, certs_leaf("root"));
    assert_refused(store, ca_under("sub", "CN=sub", "root", -1), SAF_E_CONFLICT,
                   "CERTAUTH/root cannot sign this: its path length allows 0 further CAs below it, and this would be "
                   "number 1");
}

TEST(issue_respects_path_lengths_further_up)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "root", NULL, 1);
    certs_issue_ca(store, "sub", "root", -1);
    assert_refused(store, ca_under("subsub", "CN=subsub", "sub", -1), SAF_E_CONFLICT,
                   "CERTAUTH/root cannot sign this: its path length allows 1 further CAs below it, and this would be "
                   "number 2");
    certs_keep_issued(store, certs_leaf("sub"));
}

TEST(issue_refuses_a_longer_path_length_than_the_signers)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "root", NULL, 2);
    certs_issue_ca(store, "sub", "root", 1);
    assert_refused(store, ca_under("other", "CN=other", "root", 2), SAF_E_CONFLICT,
                   "CERTAUTH/root cannot sign this: its path length allows 2 further CAs below it, too few for path "
                   "length 2");
}

TEST(issue_does_not_count_cas_of_the_signers_own_name)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "root", NULL, 0);
    OWN(saf_cert) *next = certs_issue(store, ca_under("new root", "CN=root", "root", 0));
    assert_true(next->self_issued);
}

/* ---- requests that cannot be ------------------------------------------------------------------------------ */

TEST(issue_refuses_bad_requests)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request request = certs_leaf(NULL);
    request.valid_days = 36526;
    assert_refused(store, request, SAF_E_USAGE, "36526 days are too long; a certificate is valid for at most 36525");
    request = certs_leaf(NULL);
    request.subject = "CN=";
    assert_refused(store, request, SAF_E_USAGE, "a part of the subject has no value: \"CN=\"");
    request = certs_leaf(NULL);
    request.san = "dns:a_b";
    saf_error err = { 0 };
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_USAGE);
    request = certs_leaf(NULL);
    request.profile = (saf_profile)9;
    assert_refused(store, request, SAF_E_USAGE, "there is no certificate profile 9");
    request = certs_leaf(NULL);
    request.owner = "MUCH TOO LONG";
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_USAGE);
    request = ca_under("ca", "CN=ca", "ca", -2);
    assert_refused(store, request, SAF_E_USAGE, "-2 is not a path length; it is 0 to 14, or -1 for none");
    request = ca_under("ca", "CN=ca", NULL, SAF_PATH_LEN_MAX + 1);
    assert_refused(store, request, SAF_E_USAGE, "15 is not a path length; it is 0 to 14, or -1 for none");
}

TEST(issue_takes_path_lengths_up_to_the_limit)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "ca", NULL, SAF_PATH_LEN_MAX);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "ca");
    certs_assert_extension(ca, NID_basic_constraints, "critical CA:TRUE, pathlen:14");
}

TEST(issue_refuses_certificates_without_any_name)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    saf_issue_request request = certs_leaf("localca");
    request.subject = "";
    request.san = NULL;
    assert_refused(store, request, SAF_E_USAGE, "a certificate needs a subject or an alternative name");
    request = certs_leaf(NULL);
    request.subject = "";
    assert_refused(store, request, SAF_E_USAGE, "a CA and a self-signed certificate need a subject");
}

TEST(issue_refuses_a_taken_label)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, certs_leaf(NULL));
    saf_error err = { 0 };
    assert_int_equal(certs_try_issue(store, certs_leaf(NULL), &err), SAF_E_EXISTS);
    assert_non_null(strstr(err.text, "ZWESVUSR/localhost"));
}

TEST(issue_records_what_it_signed)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("localca"));
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    saf_error err = { 0 };
    assert_int_equal(saf_store_record_issued(change, ca, leaf->der, NULL, NULL, &err), SAF_E_EXISTS);
    assert_int_equal(saf_store_record_issued(change, ca, ca->der, NULL, NULL, &err), SAF_E_EXISTS);
    saf_change_abandon(&change);
}

TEST(issue_leaves_nothing_when_the_change_is_abandoned)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    saf_issue_request request = certs_leaf(NULL);
    request.key = key;
    request.owner = "zwesvusr";
    saf_change *change = NULL;
    OWN(saf_cert) *cert = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_cert_issue(&cert, change, &request, oops));
    assert_string_equal(cert->owner, "ZWESVUSR");
    saf_change_abandon(&change);
    OWN(saf_cert) *gone = NULL;
    assert_int_equal(saf_store_find_cert(&gone, store, &CERTS_WHO, "ZWESVUSR", "localhost", NULL), SAF_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(issue_makes_a_self_signed_ca),
        IN_SCRATCH(issue_makes_a_signed_leaf),
        IN_SCRATCH(issue_gives_each_profile_its_usages),
        IN_SCRATCH(issue_identifies_keys_by_sha1_of_their_bits),
        IN_SCRATCH(issue_chooses_the_digest_by_the_signer),
        IN_SCRATCH(issue_marks_alternative_names_critical_when_there_is_no_subject),
        IN_SCRATCH(issue_writes_years_after_2049_as_generalized_time),
        IN_SCRATCH(issue_takes_random_serials_of_127_bits),
        IN_SCRATCH(issue_counts_serials_when_asked),
        IN_SCRATCH(issue_steps_over_the_serial_of_an_imported_ca),
        IN_SCRATCH(issue_never_outlives_the_signer),
        IN_SCRATCH(issue_begins_no_earlier_than_the_signer),
        IN_SCRATCH(issue_refuses_an_expired_signer),
        IN_SCRATCH(issue_refuses_a_signer_that_is_no_ca),
        IN_SCRATCH(issue_refuses_a_signer_without_key_cert_sign),
        IN_SCRATCH(issue_refuses_a_signer_that_is_not_trusted),
        IN_SCRATCH(issue_refuses_a_signer_without_key),
        IN_SCRATCH(issue_refuses_a_signer_key_of_another),
        IN_SCRATCH(issue_refuses_a_missing_signer),
        IN_SCRATCH(issue_asks_for_the_key_of_a_signer_in_a_token),
        IN_SCRATCH(issue_respects_the_signers_name_constraints),
        IN_SCRATCH(issue_respects_name_constraints_further_up),
        IN_SCRATCH(issue_refuses_a_signer_with_an_unknown_critical_extension),
        IN_SCRATCH(issue_refuses_a_signer_below_one_that_is_not_trusted),
        IN_SCRATCH(issue_refuses_a_signer_below_one_that_is_expired),
        IN_SCRATCH(issue_takes_a_signer_whose_root_is_elsewhere),
        IN_SCRATCH(issue_takes_a_signer_that_is_highly_trusted),
        IN_SCRATCH(issue_refuses_a_signer_of_unknown_status),
        IN_SCRATCH(issue_respects_the_signers_path_length),
        IN_SCRATCH(issue_respects_path_lengths_further_up),
        IN_SCRATCH(issue_refuses_a_longer_path_length_than_the_signers),
        IN_SCRATCH(issue_does_not_count_cas_of_the_signers_own_name),
        IN_SCRATCH(issue_refuses_bad_requests),
        IN_SCRATCH(issue_takes_path_lengths_up_to_the_limit),
        IN_SCRATCH(issue_refuses_certificates_without_any_name),
        IN_SCRATCH(issue_refuses_a_taken_label),
        IN_SCRATCH(issue_records_what_it_signed),
        IN_SCRATCH(issue_leaves_nothing_when_the_change_is_abandoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
