#include <support/cert-world.h>

#include <base/buffer.h>

static void assert_chain(saf_store *store, const saf_cert *cert, const char *labels, int complete)
{
    OWN(saf_cert_page) page = { 0 };
    OWN(saf_buffer) found = { 0 };
    int is_complete = -1;
    CERTS_OK(saf_cert_chain(&page, &is_complete, store, &CERTS_WHO, cert, oops));
    for (size_t i = 0; i < page.count; i++)
        saf_buffer_printf(&found, "%s%s", i ? " > " : "", page.certs[i]->label);
    assert_string_equal(saf_buffer_text(&found), labels);
    assert_int_equal(is_complete, complete);
}

TEST(chain_goes_up_to_the_root)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "root", NULL, -1);
    certs_issue_ca(store, "sub", "root", -1);
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("sub"));
    assert_chain(store, leaf, "localhost > sub > root", 1);
}

TEST(chain_of_a_self_signed_certificate_is_itself)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf(NULL));
    assert_chain(store, leaf, "localhost", 1);
}

TEST(chain_ends_where_the_store_knows_no_more)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = certs_forge((certs_forgery) { .cn = "root", .key = root_key,
                                                    .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = root, .issuer_key = root_key });
    OWN(saf_cert) *leaf = certs_import(store, "ZWESVUSR", "leaf", x509, NULL, 0);
    assert_int_equal(leaf->trust, SAF_NOTRUST);
    assert_chain(store, leaf, "leaf", 0);
}

TEST(chain_checks_signatures_not_names)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *impostor_key = certs_key("ec");
    OWN(X509) *root = certs_forge((certs_forgery) { .cn = "root", .key = key, .basic_constraints = "CA:TRUE" });
    OWN(X509) *impostor = certs_forge((certs_forgery) { .cn = "root", .key = impostor_key,
                                                        .basic_constraints = "CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = root, .issuer_key = key });
    certs_keep_imported(store, "CERTAUTH", "impostor", impostor, NULL, 0);
    OWN(saf_cert) *leaf = certs_import(store, "ZWESVUSR", "leaf", x509, NULL, 0);
    assert_chain(store, leaf, "leaf", 0);
    certs_keep_imported(store, "CERTAUTH", "root", root, NULL, 0);
    assert_chain(store, leaf, "leaf > root", 1);
}

TEST(chain_prefers_the_renewed_issuer_to_the_expired_one)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *old = certs_forge((certs_forgery) { .cn = "root", .key = key, .basic_constraints = "CA:TRUE",
                                                   .begin_sec = -2 * CERTS_DAY, .end_sec = -CERTS_DAY });
    OWN(X509) *renewed = certs_forge((certs_forgery) { .cn = "root", .key = key, .basic_constraints = "CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = old, .issuer_key = key });
    certs_keep_imported(store, "CERTAUTH", "a expired", old, NULL, SAF_TRUST);
    OWN(saf_cert) *leaf = certs_import(store, "ZWESVUSR", "leaf", x509, NULL, 0);
    assert_chain(store, leaf, "leaf > a expired", 1);
    certs_keep_imported(store, "CERTAUTH", "renewed", renewed, NULL, SAF_TRUST);
    assert_chain(store, leaf, "leaf > renewed", 1);
}

TEST(chain_prefers_a_ca_to_another_certificate_of_its_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *no_ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key });
    OWN(X509) *leaf = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_keep_imported(store, "ZWESVUSR", "no ca", no_ca, NULL, SAF_TRUST);
    certs_keep_imported(store, "CERTAUTH", "ca", ca, NULL, SAF_TRUST);
    OWN(saf_cert) *cert = certs_import(store, "ZWESVUSR", "leaf", leaf, NULL, 0);
    assert_int_equal(cert->trust, SAF_TRUST);
    assert_chain(store, cert, "leaf > ca", 1);
}

TEST(chain_does_not_go_round_in_circles)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *a_key = certs_key("ec");
    OWN(EVP_PKEY) *b_key = certs_key("ec");
    OWN(X509) *a_self = certs_forge((certs_forgery) { .cn = "a", .key = a_key, .basic_constraints = "CA:TRUE" });
    OWN(X509) *b_by_a = certs_forge((certs_forgery) { .cn = "b", .key = b_key, .issuer = a_self, .issuer_key = a_key,
                                                      .basic_constraints = "CA:TRUE" });
    OWN(X509) *a_by_b = certs_forge((certs_forgery) { .cn = "a", .key = a_key, .issuer = b_by_a, .issuer_key = b_key,
                                                      .basic_constraints = "CA:TRUE" });
    OWN(saf_cert) *b = certs_import(store, "CERTAUTH", "b", b_by_a, NULL, 0);
    OWN(saf_cert) *a = certs_import(store, "CERTAUTH", "a", a_by_b, NULL, 0);
    assert_chain(store, a, "a > b", 0);
    assert_chain(store, b, "b > a", 0);
}

