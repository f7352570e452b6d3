#include <support/csr.h>

#include <base/buffer.h>

/* ---- asking ----------------------------------------------------------------------------------------------- */

static saf_status try_request(saf_blob *out, saf_store *store, const char *label, EVP_PKEY *key, saf_error *err)
{
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_cert_request(out, change, "ZWESVUSR", label, key, err), err);
}

static X509_REQ *parse_pem(const saf_blob *pem)
{
    OWN(BIO) *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_non_null(request);
    return request;
}

TEST(request_asks_for_what_the_certificate_has)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    saf_issue_request issue = certs_leaf("localca");
    issue.crl_urls = "http://crl.example.test/x.crl";
    OWN(saf_cert) *cert = certs_issue(store, issue);
    OWN(saf_blob) pem = { 0 };
    CERTS_OK(try_request(&pem, store, "localhost", NULL, oops));
    OWN(X509_REQ) *request = parse_pem(&pem);
    OWN(X509) *x509 = certs_x509(cert->der);
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    assert_int_equal(X509_REQ_verify(request, X509_get0_pubkey(x509)), 1);
    assert_int_equal(X509_REQ_get_version(request), X509_REQ_VERSION_1);
    assert_int_equal(X509_NAME_cmp(X509_REQ_get_subject_name(request), X509_get_subject_name(x509)), 0);
    assert_int_equal(sk_X509_EXTENSION_num(extensions), 5);
    assert_true(X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1) >= 0);
    assert_true(X509v3_get_ext_by_NID(extensions, NID_authority_key_identifier, -1) < 0);
    assert_true(X509v3_get_ext_by_NID(extensions, NID_crl_distribution_points, -1) < 0);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

TEST(request_is_remembered)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_cert) *before = certs_issue(store, certs_leaf(NULL));
    OWN(saf_blob) pem = { 0 };
    assert_int_equal(before->requested_at, 0);
    CERTS_OK(try_request(&pem, store, "localhost", NULL, oops));
    OWN(saf_cert) *after = certs_find(store, "ZWESVUSR", "localhost");
    assert_true(after->requested_at > 0);
}

TEST(request_needs_a_private_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *other = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = key });
    OWN(saf_blob) pem = { 0 };
    saf_error err = { 0 };
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    assert_int_equal(try_request(&pem, store, "localhost", NULL, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "ZWESVUSR/localhost has no private key here to sign a request with");
    assert_int_equal(try_request(&pem, store, "localhost", other, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "the private key is not that of ZWESVUSR/localhost");
    CERTS_OK(try_request(&pem, store, "localhost", key, oops));
}

TEST(request_refuses_a_compromised_key)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    certs_revoke_leaf(store, SAF_REASON_KEY_COMPROMISE);
    OWN(saf_blob) pem = { 0 };
    saf_error err = { 0 };
    assert_int_equal(try_request(&pem, store, "localhost", NULL, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "ZWESVUSR/localhost was revoked because its key is compromised (key-compromise)");
}

TEST(request_of_ours_is_one_that_we_sign)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, certs_leaf(NULL));
    OWN(saf_blob) pem = { 0 };
    CERTS_OK(try_request(&pem, store, "localhost", NULL, oops));
    OWN(saf_csr) *csr = csr_read(&pem);
    assert_string_equal(saf_csr_subject(csr), "CN=Zowe Service");
}

static saf_decision deny_signing(__attribute__((unused)) void *context, __attribute__((unused)) const saf_principal *who,
                                 const saf_question *question)
{
    return question->function == SAF_FN_CERT_SIGN ? SAF_DENY : SAF_ALLOW;
}

TEST(request_asks_whether_the_key_may_sign_wherever_it_is)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_store) *store = certs_store();
    OWN(saf_blob) pem = { 0 };
    saf_issue_request issue = certs_leaf(NULL);
    issue.key = key;
    certs_keep_issued(store, issue);
    saf_store_close(&store);
    saf_store_options options = { .authority = deny_signing };
    CERTS_OK(saf_store_open(&store, "store", &options, oops));
    assert_int_equal(try_request(&pem, store, "localhost", NULL, NULL), SAF_E_DENIED);
    assert_int_equal(try_request(&pem, store, "localhost", key, NULL), SAF_E_DENIED);
}

/* ---- signing ---------------------------------------------------------------------------------------------- */

static const saf_issue_request by_ca = { .profile = SAF_PROFILE_SERVER, .signer_owner = "CERTAUTH", .signer_label = "localca",
                                         .path_len = -1 };

static saf_store *store_with_ca(void)
{
    saf_store *store = certs_store();
    certs_issue_ca(store, "localca", NULL, 2);
    return store;
}

