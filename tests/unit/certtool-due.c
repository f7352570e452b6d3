#include <support/cert-change.h>

#include <base/buffer.h>

static void assert_due(saf_store *store, const char *owner, int64_t days, const char *expected)
{
    OWN(saf_cert_page) page = { 0 };
    OWN(saf_buffer) found = { 0 };
    CERTS_OK(saf_cert_find_due(&page, store, &CERTS_WHO, owner, days * CERTS_DAY, oops));
    for (size_t i = 0; i < page.count; i++)
        saf_buffer_printf(&found, "%s%s", i ? " " : "", page.certs[i]->label);
    assert_string_equal(saf_buffer_text(&found), expected);
}

static void keep_leaf(saf_store *store, const char *label, const char *signer, unsigned days)
{
    saf_issue_request request = certs_leaf(signer);
    request.label = label;
    request.valid_days = days;
    certs_keep_issued(store, request);
}

TEST(issuers_come_before_what_they_signed)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "z", NULL, -1);
    certs_issue_ca(store, "y", "z", -1);
    certs_issue_ca(store, "x", "y", -1);
    keep_leaf(store, "a", "z", 10);
    assert_due(store, NULL, 4000, "z y x a");
    assert_due(store, "ZWESVUSR", 4000, "a");
}

TEST(only_what_ends_within_the_time_is_due)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "ca", NULL, -1);
    keep_leaf(store, "soon", "ca", 10);
    keep_leaf(store, "late", "ca", 30);
    assert_due(store, NULL, 9, "");
    assert_due(store, NULL, 11, "soon");
    assert_due(store, NULL, 31, "late soon");
    assert_due(store, NULL, INT64_MAX / CERTS_DAY, "ca late soon");
}

TEST(what_nobody_would_renew_is_not_due)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *partner = certs_forge((certs_forgery) { .cn = "partner", .key = key, .basic_constraints = "CA:TRUE" });
    certs_issue_ca(store, "ca", NULL, -1);
    keep_leaf(store, "distrusted", "ca", 10);
    certs_keep_issued(store, certs_leaf("ca"));
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    certs_keep_imported(store, "CERTAUTH", "partner", partner, NULL, SAF_TRUST);
    OWN(saf_change) *change = certs_begin(store);
    saf_cert_alteration alteration = { .trust = SAF_NOTRUST };
    CERTS_OK(saf_store_alter_cert(change, "ZWESVUSR", "distrusted", &alteration, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    assert_due(store, NULL, 1000, "");
}

TEST(what_has_no_private_key_here_is_not_due_although_its_ca_has)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_keep_imported(store, "CERTAUTH", "ca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "theirs", x509, NULL, SAF_TRUST);
    assert_due(store, NULL, 1000, "ca");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(issuers_come_before_what_they_signed),
        IN_SCRATCH(only_what_ends_within_the_time_is_due),
        IN_SCRATCH(what_nobody_would_renew_is_not_due),
        IN_SCRATCH(what_has_no_private_key_here_is_not_due_although_its_ca_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
