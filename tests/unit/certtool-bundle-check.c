/* Is the chain of a file's certificate whole and valid, with the file's certificates alone, and with the store's? */
#include <support/bundle-world.h>

typedef struct hierarchy {
    EVP_PKEY *root_key, *sub_key, *key;
    X509 *root, *sub, *leaf;
} hierarchy;

static void hierarchy_clear(hierarchy *h)
{
    EVP_PKEY_free(h->root_key);
    EVP_PKEY_free(h->sub_key);
    EVP_PKEY_free(h->key);
    X509_free(h->root);
    X509_free(h->sub);
    X509_free(h->leaf);
}

OWN_VALUE(hierarchy, hierarchy_clear)

/* @p sub and @p leaf: what is to be wrong with them. */
static hierarchy make_hierarchy(certs_forgery sub, certs_forgery leaf)
{
    hierarchy h = { .root_key = certs_key("ec"), .sub_key = certs_key("ec"), .key = certs_key("ec") };
    h.root = certs_forge((certs_forgery) { .cn = "root", .key = h.root_key, .basic_constraints = "CA:TRUE" });
    sub.cn = "sub";
    sub.key = h.sub_key;
    sub.issuer = h.root;
    sub.issuer_key = h.root_key;
    if (!sub.basic_constraints)
        sub.basic_constraints = "CA:TRUE";
    h.sub = certs_forge(sub);
    leaf.cn = "leaf";
    leaf.key = h.key;
    leaf.issuer = h.sub;
    leaf.issuer_key = h.sub_key;
    h.leaf = certs_forge(leaf);
    return h;
}

static hierarchy make_valid(void)
{
    return make_hierarchy((certs_forgery) { 0 }, (certs_forgery) { 0 });
}

static saf_bundle_check check_file(saf_store *store, X509 *const certs[])
{
    OWN(saf_buffer) content = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    saf_bundle_check check = { 0 };
    while (*certs)
        add_pem_cert(&content, *certs++);
    CERTS_OK(read_text(&bundle, &content, NULL, NULL, oops));
    CERTS_OK(saf_bundle_check_chain(&check, bundle, store, &CERTS_WHO, oops));
    return check;
}

#define CHECK(store, ...) check_file((store), (X509 *const[]) { __VA_ARGS__, NULL })

static void assert_valid(saf_bundle_check check)
{
    assert_true(check.is_complete);
    assert_true(check.is_valid);
    assert_null(check.why);
}

static void assert_broken(saf_bundle_check check, bool is_complete, const char *why, int depth)
{
    assert_int_equal(check.is_complete, is_complete);
    assert_false(check.is_valid);
    assert_string_equal(check.why, why);
    assert_int_equal(check.depth, depth);
}

TEST(a_whole_chain_is_valid_in_any_order)
{
    OWN(hierarchy) h = make_valid();
    assert_valid(CHECK(NULL, h.leaf, h.sub, h.root));
    assert_valid(CHECK(NULL, h.root, h.sub, h.leaf));
}

TEST(a_self_signed_certificate_is_a_whole_chain)
{
    OWN(hierarchy) h = make_valid();
    assert_valid(CHECK(NULL, h.root));
}

TEST(a_chain_that_ends_early_is_not_valid)
{
    OWN(hierarchy) h = make_valid();
    assert_broken(CHECK(NULL, h.leaf, h.sub), false, "unable to get issuer certificate", 1);
    assert_broken(CHECK(NULL, h.leaf), false, "unable to get issuer certificate", 0);
}

TEST(the_store_completes_a_chain)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_valid();
    certs_keep_imported(store, "CERTAUTH", "root", h.root, NULL, SAF_NOTRUST);
    assert_valid(CHECK(store, h.leaf, h.sub));
    assert_broken(CHECK(store, h.leaf), false, "unable to get issuer certificate", 0);
    assert_broken(CHECK(NULL, h.leaf, h.sub), false, "unable to get issuer certificate", 1);
}

TEST(the_file_completes_what_the_store_begins)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_valid();
    certs_keep_imported(store, "CERTAUTH", "sub", h.sub, NULL, SAF_NOTRUST);
    assert_broken(CHECK(store, h.leaf), false, "unable to get issuer certificate", 1);
    OWN(saf_buffer) content = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    saf_bundle_check check = { 0 };
    add_pem_cert(&content, h.leaf);
    add_pem_key(&content, h.key, NULL);
    add_pem_cert(&content, h.root);
    CERTS_OK(read_text(&bundle, &content, NULL, NULL, oops));
    CERTS_OK(saf_bundle_check_chain(&check, bundle, store, &CERTS_WHO, oops));
    assert_valid(check);
}

TEST(an_expired_certificate_is_named_by_its_depth)
{
    certs_forgery expired = { .begin_sec = -2 * CERTS_DAY, .end_sec = -CERTS_DAY };
    OWN(hierarchy) leaf = make_hierarchy((certs_forgery) { 0 }, expired);
    OWN(hierarchy) sub = make_hierarchy(expired, (certs_forgery) { 0 });
    assert_broken(CHECK(NULL, leaf.leaf, leaf.sub, leaf.root), true, "certificate has expired", 0);
    assert_broken(CHECK(NULL, sub.leaf, sub.sub, sub.root), true, "certificate has expired", 1);
}