static saf_status try_sign(saf_blob *out, saf_dropped_list *dropped, saf_store *store, csr_recipe recipe, saf_issue_request request,
                           saf_error *err)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    recipe.key = key;
    OWN(saf_blob) der = csr_make(recipe);
    OWN(saf_csr) *csr = csr_read(&der);
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_cert_sign_request(out, dropped, change, csr, &request, err), err);
}

/* The certificate as a record, and what was dropped as lines. */
static saf_cert *sign(saf_store *store, csr_recipe recipe, saf_issue_request request, const char *expected_dropped)
{
    OWN(saf_blob) der = { 0 };
    OWN(saf_dropped_list) dropped = { 0 };
    OWN(saf_buffer) lines = { 0 };
    saf_cert *cert = NULL;
    CERTS_OK(try_sign(&der, &dropped, store, recipe, request, oops));
    for (size_t i = 0; i < dropped.count; i++)
        saf_buffer_printf(&lines, "%s: %s\n", dropped.items[i].what, dropped.items[i].why);
    assert_string_equal(saf_buffer_text(&lines), expected_dropped);
    CERTS_OK(saf_cert_read(&cert, certs_bytes(&der), oops));
    return cert;
}

TEST(sign_grants_names_and_usages_of_the_profile)
{
    static const csr_wish wishes[] = { { NID_subject_alt_name, "DNS:A.example.test,IP:::1,email:x@example.test,URI:https://a/b" },
                                       { NID_key_usage, "digitalSignature" }, { NID_ext_key_usage, "serverAuth" },
                                       { NID_basic_constraints, "CA:FALSE" }, { 0, NULL } };
    OWN(saf_store) *store = store_with_ca();
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "x", .wishes = wishes }, by_ca, "");
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(X509) *x509 = certs_x509(cert->der);
    OWN(X509) *issuer = certs_x509(ca->der);
    assert_string_equal(cert->subject, "CN=x");
    certs_assert_extension(cert, NID_subject_alt_name,
                           "DNS:a.example.test, IP Address:0:0:0:0:0:0:0:1, email:x@example.test, URI:https://a/b");
    certs_assert_extension(cert, NID_ext_key_usage, "TLS Web Server Authentication");
    assert_int_equal(certs_verdict(x509, &issuer, 1, NULL), X509_V_OK);
}

TEST(sign_drops_what_is_not_for_who_asks_to_say)
{
    static const csr_wish wishes[] = { { NID_key_usage, "digitalSignature,keyCertSign,dataEncipherment" },
                                       { NID_ext_key_usage, "serverAuth,codeSigning,1.2.3.4" },
                                       { NID_basic_constraints, "critical,CA:TRUE" },
                                       { NID_subject_alt_name, "DNS:ok.test,DNS:a_b,otherName:1.2.3;UTF8:x,RID:1.2.3" },
                                       { NID_netscape_comment, "hello" }, { 0, NULL } };
    OWN(saf_store) *store = store_with_ca();
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "x", .wishes = wishes }, by_ca,
                               "keyUsage dataEncipherment: server certificates do not have it\n"
                               "keyUsage keyCertSign: server certificates do not sign certificates\n"
                               "extendedKeyUsage codeSigning: server certificates do not have it\n"
                               "extendedKeyUsage 1.2.3.4: server certificates do not have it\n"
                               "basicConstraints CA:TRUE: server certificates do not sign certificates\n"
                               "subjectAltName dns:a_b: it is not such a name\n"
                               "subjectAltName otherName: only dns, ip, email and uri are granted\n"
                               "subjectAltName registeredID: only dns, ip, email and uri are granted\n"
                               "extension nsComment: it is not for who asks to say\n");
    assert_false(cert->is_ca);
    certs_assert_extension(cert, NID_subject_alt_name, "DNS:ok.test");
    certs_assert_extension(cert, NID_key_usage, "critical Digital Signature");
    certs_assert_extension(cert, NID_netscape_comment, "");
}

TEST(sign_takes_the_key_identifier_that_is_asked_for)
{
    static const csr_wish wishes[] = { { NID_subject_key_identifier, "01020304" }, { 0, NULL } };
    OWN(saf_store) *store = store_with_ca();
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "x", .wishes = wishes }, by_ca, "");
    certs_assert_extension(cert, NID_subject_key_identifier, "01:02:03:04");
}