TEST(chain_has_at_most_sixteen)
{
    OWN(saf_store) *store = certs_store();
    char label[2] = "a", signer[2] = "";
    for (int i = 0; i < 20; i++) {
        label[0] = (char)('a' + i);
        certs_issue_ca(store, label, i ? signer : NULL, -1);
        signer[0] = label[0];
    }
    OWN(saf_cert) *last = certs_find(store, "CERTAUTH", label);
    OWN(saf_cert_page) page = { 0 };
    int complete = -1;
    CERTS_OK(saf_cert_chain(&page, &complete, store, &CERTS_WHO, last, oops));
    assert_int_equal(page.count, 16);
    assert_int_equal(complete, 0);
}

TEST(chain_of_a_certificate_that_is_gone_is_not_found)
{
    OWN(saf_store) *store = certs_store();
    saf_cert gone = { .owner = "ZWESVUSR", .label = "gone" };
    saf_cert_page page = { 0 };
    assert_int_equal(saf_cert_chain(&page, NULL, store, &CERTS_WHO, &gone, NULL), SAF_E_NOT_FOUND);
    assert_null(page.certs);
}

/* What MALLORY trusts is nobody else's anchor. */
TEST(chain_does_not_go_over_certificates_of_other_users)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = certs_forge((certs_forgery) { .cn = "root", .key = root_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = root, .issuer_key = root_key });
    certs_keep_imported(store, "MALLORY", "root", root, root_key, SAF_HIGHTRUST);
    OWN(saf_cert) *leaf = certs_import(store, "ALICE", "leaf", x509, NULL, 0);
    assert_int_equal(leaf->trust, SAF_NOTRUST);
    assert_chain(store, leaf, "leaf", 0);
}

TEST(chain_goes_over_those_of_its_owner_of_certauth_and_of_site)
{
    static const char *const owners[] = { "ALICE", "CERTAUTH", "SITE" };
    OWN(saf_store) *store = certs_store();
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        OWN(EVP_PKEY) *root_key = certs_key("ec");
        OWN(EVP_PKEY) *key = certs_key("ec");
        OWN(X509) *root = certs_forge((certs_forgery) { .cn = owners[i], .key = root_key, .basic_constraints = "critical,CA:TRUE" });
        OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = root, .issuer_key = root_key });
        certs_keep_imported(store, owners[i], "root", root, NULL, SAF_TRUST);
        OWN(saf_cert) *leaf = certs_import(store, "ALICE", NULL, x509, NULL, 0);
        assert_int_equal(leaf->trust, SAF_TRUST);
    }
}

static saf_issue_request of_bobs_ca(const char *label)
{
    return (saf_issue_request) { .owner = "BOB", .label = label, .profile = SAF_PROFILE_CA, .subject = "CN=bobs", .path_len = -1 };
}

TEST(chain_of_a_signer_of_another_user_is_judged_by_what_that_user_has)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request root = of_bobs_ca("root"), sub = of_bobs_ca("sub"), leaf = certs_leaf("sub");
    sub.subject = "CN=sub";
    sub.signer_owner = leaf.signer_owner = "BOB";
    sub.signer_label = "root";
    certs_keep_issued(store, root);
    certs_keep_issued(store, sub);
    OWN(saf_cert) *cert = certs_issue(store, leaf);
    assert_chain(store, cert, "localhost", 0);
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_alter_cert(change, "BOB", "root", &(saf_cert_alteration) { .trust = SAF_NOTRUST }, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    saf_error err = { 0 };
    leaf.label = "second";
    assert_int_equal(certs_try_issue(store, leaf, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "BOB/sub cannot sign this: the status of BOB/root above it is NOTRUST");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(chain_goes_up_to_the_root),
        IN_SCRATCH(chain_of_a_self_signed_certificate_is_itself),
        IN_SCRATCH(chain_ends_where_the_store_knows_no_more),
        IN_SCRATCH(chain_checks_signatures_not_names),
        IN_SCRATCH(chain_prefers_the_renewed_issuer_to_the_expired_one),
        IN_SCRATCH(chain_prefers_a_ca_to_another_certificate_of_its_key),
        IN_SCRATCH(chain_does_not_go_round_in_circles),
        IN_SCRATCH(chain_has_at_most_sixteen),
        IN_SCRATCH(chain_of_a_certificate_that_is_gone_is_not_found),
        IN_SCRATCH(chain_does_not_go_over_certificates_of_other_users),
        IN_SCRATCH(chain_goes_over_those_of_its_owner_of_certauth_and_of_site),
        IN_SCRATCH(chain_of_a_signer_of_another_user_is_judged_by_what_that_user_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