TEST(an_issuer_that_is_in_date_is_preferred)
{
    OWN(hierarchy) h = make_valid();
    OWN(X509) *expired = certs_forge((certs_forgery) { .cn = "sub", .key = h.sub_key, .issuer = h.root, .issuer_key = h.root_key,
                                                       .basic_constraints = "CA:TRUE", .begin_sec = -2 * CERTS_DAY,
                                                       .end_sec = -CERTS_DAY });
    assert_valid(CHECK(NULL, h.leaf, expired, h.sub, h.root));
}

TEST(an_issuer_that_is_no_ca_is_refused)
{
    OWN(hierarchy) h = make_hierarchy((certs_forgery) { .basic_constraints = "CA:FALSE" }, (certs_forgery) { 0 });
    assert_broken(CHECK(NULL, h.leaf, h.sub, h.root), true, "invalid CA certificate", 1);
}

TEST(a_false_issuer_of_the_right_name_does_not_complete_a_chain)
{
    OWN(hierarchy) h = make_valid();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *false_root = certs_forge((certs_forgery) { .cn = "root", .key = key, .basic_constraints = "CA:TRUE" });
    assert_broken(CHECK(NULL, h.leaf, h.sub, false_root), false, "unable to get issuer certificate", 1);
}

TEST(certificates_that_sign_each_other_come_to_an_end)
{
    OWN(hierarchy) h = make_valid();
    OWN(X509) *cross = certs_forge((certs_forgery) { .cn = "root", .key = h.root_key, .issuer = h.sub, .issuer_key = h.sub_key,
                                                     .basic_constraints = "CA:TRUE" });
    OWN(saf_store) *store = certs_store();
    assert_false(CHECK(store, h.leaf, h.sub, cross).is_complete);
    certs_keep_imported(store, "CERTAUTH", "sub", h.sub, NULL, 0);
    certs_keep_imported(store, "CERTAUTH", "cross", cross, NULL, 0);
    assert_false(CHECK(store, h.leaf).is_complete);
}

/* ---- revoked ---------------------------------------------------------------------------------------------- */

/* A CA of the store revokes what it has signed. */
static void revoke_by(saf_store *store, const char *ca_label, saf_bytes der)
{
    saf_change *change = NULL;
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", ca_label);
    OWN(saf_cert) *facts = NULL;
    CERTS_OK(saf_cert_read(&facts, der, oops));
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_record_issued(change, ca, der, NULL, NULL, oops));
    CERTS_OK(saf_store_revoke(change, ca, facts->serial, SAF_REASON_SUPERSEDED, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

TEST(a_revoked_certificate_is_not_valid_although_it_is_not_in_the_store)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_valid();
    OWN(saf_blob) leaf = certs_der(h.leaf);
    certs_keep_imported(store, "CERTAUTH", "root", h.root, h.root_key, SAF_TRUST);
    certs_keep_imported(store, "CERTAUTH", "sub", h.sub, h.sub_key, SAF_TRUST);
    assert_valid(CHECK(store, h.leaf));
    revoke_by(store, "sub", certs_bytes(&leaf));
    assert_broken(CHECK(store, h.leaf), true, "it is revoked", 0);
    assert_valid(CHECK(store, h.sub));
    assert_valid(CHECK(NULL, h.leaf, h.sub, h.root));
}

TEST(a_certificate_of_a_revoked_issuer_is_not_valid)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_valid();
    OWN(saf_blob) sub = certs_der(h.sub);
    certs_keep_imported(store, "CERTAUTH", "root", h.root, h.root_key, SAF_TRUST);
    revoke_by(store, "root", certs_bytes(&sub));
    assert_broken(CHECK(store, h.leaf, h.sub), true, "it is revoked", 1);
    assert_broken(CHECK(store, h.leaf, h.sub, h.root), true, "it is revoked", 1);
    assert_valid(CHECK(store, h.root));
}

TEST(roots_of_users_complete_no_chain)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_valid();
    certs_keep_imported(store, "MALLORY", "root", h.root, h.root_key, SAF_TRUST);
    assert_broken(CHECK(store, h.leaf, h.sub), false, "unable to get issuer certificate", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_whole_chain_is_valid_in_any_order),
        IN_SCRATCH(a_self_signed_certificate_is_a_whole_chain),
        IN_SCRATCH(a_chain_that_ends_early_is_not_valid),
        IN_SCRATCH(the_store_completes_a_chain),
        IN_SCRATCH(the_file_completes_what_the_store_begins),
        IN_SCRATCH(an_expired_certificate_is_named_by_its_depth),
        IN_SCRATCH(an_issuer_that_is_in_date_is_preferred),
        IN_SCRATCH(an_issuer_that_is_no_ca_is_refused),
        IN_SCRATCH(a_false_issuer_of_the_right_name_does_not_complete_a_chain),
        IN_SCRATCH(certificates_that_sign_each_other_come_to_an_end),
        IN_SCRATCH(a_revoked_certificate_is_not_valid_although_it_is_not_in_the_store),
        IN_SCRATCH(a_certificate_of_a_revoked_issuer_is_not_valid),
        IN_SCRATCH(roots_of_users_complete_no_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