TEST(sign_lets_the_ca_replace_names)
{
    static const csr_wish wishes[] = { { NID_subject_alt_name, "DNS:asked.test" }, { 0, NULL } };
    OWN(saf_store) *store = store_with_ca();
    saf_issue_request request = by_ca;
    request.subject = "CN=given";
    request.san = "dns:given.test";
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "asked", .wishes = wishes }, request, "");
    assert_string_equal(cert->subject, "CN=given");
    certs_assert_extension(cert, NID_subject_alt_name, "DNS:given.test");
}

TEST(sign_records_and_keeps_nothing_else)
{
    OWN(saf_store) *store = store_with_ca();
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "x" }, by_ca, "");
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *kept = NULL;
    saf_issued *issued = NULL;
    CERTS_OK(saf_store_find_issued(&issued, store, &CERTS_WHO, ca, cert->serial, oops));
    assert_string_equal(issued->owner, "");
    assert_false(issued->is_current);
    saf_issued_free(&issued);
    assert_int_equal(saf_store_find_cert_by_fingerprint(&kept, store, &CERTS_WHO, cert->fingerprint, NULL), SAF_E_NOT_FOUND);
}

TEST(sign_makes_cas_when_they_ask_to_be)
{
    static const csr_wish wishes[] = { { NID_key_usage, "keyCertSign" }, { NID_basic_constraints, "CA:TRUE,pathlen:7" }, { 0, NULL } };
    OWN(saf_store) *store = store_with_ca();
    saf_issue_request request = by_ca;
    request.profile = SAF_PROFILE_CA;
    request.path_len = 1;
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "sub", .wishes = wishes }, request,
                               "basicConstraints pathlen:7: who signs says how long paths may be\n");
    certs_assert_extension(cert, NID_basic_constraints, "critical CA:TRUE, pathlen:1");
}

/* The name CN=x+O=y,CN=z, its first SET in BER with an indefinite length. */
TEST(sign_writes_the_name_in_der_whatever_it_came_in)
{
    static const unsigned char ber[] = { 0x30, 36, 0x31, 0x80, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0C, 1, 'x', 0x30, 8, 6, 3, 0x55, 4, 10, 0x0C,
                                         1, 'y', 0, 0, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0C, 1, 'z' };
    static const unsigned char expected[] = { 0x30, 34, 0x31, 20, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0C, 1, 'x', 0x30, 8, 6, 3, 0x55, 4, 10, 0x0C,
                                              1, 'y', 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0C, 1, 'z' };
    OWN(saf_store) *store = store_with_ca();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(saf_blob) file = csr_make((csr_recipe) { .name = saf_bytes_of(ber, sizeof ber), .key = key });
    OWN(saf_blob) der = { 0 };
    OWN(saf_csr) *csr = csr_read(&file);
    saf_change *change = certs_begin(store);
    CERTS_OK(certs_end(&change, saf_cert_sign_request(&der, NULL, change, csr, &by_ca, oops), oops));
    OWN(X509) *x509 = certs_x509(certs_bytes(&der));
    unsigned char *name = NULL;
    int len = i2d_X509_NAME(X509_get_subject_name(x509), &name);
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(name, expected, sizeof expected);
    OPENSSL_free(name);
}

static void assert_not_signed(saf_store *store, csr_recipe recipe, saf_issue_request request, saf_status status, const char *message)
{
    OWN(saf_blob) der = { 0 };
    OWN(saf_dropped_list) dropped = { 0 };
    saf_error err = { 0 };
    assert_int_equal(try_sign(&der, &dropped, store, recipe, request, &err), status);
    assert_string_equal(err.text, message);
    assert_null(der.data);
    assert_null(dropped.items);
}

TEST(sign_refuses_cas_that_do_not_ask_to_be)
{
    static const csr_wish usage[] = { { NID_key_usage, "digitalSignature" }, { 0, NULL } };
    static const csr_wish constraints[] = { { NID_basic_constraints, "CA:FALSE" }, { 0, NULL } };
    OWN(saf_store) *store = store_with_ca();
    saf_issue_request request = by_ca;
    request.profile = SAF_PROFILE_CA;
    assert_not_signed(store, (csr_recipe) { .cn = "x", .wishes = usage }, request, SAF_E_CONFLICT,
                      "the request is not for a CA: its key usage does not have keyCertSign");
    assert_not_signed(store, (csr_recipe) { .cn = "x", .wishes = constraints }, request, SAF_E_CONFLICT,
                      "the request is not for a CA: it asks for CA:FALSE");
}

TEST(sign_refuses_too_many_names)
{
    OWN(saf_store) *store = store_with_ca();
    OWN(saf_buffer) names = { 0 };
    for (int i = 0; i < 501; i++)
        saf_buffer_printf(&names, "%sDNS:a%d", i ? "," : "", i);
    const csr_wish wishes[] = { { NID_subject_alt_name, saf_buffer_text(&names) }, { 0, NULL } };
    assert_not_signed(store, (csr_recipe) { .cn = "x", .wishes = wishes }, by_ca, SAF_E_CONFLICT,
                      "the request has 501 alternative names, and 500 are enough");
}

TEST(sign_refuses_too_many_usages)
{
    OWN(saf_store) *store = store_with_ca();
    OWN(saf_buffer) usages = { 0 };
    for (int i = 0; i < 65; i++)
        saf_buffer_printf(&usages, "%s1.2.3.%d", i ? "," : "", i);
    const csr_wish wishes[] = { { NID_ext_key_usage, saf_buffer_text(&usages) }, { 0, NULL } };
    assert_not_signed(store, (csr_recipe) { .cn = "x", .wishes = wishes }, by_ca, SAF_E_CONFLICT,
                      "the request has 65 extended key usages, and 64 are enough");
}

TEST(sign_does_not_give_away_the_name_of_the_signer)
{
    OWN(saf_store) *store = store_with_ca();
    saf_issue_request request = by_ca;
    request.profile = SAF_PROFILE_CA;
    assert_not_signed(store, (csr_recipe) { .cn = "LocalCA" }, request, SAF_E_CONFLICT,
                      "the request is for the name of CERTAUTH/localca itself: \"CN=localca\"");
    request.subject = "CN=localca";
    OWN(saf_cert) *cert = sign(store, (csr_recipe) { .cn = "x" }, request, "");
    assert_true(cert->self_issued);
}

TEST(sign_does_not_give_away_the_name_of_a_ca_above_the_signer)
{
    OWN(saf_store) *store = store_with_ca();
    certs_issue_ca(store, "sub", "localca", -1);
    saf_issue_request request = by_ca;
    request.signer_label = "sub";
    assert_not_signed(store, (csr_recipe) { .cn = "localca" }, request, SAF_E_CONFLICT,
                      "the request is for the name of CERTAUTH/localca itself: \"CN=localca\"");
}

TEST(sign_refuses_a_request_without_any_name)
{
    OWN(saf_store) *store = store_with_ca();
    assert_not_signed(store, (csr_recipe) { 0 }, by_ca, SAF_E_USAGE, "a certificate needs a subject or an alternative name");
}

TEST(sign_refuses_without_a_signer)
{
    OWN(saf_store) *store = store_with_ca();
    saf_issue_request request = by_ca;
    request.signer_owner = request.signer_label = NULL;
    assert_not_signed(store, (csr_recipe) { .cn = "x" }, request, SAF_E_USAGE, "a request is signed by a CA, and none is named");
}

TEST(sign_respects_the_path_length)
{
    OWN(saf_store) *store = store_with_ca();
    saf_issue_request request = by_ca;
    request.profile = SAF_PROFILE_CA;
    request.path_len = 2;
    assert_not_signed(store, (csr_recipe) { .cn = "x" }, request, SAF_E_CONFLICT,
                      "CERTAUTH/localca cannot sign this: its path length allows 2 further CAs below it, too few for path length 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(request_asks_for_what_the_certificate_has),
        IN_SCRATCH(request_is_remembered),
        IN_SCRATCH(request_needs_a_private_key),
        IN_SCRATCH(request_refuses_a_compromised_key),
        IN_SCRATCH(request_of_ours_is_one_that_we_sign),
        IN_SCRATCH(request_asks_whether_the_key_may_sign_wherever_it_is),
        IN_SCRATCH(sign_grants_names_and_usages_of_the_profile),
        IN_SCRATCH(sign_drops_what_is_not_for_who_asks_to_say),
        IN_SCRATCH(sign_takes_the_key_identifier_that_is_asked_for),
        IN_SCRATCH(sign_lets_the_ca_replace_names),
        IN_SCRATCH(sign_records_and_keeps_nothing_else),
        IN_SCRATCH(sign_writes_the_name_in_der_whatever_it_came_in),
        IN_SCRATCH(sign_makes_cas_when_they_ask_to_be),
        IN_SCRATCH(sign_refuses_cas_that_do_not_ask_to_be),
        IN_SCRATCH(sign_refuses_too_many_names),
        IN_SCRATCH(sign_refuses_too_many_usages),
        IN_SCRATCH(sign_does_not_give_away_the_name_of_the_signer),
        IN_SCRATCH(sign_does_not_give_away_the_name_of_a_ca_above_the_signer),
        IN_SCRATCH(sign_refuses_a_request_without_any_name),
        IN_SCRATCH(sign_refuses_without_a_signer),
        IN_SCRATCH(sign_respects_the_path_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
